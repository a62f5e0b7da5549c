"""Conservation from landed rows to conversions and spend: nothing lost, nothing counted twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.hits import is_session_event
from warehouse.checks import CheckResult, equal, none_found
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
    files = read(BRONZE_LANDED_FILES)
    total = _first(
        files.agg(
            F.sum("rows_read").alias("read"),
            F.sum("rows_kept").alias("kept"),
            F.sum("rows_quarantined").alias("quarantined"),
            F.count_if(
                F.col("rows_read") != F.col("rows_kept") + F.col("rows_duplicate") + F.col("rows_quarantined")
            ).alias("unbalanced"),
            F.count_if(F.col("status") != "done").alias("unfinished"),
        )
    )
    rows = _counted({table: read(table) for table in (*KEPT, BRONZE_QUARANTINE)})
    return [
        none_found("files whose rows read are not kept + duplicate + quarantined", total["unbalanced"]),
        none_found("files begun but not done", total["unfinished"]),
        equal(
            "rows kept by ingest are the rows of the bronze tables", total["kept"], sum(rows[table] for table in KEPT)
        ),
        equal("rows set aside are the rows of bronze.quarantine", total["quarantined"], rows[BRONZE_QUARANTINE]),
    ]


def check_silver(read: Read) -> list[CheckResult]:
    """Every event in one session, every touch in a session there is, every order one purchase."""
    events = read(BRONZE_EVENTS)
    sessions, touchpoints = read(SILVER_SESSIONS), read(SILVER_TOUCHPOINTS)
    in_sessions = _first(
        sessions.agg(
            F.sum("events").alias("events"),
            F.count_if(F.col("started_at") > F.col("ended_at")).alias("backwards"),
        )
    )
    conversions = _first(
        read(SILVER_CONVERSIONS)
        .where(F.col("conversion_type") == "purchase")
        .agg(
            F.count(F.lit(1)).alias("purchases"),
            F.count_if("is_first_purchase").alias("first"),
            F.countDistinct("person_id").alias("buyers"),
            F.sum("value").alias("value"),
        )
    )
    orders = _first(read(SILVER_ORDERS).agg(F.count(F.lit(1)).alias("orders"), F.sum("value").alias("value")))
    homeless = touchpoints.where(F.col("session_id").isNotNull()).join(sessions, "session_id", how="left_anti")
    return [
        equal(
            "events of sessions are the session events of bronze",
            events.where(is_session_event()).count(),
            in_sessions["events"],
        ),
        none_found("sessions that end before they start", in_sessions["backwards"]),
        none_found("touches of a session that does not exist", homeless.count()),
        equal("purchases are the orders that count", orders["orders"], conversions["purchases"]),
        equal("value of purchases is the value of orders", orders["value"], conversions["value"]),
        equal("buyers have one first purchase each", conversions["buyers"], conversions["first"]),
    ]


def check_spend(valid_spend: DataFrame, spend: DataFrame) -> list[CheckResult]:
    """Spend of the export rows that count is the spend of silver, per platform and currency."""

    def totals(frame: DataFrame) -> dict[tuple[str, str], Any]:
        rows = frame.groupBy("platform", "currency").agg(F.sum("spend").alias("spend")).collect()
        return {(row["platform"], row["currency"]): row["spend"] for row in rows}

    before, after = totals(valid_spend), totals(spend)
    return [
        equal(f"spend of {platform} in {currency}", before.get((platform, currency)), after.get((platform, currency)))
        for platform, currency in sorted({*before, *after})
    ]


def check_keys(read: Read, tables: tuple[Table, ...]) -> list[CheckResult]:
    """No key stands twice in a table."""

    def keys_twice(table: Table) -> DataFrame:
        return read(table).groupBy(*table.key).count().where(F.col("count") > 1)

    found = _counted({table: keys_twice(table) for table in tables}) if tables else {}
    return [none_found(f"keys that stand twice in {table.full_name}", keys) for table, keys in found.items()]


def _counted(frames: Mapping[Table, DataFrame]) -> dict[Table, int]:
    """How many rows each frame has, in one query."""
    counts = [
        frame.agg(F.count(F.lit(1)).alias("rows")).select(F.lit(table.full_name).alias("name"), "rows")
        for table, frame in frames.items()
    ]
    found = {row["name"]: row["rows"] for row in reduce(DataFrame.unionByName, counts).collect()}  # one row per table
    return {table: found[table.full_name] for table in frames}


def _first(frame: DataFrame) -> Any:
    row = frame.first()
    assert row is not None
    return row
