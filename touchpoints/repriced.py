"""The persons whose amounts a new exchange rate changes."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.exchange_rates import in_report_currency, with_rate
from touchpoints.ids import order_id_of_event
from warehouse.contracts import MONEY
from warehouse.days import report_day


def persons_repriced(
    conversions: DataFrame, daily_rates: DataFrame, *, timezone: str, report_currency: str
) -> DataFrame:
    """One row per person (person_id) with a row of silver.conversions whose amounts differ under `daily_rates`."""
    foreign_conversions = conversions.where(F.col("currency") != report_currency)
    day = report_day("converted_at", timezone)
    rated_conversions = with_rate(foreign_conversions, daily_rates, day=day, report_currency=report_currency)
    net = in_report_currency(F.col("value") - F.col("refunded_value")).cast(MONEY)
    gross = in_report_currency(F.col("value")).cast(MONEY)
    is_same = net.eqNullSafe(F.col("report_value")) & gross.eqNullSafe(F.col("report_gross_value"))
    return rated_conversions.where(~is_same).select("person_id").distinct()


def refunds_elsewhere(events: DataFrame, orders: DataFrame) -> DataFrame:
    """One row per refund event (of bronze.events or `build_visits`) in another currency than its order of `orders`.

    order_id, person_id and ordered_at are the order's in silver.orders, currency is the event's.
    """
    is_priced_refund = (F.col("event_name") == "refund") & F.col("value").isNotNull() & F.col("currency").isNotNull()
    refunds = events.where(is_priced_refund).select(
        order_id_of_event().alias("order_id"), F.col("currency").alias("refund_currency")
    )
    return (
        orders.join(refunds, "order_id", how="inner")
        .where(F.col("currency") != F.col("refund_currency"))
        .select("order_id", "person_id", "ordered_at", F.col("refund_currency").alias("currency"))
    )
