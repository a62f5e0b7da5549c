"""Which events of a device are one session, in windows over its rows in order of time."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from touchpoints.ids import cut_session_id_of, session_id_of

HOUR = 3_600_000_000  # microseconds
# A page that is left open sends these without anybody there.
PINGS = ("page_ping", "heartbeat", "ping")
DEVICE = ("device_key", "device")
IN_TIME = ("at", "row_kind", "event_id")
ORIGIN = "struct<source:string,medium:string,campaign:string,click_id:string>"
# A session without an id that an event with one continues: its first event and its last touch.
CONTINUED = f"struct<event_id:string,at:timestamp,touch:struct<at:timestamp,origin:{ORIGIN}>>"


def with_sessions(rows: DataFrame, *, timeout_minutes: int, max_hours: int, has_sent_sessions: bool) -> DataFrame:
    """`rows` (of `build_visits`, with `opens`: the row is an event that opens or continues a session) with session_id,
    is_session_start, and is_visit_touch: the row starts a session, or its origin is not that of the session's last
    touch.

    - A gap of more than `timeout_minutes` or another person ends a session.
    - Where the sender gives ids, they decide instead of the gap: events with one id are one session, also where events
      with other ids come between. An event without an id continues the session of the event before it, within the gap;
      so does the first event with an id after events without one.
    - A session is cut where more than `max_hours` have passed since its first event, and again after as many more.
    - A session that a ping starts has no touch there, unless the ping has an origin.

    `has_sent_sessions` false, where no row has a sent_session_id, gives the same and spares a sort.
    """
    by_device = Window.partitionBy(*DEVICE).orderBy(*IN_TIME)
    last = F.last(F.when(F.col("opens"), F.struct("at", "person_id")), ignorenulls=True).over(_before(by_device))
    rows_with_last = rows.select("*", last.alias("last"))
    continues = _continues("last", minutes=timeout_minutes)
    if not has_sent_sessions:
        no_session = F.lit(None).cast(CONTINUED).alias("continued")
        starts = (F.col("opens") & ~continues).alias("is_start")
        rows_with_starts = rows_with_last.select("*", starts, F.col("last.at").alias("last_at"), no_session)
        return _with_session_ids(rows_with_starts, by_device, cap=max_hours * HOUR)
    rows_with_lanes = _with_lanes(rows_with_last, by_device, continues)
    by_lane = Window.partitionBy(*DEVICE, "lane").orderBy(*IN_TIME)
    last_in_lane = F.last(F.when(F.col("opens"), F.struct("at", "person_id")), ignorenulls=True).over(_before(by_lane))
    rows_with_last_in_lane = rows_with_lanes.select("*", last_in_lane.alias("last_in_lane"))
    is_first = F.col("last_in_lane").isNull()
    continued = F.when(is_first, F.col("before_lane")).alias("continued")
    in_lane = _continues("last_in_lane", minutes=max(timeout_minutes, max_hours * 60))
    is_start = F.col("opens") & ~in_lane & ~(is_first & F.col("before_lane").isNotNull())
    last_at = F.coalesce("last_in_lane.at", "last.at").alias("last_at")
    rows_with_starts = rows_with_last_in_lane.select("*", is_start.alias("is_start"), last_at, continued)
    return _with_session_ids(rows_with_starts, by_lane, cap=max_hours * HOUR)


def _with_lanes(rows: DataFrame, by_device: WindowSpec, continues: Column) -> DataFrame:
    """`rows` with `lane`, which events of one session share, and before_lane, the session without an id that an event
    with one continues."""
    has_id = F.col("sent_session_id").isNotNull()
    # An event without an id, not within the gap, begins a session of its own.
    begins = F.col("opens") & (has_id | ~continues)
    lane = F.when(begins, F.struct("sent_session_id", "event_id", "at"))
    touch = F.when(begins | (F.col("opens") & F.col("has_origin")), _touch())
    before = _before(by_device)
    rows_with_last_lane = rows.select(
        "*",
        F.last(lane, ignorenulls=True).over(before).alias("last_lane"),
        F.last(touch, ignorenulls=True).over(before).alias("last_touch"),
    )
    own_lane = F.when(begins, F.struct("sent_session_id", "event_id", "at")).otherwise(F.col("last_lane"))
    is_known = F.col("opens") & has_id & continues & F.col("last_lane.sent_session_id").isNull()
    before_lane = F.when(
        is_known, F.struct("last_lane.event_id", "last_lane.at", F.col("last_touch").alias("touch")).cast(CONTINUED)
    )
    sent, own = (
        F.concat(F.lit(kind), own_lane[name]) for kind, name in (("s:", "sent_session_id"), ("e:", "event_id"))
    )
    return rows_with_last_lane.select(
        "*", F.when(F.col("opens"), F.coalesce(sent, own)).alias("lane"), before_lane.alias("before_lane")
    )


def _with_session_ids(rows: DataFrame, order: WindowSpec, *, cap: int) -> DataFrame:
    """`rows`, in whose `order` sessions do not overlap, with the columns of `with_sessions`.

    is_start: a session starts here; continued: its first row here continues this one; last_at: when the event before
    in the session was.
    """
    first = F.when(F.col("is_start"), F.struct("event_id", "at")).otherwise(
        F.struct("continued.event_id", "continued.at")
    )
    begins = F.col("is_start") | F.col("continued").isNotNull()
    has_touch = F.col("is_start") | (F.col("opens") & F.col("has_origin"))
    touch = F.when(has_touch, _touch()).otherwise(F.col("continued.touch"))
    so_far = order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    rows_of_sessions = rows.select(
        "*",
        F.last(F.when(begins, first), ignorenulls=True).over(so_far).alias("first"),
        F.coalesce("continued.touch", F.last(touch, ignorenulls=True).over(_before(order))).alias("touch"),
    )
    part = _part("at", cap=cap)
    is_cut = F.coalesce(part != _part("last_at", cap=cap), F.lit(False))
    is_session_start = F.col("opens") & (F.col("is_start") | is_cut)
    is_new_origin = (_part("touch.at", cap=cap) != part) | (F.col("touch.origin") != origin_of())
    arrives = is_session_start & (~F.lower("event_name").isin(*PINGS) | F.col("has_origin"))
    changes_origin = F.coalesce(F.col("has_origin") & is_new_origin, F.lit(False))
    whole = session_id_of("device", "first.event_id")
    session_id = F.when(part == 0, whole).otherwise(cut_session_id_of(whole, part))
    return rows_of_sessions.select(
        *rows.columns,
        F.when(F.col("opens") & F.col("first").isNotNull(), session_id).alias("session_id"),
        is_session_start.alias("is_session_start"),
        (F.col("opens") & (arrives | changes_origin)).alias("is_visit_touch"),
    )


def origin_of() -> Column:
    """Source, medium, campaign (by its id where it has no name) and click id of a hit, as touches compare them; a null
    is equal to a null."""
    return F.struct("source", "medium", F.coalesce("campaign", "campaign_id").alias("campaign"), "click_id")


def _touch() -> Column:
    return F.struct("at", origin_of().alias("origin"))


def _part(moment: str, *, cap: int) -> Column:
    """Microseconds from the session's first event to the start of the part of it, `cap` long, that `moment` is in.
    A moment exactly `cap` after the first event is in the first part."""
    since = F.greatest(F.unix_micros(moment) - F.unix_micros("first.at") - 1, F.lit(0).cast("bigint"))
    return since - since % cap


def _continues(last: str, *, minutes: int) -> Column:
    """Whether a row is of the person of the `last` event, at most so many minutes after it."""
    is_within = F.col("at") <= F.col(f"{last}.at") + F.expr(f"INTERVAL {minutes} MINUTES")
    return F.coalesce((F.col("person_id") == F.col(f"{last}.person_id")) & is_within, F.lit(False))


def _before(order: WindowSpec) -> WindowSpec:
    return order.rowsBetween(Window.unboundedPreceding, -1)
