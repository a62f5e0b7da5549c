"""Counts by Spark against the same journeys as aggregated paths: the same models to 1e-9."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession
from rules_oracle import DAY, NOON, journey, journeys_frame, walk

from attribution import markov, shapley
from attribution.paths import Paths
from attribution.transitions import (
    count_channel_sets,
    count_paths,
    count_transitions,
    known_journeys,
    moves_and_ends,
    paths_of,
)
from warehouse.errors import UsageError

CHANNELS = ("Direct", "Email", "(null)", "start", "Paid > Search")
WORLD = random.Random(5)
# conversion type, channels, whether it converted, its value
JOURNEYS = [
    (
        WORLD.choice(["purchase", "sign_up"]),
        WORLD.choices(CHANNELS, k=WORLD.choice([0, 1, 1, 2, 3, 4, 6, 9])),
        WORLD.random() < 0.3,
        WORLD.randrange(0, 5000) / 100,
    )
    for _ in range(400)
]


@pytest.fixture(scope="module")
def journeys(spark: SparkSession) -> DataFrame:
    rows = []
    for number, (kind, channels, converted, value) in enumerate(JOURNEYS):
        path = [(NOON, str(i), channel, None, None, None, None) for i, channel in enumerate(channels)]
        row = journey(str(number), [], conversion_type=kind, value=str(value) if converted else "0")
        rows.append(row | {"path": path, "conversion_id": str(number) if converted else None})
    return journeys_frame(spark, rows)


def plain_paths(kind: str) -> Paths:
    of_kind = [one for one in JOURNEYS if one[0] == kind]
    return Paths.of(
        [channels for _, channels, _, _ in of_kind],
        [converted for _, _, converted, _ in of_kind],
        [value if converted else 0 for _, _, converted, value in of_kind],
        [not converted for _, _, converted, _ in of_kind],
    )


def of_type(frame: DataFrame, kind: str) -> DataFrame:
    return frame.where(frame["conversion_type"] == kind)


@pytest.mark.parametrize("kind", ["purchase", "sign_up"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_markov_of_counted_transitions_is_markov_of_the_paths(journeys: DataFrame, order: int, kind: str) -> None:
    counted = of_type(count_transitions(journeys, order=order), kind).collect()
    by_spark = markov.fit_transitions(*moves_and_ends(counted), order)
    plain = markov.fit(plain_paths(kind), order)
    assert by_spark.effects() == pytest.approx(plain.effects(), abs=1e-9)
    assert by_spark.value_shares == pytest.approx(plain.value_shares, abs=1e-9)
    assert by_spark.conversion_rate == pytest.approx(plain.conversion_rate, abs=1e-12)
    entries = {entry[:3]: entry.journeys for entry in by_spark.transitions()}
    assert entries == {entry[:3]: entry.journeys for entry in plain.transitions()}


@pytest.mark.parametrize("kind", ["purchase", "sign_up"])
@pytest.mark.parametrize("game", [shapley.fit_subset_game, shapley.fit_rate_game])
def test_shapley_of_counted_sets_is_shapley_of_the_paths(journeys: DataFrame, game: object, kind: str) -> None:
    by_spark = game(paths_of(of_type(count_channel_sets(journeys), kind).collect()))  # type: ignore[operator]
    plain = game(plain_paths(kind))  # type: ignore[operator]
    assert by_spark.channels == plain.channels
    assert by_spark.credited_conversions == pytest.approx(plain.credited_conversions, abs=1e-9)
    assert by_spark.credited_value == pytest.approx(plain.credited_value, abs=1e-9)


def test_paths_are_counted_with_equal_neighbours_as_one_touch(journeys: DataFrame) -> None:
    expected: dict[tuple[str, tuple[str, ...]], Counter[str]] = defaultdict(Counter)
    for kind, channels, converted, _ in JOURNEYS:
        collapsed = tuple(c for i, c in enumerate(channels) if i == 0 or c != channels[i - 1])
        if collapsed:
            expected[kind, collapsed]["conversions" if converted else "nulls"] += 1
    found = {(row["conversion_type"], tuple(row["channels"])): row for row in count_paths(journeys).collect()}
    assert found.keys() == expected.keys()
    for key, row in found.items():
        assert (row["conversions"], row["nulls"]) == (expected[key]["conversions"], expected[key]["nulls"])


def test_a_b_b_a_of_order_two_has_these_states(spark: SparkSession) -> None:
    rows = count_transitions(journeys_frame(spark, [journey("x", walk("A > B > B > A"))]), order=2).collect()
    assert {(tuple(row["before"]), row["channel"]): row["journeys"] for row in rows} == {
        ((), "A"): 1,
        (("A",), "B"): 1,
        (("A", "B"), "A"): 1,
        (("B", "A"), None): 1,
    }


def test_only_touched_journeys_that_ended_by_the_day_are_known(spark: SparkSession) -> None:
    # 2026-03-31 15:00 UTC is the first hour of April in Seoul.
    late = NOON + timedelta(hours=3)
    frame = journeys_frame(
        spark, [journey("in", walk("A")), journey("late", walk("A"), late), journey("old", walk("A"), NOON - DAY)]
    ).unionByName(journeys_frame(spark, [journey("untouched", [])]))
    known = known_journeys(frame, as_of=date(2026, 3, 31), timezone="Asia/Seoul")
    assert {row["journey_id"] for row in known.collect()} == {"in", "old"}


def test_a_value_below_zero_counts_as_nothing(spark: SparkSession) -> None:
    frame = journeys_frame(spark, [journey("x", walk("A")) | {"report_value": Decimal("-3")}])
    assert [row["value"] for row in count_channel_sets(frame).collect()] == [0.0]
    assert sum(row["value"] for row in count_transitions(frame, order=1).collect()) == 0.0


def test_an_order_below_one_is_refused(journeys: DataFrame) -> None:
    with pytest.raises(UsageError, match="whole number from 1 up"):
        count_transitions(journeys, order=0)
