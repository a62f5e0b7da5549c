"""silver.sessions: the visits."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.hits import is_session_event
from touchpoints.knobs import (
    Fragments,
    InternalAddresses,
    NoSource,
    OtherParameters,
    PersonalData,
    RobotLimit,
    RuleFiles,
    SessionGap,
)
from touchpoints.person_tables import PERSONS, VISIT_INPUTS, of_persons, visits
from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.conform import conform
from warehouse.recipes import Recipe, Work
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.silver_sessions import SILVER_SESSIONS

# Up to so many ids of sessions are broadcast to every executor, about 100 MB. More than the 200,000 rows of
# warehouse.store, which have all columns of a table: these have one.
BROADCAST_SESSION_IDS_AT_MOST = 1_000_000
# Columns of a session that are those of its first event.
FIRST = (
    "person_id", "anonymous_id", "platform", "channel", "source", "medium", "campaign", "landing_url",
)  # fmt: skip


def build_sessions(visits: DataFrame, *, max_events: int) -> DataFrame:
    """One row per session of `build_visits`. Channel, source, medium and campaign are those of its first event.

    is_bot: an event of it has a robot's user agent or an internal address, or it has more than `max_events` events.
    """
    # device_key and device follow from session_id: grouping by them too avoids a second shuffle.
    session = ("device_key", "device", "session_id")
    # Only numbers, which Spark aggregates in a hash table: for texts it would sort all events.
    session_counts = (
        visits.where(F.col("session_id").isNotNull())
        .groupBy(*session)
        .agg(
            F.min("event_at").alias("started_at"),
            F.max("event_at").alias("ended_at"),
            F.count(F.lit(1)).alias("events"),
            F.count_if(F.col("event_name") == "page_view").alias("page_views"),
            (F.max("is_bot") | (F.count(F.lit(1)) > max_events)).alias("is_bot"),
        )
    )
    first_events = visits.where(F.col("is_session_start")).select(*session, *FIRST)
    return conform(session_counts.join(first_events, [*session], how="inner"), SILVER_SESSIONS)


def bot_sessions(sessions: DataFrame) -> DataFrame:
    """One row per session of a robot in silver.sessions: session_id. Broadcast where they are few enough."""
    session_ids = sessions.where(F.col("is_bot")).select("session_id")
    return F.broadcast(session_ids) if session_ids.count() <= BROADCAST_SESSION_IDS_AT_MOST else session_ids


def robots(work: Work) -> DataFrame:
    """`bot_sessions` of all sessions as they are now, also in an update."""
    return bot_sessions(work.read(SILVER_SESSIONS))


def check_sessions(sessions: DataFrame, events: DataFrame) -> list[CheckResult]:
    """Every event of bronze.events that belongs to a session is in one."""
    totals = side_by_side(
        events.agg(F.count_if(is_session_event()).alias("session_events")),
        sessions.agg(
            F.sum("events").alias("events"),
            F.count_if(F.col("started_at") > F.col("ended_at")).alias("backwards"),
        ),
    )
    return [
        equal("events of sessions are the session events of bronze", totals["session_events"], totals["events"]),
        none_found("sessions that end before they start", totals["backwards"]),
    ]


SESSIONS = Recipe(
    table=SILVER_SESSIONS,
    inputs=VISIT_INPUTS,
    knobs=(
        NoSource,
        InternalAddresses,
        Fragments,
        OtherParameters,
        PersonalData,
        RuleFiles,
        SessionGap,
        RobotLimit,
    ),
    build=lambda work: build_sessions(work.once(visits), max_events=work.knobs(RobotLimit).max_events),
    changes=PERSONS,
    scope=of_persons,
    checks=lambda work: check_sessions(work.read(SILVER_SESSIONS), work.read(BRONZE_EVENTS)),
)
