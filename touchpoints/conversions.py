"""silver.conversions: what counts as success, final and auxiliary."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.exchange_rates import in_report_currency, require_rates, with_rate
from touchpoints.knobs import AdsConsent, ConversionTypes, ExchangeRates, InternalAddresses, RobotAgents
from touchpoints.person_tables import PERSONS, VISIT_INPUTS, daily_rates, of_persons, visits
from touchpoints.repriced import refunds_elsewhere
from touchpoints.sessions import robots
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.days import report_day
from warehouse.expressions import id_of
from warehouse.knobs import AnalyticsUse, ReportingCurrency, ReportingDay
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Recipe, Work
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_orders import SILVER_ORDERS
from warehouse.tables.silver_sessions import SILVER_SESSIONS

PURCHASE = "purchase"


def build_conversions(
    orders: DataFrame,
    visits: DataFrame,
    bot_sessions: DataFrame,
    daily_rates: DataFrame,
    *,
    types: ConversionTypes,
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """One row per order (type purchase) and per event of the other `types`.

    Events of bots and of `bot_sessions` (session_id) are left out; an order counts in any case. Only purchases have
    money. An amount without an exchange rate has a null report_value, which the table refuses; `missing_rates` gives
    the rates that are missing. An auxiliary conversion names the person's next final one, at the same moment or later.
    """
    purchases = orders.select(
        F.lit(PURCHASE).alias("conversion_type"),
        F.col("order_id").alias("of"),
        "order_id",
        F.lit(None).cast("string").alias("session_id"),
        "person_id",
        F.col("ordered_at").alias("converted_at"),
        "value",
        "refunded_value",
        "currency",
        F.lit(None).cast("boolean").alias("consent_ads"),
    )
    other_types = [name for name in types.all_types if name != PURCHASE]
    success_events = visits.where(F.col("event_name").isin(other_types) & ~F.col("is_bot"))
    other_conversions = success_events.join(bot_sessions, "session_id", how="left_anti").select(
        F.col("event_name").alias("conversion_type"),
        F.col("event_id").alias("of"),
        F.lit(None).cast("string").alias("order_id"),
        "session_id",
        "person_id",
        F.col("event_at").alias("converted_at"),
        F.lit(0).cast(MONEY).alias("value"),
        F.lit(0).cast(MONEY).alias("refunded_value"),
        F.lit(report_currency).alias("currency"),
        "consent_ads",
    )
    counted_conversions = purchases.where(F.lit(PURCHASE in types.final)).unionByName(other_conversions)
    day = report_day("converted_at", timezone)
    rated_conversions = with_rate(counted_conversions, daily_rates, day=day, report_currency=report_currency)
    priced_conversions = rated_conversions.withColumns(
        {
            "conversion_id": id_of(F.col("conversion_type"), F.col("of")),
            "is_final": F.col("conversion_type").isin(types.final),
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
    linked_conversions = priced_conversions.select(
        "*",
        F.when(~F.col("is_final"), next_final).alias("next_final_conversion_id"),
        ((F.col("conversion_type") == PURCHASE) & (F.row_number().over(first) == 1)).alias("is_first_purchase"),
    )
    return conform(linked_conversions, SILVER_CONVERSIONS)


def check_conversions(conversions: DataFrame, orders: DataFrame) -> list[CheckResult]:
    """Every order is one purchase with its value, and every buyer has one first purchase."""
    purchases = conversions.where(F.col("conversion_type") == PURCHASE)
    totals = side_by_side(
        purchases.agg(
            F.count(F.lit(1)).alias("purchases"),
            F.count_if("is_first_purchase").alias("first"),
            F.countDistinct("person_id").alias("buyers"),
            F.sum("value").alias("purchase_value"),
        ),
        orders.agg(F.count(F.lit(1)).alias("orders"), F.sum("value").alias("order_value")),
    )
    return [
        equal("purchases are the orders that count", totals["orders"], totals["purchases"]),
        equal("value of purchases is the value of orders", totals["order_value"], totals["purchase_value"]),
        equal("buyers have one first purchase each", totals["buyers"], totals["first"]),
    ]


def _build(work: Work) -> DataFrame:
    orders, rates = of_persons(work)(work.read(SILVER_ORDERS)), work.once(daily_rates)
    timezone, currency = work.knobs(ReportingDay).timezone, work.knobs(ReportingCurrency).currency
    amounts = ("ordered_at", "currency")
    refunds = refunds_elsewhere(work.once(visits), orders).select(*amounts)
    require_rates(
        orders.select(*amounts).unionByName(refunds),
        rates,
        day="ordered_at",
        timezone=timezone,
        report_currency=currency,
        max_age_days=work.knobs(ExchangeRates).max_age_days,
        what="orders and refunds",
    )
    return build_conversions(
        orders,
        work.once(visits),
        work.once(robots),
        rates,
        types=work.knobs(ConversionTypes),
        timezone=timezone,
        report_currency=currency,
    )


CONVERSIONS = Recipe(
    table=SILVER_CONVERSIONS,
    inputs=(*VISIT_INPUTS, SILVER_SESSIONS, SILVER_ORDERS, BRONZE_EXCHANGE_RATES),
    knobs=(
        ConversionTypes,
        AnalyticsUse,
        Pseudonyms,
        AdsConsent,
        InternalAddresses,
        RobotAgents,
        ExchangeRates,
        ReportingDay,
        ReportingCurrency,
    ),
    build=_build,
    changes=PERSONS,
    scope=of_persons,
    checks=lambda work: check_conversions(work.read(SILVER_CONVERSIONS), work.read(SILVER_ORDERS)),
)
