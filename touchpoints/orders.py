"""silver.orders: the valid state of every order, from the orders feed and from purchase and refund events."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.credit_notes import with_credits
from touchpoints.exchange_rates import is_too_large, rate_of, with_rates_of
from touchpoints.ids import (
    MONEY_EVENTS,
    anonymous_id_of,
    order_id_of_event,
    person_of_device,
    person_of_order,
    person_of_user,
)
from touchpoints.knobs import AdsConsent, DefaultCurrency, ExchangeRates
from touchpoints.order_versions import NOT_COUNTED, newest_versions
from touchpoints.outcomes import TOO_LARGE
from touchpoints.person_tables import PERSONS, VISIT_INPUTS, daily_rates, of_persons, person_input, visits
from touchpoints.visits import ORDER
from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.knobs import AnalyticsUse, ReportingCurrency, ReportingDay
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Recipe, Work
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.silver_orders import SILVER_ORDERS
from warehouse.tables.silver_set_aside import SILVER_SET_ASIDE

SUM = "decimal(38,6)"  # refund amounts may add up to more than an order's value can be


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

    - Of an order's versions the newest (updated_at, file, line) is valid; lines of an order add up. A cancelled,
      deleted or pending order does not count, even where it has a purchase event.
    - A credit that names no order, or exceeds its own, is taken from other orders of the buyer that the feed names
      (`with_credits`); a credit note is no order.
    - Purchase events without a feed row make an order: the earliest (event_at, event_id) of an order_id.
    - refunded_value is the greater of the feed's and the refund events' amounts, at most the value: the same refund in
      both is one refund. An event in another currency than the order's is converted at the rates of the order's day;
      one without a rate refunds nothing, and `refunds_elsewhere` lists it.
    - An order of more than fits into the reporting currency does not count.
    - seen_person_id, seen_on and seen_consent_ads are those of the purchase event that counts, null without one.
    - The buyer is the feed's user, otherwise the person of the purchase event, otherwise the person of the device at
      the time; an order that names none of them has a person of its own.
    """
    feed = with_credits(newest_versions(orders)).select(
        F.col("order_id").alias("feed_order_id"),
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
            "is_credit",
            "credited_value",
        ).alias("feed_order"),
    )
    events = _orders_from_events(visits)
    anonymous_buyers = visits.where(F.col("row_kind") == ORDER).select(
        F.col("order_id").alias("feed_order_id"), F.col("person_id").alias("device_person_id")
    )
    orders_of_both = feed.join(events, F.col("feed_order_id") == F.col("event_order_id"), how="full").join(
        anonymous_buyers, "feed_order_id", how="left"
    )
    in_feed = F.col("feed_order").isNotNull()
    of_feed = (
        ~F.col("feed_order.status").isin(*NOT_COUNTED) & ~F.col("feed_order.deleted") & ~F.col("feed_order.is_credit")
    )
    counts = (in_feed & of_feed) | (~in_feed & F.col("purchase_event").isNotNull())
    counted_orders = orders_of_both.where(counts).select(
        F.coalesce("feed_order_id", "event_order_id").alias("order_id"),
        F.coalesce(
            person_of_user(F.col("feed_order.user_id")),
            F.col("purchase_event.person_id"),
            F.col("device_person_id"),
            person_of_device(F.col("feed_order.anonymous_id")),
            person_of_order(F.col("feed_order_id")),
        ).alias("person_id"),
        F.when(in_feed, F.col("feed_order.order_at")).otherwise(F.col("purchase_event.event_at")).alias("ordered_at"),
        F.when(in_feed, F.col("feed_order.value"))
        .otherwise(F.coalesce("purchase_event.value", F.lit(0)))
        .alias("value"),
        F.when(in_feed, F.col("feed_order.currency"))
        .otherwise(F.coalesce(F.col("purchase_event.currency"), F.lit(default_currency)))
        .alias("currency"),
        F.col("feed_order.items").alias("items"),
        F.when(in_feed, F.lit("orders")).otherwise(F.lit("events")).alias("origin"),
        F.coalesce(F.col("feed_order.refunded_value") + F.col("feed_order.credited_value"), F.lit(0)).alias(
            "feed_refunded_value"
        ),
        F.col("purchase_event.person_id").alias("seen_person_id"),
        anonymous_id_of(F.col("purchase_event.device")).alias("seen_on"),
        F.col("purchase_event.consent_ads").alias("seen_consent_ads"),
        "refund_amounts",
    )
    day = report_day("ordered_at", timezone)
    event_refunded_value = _sum_in_currency(F.col("refund_amounts"), F.col("currency"), report_currency=report_currency)
    rated_orders = with_rates_of(counted_orders, daily_rates, day=day)
    own_rate = rate_of(F.col("currency"), report_currency=report_currency)
    refunded_orders = rated_orders.where(~is_too_large(F.col("value"), own_rate)).withColumn(
        "refunded_value", F.least(F.greatest("feed_refunded_value", event_refunded_value), "value")
    )
    status = F.when(F.col("refunded_value") > 0, F.lit("refunded")).otherwise(F.lit("paid"))
    return conform(refunded_orders.withColumn("status", status), SILVER_ORDERS)


