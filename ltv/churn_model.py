"""Churn of customers by a trained version: probabilities of all its horizons, from the columns of gold.person_features.

It goes with every registered version and needs nothing of this project installed (see `ltv.churn_pyfunc`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .churn_scorer import Array, Classifier, Columns, Reasons, looked_back, reasons
from .histories import histories
from .pareto_nbd_forecast import forecast

PURCHASE_PARAMETERS = ("r", "alpha", "s", "beta")
EXPECTED_WITHIN_DAYS = 90
HISTORY = ("repeat_purchase_days", "purchase_span_days", "days_since_first_purchase")
OF_PURCHASES = ("p_alive", "expected_purchases_90d")


@dataclass(frozen=True, kw_only=True)
class HorizonScorer:
    """One horizon: what predicts, the share that left where it was learned, and how far back visits count."""

    name: str
    classifier: Classifier
    base_rate: float
    lookback_days: float

    def probability(self, columns: Columns) -> Array:
        """Probability of churn of each row of `ChurnModel.columns`."""
        return self.classifier.probability(looked_back(columns, self.lookback_days))

    def reasons(self, columns: Columns) -> Reasons:
        """Why, of each row; see `churn_scorer.reasons`."""
        return reasons(self.classifier, looked_back(columns, self.lookback_days), base_rate=self.base_rate)


@dataclass(frozen=True, kw_only=True)
class ChurnModel:
    """The scorers of a version, and the Pareto/NBD (r, alpha, s, beta) whose view of a customer is a feature."""

    horizons: tuple[HorizonScorer, ...]
    purchases: Mapping[str, float] | None

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], *, classifier: str = "classifier") -> Self:
        """The model of a stored version; `classifier` at_newest is the one that was judged on its newest period."""
        return cls(
            horizons=tuple(
                HorizonScorer(
                    name=one["name"],
                    classifier=Classifier.from_dict(one[classifier]),
                    base_rate=one["base_rate"],
                    lookback_days=one["lookback_days"],
                )
                for one in plain["horizons"]
            ),
            purchases=plain["purchases"],
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of gold.person_features that it reads, in order of name."""
        read = {name for one in self.horizons for name in one.classifier.inputs.names} - set(OF_PURCHASES)
        # What silence is measured by where visits before the record are none.
        needed = {"days_since_purchase", *(HISTORY if self.purchases else ())} if self.horizons else set()
        return tuple(sorted(read | needed))

    def columns(self, given: Columns) -> dict[str, Array]:
        """The columns with those of the purchase model, which replace what `given` has of that name."""
        return dict(given) | of_purchases(given, self.purchases)


def of_purchases(columns: Columns, purchases: Mapping[str, float] | None) -> dict[str, Array]:
    """p_alive and expected_purchases_90d of customers by their frequency, recency and T; NaN of who never bought."""
    if purchases is None:
        return {}
    frequency, span, T = (np.asarray(columns[name], dtype=np.float64) for name in HISTORY)
    bought = ~np.isnan(T)
    span = np.minimum(span[bought], T[bought])  # bought twice within a day that had not ended
    frequency = np.where(span > 0, frequency[bought], 0.0)
    theta = np.log([purchases[name] for name in PURCHASE_PARAMETERS])
    known = forecast(theta, histories(frequency, span, T[bought]))
    found = {"p_alive": known.p_alive, "expected_purchases_90d": known.expected_purchases(EXPECTED_WITHIN_DAYS)}
    return {name: _spread(values, bought) for name, values in found.items()}


def _spread(values: Array, where: Any) -> Array:
    whole = np.full(len(where), np.nan)
    whole[where] = values
    return whole
