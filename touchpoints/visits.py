"""Visits: hits with their person, their session and whether they are marketing touches.

Every event crosses the network once, by device, and is sorted once. Identity intervals are marker rows among the
events, so that a device with many logins costs no more than one with few.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.ids import (
    MONEY_EVENTS,
    device_of_event,
    event_id_of_order,
    person_of_device,
    person_of_event,
    person_of_user,
    session_id_of,
)
from touchpoints.order_versions import newest_versions
from warehouse.contracts import MONEY

# Kept for touches only.
TOUCH_COLUMNS = (
    "anonymous_id", "source", "medium", "campaign", "campaign_id", "content", "term", "click_id_type", "click_id",
    "source_from", "referrer_domain", "consent_ads", "channel", "channel_rule", "channel_trace",
)  # fmt: skip
# Columns that no step reads. As one struct, the sort and every window step copy them at once, not field by field.
CARRIED = {
    "event_at": "timestamp",
    **dict.fromkeys(("platform", "content", "term", "click_id_type"), "string"),
    **dict.fromkeys(("click_kind", "source_from", "referrer_domain", "landing_url"), "string"),
    **dict.fromkeys(("consent_ads", "is_bot"), "boolean"),
    "value": MONEY,
    "currency": "string",
}
# Dropped after visits are built.
STEPS_ONLY = ("user_id", "sent_session_id", "is_session_event", "is_ad_event", "has_origin", "click_kind")

MARKER, ORDER, HIT = 0, 1, 2  # the order of rows at one moment: first whose device it is, then what happened


def build_visits(hits: DataFrame, identities: DataFrame, orders: DataFrame, *, timeout_minutes: int) -> DataFrame:
    """One row per hit and per order (newest version) with an anonymous buyer: the hit's columns and

    - person_id: the event's own login, otherwise the person of the device's identity interval, otherwise the device,
      otherwise (where neither is named) the event itself;
    - session_id: of events that open or continue a session; null for ad_*, server events and orders;
    - is_session_start: the first event of its session;
    - is_touch: starts a session, changes source, medium, campaign or click id inside it, or is an ad_* event.

    `hits` has the columns of `build_hits`; the ids of `hits` and `orders` are `identified`. A gap of more than
    `timeout_minutes` or another person ends a session; where the sender gives session ids on both sides of a gap, they
    decide instead of the gap.
    """
    rows = _rows(hits, identities, orders)
    device = Window.partitionBy("device_key", "device").orderBy("at", "row_kind", "event_id")
    so_far = device.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    before = device.rowsBetween(Window.unboundedPreceding, -1)

    own_login = person_of_user(F.col("user_id"))
    by_interval = F.last("marked_person_id", ignorenulls=True).over(so_far)
    is_hit = F.col("row_kind") == HIT
    opens = is_hit & F.col("is_session_event")
    rows_of_persons = rows.select(
        "*",
        F.coalesce(
            own_login,
            by_interval,
            person_of_device(F.col("anonymous_id")),
            person_of_event(F.col("event_id")),
        ).alias("person_id"),
        opens.alias("opens"),
    )

    last = F.last(F.when(F.col("opens"), F.struct("at", "person_id", "sent_session_id")), ignorenulls=True).over(before)
    rows_with_last = rows_of_persons.select("*", last.alias("last"))
    rows_with_starts = rows_with_last.select(
        "*", (F.col("opens") & _begins_session(timeout_minutes=timeout_minutes)).alias("is_session_start")
    )
    start_event = F.last(F.when(F.col("is_session_start"), F.col("event_id")), ignorenulls=True).over(so_far)
    # The last touch of the session: its start, or a later event with a source. Sessions of a device do not overlap and
    # a start is always a touch, so the last touch before any other event belongs to that event's session.
    has_own_origin = F.col("is_session_start") | (F.col("opens") & F.col("has_origin"))
    last_origin = F.last(F.when(has_own_origin, origin_of()), ignorenulls=True).over(before)
    rows_with_origins = rows_with_starts.select(
        "*", F.when(F.col("opens"), start_event).alias("start_event_id"), last_origin.alias("last_origin")
    )
    changes_origin = F.col("opens") & F.col("has_origin") & (F.col("last_origin") != origin_of())
    is_ad_touch = is_hit & F.col("is_ad_event")
    session_id = session_id_of("device", "start_event_id")
    return rows_with_origins.where(F.col("row_kind") != MARKER).select(
        *(F.col(f"carried.{name}" if name in CARRIED else name) for name in hits.columns),
        "row_kind",
        "device_key",
        "device",
        "person_id",
        F.when(F.col("start_event_id").isNotNull(), session_id).alias("session_id"),
        "is_session_start",
        (F.col("is_session_start") | F.coalesce(changes_origin, F.lit(False)) | is_ad_touch).alias("is_touch"),
    )


def slim_visits(visits: DataFrame, *, conversion_types: Sequence[str]) -> DataFrame:
    """One row per row of `visits`, `build_visits` with channels, with only the columns that the tables of silver read.

    TOUCH_COLUMNS are null except in touches; event_id is null except in touches, orders, money events and events of
    `conversion_types`. The other rows, which are the most, hold little more than person, time, event name and session.
    """
    is_touch = F.col("is_touch")
    has_id = (F.col("row_kind") == ORDER) | F.col("event_name").isin(*MONEY_EVENTS, *conversion_types)
    thinned = {name: F.when(is_touch, F.col(name)) for name in TOUCH_COLUMNS if name in visits.columns}
    thinned["event_id"] = F.when(is_touch | has_id, F.col("event_id"))
    return visits.withColumns(thinned).drop(*STEPS_ONLY)


def origin_of() -> Column:
    """Source, medium, campaign (by its id where it has no name) and click id of a hit, as touches compare them; a null
    is equal to a null."""
    return F.struct("source", "medium", F.coalesce("campaign", "campaign_id").alias("campaign"), "click_id")


def _rows(hits: DataFrame, identities: DataFrame, orders: DataFrame) -> DataFrame:
    """Hits, anonymous orders and identity markers as one frame, with `device` and its 64-bit key."""
    device = device_of_event()
    no_person = F.lit(None).cast("string").alias("marked_person_id")
    carried = [name for name in hits.columns if name in CARRIED]
    # By its type, in which every field may be null, as in the rows below that carry nothing.
    carried_type = f"struct<{', '.join(f'{name}: {CARRIED[name]}' for name in carried)}>"
    hit_rows = hits.select(
        *(name for name in hits.columns if name not in CARRIED),
        F.struct(*carried).cast(carried_type).alias("carried"),
        F.lit(HIT).alias("row_kind"),
        F.col("event_at").alias("at"),
        no_person,
    )
    is_anonymous = F.col("user_id").isNull() & F.col("anonymous_id").isNotNull()
    order_rows = (
        newest_versions(orders)
        .where(is_anonymous)
        .select(
            "anonymous_id",
            event_id_of_order(F.col("order_id")).alias("event_id"),
            F.lit("order").alias("event_name"),
            "order_id",
            F.lit(ORDER).alias("row_kind"),
            F.col("order_at").alias("at"),
            no_person,
        )
    )
    markers = identities.select(
        "anonymous_id",
        F.lit("").alias("event_id"),
        F.lit(MARKER).alias("row_kind"),
        F.col("valid_from").alias("at"),
        F.col("person_id").alias("marked_person_id"),
    )
    rows = hit_rows.unionByName(order_rows, allowMissingColumns=True).unionByName(markers, allowMissingColumns=True)
    return rows.select("*", device.alias("device")).select("*", F.xxhash64("device").alias("device_key"))


def _begins_session(*, timeout_minutes: int) -> Column:
    is_first = F.col("last").isNull()
    is_other_person = F.col("person_id") != F.col("last.person_id")
    both_sent = F.col("sent_session_id").isNotNull() & F.col("last.sent_session_id").isNotNull()
    is_other_sent = F.col("sent_session_id") != F.col("last.sent_session_id")
    is_gap = F.col("at") > F.col("last.at") + F.expr(f"INTERVAL {timeout_minutes} MINUTES")
    return F.coalesce(is_first | is_other_person | F.when(both_sent, is_other_sent).otherwise(is_gap), F.lit(False))
