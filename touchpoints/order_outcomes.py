"""What became of each version of an order, and of each purchase and refund event."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.exchange_rates import is_too_large, with_rate
from touchpoints.ids import MONEY_EVENTS, order_id_of_event
from touchpoints.order_versions import NOT_COUNTED, newest_first
from touchpoints.outcomes import (
    CANCELLED,
    COUNTED,
    DELETED,
    IN_FEED,
    NO_ROOM,
    PENDING,
    REPLACED,
    SAME_AGAIN,
    SET_ASIDE,
    TOO_LARGE,
    UNSETTLED,
    as_outcomes,
    differing,
)
from touchpoints.unsettled import because_of, newer_than, newest_quarantined, place_of
from warehouse.contracts import MONEY
from warehouse.days import report_day
from warehouse.file_order import file_order
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS

POSITION = ("updated_at", "source_file", "source_line")
ORDERS, PURCHASES, REFUNDS = "orders", "purchase_events", "refund_events"
AMOUNTS = "decimal(38,6)"  # refunds may add up to more than an order's value can be


def order_outcomes(
    orders: DataFrame, quarantine: DataFrame, daily_rates: DataFrame, *, timezone: str, report_currency: str
) -> DataFrame:
    """One row per version of an order of bronze.orders, whole orders alone; see `touchpoints.outcomes`.

    The newest version counts, unless it is cancelled, deleted or too large. It replaces the others where it has a newer
    updated_at, or where buyer, order_ts and value are the same. Otherwise they are set aside: they may well be other
    orders. So are those of another buyer and another order_ts, whatever their updated_at. An updated_at that is only
    the order's own time, as where the export has none, is no newer one. An order
    whose newest row is in `quarantine` (bronze.quarantine) counts as its older rows give it, and is unsettled.
    """
    content = ("user_id", "anonymous_id", "order_at", "value", "currency", "status", "deleted", *POSITION)
    priced = with_rate(orders, daily_rates, day=report_day("order_at", timezone), report_currency=report_currency)
    versions = priced.select(
        "order_id",
        is_too_large(F.col("value"), F.col("rate")).alias("is_too_large"),
        *content,
        F.first(F.struct(*content)).over(newest_first()).alias("newest"),
        F.row_number().over(newest_first()).alias("place"),
    )
    versions = versions.join(
        newest_quarantined(quarantine, BRONZE_ORDERS), F.col("order_id") == F.col("record_id"), how="left"
    ).drop("record_id")
    is_newest = F.col("place") == 1
    unread = newer_than(F.col("updated_at"), "source_file", F.col("source_line"))
    is_other_time = F.col("order_at") != F.col("newest.order_at")
    is_newer = (F.col("newest.updated_at") > F.col("updated_at")) & ~(
        is_other_time & (F.col("newest.updated_at") == F.col("newest.order_at"))
    )
    is_other_value = (F.col("value") != F.col("newest.value")) | (F.col("currency") != F.col("newest.currency"))
    differs = {"buyer": _is_other_buyer(), "order_ts": is_other_time, "value": is_other_value}
    is_another = differs["buyer"] & is_other_time
    is_set_aside = is_another | ~is_newer & (differs["buyer"] | is_other_time | is_other_value)
    outcome = (
        F.when(~is_newest, F.when(is_set_aside, SET_ASIDE).otherwise(REPLACED))
        .when(F.col("deleted"), DELETED)
        .when(F.col("status") == "cancelled", CANCELLED)
        .when(F.col("status") == "pending", PENDING)
        .when(F.col("is_too_large"), TOO_LARGE)
        .when(unread.isNotNull(), UNSETTLED)
        .otherwise(COUNTED)
    )
    return as_outcomes(
        versions,
        ORDERS,
        record_id=F.col("order_id"),
        outcome=outcome,
        reason=F.when(~is_newest & is_set_aside, differing("order_id", **differs))
        .when(outcome == TOO_LARGE, NO_ROOM)
        .when(outcome == UNSETTLED, because_of(unread))
        .otherwise(""),
        amount=F.col("value"),
        other_amount=F.when(is_newest, unread["amount"]).otherwise(F.col("newest.value")),
        other_file=F.when(is_newest, unread["file"]).otherwise(F.col("newest.source_file")),
        other_line=F.when(is_newest, unread["line"]).otherwise(F.col("newest.source_line")),
    )


def _position() -> tuple[Column, ...]:
    """What versions of an order are compared by."""
    return F.col("updated_at"), file_order("source_file").alias("file_order"), F.col("source_line")


def _is_other_buyer() -> Column:
    """Whether both versions name a buyer, and not the same."""
    by_login = F.col("user_id") != F.col("newest.user_id")
    by_device = F.col("anonymous_id") != F.col("newest.anonymous_id")
    return F.coalesce(by_login, by_device, F.lit(False))


def event_outcomes(
    events: DataFrame,
    orders: DataFrame,
    quarantine: DataFrame,
    daily_rates: DataFrame,
    *,
    default_currency: str,
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """One row per purchase and refund event of bronze.events with an order: see `touchpoints.outcomes`.

    - Where the orders feed has the order, the feed counts. Otherwise the earliest purchase (event_at, event_id) of an
      order_id does, and is unsettled where another event of the order is in `quarantine` (bronze.quarantine). Another
      one of the same value is the same again (a page opened twice), of another value set aside.
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
        F.max_by(
            F.struct("status", "deleted", "value", "currency", "refunded_value", *POSITION), F.struct(*_position())
        ).alias("feed")
    )
    of_order = Window.partitionBy("record_id").orderBy("event_at", "event_id")
    all_of_order = of_order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    purchase = F.when(F.col("is_purchase"), F.struct("event_at", "event_id", "amount", "currency", "source_file"))
    first = F.first(purchase, ignorenulls=True).over(all_of_order)
    with_orders = money_events.join(feed, "record_id", how="left").withColumn("first", first)
    purchases = with_orders.where(F.col("is_purchase")).withColumn(
        "currency", F.coalesce("currency", F.lit(default_currency))
    )
    day = report_day("event_at", timezone)
    unread = _unread_events(quarantine, money_events)
    priced_purchases = with_rate(purchases, daily_rates, day=day, report_currency=report_currency).join(
        unread, "record_id", how="left"
    )
    refunds = with_orders.where(~F.col("is_purchase"))
    return _purchases(priced_purchases, default_currency=default_currency, timezone=timezone).unionByName(
        _refunds(refunds, default_currency=default_currency)
    )


