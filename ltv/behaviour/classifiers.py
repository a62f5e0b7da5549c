"""Fits classifiers of churn and baselines, and calibrates them on customers that the fit has not seen."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

import numpy as np

from ltv.behaviour.boosting import Growth, fit_boosted
from ltv.behaviour.inputs import fill_values, has_logarithm
from ltv.behaviour.logistic import fit_logistic
from ltv.behaviour.rows import Flags
from ltv.churn_scorer import Array, Classifier, Inputs, Linear, Trees, logit

FitterKind = Literal["logistic", "forest", "boosted"]
Kind = FitterKind | Literal["newton"]  # newton: boosted trees by Newton's method, which no fitter has
KINDS: tuple[Kind, ...] = ("logistic", "forest", "boosted", "newton")
GROWTH = Growth(trees=60, depth=3, step=0.1, rows_of_a_leaf=50, ridge=1.0)
RECENCY = ("days_since_active",)
CALIBRATION_PART = 5  # one customer in five calibrates and chooses, the others are fitted on
SELECTED_IMPORTANCE = 0.95  # of the forest's importances, which the selected features have together


class Fitted(NamedTuple):
    """What a fitter gives: the values that were scaled to 0 and 1, the model on scaled features, and how much each
    feature matters to it (shares)."""

    low: Array
    high: Array
    model: Linear | Trees
    importances: Array


class Fitter(Protocol):
    """Fits a classifier to filled features (not scaled) and outcomes (1 = left); a test may give one without Spark."""

    def __call__(self, kind: FitterKind, names: Sequence[str], features: Array, left: Array) -> Fitted:
        """The fit. The same rows in the same order give the same one."""
        ...


@dataclass(frozen=True)
class Candidate:
    """A kind of classifier and the features it takes; `is_selected`: not all that there are."""

    kind: Kind
    names: tuple[str, ...]
    is_selected: bool

    def __str__(self) -> str:
        """Its name for people."""
        return f"{self.kind} of {'selected' if self.is_selected else 'all'} features"


def calibrates(persons: Sequence[str]) -> Flags:
    """Which rows are of the customers that calibrate and choose: always the same ones."""
    return np.array([zlib.crc32(person.encode()) % CALIBRATION_PART == 0 for person in persons], dtype=bool)


def fit_classifier(
    fitter: Fitter, candidate: Candidate, columns: Mapping[str, Array], left: Array, calibrating: Flags
) -> tuple[Classifier, Array]:
    """The classifier of a candidate, fitted on the rows that do not calibrate and calibrated on the others; and the
    importance of each of its features."""
    classifier, importances = _fitted(fitter, candidate, columns, left, ~calibrating)
    unseen = {name: columns[name][calibrating] for name in classifier.inputs.names}
    return calibrated(classifier, unseen, left[calibrating]), importances


def fit_picked(
    fitter: Fitter, candidate: Candidate, columns: Mapping[str, Array], left: Array, calibrating: Flags
) -> Classifier:
    """The classifier of the candidate that was picked.

    Boosted trees by Newton's method are fitted on all rows and need no calibration: they are of the largest likelihood
    as they are, and a line through a fifth of the customers adds its own chance. The others are as they were picked.
    """
    if candidate.kind == "newton":
        return _fitted(fitter, candidate, columns, left, np.ones(len(left), dtype=bool))[0]
    return fit_classifier(fitter, candidate, columns, left, calibrating)[0]


def _fitted(
    fitter: Fitter, candidate: Candidate, columns: Mapping[str, Array], left: Array, flags: Flags
) -> tuple[Classifier, Array]:
    """The classifier fitted on some rows, not calibrated, and the importance of each feature of the candidate."""
    fitting = {name: columns[name][flags] for name in candidate.names}
    names = tuple(name for name in candidate.names if _varies(fitting[name]))
    inputs = _inputs(fitting, names)
    features, outcome, kind = inputs.filled(fitting), left[flags], candidate.kind
    fitted = fit_newton(features, outcome) if kind == "newton" else fitter(kind, names, features, outcome)
    scaling = replace(inputs, low=tuple(fitted.low.tolist()), high=tuple(fitted.high.tolist()))
    importances = dict(zip(names, fitted.importances.tolist(), strict=True))
    classifier = Classifier(inputs=scaling, model=fitted.model)
    return classifier, np.array([importances.get(name, 0.0) for name in candidate.names])


def fit_newton(features: Array, left: Array) -> Fitted:
    """Boosted trees by Newton's method, in numpy: the same with every fitter."""
    scaled, low, high = scaled_to_unit(features)
    model, gains = fit_boosted(scaled, left, GROWTH)
    return Fitted(low, high, model, gains / (gains.sum() or 1.0))


def scaled_to_unit(features: Array) -> tuple[Array, Array, Array]:
    """The features between 0 and 1 as `Inputs.scaled` makes them, and the values that became 0 and 1."""
    low, high = features.min(axis=0), features.max(axis=0)
    return (features - low) / np.where(high > low, high - low, 1.0), low, high


def calibrated(classifier: Classifier, columns: Mapping[str, Array], left: Array) -> Classifier:
    """The classifier with the straight line through its log-odds that these rows ask for (Platt 1999)."""
    raw = classifier.raw(columns).log_odds
    if not _varies(raw):
        return classifier
    offset, slope = fit_logistic(raw[:, None], left)
    return replace(classifier, offset=float(offset), slope=float(slope))


def selected(names: Sequence[str], importances: Array) -> tuple[str, ...]:
    """The fewest features that together have SELECTED_IMPORTANCE, in their order; of equals the first."""
    order = np.argsort(-importances, kind="stable")
    before = np.cumsum(importances[order]) - importances[order]
    kept = set(order[before < SELECTED_IMPORTANCE * importances.sum()].tolist())
    return tuple(name for place, name in enumerate(names) if place in kept)


def fit_recency(columns: Mapping[str, Array], left: Array) -> Classifier:
    """The baseline: a logistic regression on the logarithm of the days since the last visit or purchase."""
    inputs = _inputs(columns, RECENCY)
    filled = inputs.filled(columns)
    low, high = float(filled.min()), float(filled.max())
    scaling = replace(inputs, low=(low,), high=(high,))
    scaled = scaling.scaled(columns)
    intercept, slope = fit_logistic(scaled, left)
    model = Linear(intercept=float(intercept), coefficients=(float(slope),), means=(float(scaled.mean()),))
    return Classifier(inputs=scaling, model=model)


def by_p_alive(columns: Mapping[str, Array], left: Array, later: Mapping[str, Array]) -> Array:
    """Pareto/NBD's prediction of churn for later rows: P(alive), calibrated on earlier ones for this horizon."""
    intercept, slope = fit_logistic(logit(columns["p_alive"])[:, None], left)
    return np.asarray(1 / (1 + np.exp(-(intercept + slope * logit(later["p_alive"])))))


def _inputs(columns: Mapping[str, Array], names: Sequence[str]) -> Inputs:
    nothing = (0.0,) * len(names)
    return Inputs(
        names=tuple(names),
        fill=fill_values(columns, names),
        is_log=tuple(map(has_logarithm, names)),
        low=nothing,
        high=nothing,
    )


def _varies(values: Array) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known)) and bool(known.min() < known.max())
