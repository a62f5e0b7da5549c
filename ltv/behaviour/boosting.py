"""Boosted trees by Newton's method for log loss (Friedman, Hastie and Tibshirani 2000; Chen and Guestrin 2016).

Each tree is grown on what the trees before it left over: with slopes (outcome - probability) and curvatures
(probability x (1 - probability)) of the rows, the value of a node is one Newton step of its rows' log-odds, and a split
is as good as the log loss that such steps save. So the leaves of a tree are where the log loss asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ltv.churn_scorer import Array, Trees, expit, logit

Integers = NDArray[np.intp]

MOST_BINS = 255
EVEN = 1e-9  # relative: gains that are closer are equal up to rounding


@dataclass(frozen=True, kw_only=True)
class Growth:
    """How trees are grown: how many, of which depth, the share of a Newton step that a tree takes, the fewest rows of a
    leaf, and the ridge that is added to each node's curvature."""

    trees: int
    depth: int
    step: float
    rows_of_a_leaf: int
    ridge: float


class Boosted(NamedTuple):
    """Boosted trees on the features that they were fitted to, and what each feature gained over all splits by it."""

    model: Trees
    gains: Array


class _Bins(NamedTuple):
    """The bin of each row (one line per feature), and the threshold between each bin and the next (NaN: no next)."""

    codes: NDArray[np.uint8]
    thresholds: Array


class _Derivatives(NamedTuple):
    """Of each row's log-likelihood by its log-odds: the first, and the second without its sign."""

    slope: Array
    curve: Array


class _Splits(NamedTuple):
    """The best split of each node: what it gains (0 = there is none), its feature, and the last bin that goes left."""

    gain: Array
    feature: Integers
    last: Integers


def fit_boosted(features: Array, outcome: Array, growth: Growth) -> Boosted:
    """Trees whose sum is the log-odds of outcome 1; one row per row of the features, all of them known.

    The first tree's values contain the log-odds of all rows. Of equal splits that of the smallest feature is taken, of
    these the one with the smallest threshold. Trees end early where no split gains anything.

    >>> import numpy as np
    >>> from ltv.behaviour.boosting import Growth, fit_boosted
    >>> growth = Growth(trees=1, depth=1, step=1.0, rows_of_a_leaf=1, ridge=0.0)
    >>> found = fit_boosted(np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0.0, 0.0, 0.0, 1.0]), growth)
    >>> found.model.threshold[0], found.model.right[0]
    (0.5, 2)
    >>> [round(value, 2) for value in found.model.value]  # log(1/3), and from there by -.25 / .1875 and +.25 / .1875
    [-1.1, -2.43, 0.23]
    """
    bins = _binned(features)
    nodes = _Nodes(features.shape[1])
    base = float(logit(np.array(outcome.mean())))
    log_odds = np.full(len(outcome), base)
    for number in range(growth.trees):
        probability = expit(log_odds)
        before = len(nodes.value)
        log_odds += nodes.grow(bins, _Derivatives(outcome - probability, probability * (1 - probability)), growth)
        if number == 0:
            nodes.value = [base + value for value in nodes.value]
        if len(nodes.value) == before + 1:
            break
    return Boosted(nodes.exported(), nodes.gains)


def _binned(features: Array) -> _Bins:
    """At most MOST_BINS bins of each feature: one for each value or, where there are more, of about as many rows."""
    codes = np.empty(features.T.shape, dtype=np.uint8)
    found: list[Array] = []
    for place, values in enumerate(features.T):
        distinct = np.unique(values)
        last = distinct
        if len(distinct) > MOST_BINS:
            shares = np.arange(1, MOST_BINS + 1) / MOST_BINS
            last = np.unique(np.quantile(values, shares, method="inverted_cdf"))
        ends = last[:-1]
        following = distinct[np.searchsorted(distinct, ends, side="right")]
        middle = ends + (following - ends) / 2
        found.append(np.where(middle < following, middle, ends))  # between two neighbouring floats there is no middle
        codes[place] = np.searchsorted(ends, values, side="left")
    thresholds = np.full((len(found), max(map(len, found)) + 1), np.nan)
    for place, between in enumerate(found):
        thresholds[place, : len(between)] = between
    return _Bins(codes, thresholds)


