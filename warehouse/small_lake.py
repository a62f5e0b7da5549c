"""Whether a lake is small, and the settings of its session: short queries end before compiling them pays.

A small lake on this machine is read and replaced without Delta's own scans and writes as well (warehouse.small_scan,
warehouse.arrow.writer): planning them takes Spark longer than all of its few rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from warehouse.jvm.session import JAVA_OPTIONS
from warehouse.knobs import Spark
from warehouse.lake_state import LakeState
from warehouse.local_files import FoundFile
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS

ROW_BYTES = 80  # most landed rows have more: rows are rather counted too many than too few
PACKED_ROW_BYTES = 30
ROWS = (BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND)
PACKED = (".gz", ".bz2", ".zst")


def rows_of_files(files: Iterable[FoundFile]) -> int:
    """At most so many rows the files have, by their size."""
    return sum(file.bytes // (PACKED_ROW_BYTES if file.file.endswith(PACKED) else ROW_BYTES) for file in files)


def rows_in_bronze(lake: LakeState) -> int | None:
    """How many events, orders and rows of ad spend there are; None where the tables' logs do not record it."""
    counts = [lake.rows_counted(table) for table in ROWS]
    return None if None in counts else sum(count for count in counts if count is not None)


class IsSmall:
    """Whether a lake has fewer rows in bronze than `fewer_than`; counted again where bronze has a new version."""

    def __init__(self, fewer_than: int) -> None:
        """Nothing is counted yet."""
        self._fewer_than = fewer_than
        self._counted: tuple[dict[str, int], bool] | None = None

    def __call__(self, lake: LakeState) -> bool:
        """See the class."""
        versions = lake.versions(ROWS)
        if self._counted is None or self._counted[0] != versions:
            rows = rows_in_bronze(lake) if self._fewer_than else None
            self._counted = versions, rows is not None and rows < self._fewer_than
        return self._counted[1]


def session_conf(spark: Spark, rows: int | None) -> dict[str, str]:
    """Spark's settings for a lake with so many rows; Java's options of small lakes are added to those of all."""
    if rows is None or rows >= spark.small_lake_rows:
        return dict(spark.conf)
    added = spark.small_lake_conf.get(JAVA_OPTIONS, "")
    return {**spark.conf, **spark.small_lake_conf, JAVA_OPTIONS: f"{spark.conf.get(JAVA_OPTIONS, '')} {added}".strip()}
