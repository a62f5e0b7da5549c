"""Sessions: the visits, named by their first event, and which of them are robots'."""

from __future__ import annotations

from typing import Any

import pytest
from bronze_rows import at, build_all, collected, robot_limits, visits
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
    rows = collected(build_sessions(visit_frame, limits=robot_limits(max_events=MAX_EVENTS)))
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


def pages(device: str, seconds: list[float], **fields: Any) -> list[dict[str, Any]]:
    """Page views of one device at these seconds after noon."""
    return [
        {"event_id": f"{device} {place}", "anonymous_id": device, "event_at": at(second / 60), **fields}
        for place, second in enumerate(seconds)
    ]


def human_pace(count: int, mean_seconds: float) -> list[float]:
    """Moments between which a person reads: gaps from a third of the mean to twice as long, in no order."""
    gaps = [mean_seconds * (1 / 3 + 5 / 3 * (place * 7 % 11) / 10) for place in range(count - 1)]
    return [sum(gaps[:place]) for place in range(count)]


VISITS = {
    # device: page views, why it is a robot's
    "a person who reads": (pages("a", human_pace(40, 20)), None),
    "a person who opens a page each second": (pages("b", human_pace(40, 1)), None),
    "few pages at once, as tabs are opened": (pages("c", [0.1 * place for place in range(29)]), None),
    "40 pages in 10 seconds": (
        pages("d", human_pace(40, 0.25)),
        "pages faster than sessions.max_pages_per_minute",
    ),
    "40 pages in one moment": (pages("e", [0.0] * 40), "pages faster than sessions.max_pages_per_minute"),
    "a page every 3 seconds": (pages("f", [3.0 * place for place in range(30)]), "pages at even gaps"),
    "every 3 seconds, 2 pages too few": (pages("g", [3.0 * place for place in range(28)]), None),
    "nearly every 3 seconds": (
        pages("h", [3 * place + 0.1 * (place % 2) for place in range(40)]),
        "pages at even gaps",
    ),
    "a page that loads itself again every 30 seconds": (pages("i", [30.0 * place for place in range(60)]), None),
    "pings of a page that is read": (
        [*pages("j", human_pace(3, 100)), *pages("j ping", [10.0 * place for place in range(20)], event_name="ping")],
        None,
    ),
    "a robot by its agent, also by its pace": (
        pages("k", [3.0 * place for place in range(30)], is_bot=True, bot_reason="curl/"),
        "curl/",
    ),
    "an agent that changes to a robot's": (
        [*pages("l", [0, 50]), *pages("l later", [99], is_bot=True, bot_reason="curl/", anonymous_id="l")],
        "a robot's event in the visit",
    ),
}


def test_a_visit_at_a_pace_that_no_person_has_is_a_robots_and_says_why(spark: SparkSession) -> None:
    devices = {name: rows[0]["anonymous_id"] for name, (rows, _) in VISITS.items()}
    rows = [{**row, "anonymous_id": devices[name]} for name, (rows, _) in VISITS.items() for row in rows]

    silver = build_all(spark, rows)

    found = {row["anonymous_id"]: (row["is_bot"], row["bot_reason"]) for row in silver.sessions}
    assert {name: found[device] for name, device in devices.items()} == {
        name: (reason is not None, reason) for name, (_, reason) in VISITS.items()
    }
    assert len(silver.sessions) == len(VISITS)
    # None of a robot's pages is a touch.
    assert {row["anonymous_id"] for row in silver.touchpoints} == {
        devices[name] for name, (_, reason) in VISITS.items() if reason is None
    }


def test_even_gaps_are_not_looked_at_where_the_knob_is_0(spark: SparkSession) -> None:
    even = pages("f", [3.0 * place for place in range(30)])

    silver = build_all(spark, even, limits=robot_limits(even_gap_seconds=0))

    assert [row["is_bot"] for row in silver.sessions] == [False]
