from __future__ import annotations

from functools import cache
from itertools import combinations, permutations

import numpy as np
import pytest
from chain_oracle import Walk, as_paths, golden, walks
from hypothesis import assume, given
from hypothesis import strategies as st

from attribution import shapley
from attribution.paths import Paths
from warehouse.errors import UsageError

Coalition = frozenset[str]


def brute_force(players: Coalition, worth: object) -> dict[str, float]:
    """Mean of what each player adds on joining, over every order of joining."""
    gained = dict.fromkeys(players, 0.0)
    orders = list(permutations(sorted(players)))
    for order in orders:
        inside: Coalition = frozenset()
        for player in order:
            gained[player] += worth(inside | {player}) - worth(inside)  # type: ignore[operator]
            inside |= {player}
    return {player: total / len(orders) for player, total in gained.items()}


def subset_game(rows: list[Walk]):
    def worth(inside: Coalition) -> float:
        return sum(conversions for path, conversions, _, _ in rows if path and set(path) <= inside)

    return worth


def rate_of(rows: list[Walk], prior_conversions: float):
    """v as documented, by recursion over all subsets."""
    rows = [row for row in rows if row[0]]
    converted = sum(row[1] for row in rows)
    overall = converted / sum(row[1] + row[3] for row in rows)
    prior = prior_conversions / overall

    def smoothed(inside: Coalition, expected: float) -> float:
        own = [row for row in rows if set(row[0]) == inside]
        journeys = sum(row[1] + row[3] for row in own) + prior
        return (sum(row[1] for row in own) + prior * expected) / journeys if journeys else expected

    @cache
    def rate(inside: Coalition) -> float:
        if not inside:
            return 0.0
        if len(inside) == 1:
            return smoothed(inside, overall)
        floor = max(rate(inside - {channel}) for channel in inside)
        return max(floor, smoothed(inside, floor))

    return rate


def rate_game(rows: list[Walk], prior_conversions: float):
    rate = rate_of(rows, prior_conversions)

    def worth(inside: Coalition) -> float:
        return sum(row[1] * rate(frozenset(row[0]) & inside) / rate(frozenset(row[0])) for row in rows if row[0])

    return worth


def credit(fitted: shapley.ShapleyFit) -> dict[str, float]:
    return dict(zip(fitted.channels, fitted.credited_conversions.tolist(), strict=True))


def test_the_golden_cases_of_the_subset_game() -> None:
    case = golden("shapley_subset_sum")
    two = shapley.fit_subset_game(Paths.of([["a"], ["a", "b"]], [4, 6]))
    assert credit(two) == pytest.approx(case["a(4), a>b(6)"], abs=1e-9)
    four = shapley.fit_subset_game(Paths.of([list("abcd")], [10]))
    assert credit(four) == pytest.approx(dict.fromkeys("abcd", case["a>b>c>d (10)"]), abs=1e-9)


def test_the_subset_game_splits_equally_over_distinct_channels() -> None:
    # A > B > A, worth 30: A and B 15 each, however often A was touched; null journeys and empty paths are ignored.
    fitted = shapley.fit_subset_game(Paths.of([["A", "B", "A"], ["B"], []], [1, 0, 5], [30, 0, 0], [0, 9, 9]))
    assert credit(fitted) == {"A": 0.5, "B": 0.5}
    assert fitted.credited_value.tolist() == [15.0, 15.0]


@given(walks(empty=True))
def test_the_subset_game_is_its_brute_force_shapley_value(rows: list[Walk]) -> None:
    fitted = shapley.fit_subset_game(as_paths(rows))
    assert credit(fitted) == pytest.approx(brute_force(frozenset(fitted.channels), subset_game(rows)), abs=1e-9)


@given(walks(empty=True), st.sampled_from([0.5, 1.0, 10.0]))
def test_the_rate_game_is_its_brute_force_shapley_value(rows: list[Walk], prior: float) -> None:
    assume(any(row[0] and row[1] for row in rows))
    fitted = shapley.fit_rate_game(as_paths(rows), prior_conversions=prior)
    assert credit(fitted) == pytest.approx(brute_force(frozenset(fitted.channels), rate_game(rows, prior)), abs=1e-9)


@given(walks(max_channels=5, max_paths=10), st.sampled_from([0.0, 1.0]))
def test_no_credit_is_negative_and_they_sum_to_the_totals(rows: list[Walk], prior: float) -> None:
    paths = as_paths(rows)
    fitted = shapley.fit_rate_game(paths, prior_conversions=prior)
    assert (fitted.credited_conversions >= -1e-12).all()
    assert fitted.credited_conversions.sum() == pytest.approx(paths.conversions.sum())
    assert fitted.credited_value.sum() == pytest.approx(paths.value.sum())


