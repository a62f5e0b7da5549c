"""What a row in quarantine is about, as far as the adapter could read it: record, amount, currency and time."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from intake.reasons import A_TEST, NOBODY
from warehouse.contracts import MONEY, Table
from warehouse.record_ids import spend_record_id
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS

HELD = {"record_id": "string", "amount": MONEY, "currency": "string", "version_at": "timestamp"}
# By table: the columns with a row's amount and time.
AMOUNTS = {BRONZE_ORDERS: "value", BRONZE_EVENTS: "value", BRONZE_AD_SPEND: "spend"}
TIMES = {BRONZE_ORDERS: "updated_at", BRONZE_EVENTS: "event_at", BRONZE_AD_SPEND: "exported_at"}


def held_by(table: Table) -> list[Column]:
    """The columns of HELD for bad rows that an adapter parsed for `table`; null where they could not be read.

    What the reason calls unreadable is null, though the adapter may have put a default in its place.
    """
    # A row that is nobody's, or a test's, is no version of an order: no other row waits for it.
    is_version = ~F.col("reason").isin(A_TEST, NOBODY)
    found = {"record_id": F.when(is_version, _record_id(table))}
    if table in AMOUNTS:
        found |= {"amount": _if_read(AMOUNTS[table]), "currency": F.col("currency")}
        found |= {"version_at": _if_read(TIMES[table])}
    return [found.get(name, F.lit(None)).cast(type_).alias(name) for name, type_ in HELD.items()]


def _record_id(table: Table) -> Column:
    if table is BRONZE_ORDERS:
        return F.col("order_id")
    if table is BRONZE_EVENTS:
        return F.coalesce("order_id", "event_id")
    return spend_record_id(F.col("spend_date")) if table is BRONZE_AD_SPEND else F.lit(None)


def _if_read(name: str) -> Column:
    """The column, unless it is what the reason begins with."""
    return F.when(~F.startswith("reason", F.lit(f"{name} is not")), F.col(name))
