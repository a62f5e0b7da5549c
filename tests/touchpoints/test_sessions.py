"""Sessions: the visits, named by their first event, and which of them are robots'."""

from __future__ import annotations

from typing import Any

import pytest
from bronze_rows import at, collected, visits
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.sessions import build_sessions

MAX_EVENTS = 3


def visit(session: str | None, minute: float, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"{session} {minute}",
        "session_id": session,
        "device": f"a:{session}",
        "anonymous_id": session,
        "person_id": "user:ann",
        "event_at": at(minute),
        "is_session_start": session is not None and minute == 0,
        **fields,
    }


ROWS = [
    visit("one page", 0, source="google", medium="organic", platform="ios", landing_url="https://shop.example/"),
    # A campaign inside the visit is a touch, but not where the visit came from.
    visit("from Direct", 0, landing_url="https://shop.example/a"),
    visit("from Direct", 5, source="news", medium="email", campaign="april", landing_url="https://shop.example/b"),
    visit("from Direct", 9, event_name="add_to_cart"),
    visit("robot's word", 0),
    visit("robot's word", 1, is_bot=True),
    visit("as many as a person makes", 0),
    visit("as many as a person makes", 1),
    visit("as many as a person makes", 2),
    visit("one too many", 0),
    visit("one too many", 1),
    visit("one too many", 2),
    visit("one too many", 3),
    # No event of a session: an ad server's, an order's.
    visit(None, 0, event_name="ad_click", is_bot=True),
    visit(None, 1, row_kind=1, event_name="order", event_at=None),
]


@pytest.fixture(scope="module")
def sessions(spark: SparkSession) -> dict[str, dict[str, Any]]:
    visit_frame = visits(spark, ROWS).withColumns({"channel": F.coalesce("source", F.lit("Direct"))})
    rows = collected(build_sessions(visit_frame, max_events=MAX_EVENTS))
    assert len({row["session_id"] for row in rows}) == len(rows)
    return {row["session_id"]: row for row in rows}


def test_a_session_is_counted_and_timed_from_its_first_to_its_last_event(sessions: dict[str, dict[str, Any]]) -> None:
    names = ("events", "page_views", "started_at", "ended_at", "person_id", "anonymous_id")
    assert {session: tuple(row[name] for name in names) for session, row in sessions.items()} == {
        "one page": (1, 1, at(0), at(0), "user:ann", "one page"),
        "from Direct": (3, 2, at(0), at(9), "user:ann", "from Direct"),
        "robot's word": (2, 2, at(0), at(1), "user:ann", "robot's word"),
        "as many as a person makes": (3, 3, at(0), at(2), "user:ann", "as many as a person makes"),
        "one too many": (4, 4, at(0), at(3), "user:ann", "one too many"),
    }


def test_platform_channel_source_medium_campaign_and_page_are_the_first_events(
    sessions: dict[str, dict[str, Any]],
) -> None:
    names = ("platform", "channel", "source", "medium", "campaign", "landing_url")
    assert [sessions["one page"][name] for name in names] == [
        *("ios", "google", "google", "organic", None, "https://shop.example/"),
    ]
    assert [sessions["from Direct"][name] for name in names] == [
        *("web", "Direct", None, None, None, "https://shop.example/a"),
    ]


def test_one_robots_event_or_more_events_than_a_person_makes_is_a_robots_session(
    sessions: dict[str, dict[str, Any]],
) -> None:
    assert {session for session, row in sessions.items() if row["is_bot"]} == {"robot's word", "one too many"}
