"""Intervals for parameters, predictions and totals.

What an interval covers depends on the function. `parameter_intervals`: the true parameters. `prediction_intervals`: the
true expectation (or probability) of each customer, so only the uncertainty of the parameters. `total_interval`: the
actual total of many customers, so the uncertainty of the parameters plus chance.

All follow normal theory: the covariance of the fit and the delta method. Parameters and expectations are taken on the
log scale, probabilities on the logit scale, totals as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import block_diag

from ltv.delta_method import Interval, bounded, errors_of, quantile, slopes
from ltv.fit import Fit
from ltv.gamma_gamma import GammaGammaFit
from ltv.histories import Array
from ltv.purchase_fits import PurchaseFit
from ltv.purchase_models import PurchaseForecast

__all__ = [
    "Interval",
    "Total",
    "bounded",
    "jacobian",
    "parameter_intervals",
    "prediction_intervals",
    "quantile",
    "ratio_interval",
    "standard_errors",
    "total_interval",
    "total_purchases",
    "total_value",
]


AnyPurchaseFit = TypeVar("AnyPurchaseFit", bound=PurchaseFit)


class Estimated(Protocol):
    """Something estimated that a prediction depends on: a fit, or a season."""

    @property
    def theta(self) -> Array:
        """The parameters, on the scale of the covariance."""
        ...

    def fitted_covariance(self) -> Array:
        """Their covariance."""
        ...


@dataclass(frozen=True)
class Total:
    """A predicted sum over customers, its gradient by the thetas of the fits, its variance at known parameters.

    Totals of disjoint customers under the same fits add up, so they can be summed over partitions, channels or cohorts.
    """

    estimate: float
    gradient: Array
    variance: float

    def __add__(self, other: Total) -> Total:
        """The total over the customers of both."""
        return Total(self.estimate + other.estimate, self.gradient + other.gradient, self.variance + other.variance)


def parameter_intervals(fit: Fit, level: float = 0.95) -> dict[str, Interval]:
    """Interval of each parameter (on the log scale, so positive) and coefficient, by name, in natural units."""
    half_width = quantile(level) * np.sqrt(np.diag(fit.fitted_covariance()))
    positive = np.arange(len(fit.theta)) < len(fit.PARAMETERS)
    bounds = (fit.theta, fit.theta - half_width, fit.theta + half_width)
    columns = zip(*(np.where(positive, np.exp(bound), bound) for bound in bounds), strict=True)
    return dict(zip(fit.names, (Interval(*values) for values in columns), strict=True))


def ratio_interval(fit: Fit, numerator: str, denominator: str, level: float = 0.95) -> Interval:
    """Interval of a ratio of two parameters, such as s/beta, the mean dropout rate: it is narrower than either."""
    contrast = np.zeros(len(fit.theta))
    contrast[fit.PARAMETERS.index(numerator)], contrast[fit.PARAMETERS.index(denominator)] = 1.0, -1.0
    center = contrast @ fit.theta
    half_width = quantile(level) * np.sqrt(contrast @ fit.fitted_covariance() @ contrast)
    return Interval(*(np.exp(bound) for bound in (center, center - half_width, center + half_width)))


def jacobian(predict: Callable[..., Array], *fits: Fit) -> Array:
    """Derivatives of `predict(*fits)`, of any shape, by the thetas of the fits: central differences, one row each."""

    def of_one(which: int) -> Array:
        fit = fits[which]
        before, after = fits[:which], fits[which + 1 :]
        return slopes(lambda theta: predict(*before, fit.at(theta), *after), fit.theta, fit.fitted_covariance())

    return np.concatenate([of_one(which) for which in range(len(fits))])


def prediction_intervals(
    predict: Callable[..., Array], *fits: Fit, level: float = 0.95, scale: Literal["log", "logit"] = "log"
) -> Interval:
    """Interval per customer of the expectation (scale 'log') or probability ('logit') that `predict(*fits)` returns.

    Stack several horizons of one forecast in `predict` (any shape) so that they share its likelihoods.
    The interval covers the expectation under the true parameters, not what one customer does. Where the prediction is
    exactly 0 (or 1, for a probability) both bounds equal it. The fits are taken as independent of one another.

    >>> from ltv import pareto_nbd
    >>> from ltv.intervals import prediction_intervals
    >>> frequency, recency, T = [0, 1, 1, 3, 3, 8, 8], [0, 4, 30, 8, 35, 10, 38], [39] * 7  # weeks
    >>> fitted = pareto_nbd.fit(frequency, recency, T, weights=[600, 80, 60, 25, 40, 8, 30])
    >>> interval = prediction_intervals(lambda fit: fit.p_alive(3, 8, 39), fitted, scale="logit")
    >>> [bound.round(2).tolist() for bound in interval]
    [[0.11], [0.07], [0.15]]
    """
    return bounded(predict(*fits), standard_errors(predict, *fits), level=level, scale=scale)


def standard_errors(predict: Callable[..., Array], *fits: Fit) -> Array:
    """Standard errors of the predictions, of the shape of `predict(*fits)`, from the uncertainty of the parameters."""
    return errors_of(jacobian(predict, *fits), _joint_covariance(fits))


def total_interval(total: Total, *fits: Estimated, level: float = 0.95) -> Interval:
    """Predictive interval of a total (parameters plus chance), cut at 0; (0, inf) if the variance is infinite."""
    half_width = quantile(level) * np.sqrt(total_variance(total, *fits))
    bounds = (total.estimate, max(0.0, total.estimate - half_width), total.estimate + half_width)
    return Interval(*(np.asarray(bound) for bound in bounds))


def total_variance(total: Total, *fits: Estimated) -> float:
    """How far the actual total may lie from the estimate: parameters plus chance, squared."""
    return float(total.gradient @ _joint_covariance(fits) @ total.gradient) + total.variance


def total_purchases(
    fit: AnyPurchaseFit,
    forecast: Callable[[AnyPurchaseFit], PurchaseForecast],
    horizon: ArrayLike,
    *,
    weights: ArrayLike = 1.0,
) -> Total:
    """Purchases of all customers of the forecast in (T, T + horizon]; `weights` customers share a row.

    >>> from ltv import pareto_nbd
    >>> from ltv.intervals import total_interval, total_purchases
    >>> frequency, recency, T = [0, 1, 1, 3, 3, 8, 8], [0, 4, 30, 8, 35, 10, 38], [39] * 7  # weeks
    >>> customers = [600, 80, 60, 25, 40, 8, 30]
    >>> fitted = pareto_nbd.fit(frequency, recency, T, weights=customers)
    >>> total = total_purchases(fitted, lambda fit: fit.forecast(frequency, recency, T), 13, weights=customers)
    >>> [float(bound.round()) for bound in total_interval(total, fitted)]
    [138.0, 110.0, 167.0]
    """
    count = np.asarray(weights, dtype=np.float64)

    def predict(fit: AnyPurchaseFit) -> Array:
        return np.asarray(np.sum(count * forecast(fit).expected_purchases(horizon)))

    variance = np.sum(count * forecast(fit).purchase_variance(horizon))
    return Total(float(predict(fit)), jacobian(predict, fit), float(variance))


def total_value(
    fit: AnyPurchaseFit,
    spend: GammaGammaFit,
    forecast: Callable[[AnyPurchaseFit], PurchaseForecast],
    horizon: float,
    *,
    frequency: ArrayLike,
    monetary_value: ArrayLike,
    weights: ArrayLike = 1.0,
    margin: float = 1.0,
    rate: float = 0.0,
) -> Total:
    """Value of their purchases in (T, T + horizon], times margin, discounted at the continuous rate per unit of T.

    For `total_interval(total, fit, spend)`. The variance leaves the discount out, so it is a little too large; it is
    infinite where p x + q <= 2, since the spend of such customers has no finite variance.
    """
    count = np.asarray(weights, dtype=np.float64)

    def predict(fit: AnyPurchaseFit, spend: GammaGammaFit) -> Array:
        purchases = forecast(fit).discounted_expected_purchases(rate, horizon)
        value = purchases * spend.expected_value(frequency, monetary_value)
        return np.asarray(margin * np.sum(count * value))

    known = forecast(fit)
    purchases, pairs = known.expected_purchases(horizon), known.purchase_pairs(horizon)
    square, product = spend.second_moments(frequency, monetary_value)
    mean = purchases * spend.expected_value(frequency, monetary_value)
    # a sum of X values z: E = E[X] E[z^2] + E[X (X-1)] E[z z'], minus the squared mean
    variance = margin**2 * np.sum(count * (purchases * square + pairs * product - mean**2))
    return Total(float(predict(fit, spend)), jacobian(predict, fit, spend), float(variance))


def _joint_covariance(fits: tuple[Estimated, ...]) -> Array:
    return np.asarray(block_diag(*(fit.fitted_covariance() for fit in fits)))
