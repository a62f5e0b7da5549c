"""Boosted trees by Newton's method: those of another library, and of a search through every split in plain Python."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from ltv.behaviour.boosting import MOST_BINS, Growth, fit_boosted
from ltv.behaviour.classifiers import fit_newton
from ltv.churn_scorer import Trees, expit

STUMP = Growth(trees=1, depth=1, step=1.0, rows_of_a_leaf=1, ridge=1.0)
FOREST = Growth(trees=12, depth=3, step=0.2, rows_of_a_leaf=20, ridge=1.0)


def rows_of(seed: int, *, rows: int = 800, values: str = "counts") -> tuple[np.ndarray, np.ndarray]:
    """Three features and an outcome that depends on the first, and on the second where the third is large."""
    random = np.random.default_rng(seed)
    features = random.poisson(3.0, (rows, 3)).astype(float) if values == "counts" else random.normal(3, 2, (rows, 3))
    log_odds = 0.4 * features[:, 0] - 0.5 * features[:, 1] * (features[:, 2] > 2)
    return features, (random.random(rows) < expit(log_odds)).astype(float)


def rows_at(trees: Trees, features: np.ndarray) -> list[np.ndarray]:
    """Which rows pass each node, by the rule of `Trees`: left where the feature is at most the threshold."""
    passed = [np.zeros(len(features), dtype=bool)] * len(trees.value)
    for root in trees.roots:
        passed[root] = np.ones(len(features), dtype=bool)
    for node, by in enumerate(trees.feature):  # a node stands before its children
        if by >= 0:
            is_left = features[:, by] <= trees.threshold[node]
            passed[trees.left[node]], passed[trees.right[node]] = passed[node] & is_left, passed[node] & ~is_left
    return passed


@pytest.mark.parametrize("values", ["counts", "floats"])
@pytest.mark.parametrize("depth", [2, 4])
def test_log_odds_are_those_of_scikit_learns_histogram_trees(values: str, depth: int) -> None:
    features, outcome = rows_of(1, values=values)
    theirs = HistGradientBoostingClassifier(
        max_iter=20,
        learning_rate=0.2,
        max_depth=depth,
        min_samples_leaf=20,
        l2_regularization=1.0,
        early_stopping=False,
    ).fit(features, outcome)
    ours = fit_boosted(features, outcome, replace(FOREST, trees=20, depth=depth)).model
    assert ours.raw(features).log_odds == pytest.approx(theirs.decision_function(features), abs=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_one_split_is_the_best_of_all_that_leave_enough_rows_on_both_sides(seed: int) -> None:
    features, outcome = rows_of(seed, rows=40)
    least = 1 + 4 * (seed % 3)
    share = sum(outcome) / 40

    def saved(at: list[int]) -> float:
        return sum(outcome[row] - share for row in at) ** 2 / (len(at) * share * (1 - share) + 1.0)

    best: tuple[float, Any] = (0.0, None)
    for feature in range(3):
        values = sorted(set(features[:, feature].tolist()))
        for lower, upper in pairwise(values):
            left = [row for row in range(40) if features[row, feature] <= lower]
            right = [row for row in range(40) if features[row, feature] > lower]
            gain = saved(left) + saved(right) - saved(list(range(40)))
            if min(len(left), len(right)) >= least and gain > best[0] + 1e-12:
                best = gain, (feature, (lower + upper) / 2)
    found = fit_boosted(features, outcome, replace(STUMP, rows_of_a_leaf=least))
    assert (found.model.feature[0], found.model.threshold[0]) == best[1]
    assert found.gains.tolist() == pytest.approx([best[0] * (feature == best[1][0]) for feature in range(3)])


@pytest.mark.parametrize("values", ["counts", "floats"])
def test_every_node_is_a_newton_step_of_the_rows_that_pass_it(values: str) -> None:
    features, outcome = rows_of(2, values=values)
    trees = fit_boosted(features, outcome, FOREST).model
    passed = rows_at(trees, features)
    base = math.log(outcome.mean() / (1 - outcome.mean()))
    log_odds = np.full(len(outcome), base)
    assert len(trees.roots) == 12
    for root, end in zip(trees.roots, (*trees.roots[1:], len(trees.value)), strict=True):
        probability = expit(log_odds)
        for node in range(root, end):
            at = passed[node]
            slope, curve = (outcome - probability)[at].sum(), (probability * (1 - probability))[at].sum()
            step = trees.value[node] - (base if root == 0 else 0.0)
            assert step == pytest.approx(0.2 * slope / (curve + 1.0), abs=1e-9)
            assert at.sum() >= 20
            log_odds = log_odds + step * at * (trees.feature[node] < 0)
    assert trees.raw(features).log_odds == pytest.approx(log_odds)


def test_a_feature_of_many_values_has_bins_of_about_as_many_rows() -> None:
    values = np.arange(10_000.0)
    features = np.column_stack([values, np.where(values < 9_000, 0.0, values)])
    for split, by in ((5_000, 0), (9_500, 1)):
        outcome = (values >= split).astype(float)
        found = fit_boosted(features[:, [by]], outcome, STUMP).model
        assert found.threshold[0] == pytest.approx(split, abs=10_000 / MOST_BINS)


def test_of_equal_splits_the_smallest_feature_and_then_the_smallest_threshold_is_taken() -> None:
    outcome = np.array([1.0, 0.0, 0.0, 1.0])
    rising = np.arange(4.0)
    for other in (rising, rising[::-1], 10 * rising):
        found = fit_boosted(np.column_stack([np.ones(4), rising, other]), outcome, STUMP).model
        assert (found.feature[0], found.threshold[0]) == (1, 0.5)


def test_between_neighbouring_floats_the_lower_one_is_the_threshold() -> None:
    lower = 0.1
    upper = math.nextafter(lower, 1)
    found = fit_boosted(np.array([[lower], [upper]] * 3), np.array([0.0, 1.0] * 3), STUMP).model
    assert found.threshold[0] == lower
    assert found.raw(np.array([[lower], [upper]])).log_odds[0] < 0


def test_where_no_split_gains_anything_all_have_the_log_odds_of_the_base_rate() -> None:
    outcome = np.array([1.0, 0.0, 0.0, 0.0])
    for features, growth in ((np.ones((4, 2)), STUMP), (np.arange(4.0)[:, None], replace(STUMP, rows_of_a_leaf=3))):
        found = fit_boosted(features, outcome, replace(growth, trees=5))
        assert found.model.feature == (-1,)
        assert found.model.value == pytest.approx([math.log(1 / 3)])
        assert found.gains.sum() == 0


def test_the_same_rows_give_the_same_trees_and_in_another_order_the_same_splits() -> None:
    features, outcome = rows_of(3)
    one, again = (fit_boosted(features, outcome, FOREST) for _ in range(2))
    assert one.model == again.model
    order = np.random.default_rng(1).permutation(len(outcome))
    shuffled = fit_boosted(features[order], outcome[order], FOREST).model
    assert (shuffled.feature, shuffled.threshold) == (one.model.feature, one.model.threshold)
    assert shuffled.value == pytest.approx(one.model.value, abs=1e-9)


def test_a_fit_for_churn_scales_features_and_gives_shares_of_what_they_gain() -> None:
    features, outcome = rows_of(4)
    features = np.column_stack([features * [1.0, 10.0, 0.1], np.full(len(outcome), 7.0)])
    found = fit_newton(features, outcome)
    assert found.low == pytest.approx(features.min(axis=0))
    assert found.high == pytest.approx(features.max(axis=0))
    assert found.importances.sum() == pytest.approx(1)
    assert found.importances[3] == 0
    assert found.importances[:3].min() > 0.1
    scaled = (features - found.low) / np.where(found.high > found.low, found.high - found.low, 1.0)
    raw = found.model.raw(scaled)
    assert raw.typical + raw.added.sum(axis=1) == pytest.approx(raw.log_odds)
    assert expit(raw.log_odds).mean() == pytest.approx(outcome.mean(), abs=0.01)
