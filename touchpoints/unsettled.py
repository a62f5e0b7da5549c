"""Records whose newest row was quarantined: an older one counts, and by how much it is wrong is not known."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.contracts import Table
from warehouse.file_order import file_order

PLACE = ("file_order", "line")
ROW = ("file", "amount", "reason")


def newest_quarantined(quarantine: DataFrame, table: Table) -> DataFrame:
    """One row per record_id of bronze.quarantine among rows meant for `table`: `dated`, the newest of its rows with a
    time (version_at, file_order, line, file, amount, reason), and `undated`, the last by place of those without.
    """
    is_dated = F.col("version_at").isNotNull()
    of_table = quarantine.where((F.col("table_name") == table.full_name) & F.col("record_id").isNotNull())
    return of_table.groupBy("record_id").agg(
        F.max(F.when(is_dated, F.struct("version_at", *place_of("file"), *ROW))).alias("dated"),
        F.max(F.when(~is_dated, F.struct(*place_of("file"), *ROW))).alias("undated"),
    )


def newer_than(version_at: Column, file: str, line: Column) -> Column:
    """Of a row joined with `newest_quarantined`: the quarantined row that is newer than the one at this time and place,
    as a struct of file, line, amount and reason; null where none is. A row without a time is compared by place. `file`
    is the name of a column."""
    dated, undated = F.col("dated"), F.col("undated")
    place = place_of(file, line)
    is_newer = F.struct(*(dated[name] for name in ("version_at", *PLACE))) > F.struct(
        version_at.alias("version_at"), *place
    )
    is_later = F.struct(*(undated[name] for name in PLACE)) > F.struct(*place)
    return F.when(dated.isNotNull() & is_newer, _row(dated)).when(undated.isNotNull() & is_later, _row(undated))


def because_of(row: Column) -> Column:
    """The reason of an unsettled amount."""
    return F.concat(F.lit("a newer row was quarantined: "), row["reason"])


def place_of(file: str, line: Column | None = None) -> tuple[Column, Column]:
    """PLACE of a row: what it is compared by; `file` is the name of a column."""
    return file_order(file).alias("file_order"), (F.col("line") if line is None else line).alias("line")


def _row(of: Column) -> Column:
    return F.struct(of["file"].alias("file"), *(of[name].alias(name) for name in ("line", "amount", "reason")))
