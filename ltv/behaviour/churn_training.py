"""Trains churn of every horizon: picks a classifier, judges it on the newest period, serves it where it gains.

A classifier that gains nothing over recency is not served: who was last seen when is then all that is needed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ltv.behaviour.classifiers import (
    KINDS,
    Candidate,
    Fitter,
    by_p_alive,
    calibrates,
    fit_classifier,
    fit_picked,
    fit_recency,
    selected,
)
from ltv.behaviour.inputs import columns_of, purchase_model, record_days, usable_features
from ltv.behaviour.judge import Gain, Scores, deciles_of, gain_over, scores_of
from ltv.behaviour.origins import HORIZONS, Horizon, Origins
from ltv.behaviour.rows import ChurnRows, Flags, has_left
from ltv.churn_scorer import Array, Classifier
from ltv.evaluate import brier
from ltv.pareto_nbd import ParetoNBDFit

Served = Literal["behaviour", "recency"]
CHOSEN_AT_DAYS = 30  # the candidate is chosen at the longest horizon up to this, and serves all
LEAST_OF_EACH = 30  # customers who left, and who came back, that a fit needs


@dataclass(frozen=True, kw_only=True)
class HorizonModel:
    """Churn within one horizon.

    `classifier` predicts from now on, fitted on all whose outcome is known; `at_newest` is the one that was judged,
    fitted before the newest period. Both take visits of the last `lookback_days`. `base_rate` is the share that left
    of the rows that `classifier` learned from. `customers` is how many there are at `newest`, `left` the share of them
    that left. `scores` are those of behaviour, recency and, where there is one, pareto_nbd there; their `deciles` are
    mean probability and share that left of tenths of these customers in rising order of it; `gain` is what behaviour
    gains over recency. `importances` say which features matter over all: the mean size of what each adds to their
    log-odds.
    """

    horizon: Horizon
    served: Served
    classifier: Classifier
    at_newest: Classifier
    lookback_days: int
    base_rate: float
    newest: dt.date
    customers: int
    left: float
    scores: Mapping[str, Scores]
    deciles: Mapping[str, tuple[tuple[float, float], ...]]
    gain: Gain
    importances: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ChurnTraining:
    """The models of all horizons that could be trained, the candidate that was picked, each candidate's Brier score,
    the Pareto/NBD whose view is among the features, and what could not be trained and why."""

    until: dt.date
    models: tuple[HorizonModel, ...]
    picked: Candidate | None
    candidates: Mapping[str, float]
    purchases: ParetoNBDFit | None
    notes: tuple[str, ...]

    @property
    def gains(self) -> bool:
        """Whether behaviour predicts more than recency at any horizon."""
        return any(model.served == "behaviour" for model in self.models)


def train_churn(data: ChurnRows, fitter: Fitter) -> ChurnTraining:
    """Models of every horizon of the data.

    The candidates (each kind with all features, and with those that a forest finds important) are compared once, by
    their Brier score for customers that they were not fitted on, before the newest period. A horizon whose record is
    too short, or whose customers nearly all did the same, has none and a note.
    """
    purchases = purchase_model(data)
    notes = [f"{one.name}: the record of visits is too short" for one in HORIZONS if one.name not in data.origins]
    notes += [] if purchases else ["Pareto/NBD could not be fitted: churn is predicted without it"]
    parts = {one: _Part(data, one, data.origins[one.name], purchases) for one in HORIZONS if one.name in data.origins}
    able = {one: part for one, part in parts.items() if part.is_able}
    notes += [f"{one.name}: nearly all customers did the same" for one in parts if one not in able]
    if not able:
        return ChurnTraining(
            until=data.until, models=(), picked=None, candidates={}, purchases=purchases, notes=tuple(notes)
        )
    short = [one for one in able if one.days <= CHOSEN_AT_DAYS and not one.is_cycle]
    chosen_at = max(short, key=lambda one: one.days) if short else min(able, key=lambda one: one.days)
    picked, candidates = _pick(able[chosen_at], fitter)
    models = tuple(_train_horizon(part, picked, fitter) for part in able.values())
    return ChurnTraining(
        until=data.until, models=models, picked=picked, candidates=candidates, purchases=purchases, notes=tuple(notes)
    )


class _Part:
    """The rows of one horizon: those learned from before the newest period, those of it, and those learned from now."""

    def __init__(self, data: ChurnRows, horizon: Horizon, origins: Origins, purchases: ParetoNBDFit | None) -> None:
        self.horizon, self.origins, self.has_purchases = horizon, origins, purchases is not None
        oldest = min(origins.all)
        self.names = usable_features(data, oldest, with_purchase_model=purchases is not None)
        self.lookback_days = record_days(data.first_visit, oldest)
        self._data, self._purchases = data, purchases
        self.earlier, self.newest, self.final = (
            self._of(days) for days in (origins.earlier, (origins.newest,), origins.final)
        )

    def _of(self, days: Sequence[dt.date]) -> tuple[dict[str, Array], Array, Flags]:
        rows: pd.DataFrame = self._data.of(days)
        left = has_left(rows, self.horizon).astype(np.float64)
        return (
            columns_of(rows, self._purchases, lookback_days=self.lookback_days),
            left,
            calibrates(rows["person_id"].tolist()),
        )

    @property
    def is_able(self) -> bool:
        """Whether enough customers left and enough came back, in every part."""
        fits = [left[flags] for _, left, flags in (self.earlier, self.final)] + [self.newest[1]]
        fits += [left[~flags] for _, left, flags in (self.earlier, self.final)]
        return all(min(left.sum(), len(left) - left.sum()) >= LEAST_OF_EACH for left in fits)


def _pick(part: _Part, fitter: Fitter) -> tuple[Candidate, dict[str, float]]:
    """The candidate with the smallest Brier score for customers that it was not fitted on; of equals the first."""
    columns, left, calibrating = part.earlier
    importances: Array = np.empty(0)
    scored: list[tuple[float, Candidate]] = []

    def score(candidate: Candidate) -> Array:
        classifier, found = fit_classifier(fitter, candidate, columns, left, calibrating)
        unseen = {name: columns[name][calibrating] for name in candidate.names}
        outcome = left[calibrating]
        scored.append((brier(classifier.probability(unseen), outcome, np.ones(len(outcome))), candidate))
        return found

    for kind in KINDS:
        found = score(Candidate(kind, part.names, is_selected=False))
        importances = found if kind == "forest" else importances
    few = selected(part.names, importances)
    if len(few) < len(part.names):
        for kind in KINDS:
            score(Candidate(kind, few, is_selected=True))
    best = min(scored, key=lambda one: one[0])
    return best[1], {str(candidate): value for value, candidate in scored}


def _train_horizon(part: _Part, picked: Candidate, fitter: Fitter) -> HorizonModel:
    names = tuple(name for name in picked.names if name in part.names)
    candidate = Candidate(picked.kind, names, picked.is_selected)
    columns, left, calibrating = part.earlier
    newest, outcome, _ = part.newest
    behaviour = fit_picked(fitter, candidate, columns, left, calibrating)
    recency = fit_recency(columns, left)
    predictions = {"behaviour": behaviour.probability(newest), "recency": recency.probability(newest)}
    if part.has_purchases:
        predictions["pareto_nbd"] = by_p_alive(columns, left, newest)
    gain = gain_over(predictions["behaviour"], predictions["recency"], outcome)
    served: Served = "behaviour" if gain.is_real else "recency"
    final_columns, final_left, final_calibrating = part.final
    fit_final: Callable[[], Classifier] = (
        (lambda: fit_picked(fitter, candidate, final_columns, final_left, final_calibrating))
        if gain.is_real
        else (lambda: fit_recency(final_columns, final_left))
    )
    at_newest = behaviour if gain.is_real else recency
    return HorizonModel(
        horizon=part.horizon,
        served=served,
        classifier=fit_final(),
        at_newest=at_newest,
        lookback_days=part.lookback_days,
        base_rate=float(final_left.mean()),
        newest=part.origins.newest,
        customers=len(outcome),
        left=float(outcome.mean()),
        scores={name: scores_of(probability, outcome) for name, probability in predictions.items()},
        deciles={name: deciles_of(probability, outcome) for name, probability in predictions.items()},
        gain=gain,
        importances=importances_of(at_newest, newest),
    )


def importances_of(classifier: Classifier, columns: Mapping[str, Array]) -> dict[str, float]:
    """The mean size of what each feature adds to the log-odds of these rows, largest first; without those of none."""
    sizes = np.abs(classifier.explained(columns).added).mean(axis=0)
    found = dict(zip(classifier.inputs.names, sizes.tolist(), strict=True))
    return {name: size for name, size in sorted(found.items(), key=lambda one: (-one[1], one[0])) if size > 0}
