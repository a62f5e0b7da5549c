"""Conservation from landed rows to conversions and spend: nothing lost, nothing counted twice."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.hits import is_session_event
from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.contracts import Table
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_LANDED_FILES,
    BRONZE_ORDERS,
    BRONZE_QUARANTINE,
    SILVER_CONVERSIONS,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

Read = Callable[[Table], DataFrame]
KEPT = (BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES)  # where the rows that ingest keeps are


def check_bronze(read: Read) -> list[CheckResult]:
    """read = kept + duplicate + quarantined for every file, and what was kept is what the tables hold."""
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
        *(_rows(read(table), table) for table in (*KEPT, BRONZE_QUARANTINE)),
    )
    kept = sum(found[table.full_name] for table in KEPT)
    return [
        none_found("files whose rows read are not kept + duplicate + quarantined", found["unbalanced"]),
        none_found("files begun but not done", found["unfinished"]),
        equal("rows kept by ingest are the rows of the bronze tables", found["kept"], kept),
        equal(
            "rows set aside are the rows of bronze.quarantine",
            found["quarantined"],
            found[BRONZE_QUARANTINE.full_name],
        ),
    ]


def check_silver(read: Read) -> list[CheckResult]:
    """Every event in one session, every touch in a session there is, every order one purchase."""
    sessions, touchpoints = read(SILVER_SESSIONS), read(SILVER_TOUCHPOINTS)
    purchases = read(SILVER_CONVERSIONS).where(F.col("conversion_type") == "purchase")
    homeless = touchpoints.where(F.col("session_id").isNotNull()).join(sessions, "session_id", how="left_anti")
    found = side_by_side(
        read(BRONZE_EVENTS).agg(F.count_if(is_session_event()).alias("session_events")),
        sessions.agg(
            F.sum("events").alias("events"),
            F.count_if(F.col("started_at") > F.col("ended_at")).alias("backwards"),
        ),
        homeless.agg(F.count(F.lit(1)).alias("homeless")),
        purchases.agg(
            F.count(F.lit(1)).alias("purchases"),
            F.count_if("is_first_purchase").alias("first"),
            F.countDistinct("person_id").alias("buyers"),
            F.sum("value").alias("purchase_value"),
        ),
        read(SILVER_ORDERS).agg(F.count(F.lit(1)).alias("orders"), F.sum("value").alias("order_value")),
    )
    return [
        equal("events of sessions are the session events of bronze", found["session_events"], found["events"]),
        none_found("sessions that end before they start", found["backwards"]),
        none_found("touches of a session that does not exist", found["homeless"]),
        equal("purchases are the orders that count", found["orders"], found["purchases"]),
        equal("value of purchases is the value of orders", found["order_value"], found["purchase_value"]),
        equal("buyers have one first purchase each", found["buyers"], found["first"]),
    ]


def check_spend(valid_spend: DataFrame, spend: DataFrame) -> list[CheckResult]:
    """Spend of the export rows that count is the spend of silver, per platform and currency."""
    key = ("platform", "currency")
    before = valid_spend.select(*key, F.col("spend").alias("before"))
    after = spend.select(*key, F.col("spend").alias("after"))
    told = before.unionByName(after, allowMissingColumns=True)
    rows = told.groupBy(*key).agg(F.sum("before").alias("before"), F.sum("after").alias("after")).collect()
    return [
        equal(f"spend of {row['platform']} in {row['currency']}", row["before"], row["after"])
        for row in sorted(rows, key=lambda row: (row["platform"], row["currency"]))
    ]


def _rows(frame: DataFrame, table: Table) -> DataFrame:
    """How many rows the frame has, in a column that is named as the table."""
    return frame.agg(F.count(F.lit(1)).alias(table.full_name))
