"""Plans: how often the events of all visitors are shuffled on the way to sessions and touches."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from bronze_rows import at, events, frame, hit_knobs, orders, robot_limits
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.settings import load_settings
from touchpoints.hits import build_hits
from touchpoints.identities import build_identities, logins_of
from touchpoints.sessions import bot_sessions, build_sessions
from touchpoints.source_list import load_sources
from touchpoints.touchpoints import build_touchpoints
from touchpoints.visits import build_visits, slim_visits
from warehouse.tables import BRONZE_EVENT_VALUES, SILVER_IDENTITIES, SILVER_SESSIONS

pytestmark = pytest.mark.spark_only  # a plan is an engine's own

WIDE = "device_key, device"
MAX_FIELDS = "spark.sql.debug.maxToStringFields"


@pytest.fixture(autouse=True)
def plans_name_every_column(spark: SparkSession) -> Iterator[None]:
    before = spark.conf.get(MAX_FIELDS)
    spark.conf.set(MAX_FIELDS, "1000")
    yield
    spark.conf.set(MAX_FIELDS, before)


def shuffles(built: DataFrame) -> list[str]:
    """The columns of each shuffle in the plan, in no order."""
    plan = built._jdf.queryExecution().executedPlan().toString()
    return [
        ", ".join(re.findall(r"(\w+)#", columns)) for columns in re.findall(r"Exchange hashpartitioning\((.*?)\)", plan)
    ]


def visits_of(spark: SparkSession, *, has_sent_sessions: bool) -> DataFrame:
    hits = build_hits(
        events(spark, [{"event_id": "1", "anonymous_id": "a", "event_at": at()}]),
        hit_knobs(own_domains=[], internal_ips=[]),
        sources=load_sources("sources.yaml"),
        values=frame(spark, BRONZE_EVENT_VALUES.ddl, []),
    )
    known = frame(spark, SILVER_IDENTITIES.ddl, [])
    built = build_visits(
        hits, known, orders(spark, []), timeout_minutes=30, max_hours=24, has_sent_sessions=has_sent_sessions
    )
    named = built.withColumns(
        {"channel": F.lit("Direct"), "channel_rule": F.lit("test"), "channel_trace": F.lit("test")}
    )
    return slim_visits(named, conversion_types=["sign_up"], personal=hit_knobs())


@pytest.fixture(scope="module")
def visits(spark: SparkSession) -> DataFrame:
    return visits_of(spark, has_sent_sessions=False)


def test_sessions_of_the_sender_add_a_sort_and_no_shuffle(spark: SparkSession, visits: DataFrame) -> None:
    by_id = visits_of(spark, has_sent_sessions=True)

    assert sorted(shuffles(by_id)) == sorted(shuffles(visits))
    assert sorts_by_device(by_id) == sorts_by_device(visits) + 1 == 2


def sorts_by_device(built: DataFrame) -> int:
    plan = built._jdf.queryExecution().executedPlan().toString()
    return len(re.findall(r"Sort \[device_key#", plan))


def test_events_cross_the_network_once_on_their_way_to_visits(visits: DataFrame) -> None:
    assert sorted(shuffles(visits)) == sorted(
        [
            WIDE,
            "order_id",  # orders: the newest version of each
            "referrer_host",  # each host once, for Python
        ]
    )


def test_sessions_add_no_shuffle_to_those_of_the_visits(visits: DataFrame) -> None:
    # Visits are read twice, for the counts and for the first events. They are cached in a run, and no shuffle is added.
    assert sorted(shuffles(build_sessions(visits, limits=robot_limits()))) == sorted(2 * shuffles(visits))


def test_touches_are_shuffled_by_device_only_once_as_visits_are(spark: SparkSession, visits: DataFrame) -> None:
    robots = bot_sessions(frame(spark, SILVER_SESSIONS.ddl, []))

    settings = load_settings()
    touches = build_touchpoints(visits, robots, abuse=settings.ad_abuse, retargeting=settings.retargeting)
    assert shuffles(touches).count(WIDE) == 1


def test_logins_have_four_columns_and_are_shuffled_by_device_and_moment(spark: SparkSession) -> None:
    logins = logins_of(events(spark, []), orders(spark, []))
    built = build_identities(logins, login_window_days=30)

    assert "anonymous_id, login_at" in shuffles(built)
    assert len(logins.columns) == 4
