from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from chain_oracle import Walk, as_paths, golden, walks
from hypothesis import given
from hypothesis import strategies as st

from attribution.path_rules import PATH_RULES, credit, credit_by_rule, path_rule_knobs, rule_weights, w_shaped
from attribution.paths import Paths
from warehouse.errors import UsageError


def split(path: str, model: str, **knobs: Any) -> list[float]:
    """What one conversion gives each touch of 'A > B > C', each touch seen as a channel of its own."""
    touches = path.split(" > ")
    paths = Paths.of([touches], [1])
    weights = rule_weights(paths, model, path_rule_knobs(**knobs))
    return (weights / weights.sum()).tolist()


@pytest.mark.parametrize(
    ("model", "path", "expected"),
    [
        ("first_touch", "A > B > C", [1, 0, 0]),
        ("last_touch", "A > B > C", [0, 0, 1]),
        ("last_non_direct", "A > Direct > B > Direct > Direct", [0, 0, 1, 0, 0]),
        ("last_non_direct", "Direct > Direct", [0, 1]),
        ("linear", "A > B > A > C", [0.25, 0.25, 0.25, 0.25]),
        ("position_based", "A", [1]),
        ("position_based", "A > B", [0.5, 0.5]),
        ("position_based", "A > B > C", [0.4, 0.2, 0.4]),
        ("position_based", "A > B > C > D", [0.4, 0.1, 0.1, 0.4]),
        ("time_decay_by_order", "A > B > C", [1 / 7, 2 / 7, 4 / 7]),
        ("j_shaped", "A > B > C > D", [0.2, 0.1, 0.1, 0.6]),
        ("j_shaped", "A > B", [0.25, 0.75]),
        ("inverse_j_shaped", "A > B > C", [0.6, 0.2, 0.2]),
    ],
)
def test_each_rule_divides_a_conversion_as_its_name_says(model: str, path: str, expected: list[float]) -> None:
    assert split(path, model) == pytest.approx(expected)


ENDS = {"first": 0.5, "last": 0.3}


def test_knobs_change_the_shares() -> None:
    assert split("A > B > C", "position_based", position_based=ENDS) == pytest.approx([0.5, 0.2, 0.3])
    assert split("A > B", "time_decay_by_order", order_ratio=0.25) == pytest.approx([0.2, 0.8])


def test_last_paid_is_the_latest_paid_touch_or_the_last() -> None:
    paid = ["Search", "Social", "never seen"]
    assert split("Search > Social > Email", "last_paid", paid_channels=paid) == [0, 1, 0]
    assert split("Email > Direct", "last_paid", paid_channels=paid) == [0, 1]
    with pytest.raises(UsageError, match="paid"):
        split("A", "last_paid")


@pytest.mark.parametrize(
    ("path", "milestones", "expected"),
    [
        ("A > B > C > D > E", [1], [0.3, 0.3, 0.05, 0.05, 0.3]),
        ("A > B > C > D", [1, 2], [0.3, 0.15, 0.15, 0.3]),  # nothing left over: .9 is the whole
        ("A > B > C", [0], [0.6, 0.1, 0.3]),
        ("A > B > C", [], [0.3, 0.1, 0.3]),
        ("A > B", [], [0.5, 0.5]),
        ("A", [0], [1]),
    ],
)
def test_w_shape_shares_with_the_touches_that_brought_a_milestone(
    path: str, milestones: list[int], expected: list[float]
) -> None:
    touches = path.split(" > ")
    flags = np.isin(np.arange(len(touches)), milestones)
    paths = Paths.of([touches], [1])
    found = credit(paths, w_shaped(paths, flags)).conversions
    assert found.tolist() == pytest.approx((np.array(expected) / sum(expected)).tolist())


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("first_touch", "first"),
        ("last_touch", "last"),
        ("linear", "linear"),
        ("position_based", "position_40_20_40"),
    ],
)
def test_nine_paths_give_the_published_credit(model: str, name: str) -> None:
    case = golden("dp6_9_paths")
    paths = Paths.of([path.split(" > ") for path in case["paths"]], [3] * 9)
    found = dict(zip(paths.channels, credit_by_rule(paths, model).conversions.tolist(), strict=True))
    assert found == pytest.approx(case[name], abs=1e-9)


