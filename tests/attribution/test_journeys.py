"""silver.journeys: which touches are in which path, and which journeys end without conversion."""

from __future__ import annotations

import inspect
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from rules_oracle import (
    DAY,
    MICRO,
    NOON,
    SECOND,
    Touch,
    conversion,
    conversions_frame,
    journey_knobs,
    runs,
    touchpoints_frame,
    utc,
    walk,
    window,
)

from attribution.journeys import build_journeys

LOOKBACK = {"purchase": 30, "sign_up": 7}
NOTHING = timedelta(0)


def touched(touch_id: str, before: timedelta, channel: str = "Email") -> Touch:
    """A touch that long before noon; a negative time is after it."""
    return Touch(NOON - before, touch_id, channel)


TOUCHES: dict[str, list[Touch]] = {
    "window": [
        touched("w1 a microsecond too early", 30 * DAY + MICRO),
        touched("w2 at the start", 30 * DAY),
        touched("w3 inside", 3 * DAY),
        touched("w4 at the end", NOTHING),
        touched("w5 a microsecond too late", -MICRO),
    ],
    "ties": [touched("t3", DAY), touched("t1", DAY), touched("t0", NOTHING), touched("t2", DAY)],
    "twice": [touched("x1", 12 * DAY), touched("x2", 2 * DAY)],
    "types": [touched("y1", 7 * DAY), touched("y0", 7 * DAY + SECOND)],
    "never": [
        touched("n1", 90 * DAY),
        touched("n2", 60 * DAY),
        touched("n3", 60 * DAY - SECOND),
        touched("n4", 30 * DAY - SECOND),
    ],
    "after": [touched("a1", 40 * DAY), touched("a2", NOTHING), touched("a3", -DAY), touched("a4", -2 * DAY)],
}
CONVERSIONS = [
    conversion("of window", "window"),
    conversion("of ties", "ties"),
    conversion("first of twice", "twice", NOON - 10 * DAY),
    conversion("second of twice", "twice", value="7.5"),
    conversion("purchase of types", "types"),
    conversion("sign_up of types", "types", kind="sign_up"),
    conversion("cart of types", "types", kind="add_to_cart"),
    conversion("of nobody", "nobody"),
    conversion("of after", "after"),
]


def journeys(
    spark: SparkSession, touches: DataFrame, converted: Sequence[Mapping[str, Any]], **knobs: Any
) -> DataFrame:
    return build_journeys(
        conversions_frame(spark, converted),
        touches,
        journey_knobs(LOOKBACK, **knobs),
        report_currency="KRW",
    )


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> list[Row]:
    seen = touchpoints_frame(spark, {"window": [touched("impression", DAY)]}, "impression")
    return journeys(spark, touchpoints_frame(spark, TOUCHES).unionByName(seen), CONVERSIONS).collect()


def path_of(rows: list[Row], conversion_id: str) -> list[str]:
    (row,) = [row for row in rows if row["conversion_id"] == conversion_id]
    return [touch["touchpoint_id"] for touch in row["path"]]


def lost(rows: list[Row], person: str, kind: str = "purchase") -> list[list[str]]:
    """The person's journeys without conversion, oldest first."""
    of = [row for row in rows if row["conversion_id"] is None]
    mine = [row["path"] for row in of if (row["person_id"], row["conversion_type"]) == (person, kind)]
    return [[touch["touchpoint_id"] for touch in path] for path in sorted(mine)]


def test_both_ends_of_the_window_are_inside_to_the_microsecond(built: list[Row]) -> None:
    assert path_of(built, "of window") == ["w2 at the start", "w3 inside", "w4 at the end"]


def test_an_interaction_that_was_not_requested_is_no_touch(built: list[Row]) -> None:
    assert not [row for row in built if any(touch["touchpoint_id"] == "impression" for touch in row["path"])]


