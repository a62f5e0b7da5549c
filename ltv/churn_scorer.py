"""Probability of churn from features, and what each feature adds to it: all that a registered version computes.

A classifier gives log-odds from features that are filled where null, made logarithms where they are long-tailed, and
scaled to 0 to 1. It is linear or an ensemble of trees. Its log-odds are calibrated by a straight line. This file goes
with every registered version (see `ltv.churn_pyfunc`), which needs nothing of this project installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Columns = Mapping[str, Array]

BOUGHT = "days_since_purchase"
LEAST = 1e-6  # of a probability: a forest that never saw one of the outcomes gives 0 or 1


class Raw(NamedTuple):
    """Log-odds of each row before calibration, those of a typical row, and what each feature adds to the latter.

    log_odds = typical + the sum of a row of `added`.
    """

    log_odds: Array
    typical: float
    added: Array


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The features of a classifier, in order: what stands for a null, whether the logarithm of 1 + x is taken, and the
    values (after that) that become 0 and 1."""

    names: tuple[str, ...]
    fill: tuple[float, ...]
    is_log: tuple[bool, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def filled(self, columns: Columns) -> Array:
        """One row per row of the columns, one column per feature: filled and made logarithms, not scaled."""
        matrix = np.stack([np.asarray(columns[name], dtype=np.float64) for name in self.names], axis=1)
        known = np.where(np.isnan(matrix), np.array(self.fill), matrix)
        return np.where(np.array(self.is_log), np.log1p(np.maximum(known, 0.0)), known)

    def scaled(self, columns: Columns) -> Array:
        """As `filled`, scaled. A feature that was constant in the training is 0."""
        low, span = np.array(self.low), np.array(self.high) - np.array(self.low)
        return np.where(span > 0, (self.filled(columns) - low) / np.where(span > 0, span, 1.0), 0.0)


@dataclass(frozen=True, kw_only=True)
class Linear:
    """Log-odds = intercept + coefficients x scaled features; a typical row has the features' means."""

    intercept: float
    coefficients: tuple[float, ...]
    means: tuple[float, ...]

    def raw(self, scaled: Array) -> Raw:
        """The log-odds of each row."""
        coefficients, means = np.array(self.coefficients), np.array(self.means)
        added = (scaled - means) * coefficients
        typical = float(self.intercept + coefficients @ means)
        return Raw(typical + added.sum(axis=1), typical, added)


@dataclass(frozen=True, kw_only=True)
class Trees:
    """Binary trees, all nodes of all trees one after the other; `roots` are the first of each tree.

    A row goes left where its scaled feature is at most the threshold; a leaf has feature -1. `value` is that of each
    node, inner ones too: the mean of the training rows there. With `is_forest` values are probabilities, whose mean
    over trees is the prediction; otherwise their sum is the log-odds.
    """

    is_forest: bool
    roots: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]

    def raw(self, scaled: Array) -> Raw:
        """The log-odds of each row.

        What a feature adds is the sum, over the splits by it on the row's way down, of how the value changes there
        (Saabas 2014). In a forest these are parts of a probability: they share the distance of log-odds in proportion.
        """
        feature, left, right = (np.array(part, dtype=np.intp) for part in (self.feature, self.left, self.right))
        threshold, value = np.array(self.threshold), np.array(self.value)
        rows = np.arange(len(scaled))
        added = np.zeros_like(scaled)
        for root in self.roots:
            node = np.full(len(scaled), root, dtype=np.intp)
            while len(inner := np.flatnonzero(feature[node] >= 0)):
                at, by = node[inner], feature[node[inner]]
                goes_left = scaled[rows[inner], by] <= threshold[at]
                node[inner] = np.where(goes_left, left[at], right[at])
                added[inner, by] += value[node[inner]] - value[at]
        typical = float(value[list(self.roots)].sum())
        if not self.is_forest:
            return Raw(typical + added.sum(axis=1), typical, added)
        typical_share = typical / len(self.roots)
        share = typical_share + added.sum(axis=1) / len(self.roots)
        log_odds, typical = logit(share), float(logit(np.array(typical_share)))
        distance = share - typical_share
        is_near = np.abs(distance) < LEAST
        slope = np.where(is_near, 0.0, (log_odds - typical) / np.where(is_near, 1.0, distance))
        return Raw(np.where(is_near, typical, log_odds), typical, added / len(self.roots) * slope[:, None])


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """Features to probability: inputs, linear or trees, and calibrated log-odds = offset + slope x raw log-odds."""

    inputs: Inputs
    model: Linear | Trees
    offset: float = 0.0
    slope: float = 1.0

    def raw(self, columns: Columns) -> Raw:
        """Log-odds before calibration."""
        return self.model.raw(self.inputs.scaled(columns))

    def log_odds(self, columns: Columns) -> Array:
        """Calibrated log-odds."""
        return self.offset + self.slope * self.raw(columns).log_odds

    def probability(self, columns: Columns) -> Array:
        """Calibrated probability."""
        return expit(self.log_odds(columns))

    def explained(self, columns: Columns) -> Raw:
        """Calibrated log-odds, those of a typical row, and what each feature adds."""
        raw = self.raw(columns)
        calibrated = self.offset + self.slope * raw.log_odds
        return Raw(calibrated, self.offset + self.slope * raw.typical, raw.added * self.slope)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back to the last digit."""
        kind = "linear" if isinstance(self.model, Linear) else "trees"
        plain = {"inputs": asdict(self.inputs), kind: asdict(self.model)}
        return plain | {"offset": self.offset, "slope": self.slope}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The classifier that `to_dict` wrote."""
        kind = "linear" if "linear" in plain else "trees"
        parts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in plain[kind].items()
        }
        return cls(
            inputs=Inputs(**{name: tuple(value) for name, value in plain["inputs"].items()}),
            model=Linear(**parts) if kind == "linear" else Trees(**parts),
            offset=plain["offset"],
            slope=plain["slope"],
        )


