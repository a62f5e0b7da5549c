"""Visits: hits with their person, their session and whether they are marketing touches.

Every event crosses the network once, by device, and is sorted once. Identity intervals are marker rows among the
events, so that a device with many logins costs no more than one with few. Only where the sender names sessions are
the events of each device sorted a second time, by session, without crossing the network.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.aliases import with_buyer
from touchpoints.ids import (
    MONEY_EVENTS,
    device_of_event,
    event_id_of_order,
    person_of_device,
    person_of_event,
    person_of_user,
)
from touchpoints.knobs import PersonalData
from touchpoints.marketing_params import LINK_TAGS
from touchpoints.order_versions import newest_versions
from touchpoints.personal_data import without_personal_data
from touchpoints.session_starts import with_sessions
from warehouse.contracts import MONEY

# Kept for touches and starts of sessions only.
TOUCH_COLUMNS = (
    "anonymous_id", "source", "medium", "campaign", "campaign_id", "content", "term", "click_id_type", "click_id",
    "click_kind", "source_from", "link_tags", "referrer_domain", "channel", "channel_rule", "channel_trace",
)  # fmt: skip
# Columns that no step reads. As one struct, the sort and every window step copy them at once, not field by field.
CARRIED = {
    "event_at": "timestamp",
    **dict.fromkeys(("platform", "content", "term", "click_id_type"), "string"),
    **dict.fromkeys(("click_kind", "source_from", "referrer_domain", "landing_url"), "string"),
    "link_tags": f"struct<{', '.join(f'{name}: string' for name in LINK_TAGS)}>",
    "clicked_at": "timestamp",
    **dict.fromkeys(("id_kind", "att_status"), "string"),
    **dict.fromkeys(("consent_ads", "has_short_cookie", "is_bot"), "boolean"),
    "bot_reason": "string",
    "value": MONEY,
    "currency": "string",
}
# Dropped after visits are built.
STEPS_ONLY = ("user_id", "sent_session_id", "is_session_event", "is_ad_event", "has_origin")

# Whose the device is from a marker on, and the login by which that was known.
MARK = "struct<person_id:string,known_at:timestamp>"

MARKER, ORDER, HIT = 0, 1, 2  # the order of rows at one moment: first whose device it is, then what happened


def build_visits(
    hits: DataFrame,
    identities: DataFrame,
    orders: DataFrame,
    *,
    timeout_minutes: int,
    max_hours: int,
    aliases: DataFrame | None = None,
    has_sent_sessions: bool = True,
) -> DataFrame:
    """One row per hit and per order (newest version) with an anonymous buyer: the hit's columns and

    - person_id: the event's own login (of an alias its buyer), otherwise the person of the device's identity interval,
      otherwise the device, otherwise (where neither is named) the event itself;
    - known_at: the later login by which the device's event became the person's; null where that was known at once;
    - session_id: of events that open or continue a session, see `with_sessions`; null for ad_*, server events and
      orders;
    - is_session_start: the first event of its session;
    - since_page_ms: of page views within their session, and of ad_* events: milliseconds since the device's page view
      before; null where there is none;
    - is_touch: starts a session, changes source, medium, campaign or click id inside it, or is an ad_* event.

    `hits` has the columns of `build_hits`; the ids of `hits` and `orders` are `identified`; `aliases`: see
    `known_aliases`.
    """
    rows = _rows(hits, identities, orders, aliases)
    device = Window.partitionBy("device_key", "device").orderBy("at", "row_kind", "event_id")
    so_far = device.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    before = device.rowsBetween(Window.unboundedPreceding, -1)
    is_hit = F.col("row_kind") == HIT
    opens = is_hit & F.col("is_session_event")
    is_page = opens & (F.col("event_name") == "page_view")
    millis = F.unix_millis("at")
    own_login = F.coalesce("buyer_id", "user_id")
    rows_of_persons = rows.select("*", F.last("mark", ignorenulls=True).over(so_far).alias("last_mark")).select(
        "*",
        F.coalesce(
            person_of_user(own_login),
            "last_mark.person_id",
            person_of_device(F.col("anonymous_id")),
            person_of_event(F.col("event_id")),
        ).alias("person_id"),
        F.when(own_login.isNull() & (F.col("last_mark.known_at") > F.col("at")), F.col("last_mark.known_at")).alias(
            "known_at"
        ),
        (millis - F.last(F.when(is_page, millis), ignorenulls=True).over(before)).alias("since_page_ms"),
        opens.alias("opens"),
    )
    is_ad_touch = is_hit & F.col("is_ad_event")
    rows_of_sessions = with_sessions(
        rows_of_persons,
        timeout_minutes=timeout_minutes,
        max_hours=max_hours,
        has_sent_sessions=has_sent_sessions,
    )
    return rows_of_sessions.where(F.col("row_kind") != MARKER).select(
        *(F.col(f"carried.{name}" if name in CARRIED else name) for name in hits.columns),
        "row_kind",
        "device_key",
        "device",
        "person_id",
        "known_at",
        "session_id",
        "is_session_start",
        F.when((is_page & ~F.col("is_session_start")) | is_ad_touch, F.col("since_page_ms")).alias("since_page_ms"),
        (F.col("is_visit_touch") | is_ad_touch).alias("is_touch"),
    )


def slim_visits(visits: DataFrame, *, conversion_types: Sequence[str], personal: PersonalData) -> DataFrame:
    """One row per row of `visits`, `build_visits`, with only the columns that the tables of silver read.

    TOUCH_COLUMNS are null except in touches and starts of sessions; event_id is null except in touches, orders, money
    events and events of `conversion_types`. The other rows, which are the most, hold little more than person, time,
    event name and session. landing_url is without the personal data that `personal` asks to leave out where a touch or
    session shows it, and as it was sent in the other rows.
    """
    is_touch = F.col("is_touch")
    has_id = (F.col("row_kind") == ORDER) | F.col("event_name").isin(*MONEY_EVENTS, *conversion_types)
    thinned = {name: F.when(has_channel(), F.col(name)) for name in TOUCH_COLUMNS if name in visits.columns}
    thinned["event_id"] = F.when(is_touch | has_id, F.col("event_id"))
    slim = visits.withColumns(thinned)
    return without_personal_data(slim, ["landing_url"], personal, where=has_channel()).drop(*STEPS_ONLY)


def has_channel() -> Column:
    """Whether a row of `build_visits` has a channel: touches and starts of sessions do, also of those that a ping
    starts."""
    return F.col("is_touch") | F.col("is_session_start")


def _rows(hits: DataFrame, identities: DataFrame, orders: DataFrame, aliases: DataFrame | None) -> DataFrame:
    """Hits, anonymous orders and identity markers as one frame, with `device` and its 64-bit key."""
    device = device_of_event()
    no_mark = F.lit(None).cast(MARK).alias("mark")
    carried = [name for name in hits.columns if name in CARRIED]
    # By its type, in which every field may be null, as in the rows below that carry nothing.
    carried_type = f"struct<{', '.join(f'{name}: {CARRIED[name]}' for name in carried)}>"
    hit_rows = with_buyer(hits, aliases).select(
        *(name for name in hits.columns if name not in CARRIED),
        "buyer_id",
        F.struct(*carried).cast(carried_type).alias("carried"),
        F.lit(HIT).alias("row_kind"),
        F.col("event_at").alias("at"),
        no_mark,
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
            no_mark,
        )
    )
    markers = identities.select(
        "anonymous_id",
        F.lit("").alias("event_id"),
        F.lit(MARKER).alias("row_kind"),
        F.col("valid_from").alias("at"),
        F.struct("person_id", "known_at").cast(MARK).alias("mark"),
    )
    rows = hit_rows.unionByName(order_rows, allowMissingColumns=True).unionByName(markers, allowMissingColumns=True)
    return rows.select("*", device.alias("device")).select("*", F.xxhash64("device").alias("device_key"))
