"""The rule models through build_attribution_credits: published examples, and a plain-Python oracle on random paths."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from rules_oracle import DAY, KNOBS, NOON, ORACLE, Touch, journey, journeys_frame, rule_knobs, w_shape, walk

from attribution.attribution_credits import build_attribution_credits
from attribution.knobs import RuleKnobs
from attribution.rules import RULES
from warehouse.errors import UsageError

MICRO_UNIT = Decimal("0.000001")


def credited(
    spark: SparkSession, journeys: list[dict[str, Any]], models: list[str], knobs: RuleKnobs = KNOBS
) -> dict[tuple[str, str], list[Row]]:
    """By model and conversion, the credit rows in the order of the touches."""
    rows = build_attribution_credits(journeys_frame(spark, journeys), models=models, knobs=knobs).collect()
    found = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["position"]):
        found[row["model"], row["conversion_id"]].append(row)
    return dict(found)


def shares(rows: list[Row]) -> dict[int, float]:
    """Position: credit, of the touches that have a row."""
    return {row["position"]: row["credit"] for row in rows}


EXAMPLES = {
    "A > B > C": {
        "first_touch": {1: 1.0},
        "last_touch": {3: 1.0},
        "last_non_direct": {3: 1.0},
        "linear": {1: 1 / 3, 2: 1 / 3, 3: 1 / 3},
        "position_based": {1: 0.4, 2: 0.2, 3: 0.4},
        "time_decay_by_order": {1: 1 / 7, 2: 2 / 7, 3: 4 / 7},
        "u_shape": {1: 0.4, 2: 0.2, 3: 0.4},
        "w_shape": {1: 0.45, 2: 0.1, 3: 0.45},
        "j_shaped": {1: 0.2, 2: 0.2, 3: 0.6},
        "inverse_j_shaped": {1: 0.6, 2: 0.2, 3: 0.2},
        "last_paid": {2: 1.0},
        "custom": {1: 0.25, 2: 0.75},
    },
    "A > B > Direct > Direct": {
        "last_touch": {4: 1.0},
        "last_non_direct": {2: 1.0},
        "position_based": {1: 0.4, 2: 0.1, 3: 0.1, 4: 0.4},
        "time_decay_by_order": {1: 1 / 15, 2: 2 / 15, 3: 4 / 15, 4: 8 / 15},
    },
    "Direct > Direct > Direct": {"first_touch": {1: 1.0}, "last_non_direct": {3: 1.0}},
    "A > Direct > A": {"last_non_direct": {3: 1.0}},
    "A > B": {
        "first_touch": {1: 1.0},
        "last_touch": {2: 1.0},
        "linear": {1: 0.5, 2: 0.5},
        "position_based": {1: 0.5, 2: 0.5},
        "time_decay_by_order": {1: 1 / 3, 2: 2 / 3},
        "u_shape": {1: 0.5, 2: 0.5},
        "j_shaped": {1: 0.25, 2: 0.75},
        "inverse_j_shaped": {1: 0.75, 2: 0.25},
    },
    "C > D": {"last_paid": {2: 1.0}, "custom": {1: 0.5, 2: 0.5}},
    "Direct > A": {"last_non_direct": {2: 1.0}},
    "A > Direct": {"last_non_direct": {1: 1.0}},
    "A": {model: {1: 1.0} for model in RULES},
    "Direct": {model: {1: 1.0} for model in RULES},
}


@pytest.fixture(scope="module")
def examples(spark: SparkSession) -> dict[tuple[str, str], list[Row]]:
    return credited(spark, [journey(path, walk(path)) for path in EXAMPLES], list(RULES))


@pytest.mark.parametrize(
    ("path", "model", "expected"), [(path, *rule) for path, rules in EXAMPLES.items() for rule in rules.items()]
)
def test_each_rule_divides_a_conversion_as_its_name_says(
    examples: dict[tuple[str, str], list[Row]], path: str, model: str, expected: dict[int, float]
) -> None:
    assert shares(examples[model, path]) == pytest.approx(expected, abs=1e-15)


@pytest.fixture(scope="module")
def golden(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / "golden" / "attribution.json").read_text())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def golden_credits(spark: SparkSession, golden: dict[str, Any]) -> dict[tuple[str, str], list[Row]]:
    """The journeys of every published example in one frame."""
    dp6 = golden["dp6_9_paths"]
    rows = [
        journey(f"{path} #{number}", walk(path), value="1")
        for path in dp6["paths"]
        for number in range(dp6["conversions_each"])
    ]
    rows.append(journey("adobe", adobe_path(golden), value="50"))
    for name in golden["snowplow_expected_csv"]:
        path, value = name.split(" @")
        rows.append(journey(name, walk(path), value=value))
    return credited(spark, rows, list(RULES))


def adobe_path(golden: dict[str, Any]) -> list[Touch]:
    example = golden["adobe_example_50usd"]
    # gap_days are the days from each touch to the conversion: 9 and 6 give the published ratio of 2^(3/7).
    return walk(" > ".join(example["path_first_to_last"]), days_before=example["gap_days"])


@pytest.mark.parametrize(
    ("model", "published"),
    [
        ("first_touch", "first"),
        ("last_touch", "last"),
        ("linear", "linear"),
        ("position_based", "position_40_20_40"),
    ],
)
def test_the_nine_paths_of_channel_attribution_get_their_published_credit(
    golden: dict[str, Any], golden_credits: dict[tuple[str, str], list[Row]], model: str, published: str
) -> None:
    totals: defaultdict[str, float] = defaultdict(float)
    for (of, name), rows in golden_credits.items():
        if of == model and "#" in name:
            for row in rows:
                totals[row["channel"]] += row["credit"]
    assert totals == pytest.approx(golden["dp6_9_paths"][published], abs=1e-12)


def test_the_adobe_example_of_50_usd_with_a_half_life_of_7_days(
    golden: dict[str, Any], golden_credits: dict[tuple[str, str], list[Row]]
) -> None:
    example = golden["adobe_example_50usd"]
    rows = golden_credits["time_decay", "adobe"]
    assert {row["channel"]: 50 * row["credit"] for row in rows} == pytest.approx(example["time_decay_7d"], abs=1e-12)
    assert {row["channel"]: row["credited_value"] for row in rows} == {
        "paid search": Decimal("6.923333"),
        "social": Decimal("9.318116"),
        "email": Decimal("16.879276"),
        "display": Decimal("16.879275"),  # the remainder
    }
    linear = golden_credits["linear", "adobe"]
    assert [row["credited_value"] for row in linear] == [Decimal(example["linear"])] * 4


def test_the_adobe_example_j_shaped_is_position_based_with_other_ends(
    spark: SparkSession, golden: dict[str, Any]
) -> None:
    j_shaped = rule_knobs(half_life_days=7.0, order_ratio=0.5, position_based={"first": 0.2, "last": 0.6})
    found = credited(spark, [journey("adobe", adobe_path(golden), value="50")], ["position_based"], j_shaped)
    values = {row["channel"]: row["credited_value"] for row in found["position_based", "adobe"]}
    assert values == golden["adobe_example_50usd"]["j_shaped"]


def test_the_expected_tables_of_snowplow_come_out(
    golden: dict[str, Any], golden_credits: dict[tuple[str, str], list[Row]]
) -> None:
    def values(model: str, name: str) -> list[float]:
        return [float(row["credited_value"]) for row in golden_credits[model, name]]

    long, short = golden["snowplow_expected_csv"]
    published = golden["snowplow_expected_csv"]
    assert values("linear", long) == pytest.approx([published[long]["linear_each"]] * 3, abs=1.4e-6)
    assert values("position_based", long) == published[long]["position"]
    assert values("linear", short) == published[short]["linear"]
    assert values("position_based", short) == published[short]["position"]


def test_ends_that_take_all_leave_the_middle_without_a_row(spark: SparkSession) -> None:
    # In doubles 1 - 0.7 - 0.3 is 6e-17, not 0.
    knobs = rule_knobs(half_life_days=7.0, order_ratio=0.5, position_based={"first": 0.7, "last": 0.3})
    found = credited(spark, [journey("A > B > C", walk("A > B > C"))], ["position_based"], knobs)
    assert shares(found["position_based", "A > B > C"]) == pytest.approx({1: 0.7, 3: 0.3})


@pytest.mark.parametrize("ends", [(0.6, 0.5), (0.0, 0.0), (-0.1, 0.4)])
def test_ends_that_cannot_be_shares_are_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match="position_based"):
        rule_knobs(half_life_days=7.0, order_ratio=0.5, position_based={"first": ends[0], "last": ends[1]})


def test_knobs_change_the_shares(spark: SparkSession) -> None:
    knobs = rule_knobs(half_life_days=1.0, order_ratio=0.25, position_based={"first": 0.5, "last": 0.3})
    path = walk("A > B > C", days_before=[3, 1, 0])
    found = credited(spark, [journey("c", path)], ["time_decay", "time_decay_by_order", "position_based"], knobs)
    assert shares(found["time_decay", "c"]) == pytest.approx({1: 1 / 13, 2: 4 / 13, 3: 8 / 13})
    assert shares(found["time_decay_by_order", "c"]) == pytest.approx({1: 1 / 21, 2: 4 / 21, 3: 16 / 21})
    assert shares(found["position_based", "c"]) == pytest.approx({1: 0.5, 2: 0.2, 3: 0.3})


MILESTONES = {
    "the touch before the milestone": ("A > B > C > D", [1.5], {1: 0.3, 2: 0.3, 3: 0.1, 4: 0.3}),
    "two milestones": ("A > B > C > D > E", [2.5, 0.5], {1: 0.225, 2: 0.225, 3: 0.1, 4: 0.225, 5: 0.225}),
    "one that the first touch led to": ("A > B > C", [1.5], {1: 0.6, 2: 0.1, 3: 0.3}),
    "at the moment of a touch": ("A > B > C", [2.0], {1: 0.6, 2: 0.1, 3: 0.3}),
    "before every touch": ("A > B > C", [9.0], {1: 0.45, 2: 0.1, 3: 0.45}),
    "on a path of one": ("A", [0.0], {1: 1.0}),
}


@pytest.mark.parametrize("case", MILESTONES)
def test_w_shape_divides_90_percent_among_the_ends_and_the_touches_that_led_to_milestones(
    spark: SparkSession, case: str
) -> None:
    path, days_before, expected = MILESTONES[case]
    touches = walk(path, days_before=list(range(len(path.split(" > ")) - 1, -1, -1)))
    reached = [NOON - days * DAY for days in days_before]
    row = journey("c", touches, milestones=[("sign_up", moment) for moment in reached])
    assert shares(credited(spark, [row], ["w_shape"])["w_shape", "c"]) == pytest.approx(expected)
    assert [float(share) for share in w_shape(touches, NOON, reached)] == pytest.approx(list(expected.values()))


def test_w_shape_agrees_with_exact_fractions_on_random_paths_and_milestones(spark: SparkSession) -> None:
    draw = random.Random(20260401)
    paths = {name: path for name, (path, _) in random_paths(100).items()}
    reached = {
        name: [moment_before(draw.randrange(35 * 86_400_000_000)) for _ in range(draw.randint(0, 3))] for name in paths
    }
    rows = [
        journey(name, path, milestones=[("sign_up", moment) for moment in reached[name]])
        for name, path in paths.items()
    ]
    found = credited(spark, rows, ["w_shape"])
    for name, path in paths.items():
        expected = dict(enumerate(w_shape(path, NOON, reached[name]), start=1))
        assert shares(found["w_shape", name]) == pytest.approx(
            {position: float(share) for position, share in expected.items()}, abs=1e-14
        ), name


def test_every_rule_agrees_with_exact_fractions_on_random_paths(spark: SparkSession) -> None:
    paths = random_paths(300)
    found = credited(spark, [journey(name, path, value=value) for name, (path, value) in paths.items()], list(RULES))
    assert set(RULES) == set(ORACLE)
    for model, rule in ORACLE.items():
        for name, (path, value) in paths.items():
            expected = {index + 1: share for index, share in enumerate(rule(path, NOON)) if share > 0}
            rows = found[model, name]
            assert [row["position"] for row in rows] == list(expected), (model, name)
            assert [row["touchpoint_id"] for row in rows] == [path[position - 1].id for position in expected]
            assert all(abs(row["credit"] - expected[row["position"]]) <= 1e-14 for row in rows), (model, name)
            values = [row["credited_value"] for row in rows]
            assert sum(values) == Decimal(value), (model, name)
            for row in rows[:-1]:
                exact = float(expected[row["position"]]) * float(value)
                assert abs(float(row["credited_value"]) - exact) <= 0.5e-6 + 1e-12 * exact, (model, name)
            last = float(expected[rows[-1]["position"]]) * float(value)
            assert abs(float(values[-1]) - last) <= 0.5e-6 * len(rows) + 1e-12 * last, (model, name)


def random_paths(number: int) -> dict[str, tuple[list[Touch], str]]:
    """Paths of 1 to 12 touches within 30 days, a third of them Direct, some at one moment, and values to the micro."""
    draw = random.Random(20260331)
    found = {}
    for index in range(number):
        ages = [
            draw.choice([0, 30 * 86_400_000_000, draw.randrange(30 * 86_400_000_000)])
            for _ in range(draw.randint(1, 12))
        ]
        touches = [
            Touch(
                moment_before(age), f"{index}-{draw.randrange(10**9):09d}", draw.choice(["Direct", "Email", "Display"])
            )
            for age in ages
        ]
        value = draw.choice(["0", "0.01", "19.9", "66.5", str(Decimal(draw.randrange(10**11)) * MICRO_UNIT)])
        found[f"c{index}"] = (sorted(touches), value)
    return found


def moment_before(micros: int) -> datetime:
    return NOON - timedelta(microseconds=micros)
