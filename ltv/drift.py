"""Does a fit still hold? What customers did since it was made, beside what it expects of them.

Two tests, each over windows of time after the fit. `purchases_test` compares the purchases of the customers of the
window's first day with their forecast: one number, and the most powerful test of what mostly happens, that all buy more
rarely or more often. `score_test` asks for any other change: at the true parameters the gradient of the log-likelihood
(the score) moves by chance alone as time goes on. Neither fits anything again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, chdtrc, pdtr

from ltv.histories import Array, Histories, histories
from ltv.intervals import total_purchases, total_variance
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_likelihood import scores, sums
from ltv.scorer import DAYS_PER_UNIT
from ltv.value_model import ValueModel

WEEK, MONTH = 7, 28  # whole weeks: customers do not buy alike on Mondays and Sundays
SCORE_LEAST_PURCHASES = 200  # in the window; with fewer the score is too skewed for a chi-squared distribution
RANK = 1e-10  # of a covariance: smaller axes, relative to the largest, are rounding


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Customers as they were known on several days: one row per distinct course, which `customers` share.

    `age` is the days from the first purchase to the last of `dates`. By row and date: `purchases`, the purchase days up
    to it (0: not a customer yet), and `span`, the days from the first of them to the last.
    """

    dates: tuple[dt.date, ...]
    age: Array
    purchases: Array
    span: Array
    customers: Array

    def known(self, date: dt.date) -> np.ndarray:
        """Which rows are customers on the date."""
        return np.asarray(self._at(self.purchases, date) > 0)

    def histories(self, date: dt.date, model: ValueModel) -> Histories:
        """The customers of a date as the model sees them then."""
        known, unit = self.known(date), DAYS_PER_UNIT[model.time_unit]
        return histories(
            self._at(self.purchases, date)[known] - 1,
            self._at(self.span, date)[known] / unit,
            (self.age[known] - (self.dates[-1] - date).days) / unit,
            self.customers[known],
            day=model.purchases.day,
        )

    def bought(self, since: dt.date) -> Array:
        """Purchase days after the date, of each row."""
        return np.asarray(self.purchases[:, -1] - self._at(self.purchases, since))

    def _at(self, columns: Array, date: dt.date) -> Array:
        return np.asarray(columns[:, self.dates.index(date)])


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What a test found: the statistic, how often chance alone gives one so large, and how large the change is.

    `change` is relative, +0.1 for ten per cent more. `expected` and `actual` are what was compared, where it is counts.
    """

    statistic: float
    p_value: float
    change: float
    expected: float | None = None
    actual: float | None = None


def windows(fitted: dt.date, as_of: dt.date) -> list[dt.date]:
    """The days after which the windows begin, the newest first: a week, four weeks, all days since the fit.

    None in the first week after the fit.
    """
    days = (as_of - fitted).days
    lengths = sorted({length for length in (WEEK, MONTH) if length < days} | ({days} if days >= WEEK else set()))
    return [as_of - dt.timedelta(days=length) for length in lengths]


def purchases_test(model: ValueModel, followed: Followed, since: dt.date) -> Tested:
    """The purchases after `since` of the customers of that day, beside the model's forecast of them.

    Under the model they are close to negative binomial, with the forecast's variance: chance and the fit's own error.
    The statistic is their distance from the forecast in standard deviations, the p-value two-sided.
    """
    known = followed.histories(since, model)
    columns = (known.frequency, known.recency, known.T)
    horizon = model.units((followed.dates[-1] - since).days)
    total = total_purchases(model.purchases, lambda fit: fit.forecast(*columns), horizon, weights=known.weights)
    variance = total_variance(total, model.purchases)
    actual = float(known.weights @ followed.bought(since)[followed.known(since)])
    return Tested(
        statistic=(actual - total.estimate) / np.sqrt(variance),
        p_value=_two_sided(actual, total.estimate, variance),
        change=actual / total.estimate - 1,
        expected=total.estimate,
        actual=actual,
    )


def score_test(model: ValueModel, followed: Followed, since: dt.date) -> Tested | None:
    """Whether the log-likelihood rises away from the fit on the days after `since`; None where they are too few.

    g is the gradient at the fit of all data, less that of the data up to `since`. At the true parameters its increments
    are uncorrelated between customers, with covariance J, estimated by their outer product. The fit lies off the truth
    by its own error, with covariance C, which moves g by H C H, H the information of these days. So g (J + H C H)^-1 g
    is chi-squared. `change` is the larger of those in the rates of buying and of leaving, each taken alone.
    """
    fit, last = model.purchases, followed.dates[-1]
    if not isinstance(fit, ParetoNBDFit) or followed.customers @ followed.bought(since) < SCORE_LEAST_PURCHASES:
        return None
    before, after = (followed.histories(date, model) for date in (since, last))
    theta = fit.theta
    increments = np.zeros((len(followed.age), len(theta)))
    increments[followed.known(last)] += scores(theta, after)
    increments[followed.known(since)] -= scores(theta, before)
    gradient = followed.customers @ increments
    by_chance = increments.T @ (followed.customers[:, None] * increments)
    information = _information(theta, after) - _information(theta, before)
    statistic, rank = _quadratic(gradient, by_chance + information @ fit.fitted_covariance() @ information)
    rates = [fit.PARAMETERS.index(name) for name in ("alpha", "beta")]  # times on the log scale: more is slower
    changes = -gradient[rates] / np.diag(by_chance)[rates]
    return Tested(
        statistic=statistic,
        p_value=float(chdtrc(rank, statistic)),
        change=float(np.expm1(changes[np.argmax(np.abs(changes))])),
    )


def _information(theta: Array, data: Histories) -> Array:
    hessian = sums(theta, data, 2).hessian
    assert hessian is not None, "asked for"
    return -hessian


def _quadratic(vector: Array, covariance: Array) -> tuple[float, int]:
    """vector' covariance^-1 vector over the axes that are not rounding, and their number."""
    scale = np.sqrt(np.diag(covariance))
    sizes, axes = np.linalg.eigh(covariance / np.outer(scale, scale))
    kept = sizes > RANK * sizes[-1]
    along = (axes.T @ (vector / scale))[kept]
    return float(along @ (along / sizes[kept])), int(kept.sum())


def _two_sided(actual: float, mean: float, variance: float) -> float:
    """How often a negative binomial of this mean and variance (Poisson, at the least) lies as far off, or farther."""

    def at_most(count: float) -> float:
        if count < 0:
            return 0.0
        if variance <= mean * (1 + 1e-9):
            return float(pdtr(count, mean))
        return float(betainc(mean**2 / (variance - mean), count + 1, mean / variance))

    return min(1.0, 2 * min(at_most(actual), 1 - at_most(actual - 1)))


def joint_dates(fitted: dt.date, as_of: dt.date) -> Sequence[dt.date]:
    """The days on which customers must be known for all windows, in order; the last is as_of."""
    return (*reversed(windows(fitted, as_of)), as_of)
