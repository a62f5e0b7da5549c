"""silver.sessions: the visits."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.tables.silver_sessions import SILVER_SESSIONS


def build_sessions(visits: DataFrame, *, max_events: int) -> DataFrame:
    """One row per session of `build_visits`. Channel and origin are those of the session's first event.

    is_bot: an event of it has a robot's user agent or an internal address, or it has more than `max_events` events.
    """
    start = F.col("is_session_start")
    first = [
        F.max(F.when(start, F.col(name))).alias(name)
        for name in ("platform", "channel", "source", "medium", "campaign", "landing_url")
    ]
    sessions = (
        visits.where(F.col("session_id").isNotNull())
        # device_key and device are of the session: they are named so that the rows need not move again.
        .groupBy("device_key", "device", "session_id")
        .agg(
            F.max("person_id").alias("person_id"),
            F.max("anonymous_id").alias("anonymous_id"),
            F.min("event_at").alias("started_at"),
            F.max("event_at").alias("ended_at"),
            F.count(F.lit(1)).alias("events"),
            F.count_if(F.col("event_name") == "page_view").alias("page_views"),
            *first,
            (F.max("is_bot") | (F.count(F.lit(1)) > max_events)).alias("is_bot"),
        )
    )
    return conform(sessions, SILVER_SESSIONS)
