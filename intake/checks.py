"""Conservation of landed rows: each is kept, a duplicate or set aside."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.landed_money import check_landed_money
from warehouse.checks import CheckResult, equal, none_found, row_count, side_by_side
from warehouse.contracts import Table
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_CLICK_VIEWS,
    BRONZE_EVENTS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_LANDED_FILES,
    BRONZE_ORDERS,
    BRONZE_QUARANTINE,
    BRONZE_SKAN_POSTBACKS,
)

Read = Callable[[Table], DataFrame]
# The tables of the rows that ingest keeps.
KEPT = (
    BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_CLICK_VIEWS, BRONZE_SKAN_POSTBACKS, BRONZE_EXCHANGE_RATES,
)  # fmt: skip


def check_bronze(read: Read, exists: Callable[[Table], bool] = lambda table: True) -> list[CheckResult]:
    """read = kept + duplicate + quarantined for every file, and the rows kept are the rows of the tables."""
    kept_in = [table for table in KEPT if exists(table)]
    found = side_by_side(
        read(BRONZE_LANDED_FILES).agg(
            F.sum("rows_read").alias("read"),
            F.sum("rows_kept").alias("kept"),
            F.sum("rows_quarantined").alias("quarantined"),
            F.count_if(
                F.col("rows_read") != F.col("rows_kept") + F.col("rows_duplicate") + F.col("rows_quarantined")
            ).alias("unbalanced"),
            F.count_if(F.col("status") != "done").alias("unfinished"),
        ),
        *(row_count(read(table), table.full_name) for table in (*kept_in, BRONZE_QUARANTINE)),
    )
    kept = sum(found[table.full_name] for table in kept_in)
    return [
        none_found("files whose rows read are not kept + duplicate + quarantined", found["unbalanced"]),
        none_found("files begun but not done", found["unfinished"]),
        equal("rows kept by ingest are the rows of the bronze tables", found["kept"], kept),
        *check_landed_money(read),
        equal(
            "rows set aside are the rows of bronze.quarantine",
            found["quarantined"],
            found[BRONZE_QUARANTINE.full_name],
        ),
    ]