def test_a_window_day_has_86_400_seconds_also_where_the_clocks_change(spark: SparkSession) -> None:
    # Noon of 31 March less 30 days of 86,400 s is 12:00 UTC on 1 March; in Paris it is an hour earlier by the clock.
    spring = Touch(NOON - 30 * DAY, "in", "Email"), Touch(NOON - 30 * DAY - timedelta(hours=1), "out", "Email")
    spark.conf.set("spark.sql.session.timeZone", "Europe/Paris")
    try:
        rows = journeys(spark, touchpoints_frame(spark, {"p": spring}), [conversion("c", "p")]).collect()
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert path_of(rows, "c") == ["in"]


def test_touches_of_one_moment_are_in_the_order_of_their_ids(built: list[Row]) -> None:
    assert path_of(built, "of ties") == ["t1", "t2", "t3", "t0"]


def test_every_conversion_looks_back_over_its_whole_window_without_a_restart(built: list[Row]) -> None:
    assert path_of(built, "first of twice") == ["x1"]
    assert path_of(built, "second of twice") == ["x1", "x2"]


def test_each_type_has_its_own_window_and_types_that_were_not_requested_have_none(built: list[Row]) -> None:
    assert path_of(built, "purchase of types") == ["y0", "y1"]
    assert path_of(built, "sign_up of types") == ["y1"]
    assert {row["conversion_type"] for row in built} == {"purchase", "sign_up"}


def test_a_conversion_without_touches_has_an_empty_path(built: list[Row]) -> None:
    assert path_of(built, "of nobody") == []


def test_a_journey_without_conversion_ends_where_a_gap_is_longer_than_the_window(built: list[Row]) -> None:
    # n1 to n2 and n3 to n4 are 30 days exactly, which do not split a window of 30.
    assert lost(built, "never") == [["n1", "n2", "n3", "n4"]]
    assert lost(built, "never", "sign_up") == [["n1"], ["n2", "n3"], ["n4"]]


def test_only_touches_after_the_last_conversion_are_a_journey_without_one(built: list[Row]) -> None:
    # a1 is older than the window and a2 is in the conversion's path.
    assert lost(built, "after") == [["a3", "a4"]]
    assert lost(built, "after", "sign_up") == [["a1"], ["a2", "a3", "a4"]]
    assert lost(built, "window") == [["w5 a microsecond too late"]]
    assert lost(built, "twice") == []


def test_a_journey_row_holds_its_conversion_or_its_last_touch(built: list[Row]) -> None:
    (converting,) = [row for row in built if row["conversion_id"] == "second of twice"]
    assert converting["journey_id"] == "second of twice"
    assert utc(converting["ended_at"]) == NOON
    assert (converting["report_value"], converting["report_gross_value"]) == (Decimal("7.5"), Decimal("7.5"))
    (other,) = [row for row in built if (row["person_id"], row["conversion_type"]) == ("never", "purchase")]
    assert utc(other["ended_at"]) == TOUCHES["never"][-1].at
    assert (other["report_value"], other["report_gross_value"], other["report_currency"]) == (0, 0, "KRW")
    assert other["is_first_purchase"] is False


def test_every_journey_has_a_unique_id(built: list[Row]) -> None:
    assert len({row["journey_id"] for row in built}) == len(built)


def test_journeys_do_not_depend_on_the_day_they_are_built_for(spark: SparkSession) -> None:
    # A later day adds later touches: the row of an old journey does not change, however long the gap.
    assert "as_of" not in inspect.signature(build_journeys).parameters
    early = {"p": walk("A > B", name="early")}
    later = {"p": [*early["p"], touched("late", -31 * DAY)], "q": [touched("other", -31 * DAY)]}
    before, after = (journeys(spark, touchpoints_frame(spark, touches), []) for touches in (early, later))
    rows = before.select(F.lit(1).alias("day"), "*").unionByName(after.select(F.lit(2).alias("day"), "*")).collect()
    of_day = {day: {str(row[1:]) for row in rows if row["day"] == day} for day in (1, 2)}
    assert len(of_day[1]) == 2
    assert of_day[1] < of_day[2]


