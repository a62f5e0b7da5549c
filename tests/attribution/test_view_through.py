"""Impressions in silver.journeys: off by default, and with a window of their own where they take part."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rules_oracle import DAY, MICRO, NOON, Touch, conversion, conversions_frame, journey_knobs, touchpoints_frame

from attribution.journeys import build_journeys
from jobs.settings import load_settings
from warehouse.errors import UsageError
from warehouse.settings_file import knobs_of

HOUR = timedelta(hours=1)
BOTH = ["click", "impression"]
CLICKS = {
    "buyer": {"email": 30 * DAY, "click too old": 30 * DAY + MICRO, "search": 2 * HOUR},
    "never bought": {"first click": 3 * DAY, "last click": 0 * DAY},
}
IMPRESSIONS = {
    "buyer": {
        "banner": HOUR,
        "banner of a day ago": 24 * HOUR,
        "a microsecond older": 24 * HOUR + MICRO,
        "last month's": 30 * DAY,
        "after the sale": -HOUR,
    },
    "viewer": {"seen": 12 * HOUR},
    "never bought": {"seen long before": 2 * DAY, "seen the day before": 24 * HOUR},
}
# The path of each sale, oldest touch first, and of each journey without one.
PATHS: dict[tuple[str, ...], dict[str, list[str]]] = {
    ("click",): {
        "sale of buyer": ["email", "search"],
        "sale of viewer": [],
        "no sale, never bought": ["first click", "last click"],
    },
    ("click", "impression"): {
        "sale of buyer": ["email", "banner of a day ago", "search", "banner"],
        "no sale, buyer": ["after the sale"],
        "sale of viewer": ["seen"],
        "no sale, never bought": ["first click", "seen the day before", "last click"],
    },
    ("impression",): {
        "sale of buyer": ["banner of a day ago", "banner"],
        "no sale, buyer": ["after the sale"],
        "sale of viewer": ["seen"],
        # Without its clicks the journey ends at the last impression.
        "no sale, never bought": ["seen long before", "seen the day before"],
    },
}


def paths(spark: SparkSession, interactions: list[str], **knobs: Any) -> dict[str, list[str]]:
    clicks, impressions = (
        touchpoints_frame(
            spark,
            {who: [Touch(NOON - age, name, "Display") for name, age in ages.items()] for who, ages in touches.items()},
            kind,
        )
        for touches, kind in ((CLICKS, "click"), (IMPRESSIONS, "impression"))
    )
    sales = [conversion(f"sale of {who}", who) for who in ("buyer", "viewer")]
    rows = build_journeys(
        conversions_frame(spark, sales),
        clicks.unionByName(impressions),
        journey_knobs({"purchase": 30}, interactions=interactions, **knobs),
        report_currency="KRW",
    ).collect()
    return {
        row["conversion_id"] or f"no sale, {row['person_id']}": [touch["touchpoint_id"] for touch in row["path"]]
        for row in rows
    }


@pytest.mark.parametrize("interactions", PATHS, ids=" and ".join)
def test_an_impression_counts_for_a_day_and_a_click_for_its_lookback(
    spark: SparkSession, interactions: tuple[str, ...]
) -> None:
    assert paths(spark, list(interactions)) == PATHS[interactions]


def test_a_longer_window_is_another_window_of_impressions_alone(spark: SparkSession) -> None:
    found = paths(spark, BOTH, view_through_hours=25)["sale of buyer"]
    assert found == ["email", "a microsecond older", "banner of a day ago", "search", "banner"]


def test_the_lookback_bounds_impressions_too(spark: SparkSession) -> None:
    found = paths(spark, BOTH, view_through_hours=24 * 60)["sale of buyer"]
    assert found == ["email", "last month's", "a microsecond older", "banner of a day ago", "search", "banner"]


def test_by_default_impressions_take_no_part() -> None:
    assert not load_settings().attribution.has_views


def test_a_window_of_no_hours_is_refused() -> None:
    knobs = journey_knobs({"purchase": 30})
    with pytest.raises(UsageError, match="view_through_hours"):
        knobs_of(type(knobs), {**knobs.model_dump(), "view_through_hours": 0})