class _Nodes:
    """The nodes of all trees so far, as `Trees` has them."""

    def __init__(self, features: int) -> None:
        self.roots: list[int] = []
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.value: list[float] = []
        self.gains: Array = np.zeros(features)

    def grow(self, bins: _Bins, rest: _Derivatives, growth: Growth) -> Array:
        """Adds one tree, level by level; the value of each row's leaf."""
        node = np.full(len(rest.slope), len(self.value))  # that each row has come to
        self.roots.append(len(self.value))
        self._add(node, 1, rest, growth)
        first = self.roots[-1]  # of the level
        for _ in range(growth.depth):
            splits = _best_splits(bins, node - first, len(self.value) - first, rest, growth)
            chosen = np.flatnonzero(splits.gain > 0)
            if not len(chosen):
                break
            child = np.full(len(splits.gain), -1)
            child[chosen] = len(self.value) + 2 * np.arange(len(chosen))
            for at in chosen.tolist():
                by, last = int(splits.feature[at]), int(splits.last[at])
                self.feature[first + at], self.threshold[first + at] = by, float(bins.thresholds[by, last])
                self.left[first + at], self.right[first + at] = int(child[at]), int(child[at]) + 1
                self.gains[by] += splits.gain[at]
            here = np.flatnonzero(node >= first)
            moves = here[child[node[here] - first] >= 0]
            at = node[moves] - first
            node[moves] = child[at] + (bins.codes[splits.feature[at], moves] > splits.last[at])
            first = len(self.value)
            self._add(node, 2 * len(chosen), rest, growth)
        return np.asarray(np.array(self.value)[node])

    def _add(self, node: Integers, number: int, rest: _Derivatives, growth: Growth) -> None:
        first = len(self.value)
        slopes, curves = (np.bincount(node, of, minlength=first + number)[first:] for of in rest)
        self.value += (growth.step * slopes / (curves + growth.ridge)).tolist()
        self.feature += [-1] * number
        self.threshold += [0.0] * number
        self.left += [-1] * number
        self.right += [-1] * number

    def exported(self) -> Trees:
        return Trees(
            is_forest=False,
            roots=tuple(self.roots),
            feature=tuple(self.feature),
            threshold=tuple(self.threshold),
            left=tuple(self.left),
            right=tuple(self.right),
            value=tuple(self.value),
        )


def _best_splits(bins: _Bins, node: Integers, number: int, rest: _Derivatives, growth: Growth) -> _Splits:
    """The best split of each of `number` nodes; a row whose `node` is negative is in none of them."""
    features, width = bins.thresholds.shape
    inside = node >= 0
    slots = np.where(inside, node, number) * width
    sums = np.empty((3, features, number, width))
    for place, codes in enumerate(bins.codes):
        at = slots + codes
        for part, of in enumerate((None, *rest)):
            sums[part, place] = np.bincount(at, of, minlength=(number + 1) * width).reshape(-1, width)[:number]
    left = sums.cumsum(axis=3)
    right = left[..., -1:] - left
    is_split = np.minimum(left[0], right[0]) >= growth.rows_of_a_leaf
    with np.errstate(divide="ignore", invalid="ignore"):  # without rows and ridge: no split
        saved = [part[1] ** 2 / (part[2] + growth.ridge) for part in (left, right, left[..., -1:])]
        gain = np.where(is_split, saved[0] + saved[1] - saved[2], 0.0)
    by_node = np.moveaxis(gain, 1, 0).reshape(number, -1)
    best = by_node.max(axis=1)
    first = (by_node >= best[:, None] * (1 - EVEN)).argmax(axis=1)
    return _Splits(np.maximum(best, 0.0), first // width, first % width)
