"""silver.robots: how many visits are robots', and by what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.knobs import ReportingDay
from warehouse.recipes import Changes, Cut, Recipe, Work, everything
from warehouse.tables.silver_robots import SILVER_ROBOTS
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.terms import PEOPLE

REPORTED = 5  # reasons in the line of a run


def build_robots(sessions: DataFrame, *, timezone: str) -> DataFrame:
    """One row per reporting day and reason of silver.sessions, and one of people's visits."""
    counted = (
        sessions.select(
            report_day("started_at", timezone).alias("date"),
            F.coalesce("bot_reason", F.lit(PEOPLE)).alias("bot_reason"),
            "events",
            "page_views",
        )
        .groupBy("date", "bot_reason")
        .agg(
            F.count(F.lit(1)).alias("sessions"),
            F.sum("events").alias("events"),
            F.sum("page_views").alias("page_views"),
        )
    )
    return conform(counted, SILVER_ROBOTS)


def check_robots(sessions: DataFrame, robots: DataFrame) -> list[CheckResult]:
    """Visits and events by reason are all visits and events, and people's are people's."""
    found = side_by_side(
        sessions.agg(
            F.count(F.lit(1)).alias("visits"),
            F.sum("events").alias("events"),
            F.count_if(~F.col("is_bot")).alias("of_people"),
        ),
        robots.agg(
            F.sum("sessions").alias("counted_visits"),
            F.sum("events").alias("counted_events"),
            F.coalesce(F.sum(F.when(F.col("bot_reason") == PEOPLE, F.col("sessions"))), F.lit(0)).alias(
                "counted_people"
            ),
        ),
    )
    return [
        equal("visits by reason are all visits", found["visits"], found["counted_visits"] or 0),
        equal("events by reason are all events of visits", found["events"], found["counted_events"]),
        equal("people's visits are those without a robot", found["of_people"], found["counted_people"]),
    ]


def in_words(rows: Iterable[Mapping[str, Any]]) -> str:
    """The share of robots among visits and the reasons of the most, in one line; '' where there are no visits."""
    visits: Counter[str] = Counter()
    for row in rows:
        visits[row["bot_reason"]] += row["sessions"]
    total, people = visits.total(), visits.pop(PEOPLE, 0)
    if not total:
        return ""
    named = sorted(visits.items(), key=lambda one: (-one[1], one[0]))
    parts = [f"{reason} {count / total:.2%}" for reason, count in named[:REPORTED]]
    if rest := sum(count for _, count in named[REPORTED:]):
        parts.append(f"{len(named) - REPORTED} others {rest / total:.2%}")
    listed = f": {', '.join(parts)}" if parts else ""
    return f"{(total - people) / total:.2%} of {total:,} visits are robots'{listed}"


def _changed_days(work: Work) -> DataFrame:
    assert work.changes is not None
    day = report_day("started_at", work.knobs(ReportingDay).timezone)
    return work.stage("days", work.changes[SILVER_SESSIONS].select(day.alias("date")).distinct())


def _of_changed_days(work: Work) -> Cut:
    if work.changes is None:
        return everything
    days = F.broadcast(work.once(_changed_days))
    return lambda frame: frame.join(days, "date", how="left_semi")


def _build(work: Work) -> DataFrame:
    timezone = work.knobs(ReportingDay).timezone
    sessions = work.read(SILVER_SESSIONS).withColumn("date", report_day("started_at", timezone))
    return build_robots(_of_changed_days(work)(sessions), timezone=timezone)


def _say(work: Work) -> None:
    if words := in_words(work.lake.rows(SILVER_ROBOTS)):
        work.run.say(words)


ROBOTS = Recipe(
    table=SILVER_ROBOTS,
    inputs=(SILVER_SESSIONS,),
    knobs=(ReportingDay,),
    build=_build,
    changes=Changes(follows=(SILVER_SESSIONS,)),
    scope=_of_changed_days,
    checks=lambda work: check_robots(work.read(SILVER_SESSIONS), work.read(SILVER_ROBOTS)),
    after=_say,
)
