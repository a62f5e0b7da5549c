"""Pareto/NBD: how often customers buy, and whether they have silently left (Schmittlein, Morrison & Colombo 1987).

While alive a customer buys at rate lambda ~ Gamma(r, alpha) and leaves at rate mu ~ Gamma(s, beta). Time is in the
unit of the T that was fitted; every horizon and discount rate given to the fit is in that unit. Formulas:
docs/value-models.md.

See `fit` for an example. `forecast` gives several predictions for one likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, Unpack

import numpy as np
from numpy.typing import ArrayLike

from ltv.fit import Evaluate, Fit, Optimum, maximise
from ltv.histories import Array, Covariates, CustomerCovariates, Histories, histories, is_named
from ltv.pareto_nbd_forecast import Forecast, forecast
from ltv.pareto_nbd_likelihood import sums
from ltv.pareto_nbd_search import check, explain, note, search_box, systematic_sample, weak_prior
from warehouse.errors import ConvergenceError, UsageError

DAYS_TAKEN_FOR_PURCHASES = (
    "Purchases: customers buy more than once a day, so days with a purchase were taken for purchases."
)


@dataclass(frozen=True, kw_only=True)
class ParetoNBDFit(Fit):
    """A Pareto/NBD with its parameters r, alpha, s, beta; `fit` and `from_params` make one.

    Predictions take arrays (or scalars) of one length and return arrays of that length. A new customer is frequency 0,
    recency 0, T 0. A fit with covariates needs them for every prediction. `day` is that of the fit: where it is not 0,
    predictions count days with a purchase (probability_of_n_purchases counts purchases).
    """

    MODEL: ClassVar[str] = "pareto_nbd"
    PARAMETERS: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")
    PROCESSES: ClassVar[tuple[str, ...]] = ("transaction", "dropout")

    day: float = 0.0

    def forecast(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        **covariates: Unpack[CustomerCovariates],
    ) -> Forecast:
        """What is known of each customer at T; predictions from it need no further likelihood."""
        data = histories(
            frequency,
            recency,
            T,
            transaction_covariates=self._known("transaction", covariates.get("transaction_covariates")),
            dropout_covariates=self._known("dropout", covariates.get("dropout_covariates")),
            day=self.day,
        )
        self._check_covariates(data)
        return forecast(self.theta, data)

    def p_alive(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        **covariates: Unpack[CustomerCovariates],
    ) -> Array:
        """Probability of not having left by T; exactly 1 where recency equals T, unless the fit has a day."""
        return self.forecast(frequency, recency, T, **covariates).p_alive

    def expected_purchases(
        self,
        horizon: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        **covariates: Unpack[CustomerCovariates],
    ) -> Array:
        """Purchases expected in (T, T + horizon]."""
        known = self.forecast(frequency, recency, T, **covariates)
        return known.expected_purchases(horizon)

    def probability_of_no_purchase(
        self,
        horizon: ArrayLike,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        **covariates: Unpack[CustomerCovariates],
    ) -> Array:
        """Probability of no purchase in (T, T + horizon], left or not: the churn score for that horizon."""
        known = self.forecast(frequency, recency, T, **covariates)
        return known.probability_of_no_purchase(horizon)

    def probability_of_n_purchases(
        self,
        n: ArrayLike,
        horizon: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        **covariates: Unpack[CustomerCovariates],
    ) -> Array:
        """Probability of exactly n purchases in (T, T + horizon]; n is one number or one per customer."""
        known = self.forecast(frequency, recency, T, **covariates)
        return known.probability_of_n_purchases(n, horizon)

    def discounted_expected_purchases(
        self,
        rate: float,
        frequency: ArrayLike,
        recency: ArrayLike,
        T: ArrayLike,
        *,
        horizon: float | None = None,
        **covariates: Unpack[CustomerCovariates],
    ) -> Array:
        """Purchases expected after T (within `horizon`, or without limit), each times exp(-rate x its time after T).

        `rate` is continuous and per unit of T: `continuous_rate(0.10)` for ten per cent a year on daily data.
        """
        known = self.forecast(frequency, recency, T, **covariates)
        return known.discounted_expected_purchases(rate, horizon)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back to the last digit."""
        return super().to_dict() | {"day": self.day}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """The model that `to_dict` wrote; UsageError when it is another model."""
        return replace(super().from_dict(plain), day=plain.get("day", 0.0))

    def _known(self, process: str, given: Covariates) -> Covariates:
        """The covariates of the fit, in its order, selected from the given columns."""
        if not is_named(given):
            return given
        missing = [name for name in self.covariates[process] if name not in list(given.keys())]
        if missing:
            raise UsageError(f"{process}_covariates lacks {', '.join(missing)}, which this fit has.")
        columns = [np.atleast_1d(np.asarray(given[name], dtype=np.float64)) for name in self.covariates[process]]
        return np.stack(columns, axis=-1) if columns else None

    def _check_covariates(self, data: Histories) -> None:
        for process, given in (("transaction", data.transaction), ("dropout", data.dropout)):
            expected = list(self.covariates[process])
            if given.shape[1] != len(expected):
                names = ", ".join(expected) or "none"
                raise UsageError(f"{process}_covariates: this fit has {names}; {given.shape[1]} columns were given.")


