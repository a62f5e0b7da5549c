"""silver.conversions: what counts as success, final and auxiliary."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.exchange_rates import in_report_currency, with_rate
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.days import report_day
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS

PURCHASE = "purchase"


def build_conversions(
    orders: DataFrame,
    visits: DataFrame,
    bot_sessions: DataFrame,
    daily_rates: DataFrame,
    *,
    final: Sequence[str],
    auxiliary: Sequence[str],
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """One row per order (type purchase) and per event of the other types `final` and `auxiliary`.

    Of the events those of bots and of `bot_sessions` (session_id) are left out; an order counts in any case. Only
    purchases carry money. An amount without an exchange rate has a null report_value, which the table refuses:
    `missing_rates` tells which to ask for. An auxiliary conversion names the person's next final one, at the same
    moment or later.
    """
    purchases = orders.select(
        F.lit(PURCHASE).alias("conversion_type"),
        F.col("order_id").alias("of"),
        "order_id",
        "person_id",
        F.col("ordered_at").alias("converted_at"),
        "value",
        "refunded_value",
        "currency",
    )
    other_types = [name for name in [*final, *auxiliary] if name != PURCHASE]
    told = visits.where(F.col("event_name").isin(other_types) & ~F.col("is_bot"))
    others = told.join(bot_sessions, "session_id", how="left_anti").select(
        F.col("event_name").alias("conversion_type"),
        F.col("event_id").alias("of"),
        F.lit(None).cast("string").alias("order_id"),
        "person_id",
        F.col("event_at").alias("converted_at"),
        F.lit(0).alias("value"),
        F.lit(0).alias("refunded_value"),
        F.lit(report_currency).alias("currency"),
    )
    counted = purchases.where(F.lit(PURCHASE in final)).unionByName(others)
    day = report_day("converted_at", timezone)
    priced = with_rate(counted, daily_rates, day=day, report_currency=report_currency)
    conversions = priced.withColumns(
        {
            "conversion_id": F.md5(F.concat_ws("|", "conversion_type", "of")),
            "is_final": F.col("conversion_type").isin(list(final)),
            "report_value": in_report_currency(F.col("value") - F.col("refunded_value")),
            "report_gross_value": in_report_currency(F.col("value")),
            "report_currency": F.lit(report_currency),
        }
    )
    backwards = (
        Window.partitionBy("person_id")
        .orderBy(F.col("converted_at").desc(), F.col("is_final").desc(), F.col("conversion_id").desc())
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    first = Window.partitionBy("person_id", "conversion_type").orderBy("converted_at", "conversion_id")
    next_final = F.last(F.when(F.col("is_final"), F.col("conversion_id")), ignorenulls=True).over(backwards)
    placed = conversions.select(
        "*",
        F.when(~F.col("is_final"), next_final).alias("next_final_conversion_id"),
        ((F.col("conversion_type") == PURCHASE) & (F.row_number().over(first) == 1)).alias("is_first_purchase"),
    )
    return conform(placed, SILVER_CONVERSIONS)


def missing_rates(
    frame: DataFrame, daily_rates: DataFrame, *, day: str, timezone: str, report_currency: str
) -> DataFrame:
    """Days and currencies of `frame` (columns `day`, a moment, and currency) for which no rate holds: day, currency."""
    wanted = frame.select(report_day(day, timezone).alias("day"), "currency").distinct()
    rated = with_rate(wanted, daily_rates, day=F.col("day"), report_currency=report_currency)
    return rated.where(F.col("rate").isNull()).select("day", "currency")


def persons_repriced(
    conversions: DataFrame, daily_rates: DataFrame, *, timezone: str, report_currency: str
) -> DataFrame:
    """person_id of those with a row of silver.conversions whose worth `daily_rates` see otherwise."""
    foreign = conversions.where(F.col("currency") != report_currency)
    day = report_day("converted_at", timezone)
    priced = with_rate(foreign, daily_rates, day=day, report_currency=report_currency)
    net = in_report_currency(F.col("value") - F.col("refunded_value")).cast(MONEY)
    gross = in_report_currency(F.col("value")).cast(MONEY)
    is_same = net.eqNullSafe(F.col("report_value")) & gross.eqNullSafe(F.col("report_gross_value"))
    return priced.where(~is_same).select("person_id").distinct()