def _unread_events(quarantine: DataFrame, money_events: DataFrame) -> DataFrame:
    """One row per order with a purchase or refund event in quarantine, and no good event of it at the same moment:
    record_id and `unread`, the last of them by place (file, line, amount, reason)."""
    of_events = quarantine.where((F.col("table_name") == BRONZE_EVENTS.full_name) & F.col("version_at").isNotNull())
    known = money_events.select("record_id", F.col("event_at").alias("version_at"))
    row = F.struct(*place_of("file"), "file", "amount", "reason")
    return (
        of_events.join(known, ["record_id", "version_at"], how="left_anti")
        .groupBy("record_id")
        .agg(F.max(row).alias("unread"))
    )


def _purchases(purchases: DataFrame, *, default_currency: str, timezone: str) -> DataFrame:
    currency, first_currency = F.col("currency"), F.coalesce("first.currency", F.lit(default_currency))
    in_feed, is_first = F.col("feed").isNotNull(), F.col("event_id") == F.col("first.event_id")
    is_other_value = F.col("amount") != F.col("first.amount")
    is_same = ~is_other_value & (currency == first_currency)
    is_other_day = report_day("event_at", timezone) != report_day("first.event_at", timezone)
    own = (
        F.when(is_too_large(F.col("amount"), F.col("rate")), TOO_LARGE)
        .when(F.col("unread").isNotNull(), UNSETTLED)
        .otherwise(COUNTED)
    )
    outcome = F.when(in_feed, IN_FEED).when(is_first, own).when(is_same, SAME_AGAIN).otherwise(SET_ASIDE)
    differs = {"day": is_other_day, "value": is_other_value, "currency": currency != first_currency}
    return as_outcomes(
        purchases,
        PURCHASES,
        outcome=outcome,
        reason=F.when(outcome == SET_ASIDE, differing("order_id", **differs))
        .when(outcome == TOO_LARGE, NO_ROOM)
        .when(outcome == UNSETTLED, because_of(F.col("unread")))
        .otherwise(""),
        other_amount=F.when(is_first, F.col("unread.amount")).otherwise(F.col("first.amount")),
        other_file=F.when(is_first, F.col("unread.file")).otherwise(F.col("first.source_file")),
        other_line=F.when(is_first, F.col("unread.line")),
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
        .when(F.coalesce(F.col("feed.status").isin(*NOT_COUNTED), F.lit(False)), F.col("feed.status"))
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
        "other_amount": F.col("order_value"),
        "other_file": F.coalesce("feed.source_file", "first.source_file"),
        "other_line": F.col("feed.source_line"),
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
