from __future__ import annotations

import numpy as np
import pytest
from chain_oracle import (
    Walk,
    as_paths,
    count,
    dense_gain,
    enumerated_conversions,
    exact_effects,
    golden,
    walks,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from attribution import markov
from attribution.markov_chain import chain_of_paths
from attribution.markov_solver import removal_effects
from attribution.paths import Paths
from warehouse.errors import InputError, UsageError

ORDERS = st.integers(1, 4)


def fit(paths: dict[str, tuple[int, int]], order: int = 1) -> markov.MarkovFit:
    """From {'A > B': (conversions, nulls)}."""
    return markov.fit(
        Paths.of(
            [path.split(" > ") for path in paths],
            [conversions for conversions, _ in paths.values()],
            nulls=[nulls for _, nulls in paths.values()],
        ),
        order,
    )


def test_nine_paths_give_the_published_removal_effects_and_credit() -> None:
    case = golden("dp6_9_paths")
    fitted = fit(dict.fromkeys(case["paths"], (case["conversions_each"], 0)))
    assert fitted.effects() == pytest.approx(case["removal_effects"], abs=1e-9)
    credit = dict(zip(fitted.channels, fitted.credited_conversions, strict=True))
    assert credit == pytest.approx(case["markov_credit"], abs=1e-9)


def test_equal_neighbours_are_one_touch() -> None:
    case = golden("pychattr_3_paths")
    fitted = fit(dict.fromkeys(case["paths"], (1, 0)))
    assert fitted.effects() == pytest.approx(case["removal_effects"], abs=1e-9)
    assert fitted.credited_conversions.tolist() == pytest.approx(list(case["markov_credit"].values()), abs=1e-9)


def test_ten_journeys_with_nulls_give_the_published_shares() -> None:
    case = golden("do_attribution_10")
    fitted = markov.fit(
        Paths.of([path.split(" > ") for path in case["paths"]], case["conv"], nulls=[1 - c for c in case["conv"]])
    )
    assert fitted.conversion_rate == pytest.approx(case["p_conv"], abs=1e-9)
    assert fitted.effects() == pytest.approx(case["removal_effects"], abs=1e-9)
    assert dict(zip(fitted.channels, fitted.shares, strict=True)) == pytest.approx(case["shares"], abs=1e-9)


def test_transitions_counted_elsewhere_give_the_published_effects() -> None:
    case = golden("eeghor_abc")
    fitted = markov.fit_transitions(
        [
            markov.Move((), "a", 12),
            markov.Move(("a",), "b", 8),
            markov.Move(("a",), "c", 4),
            markov.Move(("b",), "c", 0),
        ],
        [markov.End(("b",), 6, 0.0, 2), markov.End(("c",), 2, 0.0, 2)],
    )
    assert fitted.effects() == pytest.approx(case["removal_effects"], abs=1e-9)
    found = {(entry.from_state, entry.event, entry.to_state): entry.probability for entry in fitted.transitions()}
    assert found[("a",), "touch", ("b",)] == pytest.approx(case["transitions"]["a>b"], abs=1e-9)
    assert found[("a",), "touch", ("c",)] == pytest.approx(case["transitions"]["a>c"], abs=1e-9)
    assert found[("b",), "conversion", None] == pytest.approx(case["transitions"]["b>conv"], abs=1e-9)
    assert found[("c",), "conversion", None] == pytest.approx(case["transitions"]["c>conv"], abs=1e-9)
    assert fitted.conversion_rate == pytest.approx(case["p_conv"], abs=1e-9)


def test_null_journeys_count_as_often_as_they_happened() -> None:
    case = golden("dp6_null_bug_case")
    fitted = fit({"A": (1, 1), "B": (2, 0)})
    assert fitted.conversion_rate == pytest.approx(case["p_conv"], abs=1e-9)
    assert fitted.effects() == pytest.approx(case["removal_effects"], abs=1e-9)
    to_null = [e.probability for e in fitted.transitions() if e.from_state == ("A",) and e.event == "null"]
    assert to_null == [0.5]


def test_a_channel_only_in_null_journeys_still_gets_its_effect() -> None:
    # A leads to B, from which others convert: without A one journey in three would not have come to B.
    assert fit({"A > B": (0, 1), "B": (2, 0)}).effects() == pytest.approx({"A": 1 / 3, "B": 1.0})


def test_a_higher_order_separates_what_order_one_mixes() -> None:
    # B sells only after A. Order 1 cannot see that; order 2 sees that C > B never sells, so C is worth nothing.
    paths = {"A > B": (4, 0), "C > B": (0, 4)}
    assert fit(paths, 1).effects() == pytest.approx({"A": 0.5, "B": 1.0, "C": 0.5})
    assert fit(paths, 2).effects() == pytest.approx({"A": 1.0, "B": 1.0, "C": 0.0})


def states_of(fitted: markov.MarkovFit) -> set[tuple[str, ...]]:
    return {entry.from_state for entry in fitted.transitions()} - {()}


def test_a_a_b_has_the_states_a_a_and_a_b_at_order_two() -> None:
    assert states_of(fit({"A > A > B": (1, 0)}, 2)) == {("A",), ("A", "A"), ("A", "B")}
    assert states_of(fit({"A > A > B": (1, 0)}, 1)) == {("A",), ("B",)}


def test_a_channel_two_touches_back_is_not_seen_behind_a_repeat_unless_collapsed() -> None:
    paths = Paths.of([["B", "A", "A"], ["D", "A", "A"]], [4, 0], nulls=[0, 4])
    assert markov.fit(paths, 2).effects() == pytest.approx({"A": 1.0, "B": 0.5, "D": 0.5})
    assert markov.fit(paths, 2, collapse=True).effects() == pytest.approx({"A": 1.0, "B": 1.0, "D": 0.0})


def test_with_collapse_equal_neighbours_are_one_touch_at_order_two() -> None:
    paths = Paths.of([["A", "A", "B"], ["C", "B"]], [4, 0], nulls=[0, 4])
    collapsed = markov.fit(paths, 2, collapse=True)
    assert states_of(collapsed) == {("A",), ("A", "B"), ("C",), ("C", "B")}
    assert collapsed.effects() == fit({"A > B": (4, 0), "C > B": (0, 4)}, 2).effects()


GOLDEN_OF_ORDER_K = [
    (case, order) for case in ("pychattr_3_paths", "repeats_and_nulls", "dp6_9_paths") for order in (1, 2, 3)
]


def walks_of(case: str) -> list[Walk]:
    """The paths of a golden case; a conversion is worth 1."""
    rows = golden("markov_order_k")[case]["paths"]
    return [
        (tuple(row["path"].split(" > ")), row["conversions"], float(row["conversions"]), row["nulls"]) for row in rows
    ]


@pytest.mark.parametrize(("case", "order"), GOLDEN_OF_ORDER_K)
def test_touches_as_they_are_give_the_published_effects_of_every_order(case: str, order: int) -> None:
    published = golden("markov_order_k")[case][f"order{order}"]
    fitted = markov.fit(as_paths(walks_of(case)), order)
    assert fitted.conversion_rate == pytest.approx(published["p_conv"], abs=1e-12)
    assert fitted.effects() == pytest.approx(published["removal_effects"], abs=1e-12)
    credited = dict(zip(fitted.channels, fitted.credited_conversions, strict=True))
    assert credited == pytest.approx(published["conversions"], abs=1e-11)
    assert fitted.value_removal_effects == pytest.approx(fitted.removal_effects, abs=1e-12)


@pytest.mark.parametrize(("case", "order"), GOLDEN_OF_ORDER_K)
def test_the_oracle_in_fractions_gives_the_published_effects_too(case: str, order: int) -> None:
    published, exact = golden("markov_order_k")[case][f"order{order}"], exact_effects(walks_of(case), order)
    assert float(exact.conversion_rate) == pytest.approx(published["p_conv"], abs=1e-15)
    effects = {channel: float(effect) for channel, effect in exact.removal_effects.items()}
    assert effects == pytest.approx(published["removal_effects"], abs=1e-15)
    assert {channel: float(part) for channel, part in exact.credited.items()} == pytest.approx(published["conversions"])


@given(walks(), ORDERS)
def test_effects_and_credit_are_those_of_exact_fractions(rows: list[Walk], order: int) -> None:
    # At order 1 the oracle steps from A to A: that it gives the same effects is why nothing changes there.
    assume(any(conversions for _, conversions, _, _ in rows))
    exact, fitted = exact_effects(rows, order), markov.fit(as_paths(rows), order)
    assert fitted.conversion_rate == pytest.approx(float(exact.conversion_rate), abs=1e-12)
    assert fitted.effects() == pytest.approx({c: float(e) for c, e in exact.removal_effects.items()}, abs=1e-11)
    credited = dict(zip(fitted.channels, fitted.credited_conversions, strict=True))
    assert credited == pytest.approx({c: float(part) for c, part in exact.credited.items()}, abs=1e-9)


@given(walks(), ORDERS)
def test_collapsing_is_counting_paths_without_equal_neighbours(rows: list[Walk], order: int) -> None:
    counts, fitted = count(rows, order, collapse=True), markov.fit(as_paths(rows), order, collapse=True)
    moves = {(e.from_state, e.to_state): e.journeys for e in fitted.transitions() if e.event == "touch"}
    assert moves == {(before, (*before, channel)[-order:]): n for (before, channel), n in counts.moves.items()}
    assert fitted.effects() == markov.fit(as_paths(rows).collapsed(), order).effects()


def test_value_effects_use_the_mean_value_by_last_state() -> None:
    # One conversion of 90 ends in B, one of 10 in A.
    fitted = markov.fit(Paths.of([["A"], ["B"]], [1, 1], [10, 90]))
    assert fitted.removal_effects.tolist() == pytest.approx([0.5, 0.5])
    assert fitted.value_removal_effects.tolist() == pytest.approx([0.1, 0.9])
    assert fitted.credited_value.tolist() == pytest.approx([10, 90])


@pytest.mark.parametrize("paths", [{"A > B": (0, 3), "B": (0, 1)}, {"A": (0, 0)}])
def test_without_a_converting_path_all_is_zero(paths: dict[str, tuple[int, int]]) -> None:
    fitted = fit(paths)
    assert not fitted.removal_effects.any()
    assert not fitted.shares.any()
    assert not fitted.credited_conversions.any()
    assert fitted.conversion_rate == 0.0


def test_no_paths_at_all_give_an_empty_fit() -> None:
    fitted = markov.fit(Paths.of([], []), 2)
    assert fitted.channels == ()
    assert list(fitted.transitions()) == []


def test_empty_paths_have_no_influence() -> None:
    with_empty = markov.fit(Paths.of([["A", "B"], []], [1, 7], nulls=[1, 9]))
    assert with_empty.conversion_rate == 0.5
    assert with_empty.credited_conversions.sum() == pytest.approx(1.0)


@given(walks(empty=True), ORDERS)
def test_removal_effects_are_those_of_the_dense_chain(rows: list[Walk], order: int) -> None:
    paths = as_paths(rows)
    fitted = markov.fit(paths, order)
    counts = count(rows, order)
    assume(sum(counts.conversions.values()) > 0)
    whole, whole_value = dense_gain(counts, order)
    assert fitted.conversion_rate == pytest.approx(whole, abs=1e-12)
    for channel, effect, value_effect in zip(
        fitted.channels, fitted.removal_effects, fitted.value_removal_effects, strict=True
    ):
        kept, kept_value = dense_gain(counts, order, removed=channel)
        assert effect == pytest.approx(1 - kept / whole, abs=1e-11)
        assert value_effect == pytest.approx(1 - kept_value / whole_value if whole_value else 0.0, abs=1e-11)


@given(walks(), ORDERS)
def test_the_sparse_solver_finds_what_one_inverse_finds(rows: list[Walk], order: int) -> None:
    chain = chain_of_paths(as_paths(rows), order)
    dense, sparse = (removal_effects(chain, dense_states=limit) for limit in (10_000, 0))
    np.testing.assert_allclose(sparse.conversions, dense.conversions, atol=1e-12)
    np.testing.assert_allclose(sparse.value, dense.value, atol=1e-12)


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcde"), min_size=1), st.integers(0, 3), st.integers(0, 3))), ORDERS)
def test_on_chains_without_loops_it_is_the_sum_over_all_journeys(
    rows: list[tuple[set[str], int, int]], order: int
) -> None:
    ordered: list[Walk] = [(tuple(sorted(channels)), conversions, 0.0, nulls) for channels, conversions, nulls in rows]
    counts = count(ordered, order)
    assume(sum(counts.conversions.values()) > 0)
    whole = enumerated_conversions(counts, order)
    for channel, effect in markov.fit(as_paths(ordered), order).effects().items():
        assert effect == pytest.approx(1 - enumerated_conversions(counts, order, channel) / whole, abs=1e-12)


@given(walks(empty=True), ORDERS)
def test_the_chain_converts_as_often_as_was_observed_at_every_order(rows: list[Walk], order: int) -> None:
    touched = [row for row in rows if row[0]]
    conversions, nulls = (sum(row[column] for row in touched) for column in (1, 3))
    assume(conversions)
    assert dense_gain(count(rows, order), order)[0] == pytest.approx(conversions / (conversions + nulls), abs=1e-12)
    assert markov.fit(as_paths(rows), order).conversion_rate == pytest.approx(conversions / (conversions + nulls))


@given(walks(), ORDERS)
def test_credits_are_never_negative_and_sum_to_the_totals(rows: list[Walk], order: int) -> None:
    paths = as_paths(rows)
    fitted = markov.fit(paths, order)
    assert (fitted.removal_effects >= 0).all()
    assert (fitted.removal_effects <= 1).all()
    assert fitted.credited_conversions.sum() == pytest.approx(paths.conversions.sum())
    assert fitted.credited_value.sum() == pytest.approx(paths.value.sum())


@given(walks(), ORDERS)
def test_the_transition_matrix_is_what_counting_one_by_one_gives(rows: list[Walk], order: int) -> None:
    counts = count(rows, order)
    found = {(e.from_state, e.event, e.to_state): e for e in markov.fit(as_paths(rows), order).transitions()}
    expected = {
        **{(before, "touch", (*before, channel)[-order:]): n for (before, channel), n in counts.moves.items()},
        **{(state, "conversion", None): n for state, n in counts.conversions.items() if n},
        **{(state, "null", None): n for state, n in counts.nulls.items() if n},
    }
    assert {key: entry.journeys for key, entry in found.items()} == expected
    leaving: dict[tuple[str, ...], float] = {}
    for entry in found.values():
        leaving[entry.from_state] = leaving.get(entry.from_state, 0.0) + entry.probability
    assert all(total == pytest.approx(1.0) for total in leaving.values())


@given(walks(), ORDERS)
def test_counted_transitions_fit_as_paths_do(rows: list[Walk], order: int) -> None:
    counts = count(rows, order)
    moves = [markov.Move(before, channel, n) for (before, channel), n in counts.moves.items()]
    ends = [markov.End(s, counts.conversions[s], counts.value[s], counts.nulls[s]) for s in counts.conversions]
    counted, walked = markov.fit_transitions(moves, ends, order), markov.fit(as_paths(rows), order)
    assert counted.effects() == pytest.approx({c: e for c, e in walked.effects().items() if c in counted.channels})
    assert counted.credited_value.sum() == pytest.approx(walked.credited_value.sum())


@pytest.mark.parametrize(
    ("moves", "ends", "complaint"),
    [
        ([((), "A", 5)], [(("A",), 4)], "5 journeys enter the state \\('A',\\) and 4 leave"),
        ([((), "A", 5)], [(("A",), 5), (("B",), 1)], "end in the state \\('B',\\), but none enter it"),
        ([((), "A", -5)], [(("A",), 5)], "from 0 up"),
        ([((), "A", float("nan"))], [(("A",), 5)], "from 0 up"),
        ([((), "A", 5), (("B",), "C", 2), (("C",), "B", 2)], [(("A",), 5)], "no journey reaches the state"),
        ([((), "A", 5), (("A", "B"), "C", 2)], [(("A",), 5)], "at most 1 channels"),
    ],
)
def test_counts_that_no_journeys_can_make_are_refused(moves: list, ends: list, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        markov.fit_transitions([markov.Move(*move) for move in moves], [markov.End(*end) for end in ends])


@pytest.mark.parametrize("order", [0, -1, 1.5, True])
def test_an_order_is_a_whole_number_from_one_up(order: int) -> None:
    with pytest.raises(UsageError, match="order"):
        fit({"A": (1, 0)}, order)


def test_a_path_counted_a_million_times_is_one_path() -> None:
    once = fit({"A > B": (1, 2), "B > A > C": (3, 4)}, 2)
    often = fit({"A > B": (10**6, 2 * 10**6), "B > A > C": (3 * 10**6, 4 * 10**6)}, 2)
    assert often.effects() == pytest.approx(once.effects(), abs=1e-12)
    assert len(often.chain.starts) == len(once.chain.starts)


def random_paths(channels: int, paths: int, touches: int, seed: int = 1) -> Paths:
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, touches + 1, paths)
    lengths[0] = touches
    return Paths(
        tuple(f"{code:03}" for code in range(channels)),
        draw.integers(0, channels, lengths.sum()),
        np.concatenate([[0], np.cumsum(lengths)]),
        draw.integers(0, 3, paths).astype(float),
        np.zeros(paths),
        draw.integers(0, 9, paths).astype(float),
    )


@pytest.mark.parametrize(("channels", "order", "checked"), [(12, 1, 12), (12, 3, 3), (500, 1, 3)])
def test_big_chains_are_exact(channels: int, order: int, checked: int) -> None:
    paths = random_paths(channels, 500, 1000)
    fitted = markov.fit(paths, order)
    chain = fitted.chain
    steps = np.eye(len(chain.starts)) - chain.moves.toarray() / chain.visits[:, None]
    starts = chain.starts / chain.starts.sum()
    for channel in range(checked):
        open_ = chain.last != channel
        visits = np.linalg.solve(steps[np.ix_(open_, open_)].T, starts[open_])
        kept = visits @ (chain.conversions / chain.visits)[open_]
        assert fitted.removal_effects[channel] == pytest.approx(1 - kept / fitted.conversion_rate, abs=1e-11)


def test_a_chain_with_long_loops_is_solved_too() -> None:
    # Sixty channels in a ring, one or two ahead at each step, rarely out: iterations alone would not converge.
    draw = np.random.default_rng(0)
    steps = (draw.integers(0, 60, (5, 1)) + np.cumsum(draw.integers(1, 3, (5, 4000)), axis=1)) % 60
    names = [f"{code:02}" for code in range(60)]
    paths = Paths.of([[names[code] for code in path] for path in steps.tolist()], [1, 0, 1, 0, 1], nulls=[1] * 5)
    chain = chain_of_paths(paths, 1)
    dense, sparse = (removal_effects(chain, dense_states=limit) for limit in (10_000, 0))
    np.testing.assert_allclose(sparse.conversions, dense.conversions, atol=1e-11)


def test_touch_credit_divides_a_channels_effect_over_its_touches() -> None:
    # A .6 over two touches, B .2 on one: .3 + .2 + .3 = .8.
    assert markov.touch_shares(["A", "B", "A"], {"A": 0.6, "B": 0.2}) == pytest.approx([0.375, 0.25, 0.375])
    assert markov.touch_shares(["A", "B"], {"A": 0.0}) == [0.5, 0.5]


class TestOrderSelection:
    def draw(self, seed: int, journeys: int = 3000) -> Paths:
        """What comes after B depends on what came before it: order 2."""
        draw = np.random.default_rng(seed)
        paths, conversions = [], []
        for _ in range(journeys):
            first = draw.choice(["A", "C"])
            converts = draw.random() < (0.6 if first == "A" else 0.05)
            paths.append([first, "B", draw.choice(["D", "E"], p=[0.9, 0.1] if first == "A" else [0.1, 0.9])])
            conversions.append(int(converts))
        return Paths.of(paths, conversions, nulls=[1 - c for c in conversions])

    def test_the_order_that_made_the_journeys_is_found(self) -> None:
        train, holdout = self.draw(1), self.draw(2)
        scores = {score.order: score for score in markov.order_scores(train, holdout, [1, 2, 3])}
        assert scores[1].score < scores[2].score < scores[3].score
        assert scores[1].behind == pytest.approx(scores[3].score - scores[1].score)
        assert scores[3].behind == 0.0
        # The end depends on the first touch, three back.
        assert markov.select_order(train, holdout, [1, 2, 3]) == 3
        assert markov.select_order(train, holdout, [1, 2]) == 2

    def test_without_memory_in_the_journeys_the_lowest_order_wins(self) -> None:
        sides = []
        for seed in (3, 4):
            draw = np.random.default_rng(seed)
            walks = [draw.choice(list("ABCD"), draw.geometric(0.3)).tolist() for _ in range(2000)]
            converts = draw.random(len(walks)) < 0.2
            sides.append(Paths.of(walks, converts, nulls=~converts))
        assert markov.select_order(*sides) == 1

    def test_a_score_is_the_mean_log_probability_of_what_followed(self) -> None:
        # Train: A converts 3 of 4 times. Holdout: one journey A, converted.
        # Order 0, of conversion, null and channel A: (3 + 1) / (4 + 3) = 4/7. Order 1 backs off to it with
        # two pseudo-counts, because conversion and null were seen: (3 + 2 * 4/7) / (4 + 2).
        train, holdout = Paths.of([["A"]], [3], nulls=[1]), Paths.of([["A"]], [1])
        (score,) = markov.order_scores(train, holdout, [1])
        assert score.score == pytest.approx(np.log((3 + 2 * 4 / 7) / 6))
        assert (score.behind, score.behind_error) == (0.0, 0.0)

    def test_a_channel_that_is_new_in_the_holdout_keeps_the_score_finite(self) -> None:
        scores = markov.order_scores(Paths.of([["A", "B"]], [2]), Paths.of([["Z", "A"], ["A", "Z"]], [1, 1]), [1, 2])
        assert all(np.isfinite(score.score) for score in scores)

    def test_both_sides_need_journeys(self) -> None:
        with pytest.raises(InputError, match="journey"):
            markov.select_order(Paths.of([["A"]], [1]), Paths.of([[]], [1]))
