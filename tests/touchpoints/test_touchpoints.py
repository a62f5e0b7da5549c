"""Touchpoints: robots leave none, and an ad's click and its landing are one."""

from __future__ import annotations

from typing import Any

import pytest
from bronze_rows import Fields, at, collected, frame, visits
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from jobs.settings import load_settings
from touchpoints.sessions import bot_sessions
from touchpoints.touchpoints import build_touchpoints
from warehouse.tables import SILVER_SESSIONS

CLICK = {"event_name": "ad_click", "is_touch": True}
SHOWN = {"event_name": "ad_impression", "is_touch": True}


def landing(session: str = "s", **fields: Any) -> Fields:
    return {"session_id": session, "is_session_start": True, "is_touch": True, **fields}


# device: its visits a minute apart, then the numbers of the visits that are touches
CASES: dict[str, tuple[list[Fields], list[int]]] = {
    "the landing is the touch, its ad_click is not": ([{**CLICK, "click_id": "1"}, landing(click_id="1")], [1]),
    "an ad_click sent after the landing is still the landing's": (
        [landing(click_id="1"), {**CLICK, "click_id": "1"}],
        [0],
    ),
    "an ad_click sent twice is still the landing's": (
        [{**CLICK, "click_id": "1"}, {**CLICK, "click_id": "1"}, landing(click_id="1")],
        [2],
    ),
    "another touch between them does not make two of one click": (
        [{**CLICK, "click_id": "1"}, landing(source="news"), landing("t", click_id="1")],
        [1, 2],
    ),
    "a landing a day later is still its own, one after that is not": (
        [
            {**CLICK, "click_id": "1"},
            {**CLICK, "click_id": "2"},
            landing(click_id="1", event_at=at(0, days=1)),
            landing("t", click_id="2", event_at=at(1, days=1, microseconds=1)),
        ],
        [1, 2, 3],
    ),
    "an ad_click without a landing is a touch": ([{**CLICK, "click_id": "1"}, landing(click_id="2")], [0, 1]),
    "an ad_click without a click id has no landing": ([CLICK, landing()], [0, 1]),
    "an impression is no landing": ([{**CLICK, "click_id": "1"}, {**SHOWN, "click_id": "1"}], [0, 1]),
    "a robot's landing is no landing": ([{**CLICK, "click_id": "1"}, landing("robot", click_id="1")], [0]),
    "each click has its own landing": (
        [{**CLICK, "click_id": "1"}, landing(click_id="1"), {**CLICK, "click_id": "2"}, landing(click_id="2")],
        [1, 3],
    ),
    "a visit that is no touch is none": ([landing(), {"session_id": "s"}], [0]),
    "no event of a robot's session is a touch": ([landing("robot"), {**landing("robot"), "source": "news"}], []),
    "a robot's ad_click is none either": ([{**CLICK, "is_bot": True}, SHOWN], [1]),
}


@pytest.fixture(scope="module")
def touchpoints(spark: SparkSession) -> list[dict[str, Any]]:
    rows = [
        {
            "event_id": f"{device}/{number}",
            "event_at": at(number),
            "device": f"a:{device}",
            "anonymous_id": device,
            "person_id": "user:ann",
            **row,
        }
        for device, (device_visits, _) in CASES.items()
        for number, row in enumerate(device_visits)
    ]
    known = [{"session_id": "s", "is_bot": False}, {"session_id": "robot", "is_bot": True}]
    visit_frame = visits(spark, rows).withColumns(
        {"channel": F.lit("Direct"), "channel_rule": F.lit("direct"), "channel_trace": F.lit("direct")}
    )
    return collected(
        build_touchpoints(
            visit_frame,
            bot_sessions(frame(spark, SILVER_SESSIONS.ddl, known)),
            abuse=load_settings().ad_abuse,
            retargeting=load_settings().retargeting,
        )
    )


@pytest.mark.parametrize("device", CASES)
def test_of_touches(device: str, touchpoints: list[dict[str, Any]]) -> None:
    left = sorted(int(row["touchpoint_id"].split("/")[1]) for row in touchpoints if row["anonymous_id"] == device)

    assert left == CASES[device][1]


def test_a_touch_is_its_event_at_its_time_seen_or_clicked(touchpoints: list[dict[str, Any]]) -> None:
    for row in touchpoints:
        device, number = row["touchpoint_id"].split("/")
        visit = CASES[device][0][int(number)]
        assert row["touched_at"] == visit.get("event_at", at(int(number)))
        assert row["interaction"] == ("impression" if visit.get("event_name") == "ad_impression" else "click")
        assert (row["session_id"], row["click_id"]) == (visit.get("session_id"), visit.get("click_id"))
