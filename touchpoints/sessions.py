"""silver.sessions: the visits."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.hits import is_session_event
from touchpoints.knobs import (
    Fragments,
    InternalAddresses,
    NoSource,
    OtherParameters,
    PersonalData,
    RobotAgents,
    RobotLimit,
    RuleFiles,
    SessionGap,
)
from touchpoints.person_tables import PERSONS, VISIT_INPUTS, of_persons, visits_with_channel
from touchpoints.usable import tokenised
from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.conform import conform
from warehouse.knobs import AnalyticsUse
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Recipe, Work
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.silver_sessions import SILVER_SESSIONS

# Up to so many ids of sessions are broadcast to every executor, about 100 MB. More than the 200,000 rows of
# warehouse.store, which have all columns of a table: these have one.
BROADCAST_SESSION_IDS_AT_MOST = 1_000_000
LONGEST_GAP = 1_000_000  # milliseconds; the squares of so short gaps can be added up for any session
# Columns of a session that are those of its first event.
FIRST = (
    "person_id", "anonymous_id", "platform", "channel", "source", "medium", "campaign", "landing_url", "bot_reason",
)  # fmt: skip


def build_sessions(visits: DataFrame, *, limits: RobotLimit) -> DataFrame:
    """One row per session of `build_visits`. Channel, source, medium and campaign are those of its first event.

    bot_reason: why it is a robot's; null for a person's. In this order: the user agent or address of its first event,
    a robot's event later in it, more events than a person makes, page views faster than a person's, or at gaps as even
    as a machine's. An agent that is no robot's by itself can be one by its pace.
    """
    # device_key and device follow from session_id: grouping by them too avoids a second shuffle.
    session = ("device_key", "device", "session_id")
    gap = F.when(F.col("since_page_ms") <= LONGEST_GAP, F.col("since_page_ms"))
    # Only numbers, which Spark aggregates in a hash table: for texts it would sort all events. Sums of whole
    # milliseconds are the same in any order.
    session_counts = (
        visits.where(F.col("session_id").isNotNull())
        .groupBy(*session)
        .agg(
            F.min("event_at").alias("started_at"),
            F.max("event_at").alias("ended_at"),
            F.count(F.lit(1)).alias("events"),
            F.count_if(F.col("event_name") == "page_view").alias("page_views"),
            F.max("is_bot").alias("has_robot"),
            F.count(gap).alias("gaps"),
            F.sum(gap).alias("sum_of_gaps"),
            F.sum(gap * gap).alias("sum_of_squares"),
        )
    )
    first_events = visits.where(F.col("is_session_start")).select(*session, *FIRST)
    sessions = session_counts.join(first_events, [*session], how="inner")
    by_rule = (
        F.when(F.col("has_robot"), F.lit("a robot's event in the visit"))
        .when(F.col("events") > limits.max_events, F.lit("more events than sessions.max_events"))
        .when(_too_fast(limits), F.lit("pages faster than sessions.max_pages_per_minute"))
        .when(_too_even(limits), F.lit("pages at even gaps"))
    )
    judged_sessions = sessions.withColumn("bot_reason", F.coalesce("bot_reason", by_rule))
    return conform(judged_sessions.withColumn("is_bot", F.col("bot_reason").isNotNull()), SILVER_SESSIONS)


def _too_fast(limits: RobotLimit) -> Column:
    millis = F.greatest(F.unix_millis("ended_at") - F.unix_millis("started_at"), F.lit(1000))
    pages_per_minute = F.col("page_views") * F.lit(60_000.0) / millis
    return (F.col("page_views") >= limits.robot_pages) & (pages_per_minute > limits.max_pages_per_minute)


def _too_even(limits: RobotLimit) -> Column:
    """Whether the gaps between page views are short and their standard deviation is a small part of their mean."""
    gaps, total = F.col("gaps").cast("double"), F.col("sum_of_gaps").cast("double")
    variance_by_square = gaps * F.col("sum_of_squares").cast("double") / (total * total) - F.lit(1.0)
    return (
        (F.col("gaps") >= limits.robot_pages - 1)
        & (total > 0)
        & (total <= gaps * F.lit(limits.even_gap_seconds * 1000))
        & (variance_by_square < limits.even_gap_variation**2)
    )


def bot_sessions(sessions: DataFrame) -> DataFrame:
    """One row per session of a robot in silver.sessions: session_id. Broadcast where they are few enough."""
    session_ids = sessions.where(F.col("is_bot")).select("session_id")
    return F.broadcast(session_ids) if session_ids.count() <= BROADCAST_SESSION_IDS_AT_MOST else session_ids


def robots(work: Work) -> DataFrame:
    """`bot_sessions` of all sessions as they are now, also in an update."""
    return bot_sessions(work.read(SILVER_SESSIONS))


def check_sessions(sessions: DataFrame, events: DataFrame, use: AnalyticsUse) -> list[CheckResult]:
    """Every event of bronze.events that belongs to a session, and has the consent that `use` asks for, is in one."""
    totals = side_by_side(
        events.agg(F.count_if(is_session_event(use)).alias("session_events")),
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
        RobotAgents,
        Fragments,
        OtherParameters,
        PersonalData,
        AnalyticsUse,
        Pseudonyms,
        RuleFiles,
        SessionGap,
        RobotLimit,
    ),
    build=lambda work: tokenised(
        build_sessions(work.once(visits_with_channel), limits=work.knobs(RobotLimit)),
        ("landing_url",),
        work.knobs(Pseudonyms).secret(),
    ),
    changes=PERSONS,
    scope=of_persons,
    checks=lambda work: check_sessions(work.read(SILVER_SESSIONS), work.read(BRONZE_EVENTS), work.knobs(AnalyticsUse)),
)
