"""What BG/NBD, MBG/NBD and MBG/CNBD-k share: the fitted model and its predictions.

A customer buys at rate ~ Gamma(r, alpha) and may leave after each purchase, with probability ~ Beta(a, b). The modified
models let customers also leave right after their first purchase. With k above 1 customers buy at even intervals: the
time between two purchases is Erlang-k, k phases of that rate. Formulas: `ltv.beta_geometric_likelihood` and
`ltv.beta_geometric_forecast`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from ltv.beta_geometric_forecast import BetaGeometricForecast, forecast
from ltv.beta_geometric_likelihood import sums
from ltv.beta_geometric_search import check, explain, note, search_box, weak_prior
from ltv.fit import Evaluate, Fit, maximise
from ltv.histories import Array, Histories, histories
from warehouse.errors import UsageError

# evaluate(k): the likelihood of all data with k phases between two purchases
EvaluateOf = Callable[[int], Evaluate]


@dataclass(frozen=True, kw_only=True)
class BetaGeometricFit(Fit):
    """The common predictions; BGNBDFit, MBGNBDFit and MBGCNBDFit are the models.

    Predictions take arrays (or scalars) of one length and return arrays of that length. A new customer is frequency 0,
    recency 0, T 0.
    """

    PARAMETERS: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    LEAVES_AT_ONCE: ClassVar[bool] = False

    k: int = 1

    def __post_init__(self) -> None:
        """Refuse parameters that are missing, unknown or not positive, and a k that is no number of phases."""
        super().__post_init__()
        if self.k < 1 or self.k != int(self.k):
            raise UsageError(f"{self.MODEL}: k is a whole number of phases, 1 or more; not {self.k}.")

    @classmethod
    def fitted(
        cls, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, weights: ArrayLike | None, *, k: int = 1
    ) -> Self:
        """The maximum-likelihood model; see `fit` of the module."""
        data = histories(frequency, recency, T, weights).counted()
        check(data)
        return cls.fit_sums(cls.evaluate(data, k), data, customers=data.customers, k=k)

    @classmethod
    def evaluate(cls, data: Histories, k: int = 1) -> Evaluate:
        """The log-likelihood of these histories and its derivatives, as a function of theta."""
        return lambda theta, order: sums(theta, data, cls.LEAVES_AT_ONCE, order, k=k)

    @classmethod
    def fit_sums(
        cls, evaluate: Evaluate, known: Histories, *, customers: float, sample: Evaluate | None = None, k: int = 1
    ) -> Self:
        """The fit of a likelihood that the caller sums, such as over Spark partitions; see `pareto_nbd.fit_sums`."""
        best = maximise(
            evaluate, search_box(known, k), lambda theta: explain(theta, cls.MODEL), sample, prior=weak_prior(known)
        )
        return cls(
            params=dict(zip(cls.PARAMETERS, np.exp(best.theta).tolist(), strict=True)),
            log_covariance=best.covariance,
            log_likelihood=best.log_likelihood,
            customers=customers,
            note=None if best.ended is None else note(best.ended),
            k=k,
        )

    def forecast(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> BetaGeometricForecast:
        """What is known of each customer at T; predictions from it need no further likelihood."""
        data = histories(frequency, recency, T)
        return forecast(self.theta, data, k=self.k, leaves_at_once=self.LEAVES_AT_ONCE)

    def p_alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Array:
        """Probability of not having left by T."""
        return self.forecast(frequency, recency, T).p_alive

    def expected_purchases(self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Array:
        """Purchases expected in (T, T + horizon]."""
        return self.forecast(frequency, recency, T).expected_purchases(horizon)

    def probability_of_no_purchase(
        self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Array:
        """Probability of no purchase in (T, T + horizon], whether the customer has left or not."""
        return self.forecast(frequency, recency, T).probability_of_no_purchase(horizon)

    def probability_of_n_purchases(
        self, n: ArrayLike, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Array:
        """Probability of exactly n purchases in (T, T + horizon]; n is one number or one per customer."""
        return self.forecast(frequency, recency, T).probability_of_n_purchases(n, horizon)

    def discounted_expected_purchases(
        self, rate: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, *, horizon: float
    ) -> Array:
        """Purchases expected in (T, T + horizon], each times exp(-rate x its time after T).

        `rate` is continuous and per unit of T, 0 or more. There is no infinite horizon: the expectation has no limit.
        """
        return self.forecast(frequency, recency, T).discounted_expected_purchases(rate, horizon)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back to the last digit."""
        return super().to_dict() | {"k": self.k}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The model that `to_dict` wrote; UsageError when it is another model."""
        return replace(super().from_dict(plain), k=plain.get("k", 1))