@given(walks(max_channels=5, max_paths=8))
def test_without_null_journeys_the_rate_game_is_the_equal_split(rows: list[Walk]) -> None:
    paths = as_paths([(path, conversions, value, 0) for path, conversions, value, _ in rows])
    assert credit(shapley.fit_rate_game(paths)) == pytest.approx(credit(shapley.fit_subset_game(paths)))


def test_null_journeys_show_which_channel_sells() -> None:
    # A alone converts 1 in 10, B alone 1 in 100, together as A does: A earns most of what both touched.
    paths = Paths.of([["A"], ["B"], ["A", "B"]], [100, 10, 100], nulls=[900, 990, 900])
    shares = shapley.fit_rate_game(paths).shares_by_set()[frozenset("AB")]
    assert shares["A"] == pytest.approx(0.95, abs=0.01)
    assert shares["B"] == pytest.approx(0.05, abs=0.01)


def test_one_lucky_journey_is_no_evidence_of_teamwork() -> None:
    # A and B convert 10% each; one journey with both converted. Its own rate of 100% has little weight.
    paths = Paths.of([["A"], ["B"], ["A", "B"]], [100, 100, 1], nulls=[900, 900, 0])
    rates = rate_of([(("A",), 100, 0, 900), (("B",), 100, 0, 900), (("A", "B"), 1, 0, 0)], 1.0)
    assert rates(frozenset("AB")) < 0.2
    assert shapley.fit_rate_game(paths).shares_by_set()[frozenset("AB")]["A"] == pytest.approx(0.5)


@pytest.mark.parametrize("fit", [shapley.fit_subset_game, shapley.fit_rate_game])
def test_without_a_conversion_all_is_zero(fit) -> None:
    assert credit(fit(Paths.of([["A", "B"], ["B"]], [0, 0], nulls=[3, 0]))) == {"A": 0.0, "B": 0.0}
    assert credit(fit(Paths.of([], []))) == {}


def many_channels(channels: int = 8, seed: int = 5) -> Paths:
    """Every pair, some longer sets, and all channels: random counts."""
    draw = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(channels)]
    sets = [list(c) for size in (1, 2, channels - 1, channels) for c in combinations(names, size)]
    conversions = draw.integers(0, 20, len(sets))
    return Paths.of(sets, conversions, conversions * 10.0, draw.integers(0, 200, len(sets)))


def test_sampling_stays_within_its_error_bound_and_repeats_with_its_seed() -> None:
    paths = many_channels()
    exact = shapley.fit_rate_game(paths)
    assert exact.error_bound == 0.0
    sampled = shapley.fit_rate_game(paths, exact_channels=2, orderings=4000, seed=7)
    assert 0 < sampled.error_bound < 0.05 * paths.conversions.sum()
    off = np.abs(sampled.credited_conversions - exact.credited_conversions).max()
    assert 0 < off <= sampled.error_bound
    assert np.abs(sampled.credited_value - exact.credited_value).max() <= sampled.value_error_bound
    assert sampled.credited_conversions.sum() == pytest.approx(paths.conversions.sum())
    again = shapley.fit_rate_game(paths, exact_channels=2, orderings=4000, seed=7)
    assert again.credited_conversions.tolist() == sampled.credited_conversions.tolist()


def test_more_orderings_come_closer() -> None:
    paths = many_channels()
    exact = shapley.fit_rate_game(paths).credited_conversions
    off = [
        np.abs(shapley.fit_rate_game(paths, exact_channels=2, orderings=n).credited_conversions - exact).mean()
        for n in (100, 20_000)
    ]
    assert off[1] < off[0] / 3


def test_a_journey_of_twenty_channels_is_sampled_and_short_ones_stay_exact() -> None:
    names = [f"c{i:02}" for i in range(20)]
    paths = Paths.of([names, ["c00"], ["c01"]], [10, 5, 1], nulls=[10, 5, 99])
    fitted = shapley.fit_rate_game(paths)
    assert fitted.credited_conversions.sum() == pytest.approx(16)
    assert fitted.error_bound <= 10 * np.sqrt(np.log(40 / 0.05) / 2 / 20_000) + 1e-12
    assert fitted.shares_by_set()[frozenset(["c00"])] == {"c00": 1.0}


@pytest.mark.parametrize("knobs", [{"prior_conversions": -1}, {"exact_channels": 0}, {"orderings": 0}])
def test_knobs_out_of_range_are_refused(knobs: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        shapley.fit_rate_game(Paths.of([["A"]], [1]), **knobs)
