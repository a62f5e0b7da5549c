"""What became of each version of an order, and of each purchase and refund event."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.ids import MONEY_EVENTS, order_id_of_event
from touchpoints.outcomes import (
    CANCELLED,
    COUNTED,
    DELETED,
    IN_FEED,
    REPLACED,
    SAME_AGAIN,
    SET_ASIDE,
    as_outcomes,
    differing,
)
from warehouse.contracts import MONEY
from warehouse.days import report_day

POSITION = ("updated_at", "source_file", "source_line")
ORDERS, PURCHASES, REFUNDS = "orders", "purchase_events", "refund_events"
AMOUNTS = "decimal(38,6)"  # refunds may add up to more than an order's value can be


def order_outcomes(orders: DataFrame) -> DataFrame:
    """One row per version of an order of bronze.orders; see `touchpoints.outcomes`.

    The newest version counts, unless it is cancelled or deleted. It replaces the others where it has a newer
    updated_at, or where buyer, order_ts and value are the same. Otherwise they are set aside: they may well be other
    orders. An updated_at that is only the order's own time, as where the export has none, is no newer one.
    """
    newest_first = Window.partitionBy("order_id").orderBy(*(F.col(name).desc() for name in POSITION))
    content = ("user_id", "anonymous_id", "order_at", "value", "currency", "status", "deleted", *POSITION)
    versions = orders.select(
        "order_id",
        *content,
        F.first(F.struct(*content)).over(newest_first).alias("newest"),
        F.row_number().over(newest_first).alias("place"),
    )
    is_newest = F.col("place") == 1
    is_other_time = F.col("order_at") != F.col("newest.order_at")
    is_newer = (F.col("newest.updated_at") > F.col("updated_at")) & ~(
        is_other_time & (F.col("newest.updated_at") == F.col("newest.order_at"))
    )
    is_other_value = (F.col("value") != F.col("newest.value")) | (F.col("currency") != F.col("newest.currency"))
    differs = {"buyer": _is_other_buyer(), "order_ts": is_other_time, "value": is_other_value}
    is_set_aside = ~is_newer & (differs["buyer"] | is_other_time | is_other_value)
    outcome = (
        F.when(~is_newest, F.when(is_set_aside, SET_ASIDE).otherwise(REPLACED))
        .when(F.col("deleted"), DELETED)
        .when(F.col("status") == "cancelled", CANCELLED)
        .otherwise(COUNTED)
    )
    return as_outcomes(
        versions,
        ORDERS,
        record_id=F.col("order_id"),
        outcome=outcome,
        reason=F.when(~is_newest & is_set_aside, differing("order_id", **differs)).otherwise(""),
        amount=F.col("value"),
        counted_amount=F.col("newest.value"),
        counted_file=F.col("newest.source_file"),
        counted_line=F.col("newest.source_line"),
    )


def _is_other_buyer() -> Column:
    """Whether both versions name a buyer, and not the same."""
    by_login = F.col("user_id") != F.col("newest.user_id")
    by_device = F.col("anonymous_id") != F.col("newest.anonymous_id")
    return F.coalesce(by_login, by_device, F.lit(False))


def event_outcomes(events: DataFrame, orders: DataFrame, *, default_currency: str, timezone: str) -> DataFrame:
    """One row per purchase and refund event of bronze.events with an order: see `touchpoints.outcomes`.

    - Where the orders feed has the order, the feed counts. Otherwise the earliest purchase (event_at, event_id) of an
      order_id does; another one of the same value is the same again (a page opened twice), of another value set aside.
    - A refund counts up to what the order's value leaves. It is set aside where no order of its order_id is known, and
      follows its order where that is cancelled or deleted. Where the feed's refunded_value is as much or more, the feed
      counts. A refund in another currency than its order's counts as it is.
    """
    money_events = events.where(F.col("event_name").isin(*MONEY_EVENTS)).select(
        order_id_of_event().alias("record_id"),
        "event_id",
        (F.col("event_name") == "purchase").alias("is_purchase"),
        "event_at",
        F.coalesce("value", F.lit(0)).cast(MONEY).alias("amount"),
        "currency",
        "source_file",
    )
    feed = orders.groupBy(F.col("order_id").alias("record_id")).agg(
        F.max_by(F.struct("status", "deleted", "value", "currency", "refunded_value", *POSITION), F.struct(*POSITION))
        .alias("feed")
    )  # fmt: skip
    of_order = Window.partitionBy("record_id").orderBy("event_at", "event_id")
    all_of_order = of_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    purchase = F.when(F.col("is_purchase"), F.struct("event_at", "event_id", "amount", "currency", "source_file"))
    first = F.first(purchase, ignorenulls=True).over(all_of_order)
    with_orders = money_events.join(feed, "record_id", how="left").withColumn("first", first)
    purchases = _purchases(
        with_orders.where(F.col("is_purchase")), default_currency=default_currency, timezone=timezone
    )
    return purchases.unionByName(_refunds(with_orders.where(~F.col("is_purchase")), default_currency=default_currency))


def _purchases(purchases: DataFrame, *, default_currency: str, timezone: str) -> DataFrame:
    default = F.lit(default_currency)
    currency, first_currency = F.coalesce("currency", default), F.coalesce("first.currency", default)
    in_feed, is_first = F.col("feed").isNotNull(), F.col("event_id") == F.col("first.event_id")
    is_other_value = F.col("amount") != F.col("first.amount")
    is_same = ~is_other_value & (currency == first_currency)
    is_other_day = report_day("event_at", timezone) != report_day("first.event_at", timezone)
    outcome = F.when(in_feed, IN_FEED).when(is_first, COUNTED).when(is_same, SAME_AGAIN).otherwise(SET_ASIDE)
    differs = {"day": is_other_day, "value": is_other_value, "currency": currency != first_currency}
    return as_outcomes(
        purchases,
        PURCHASES,
        outcome=outcome,
        reason=F.when(outcome == SET_ASIDE, differing("order_id", **differs)).otherwise(""),
        currency=currency,
        counted_amount=F.col("first.amount"),
        counted_file=F.col("first.source_file"),
    )


def _refunds(refunds: DataFrame, *, default_currency: str) -> DataFrame:
    in_feed = F.col("feed").isNotNull()
    order_value = F.when(in_feed, F.col("feed.value")).otherwise(F.col("first.amount")).cast(AMOUNTS)
    order_currency = F.when(in_feed, F.col("feed.currency")).otherwise(
        F.coalesce("first.currency", F.lit(default_currency))
    )
    currency = F.coalesce("currency", order_currency, F.lit(default_currency))
    is_own = F.coalesce(currency == order_currency, F.lit(False))
    of_order = Window.partitionBy("record_id")
    so_far = of_order.orderBy("event_at", "event_id").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    priced = refunds.select(
        "*",
        F.sum("amount").over(so_far).cast(AMOUNTS).alias("refunded"),
        F.sum("amount").over(of_order).cast(AMOUNTS).alias("refunded_in_all"),
        (F.min(is_own.cast("int")).over(of_order) == 1).alias("all_own"),
        order_value.alias("order_value"),
        currency.alias("refund_currency"),
    )
    feed_counts = F.coalesce(
        F.col("all_own") & (F.col("feed.refunded_value") >= F.col("refunded_in_all")), F.lit(False)
    )
    before = F.col("refunded") - F.col("amount")
    counted = F.greatest(F.least("refunded", "order_value") - F.least(before, F.col("order_value")), F.lit(0))
    fate = (
        F.when(F.col("order_value").isNull(), "unknown")
        .when(F.coalesce(F.col("feed.deleted"), F.lit(False)), DELETED)
        .when(F.coalesce(F.col("feed.status") == "cancelled", F.lit(False)), CANCELLED)
        .when(feed_counts, IN_FEED)
        .when(~F.col("all_own"), COUNTED)
        .otherwise("by_value")
    )
    judged = priced.select("*", fate.alias("fate"), counted.cast(MONEY).alias("counted")).withColumn(
        "over", (F.col("amount") - F.col("counted")).cast(MONEY)
    )
    by_value = judged.where(F.col("fate") == "by_value")
    places = {
        "currency": F.col("refund_currency"),
        "counted_amount": F.col("order_value"),
        "counted_file": F.coalesce("feed.source_file", "first.source_file"),
        "counted_line": F.col("feed.source_line"),
    }
    whole = as_outcomes(
        judged.where(F.col("fate") != "by_value"),
        REFUNDS,
        outcome=F.when(F.col("fate") == "unknown", SET_ASIDE).otherwise(F.col("fate")),
        reason=F.when(F.col("fate") == "unknown", F.lit("no order of this order_id is known")).otherwise(""),
        **places,
    )
    is_over = F.col("over") > 0
    within = as_outcomes(
        by_value.where((F.col("counted") > 0) | ~is_over),
        REFUNDS,
        outcome=F.lit(COUNTED),
        amount=F.col("counted"),
        rows=F.when(is_over, 0).otherwise(1),
        **places,
    )
    over = as_outcomes(
        by_value.where(is_over),
        REFUNDS,
        outcome=F.lit(SET_ASIDE),
        reason=F.lit("more than the order's value"),
        amount=F.col("over"),
        **places,
    )
    return whole.unionByName(within).unionByName(over)