def test_fifty_dollars_divide_as_adobe_and_snowplow_publish() -> None:
    adobe = golden("adobe_example_50usd")
    paths = Paths.of([adobe["path_first_to_last"]], [1], [50])
    for model, expected in (("j_shaped", adobe["j_shaped"]), ("linear", dict.fromkeys(paths.channels, 12.5))):
        found = dict(zip(paths.channels, credit_by_rule(paths, model).value.tolist(), strict=True))
        assert found == pytest.approx(expected, abs=1e-9)
    snowplow = golden("snowplow_expected_csv")
    paths = Paths.of([["Direct", "Organic_Search", "Direct"]], [1], [140])
    first, middle, last = snowplow["Direct > Organic_Search > Direct @140"]["position"]
    assert credit_by_rule(paths, "position_based").value.tolist() == pytest.approx([first + last, middle], abs=1e-9)
    paths = Paths.of([["Display_Other", "Organic_Search"]], [1], [66.5])
    both = snowplow["Display_Other > Organic_Search @66.5"]
    assert credit_by_rule(paths, "linear").value.tolist() == pytest.approx(both["linear"], abs=1e-9)
    assert credit_by_rule(paths, "position_based").value.tolist() == pytest.approx(both["position"], abs=1e-9)


@given(walks(empty=True), st.sampled_from(sorted(PATH_RULES)))
def test_credit_sums_to_the_totals_of_paths_with_a_touch(rows: list[Walk], model: str) -> None:
    found = credit_by_rule(as_paths(rows), model, path_rule_knobs(paid_channels=["C"]))
    assert found.conversions.sum() == pytest.approx(sum(row[1] for row in rows if row[0]))
    assert found.value.sum() == pytest.approx(sum(row[2] for row in rows if row[0]))
    assert (found.conversions >= 0).all()


def plain_weights(model: str, path: tuple[str, ...]) -> list[float]:
    """The rules in a line or two each, for one path."""
    n = len(path)
    last = n - 1
    match model:
        case "first_touch":
            return [float(i == 0) for i in range(n)]
        case "last_touch":
            return [float(i == last) for i in range(n)]
        case "last_non_direct":
            chosen = max((i for i in range(n) if path[i] != "Direct"), default=last)
            return [float(i == chosen) for i in range(n)]
        case "linear":
            return [1.0] * n
        case "position_based":
            return [1.0] if n == 1 else [0.4 if i in (0, last) else 0.2 / (n - 2) for i in range(n)]
        case _:
            return [0.5 ** (last - i) for i in range(n)]


@given(
    st.lists(st.tuples(st.lists(st.sampled_from(["A", "B", "Direct"]), max_size=8), st.integers(0, 9)), min_size=1),
    st.sampled_from(
        ["first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay_by_order"]
    ),
)
def test_rules_on_many_paths_are_the_plain_rules_path_by_path(rows: list[tuple[list[str], int]], model: str) -> None:
    paths = Paths.of([path for path, _ in rows], [conversions for _, conversions in rows])
    expected: Counter[str] = Counter(dict.fromkeys(paths.channels, 0.0))
    for path, conversions in rows:
        weights = plain_weights(model, tuple(path))
        for channel, weight in zip(path, weights, strict=True):
            expected[channel] += conversions * weight / sum(weights)
    found = dict(zip(paths.channels, credit_by_rule(paths, model).conversions.tolist(), strict=True))
    assert found == pytest.approx(dict(expected))


def test_a_path_of_two_thousand_touches_keeps_its_credit() -> None:
    # .5^1999 is 0 in floating point; the last touches carry it all.
    paths = Paths.of([["A", "B"] * 1000], [1])
    assert credit_by_rule(paths, "time_decay_by_order").conversions.tolist() == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize(
    "knobs",
    [
        {"position_based": {"first": 0.7, "last": 0.5}},
        {"position_based": {"first": 0.0, "last": 0.0}},
        {"position_based": {"first": -0.1, "last": 0.4}},
        {"order_ratio": 0.0},
        {"order_ratio": 1.5},
        {"order_ratio": float("nan")},
    ],
)
def test_knobs_that_make_no_shares_are_refused(knobs: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        path_rule_knobs(**knobs)


def test_an_unknown_rule_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="'first'; there are first_touch, last_touch"):
        credit_by_rule(Paths.of([["A"]], [1]), "first")