def test_with_a_restart_a_path_holds_only_touches_after_the_conversion_before(spark: SparkSession) -> None:
    touches = {"p": [touched("t1", 12 * DAY), touched("t2", 10 * DAY), touched("t3", 2 * DAY)]}
    conversions = [
        conversion("one", "p", NOON - 10 * DAY),
        conversion("two", "p"),
        # Of another type: it neither ends the path of a purchase nor begins where one ended.
        conversion("sign_up", "p", NOON - 5 * DAY, "sign_up"),
        conversion("three", "p"),
    ]
    rows = journeys(spark, touchpoints_frame(spark, touches), conversions, restart=True).collect()
    assert path_of(rows, "one") == ["t1", "t2"]
    assert path_of(rows, "sign_up") == ["t1", "t2"]
    # Of two conversions at one moment the first by id, here 'three', gets the touches before it.
    assert (path_of(rows, "three"), path_of(rows, "two")) == (["t3"], [])


def test_first_only_leaves_a_persons_later_conversions_of_a_type_without_a_journey(spark: SparkSession) -> None:
    touches = {"p": [touched("t1", 12 * DAY), touched("t2", 2 * DAY), touched("t3", -DAY)]}
    conversions = [
        conversion("second", "p"),
        conversion("first", "p", NOON - 10 * DAY),
        conversion("sign_up", "p", NOON, "sign_up"),
    ]
    rows = journeys(spark, touchpoints_frame(spark, touches), conversions, conversions="first").collect()
    assert {row["conversion_id"] for row in rows} == {"first", "sign_up", None}
    assert path_of(rows, "first") == ["t1"]
    # The person converted again after t2, so t2 is in no purchase journey.
    assert lost(rows, "p") == [["t3"]]


def test_milestones_are_the_first_conversions_of_their_types_in_the_window(spark: SparkSession) -> None:
    conversions = [
        conversion("c", "p"),
        conversion("too early", "p", NOON - 30 * DAY - MICRO, "add_to_cart"),
        conversion("cart", "p", NOON - 3 * DAY, "add_to_cart"),
        conversion("second cart", "p", NOON - 2 * DAY, "add_to_cart"),
        conversion("checkout", "p", NOON - 4 * DAY, "begin_checkout"),
        conversion("too late", "p", NOON + MICRO, "view_item"),
        conversion("of another", "q", NOON - DAY, "view_item"),
        conversion("nothing before", "r"),
    ]
    wanted = ["view_item", "add_to_cart", "begin_checkout", "purchase"]
    rows = journeys(spark, touchpoints_frame(spark, {}), conversions, milestones=wanted).collect()
    reached = {
        row["conversion_id"]: [(one["conversion_type"], utc(one["converted_at"])) for one in row["milestones"]]
        for row in rows
    }
    assert reached["c"] == [("begin_checkout", NOON - 4 * DAY), ("add_to_cart", NOON - 3 * DAY)]
    assert reached["nothing before"] == []


def test_random_people_get_the_journeys_of_the_oracle(spark: SparkSession) -> None:
    draw = random.Random(7)
    moments: list[datetime] = [NOON - step * DAY / 2 for step in range(200)]
    people = {
        f"p{index}": [
            Touch(draw.choice(moments), f"{index}-{number}", draw.choice("ABC")) for number in range(draw.randint(0, 9))
        ]
        for index in range(120)
    }
    conversions = [
        conversion(f"{person}-{number}", person, draw.choice(moments), draw.choice(["purchase", "sign_up"]))
        for person in people
        for number in range(draw.randint(0, 3))
    ]
    rows = journeys(spark, touchpoints_frame(spark, people), conversions).collect()

    found = sorted(
        (
            row["conversion_type"],
            row["person_id"],
            row["conversion_id"] or "",
            [t["touchpoint_id"] for t in row["path"]],
        )
        for row in rows
    )
    expected = []
    for kind, days in LOOKBACK.items():
        for person, touches in people.items():
            mine = [c for c in conversions if (c["person_id"], c["conversion_type"]) == (person, kind)]
            for one in mine:
                path = window(touches, one["converted_at"], days)
                expected.append((kind, person, one["conversion_id"], [touch.id for touch in path]))
            for run in runs(touches, [one["converted_at"] for one in mine], days):
                expected.append((kind, person, "", [touch.id for touch in run]))
    assert found == sorted(expected)
