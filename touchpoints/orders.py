"""silver.orders: the valid state of every order, from the orders feed and from purchase and refund events."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.exchange_rates import rate_of, with_rates_of
from touchpoints.ids import MONEY_EVENTS, order_id_of_event, person_of_device, person_of_order, person_of_user
from touchpoints.knobs import DefaultCurrency, ExchangeRates
from touchpoints.order_versions import newest_versions
from touchpoints.person_tables import PERSONS, VISIT_INPUTS, daily_rates, of_persons, person_input, visits
from touchpoints.visits import ORDER
from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.knobs import ReportingCurrency, ReportingDay
from warehouse.recipes import Recipe, Work
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.silver_orders import SILVER_ORDERS

SUM = "decimal(38,6)"  # of amounts that may be more than an order can be worth


def build_orders(
    orders: DataFrame,
    visits: DataFrame,
    daily_rates: DataFrame,
    *,
    default_currency: str,
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """One row per order that counts; `orders` is bronze.orders, `identified`, `visits` the frame of `build_visits`.

    - Of an order's versions the newest (updated_at, file, line) is valid. A cancelled or deleted order does not
      count, whatever its purchase event says.
    - Purchase events without a feed row make an order: the earliest (event_at, event_id) of an order_id.
    - refunded_value is the greater of what the feed and the refund events say, at most the value: a refund told
      twice is one refund. An event in another currency than the order's is worth what it was on the order's day; one
      without a rate takes nothing back, and `refunds_elsewhere` tells of it.
    - The buyer is the feed's user, else the person of the purchase event, else the device's at the time; an order
      that names none of them is somebody's of whom nothing else is known.
    """
    feed = newest_versions(orders).select(
        F.col("order_id").alias("fed_order_id"),
        F.struct(
            "user_id",
            "anonymous_id",
            "order_at",
            "value",
            "currency",
            "status",
            "refunded_value",
            "items",
            "deleted",
        ).alias("fed"),
    )
    events = _orders_from_events(visits)
    anonymous_buyers = visits.where(F.col("row_kind") == ORDER).select(
        F.col("order_id").alias("fed_order_id"), F.col("person_id").alias("device_person_id")
    )
    joined = feed.join(events, F.col("fed_order_id") == F.col("told_order_id"), how="full").join(
        anonymous_buyers, "fed_order_id", how="left"
    )
    in_feed = F.col("fed").isNotNull()
    counts = (in_feed & (F.col("fed.status") != "cancelled") & ~F.col("fed.deleted")) | (
        ~in_feed & F.col("told").isNotNull()
    )
    chosen = joined.where(counts).select(
        F.coalesce("fed_order_id", "told_order_id").alias("order_id"),
        F.coalesce(
            person_of_user(F.col("fed.user_id")),
            F.col("told.person_id"),
            F.col("device_person_id"),
            person_of_device(F.col("fed.anonymous_id")),
            person_of_order(F.col("fed_order_id")),
        ).alias("person_id"),
        F.when(in_feed, F.col("fed.order_at")).otherwise(F.col("told.event_at")).alias("ordered_at"),
        F.when(in_feed, F.col("fed.value")).otherwise(F.coalesce("told.value", F.lit(0))).alias("value"),
        F.when(in_feed, F.col("fed.currency"))
        .otherwise(F.coalesce(F.col("told.currency"), F.lit(default_currency)))
        .alias("currency"),
        F.col("fed.items").alias("items"),
        F.when(in_feed, F.lit("orders")).otherwise(F.lit("events")).alias("origin"),
        F.coalesce("fed.refunded_value", F.lit(0)).alias("fed_refunded_value"),
        "told_refunds",
    )
    day = report_day("ordered_at", timezone)
    told = _sum_in_currency(F.col("told_refunds"), F.col("currency"), report_currency=report_currency)
    valid = with_rates_of(chosen, daily_rates, day=day).withColumn(
        "refunded_value", F.least(F.greatest("fed_refunded_value", told), "value")
    )
    status = F.when(F.col("refunded_value") > 0, F.lit("refunded")).otherwise(F.lit("paid"))
    return conform(valid.withColumn("status", status), SILVER_ORDERS)


def _sum_in_currency(amounts: Column, currency: Column, *, report_currency: str) -> Column:
    """The sum of an array of (currency, value) in `currency`, by the row's `rates`; no currency means that one."""

    def rate(of: Column) -> Column:
        return rate_of(of, report_currency=report_currency)

    def converted(amount: Column) -> Column:
        is_same = F.coalesce(amount["currency"] == currency, F.lit(True))
        elsewhere = F.round(amount["value"] * rate(amount["currency"]) / rate(currency), 6)
        return F.when(is_same, amount["value"]).otherwise(F.coalesce(elsewhere, F.lit(0)))

    nothing = F.lit(0).cast(SUM)
    total = F.aggregate(amounts, nothing, lambda so_far, amount: (so_far + converted(amount)).cast(SUM))
    return F.coalesce(total, nothing)


def _orders_from_events(visits: DataFrame) -> DataFrame:
    """told_order_id, told (the purchase event that counts, null where only refunds came), told_refunds (amounts)."""
    money = visits.where(F.col("event_name").isin(*MONEY_EVENTS)).select(
        order_id_of_event().alias("told_order_id"),
        (F.col("event_name") == "purchase").alias("is_purchase"),
        F.struct("event_at", "event_id").alias("when_told"),
        F.struct("person_id", "event_at", "value", "currency").alias("purchase"),
        "currency",
        "value",
    )
    is_purchase = F.col("is_purchase")
    return money.groupBy("told_order_id").agg(
        F.min_by(F.when(is_purchase, F.col("purchase")), F.when(is_purchase, F.col("when_told"))).alias("told"),
        F.collect_list(F.when(~is_purchase & F.col("value").isNotNull(), F.struct("currency", "value"))).alias(
            "told_refunds"
        ),
    )


def check_orders(orders: DataFrame, versions: DataFrame) -> list[CheckResult]:
    """Every order of the feed whose newest version counts is there, and none is refunded by more than its value."""
    counts = (F.col("status") != "cancelled") & ~F.col("deleted")
    found = side_by_side(
        newest_versions(versions).agg(F.count_if(counts).alias("fed")),
        orders.agg(
            F.count_if(F.col("origin") == "orders").alias("of_feed"),
            F.count_if(F.col("refunded_value") > F.col("value")).alias("over_refunded"),
        ),
    )
    return [
        equal("orders of the feed that count", found["fed"], found["of_feed"]),
        none_found("orders refunded by more than their value", found["over_refunded"]),
    ]


def _build(work: Work) -> DataFrame:
    return build_orders(
        work.once(person_input).orders,
        work.once(visits),
        work.once(daily_rates),
        default_currency=work.knobs(DefaultCurrency).default_currency or work.knobs(ReportingCurrency).currency,
        timezone=work.knobs(ReportingDay).timezone,
        report_currency=work.knobs(ReportingCurrency).currency,
    )


ORDERS = Recipe(
    table=SILVER_ORDERS,
    inputs=(*VISIT_INPUTS, BRONZE_EXCHANGE_RATES),
    knobs=(DefaultCurrency, ExchangeRates, ReportingDay, ReportingCurrency),
    build=_build,
    changes=PERSONS,
    scope=of_persons,
    checks=lambda work: check_orders(work.read(SILVER_ORDERS), work.read(BRONZE_ORDERS)),
)