def _sum_in_currency(amounts: Column, currency: Column, *, report_currency: str) -> Column:
    """The sum of an array of (currency, value) in `currency`, by the row's `rates`; a null currency is `currency`."""

    def rate(of: Column) -> Column:
        return rate_of(of, report_currency=report_currency)

    def converted(amount: Column) -> Column:
        is_same = F.coalesce(amount["currency"] == currency, F.lit(True))
        in_report_currency = (amount["value"] * rate(amount["currency"])).cast("decimal(37,14)")
        # An engine's own quotient has more or fewer places, so both roundings are named.
        elsewhere = (in_report_currency / rate(currency)).cast("decimal(38,7)").cast(SUM)
        return F.when(is_same, amount["value"].cast(SUM)).otherwise(F.coalesce(elsewhere, nothing))

    nothing = F.lit(0).cast(SUM)
    total = F.aggregate(amounts, nothing, lambda so_far, amount: (so_far + converted(amount)).cast(SUM))
    return F.coalesce(total, nothing)


def _orders_from_events(visits: DataFrame) -> DataFrame:
    """One row per order_id of money events: event_order_id, purchase_event (the one that counts, null where there are
    only refunds) and refund_amounts.
    """
    money_events = visits.where(F.col("event_name").isin(*MONEY_EVENTS)).select(
        order_id_of_event().alias("event_order_id"),
        (F.col("event_name") == "purchase").alias("is_purchase"),
        F.struct("event_at", "event_id").alias("position"),
        F.struct("person_id", "event_at", "value", "currency", "device", "consent_ads").alias("purchase"),
        "currency",
        "value",
    )
    is_purchase = F.col("is_purchase")
    return money_events.groupBy("event_order_id").agg(
        F.min_by(F.when(is_purchase, F.col("purchase")), F.when(is_purchase, F.col("position"))).alias(
            "purchase_event"
        ),
        F.collect_list(F.when(~is_purchase & F.col("value").isNotNull(), F.struct("currency", "value"))).alias(
            "refund_amounts"
        ),
    )


def check_orders(orders: DataFrame, versions: DataFrame, set_aside: DataFrame) -> list[CheckResult]:
    """Every order of the feed whose newest version counts is in silver, but those that `set_aside` lists as too large;
    none is refunded by more than its value."""
    counts = ~F.col("status").isin(*NOT_COUNTED) & ~F.col("deleted") & ~F.col("is_credit")
    totals = side_by_side(
        newest_versions(versions).agg(F.count_if(counts).alias("in_feed")),
        orders.agg(
            F.count_if(F.col("origin") == "orders").alias("of_feed"),
            F.count_if(F.col("refunded_value") > F.col("value")).alias("over_refunded"),
        ),
        set_aside.agg(F.count_if((F.col("input") == "orders") & (F.col("outcome") == TOO_LARGE)).alias("too_large")),
    )
    return [
        equal("orders of the feed that count", totals["in_feed"] - totals["too_large"], totals["of_feed"]),
        none_found("orders refunded by more than their value", totals["over_refunded"]),
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
    knobs=(AnalyticsUse, Pseudonyms, AdsConsent, DefaultCurrency, ExchangeRates, ReportingDay, ReportingCurrency),
    build=_build,
    changes=PERSONS,
    scope=of_persons,
    checks=lambda work: check_orders(work.read(SILVER_ORDERS), work.read(BRONZE_ORDERS), work.read(SILVER_SET_ASIDE)),
)