def looked_back(columns: Columns, days: float) -> dict[str, Array]:
    """The columns as they would be if visits were on record for the last `days` alone.

    A record that grows would otherwise change what silence means: of a record of 40 days nobody is silent for 60. A
    visit before it is none, and who was last active before it was so with the last purchase.
    """
    changed = dict(columns)
    if "days_since_visit" in columns:
        since = np.asarray(columns["days_since_visit"], dtype=np.float64)
        changed["days_since_visit"] = np.where(since <= days, since, np.nan)
    if "days_since_active" in columns:
        since, bought = (np.asarray(columns[name], dtype=np.float64) for name in ("days_since_active", BOUGHT))
        changed["days_since_active"] = np.where(since <= days, since, bought)
    return changed


class Reasons(NamedTuple):
    """Of each row the features that matter most, the most first, what each adds to the log-odds, and the rest.

    The distance of a prediction's log-odds from those of the base rate is the sum of a row of `added` and its `rest`.
    A feature of no effect is no reason: its name is ''.
    """

    names: NDArray[np.str_]
    added: Array
    rest: Array


def reasons(classifier: Classifier, columns: Columns, *, base_rate: float, number: int = 3) -> Reasons:
    """Why each row's probability lies above or below the base rate; of equals the first by name comes first."""
    found = classifier.explained(columns)
    by_name = np.argsort(np.array(classifier.inputs.names), kind="stable")
    names = np.array(classifier.inputs.names)[by_name]
    added = found.added[:, by_name]
    best = np.argsort(-np.abs(added), axis=1, kind="stable")[:, :number]
    best_added = np.take_along_axis(added, best, axis=1)
    short = number - best_added.shape[1]
    shown = np.where(best_added != 0, names[best], "")
    distance = found.log_odds - float(logit(np.array(base_rate)))
    return Reasons(
        np.pad(shown, ((0, 0), (0, short)), constant_values=""),
        np.pad(best_added, ((0, 0), (0, short))),
        distance - best_added.sum(axis=1),
    )


def logit(probability: Array) -> Array:
    """Log-odds, of a probability that is at least LEAST and at most 1 - LEAST."""
    inside = np.clip(probability, LEAST, 1 - LEAST)
    return np.asarray(np.log(inside / (1 - inside)))


def expit(log_odds: Array) -> Array:
    """The probability of log-odds."""
    return np.asarray(0.5 * (1 + np.tanh(log_odds / 2)))


def missing_inputs(names: Sequence[str], classifier: Classifier) -> list[str]:
    """The features of a classifier that are not among these names."""
    return [name for name in classifier.inputs.names if name not in names]