def fit(  # noqa: PLR0917 (a stable public signature)
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    weights: ArrayLike | None = None,
    transaction_covariates: Covariates = None,
    dropout_covariates: Covariates = None,
    *,
    day: float = 0.0,
) -> ParetoNBDFit:
    """Maximum-likelihood Pareto/NBD, converged to the last digit; with a weak prior where there is no inner maximum.

    One value per customer: frequency (repeat purchase days), recency and T in one unit of time, weights (customers
    that share the row, default 1). Covariates are numeric columns that do not change with time, as a dict or
    DataFrame by name or a plain matrix: alpha of a customer is alpha exp(-g'x), so a positive transaction coefficient
    buys faster and a positive dropout coefficient leaves faster. Rows with T = 0 carry no information and do not
    change the fit (a warning counts them). The result is the same on one row per customer and on counted histories, and
    in any unit of time.

    `day`, the length of a day in the unit of T, takes frequency for days with a purchase, at most one a day. The
    parameters are then those of purchases, and predictions those of days with a purchase. Where nothing below several
    purchases a day fits, days are taken for purchases as without it, and the note says so.

    Where the likelihood has no inner maximum (no churn shows, or customers do not differ), the fit is the maximum of
    likelihood times a weak prior on r, s and s/beta, and its `note` says so.

    Raises InputError for impossible rows and where nobody bought twice, ConvergenceError where covariates have no
    finite coefficients.

    >>> from ltv import pareto_nbd
    >>> frequency, recency, T = [0, 1, 1, 3, 3, 8, 8], [0, 4, 30, 8, 35, 10, 38], [39] * 7  # weeks
    >>> fitted = pareto_nbd.fit(frequency, recency, T, weights=[600, 80, 60, 25, 40, 8, 30])
    >>> {name: round(value, 2) for name, value in fitted.params.items()}
    {'r': 0.32, 'alpha': 8.05, 's': 0.47, 'beta': 5.6}
    >>> fitted.p_alive(frequency=[3, 3], recency=[8, 35], T=39).round(2).tolist()
    [0.11, 0.95]
    >>> fitted.expected_purchases(13, frequency=[3, 3], recency=[8, 35], T=39).round(2).tolist()
    [0.09, 0.82]
    """
    data = histories(
        frequency,
        recency,
        T,
        weights,
        transaction_covariates=transaction_covariates,
        dropout_covariates=dropout_covariates,
        day=day,
    ).counted()
    check(data)
    if day:
        try:
            return _fitted(data.take(np.flatnonzero(data.T > 0)))
        except ConvergenceError:  # customers who buy several times a day: alpha would be below half a day
            plain = _fitted(replace(data, day=0.0))
            return replace(plain, note=" ".join(filter(None, (DAYS_TAKEN_FOR_PURCHASES, plain.note))))
    return _fitted(data)


def _fitted(data: Histories) -> ParetoNBDFit:
    sample = systematic_sample(data)
    return fit_sums(
        lambda theta, order: sums(theta, data, order),
        data,
        sample=None if sample is data else lambda theta, order: sums(theta, sample, order),
        customers=data.customers,
    )


def fit_sums(evaluate: Evaluate, known: Histories, *, customers: float, sample: Evaluate | None = None) -> ParetoNBDFit:
    """The fit of a likelihood that the caller sums, such as over Spark partitions.

    `evaluate(theta, order)` gives the sums over all data (`pareto_nbd_likelihood.sums` of each part, added up).
    `known` are histories, all or a sample, that set the scale of the search and explain a failure; `sample` is the
    likelihood of a sample, where the search starts: with it `evaluate` runs about four times. `customers` is the
    number of all customers.
    """
    names = {"transaction": known.transaction_names, "dropout": known.dropout_names}
    search = search_box(known)
    best: Optimum = maximise(
        evaluate, search, lambda theta: explain(theta, search, known), sample, prior=weak_prior(known)
    )
    r_to_beta, coefficients = np.exp(best.theta[:4]), iter(best.theta[4:].tolist())
    return ParetoNBDFit(
        params=dict(zip(ParetoNBDFit.PARAMETERS, r_to_beta.tolist(), strict=True)),
        covariates={process: {name: next(coefficients) for name in columns} for process, columns in names.items()},
        log_covariance=best.covariance,
        log_likelihood=best.log_likelihood,
        customers=customers,
        note=None if best.ended is None else note(best.ended, known),
        day=known.day,
    )


def continuous_rate(annual: float, *, unit_days: float = 1.0) -> float:
    """The rate for discounted_expected_purchases that is `annual` a year (0.10: ten per cent), for T in unit_days.

    >>> from ltv.pareto_nbd import continuous_rate
    >>> round(continuous_rate(0.10, unit_days=7), 6)
    0.001828
    """
    return float(np.log1p(annual) / 365 * unit_days)
