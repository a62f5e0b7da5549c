"""Does a fit still hold? What customers did since it was made, beside what it expects of them.

Two tests, each over windows of time after the fit. `purchases_test` compares the purchases of the customers of the
window's first day with their forecast: one number, and the most powerful test of what mostly happens, that all buy more
rarely or more often. `score_test` asks for any other change: at the true parameters the gradient of the log-likelihood
(the score) moves by chance alone as time goes on. No shop is exactly as the model has it, so what counts is whether the
score moves otherwise than in the weeks before the fit. Neither fits anything again.

Both see the covariates of a champion. Purchases are expected with its season, too; the score is left out then
(`score_left_out`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.special import betainc, chdtrc, pdtr

from ltv.covariates import columns_of
from ltv.histories import Array, Histories, histories
from ltv.intervals import total_variance
from ltv.model_totals import estimated_for, purchases_total
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_likelihood import scores, sums
from ltv.purchase_fits import title
from ltv.scorer import DAYS_PER_UNIT
from ltv.value_model import ValueModel

WEEK, MONTH = 7, 28  # whole weeks: customers do not buy alike on Mondays and Sundays
REFERENCE = 84  # days before the fit, with which the score is compared
SCORE_LEAST_PURCHASES = 200  # in the window; with fewer the score is too skewed for a chi-squared distribution
RANK = 1e-10  # of a covariance: smaller axes, relative to the largest, are rounding


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Customers as they were known on several days: one row per distinct course, which `customers` share.

    `age` is the days from the first purchase to the last of `dates`. By row and date: `purchases`, the purchase days up
    to it (0: not a customer yet), and `span`, the days from the first of them to the last. `attributes` has a column of
    texts for each attribute that the model asks for.
    """

    dates: tuple[dt.date, ...]
    age: Array
    purchases: Array
    span: Array
    customers: Array
    attributes: Mapping[str, np.ndarray] = field(default_factory=dict)

    def known(self, date: dt.date) -> np.ndarray:
        """Which rows are customers on the date."""
        return np.asarray(self._at(self.purchases, date) > 0)

    def histories(self, date: dt.date, model: ValueModel) -> Histories:
        """The customers of a date as the model sees them then."""
        known, unit = self.known(date), DAYS_PER_UNIT[model.time_unit]
        covariates = columns_of(model.purchases.covariates, self.known_attributes(date), int(known.sum()))
        return histories(
            self._at(self.purchases, date)[known] - 1,
            self._at(self.span, date)[known] / unit,
            (self.age[known] - (self.dates[-1] - date).days) / unit,
            self.customers[known],
            day=model.day,
            **covariates,
        )

    def known_attributes(self, date: dt.date) -> dict[str, np.ndarray]:
        """The attributes of the customers of a date."""
        known = self.known(date)
        return {name: column[known] for name, column in self.attributes.items()}

    def bought(self, since: dt.date) -> Array:
        """Purchase days after the date, of each row."""
        return np.asarray(self.purchases[:, -1] - self._at(self.purchases, since))

    def _at(self, columns: Array, date: dt.date) -> Array:
        return np.asarray(columns[:, self.dates.index(date)])


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What a test found: the statistic, how often chance alone gives one so large, and how large the change is.

    `change` is relative, 0.1 for ten per cent. `expected` and `actual` are what was compared, where it is counts.
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

    Under the model they are close to negative binomial, with the forecast's variance: chance, the fit's own error and,
    with a season, that of its factor. The statistic is their distance from the forecast in standard deviations, the
    p-value two-sided.
    """
    known, days = followed.histories(since, model), (followed.dates[-1] - since).days
    of_day = model.on(since)
    total = purchases_total(
        of_day,
        (known.frequency, known.recency, known.T),
        followed.known_attributes(since),
        days=days,
        weights=known.weights,
    )
    variance = total_variance(total, *estimated_for(of_day, "purchases", days=days))
    actual = float(known.weights @ followed.bought(since)[followed.known(since)])
    return Tested(
        statistic=(actual - total.estimate) / np.sqrt(variance),
        p_value=_two_sided(actual, total.estimate, variance),
        change=actual / total.estimate - 1,
        expected=total.estimate,
        actual=actual,
    )


class Standing(NamedTuple):
    """On a date: the gradient of each row's log-likelihood at the fit (0 before the first purchase), and the
    information of all."""

    gradients: Array
    information: Array

    def __sub__(self, other: Standing) -> Standing:
        """How far both moved since another date."""
        return Standing(self.gradients - other.gradients, self.information - other.information)


def standing(model: ValueModel, followed: Followed, date: dt.date) -> Standing:
    """Where the likelihood of a Pareto/NBD stands on one of the dates."""
    data, theta = followed.histories(date, model), model.purchases.theta  # with its covariates' coefficients
    gradients = np.zeros((len(followed.age), len(theta)))
    gradients[followed.known(date)] = scores(theta, data)
    hessian = sums(theta, data, 2).hessian
    assert hessian is not None, "asked for"
    return Standing(gradients, -hessian)


def score_left_out(model: ValueModel, followed: Followed, since: dt.date) -> str | None:
    """Why the score is not looked at after `since`; None where it is."""
    if not isinstance(model.purchases, ParetoNBDFit):
        return f"left out: it is that of a Pareto/NBD, and this model is {title(model.purchases)}"
    if model.season is not None:
        return "left out: with a season, other months move it; purchases are looked at with the season"
    purchases = float(followed.customers @ followed.bought(since))
    return f"fewer than {SCORE_LEAST_PURCHASES} purchases" if purchases < SCORE_LEAST_PURCHASES else None


def score_test(
    model: ValueModel, followed: Followed, since: dt.date, at: Callable[[dt.date], Standing] | None = None
) -> Tested | None:
    """Whether the score moves otherwise after `since` than before the fit; None where it is `score_left_out`.

    d is how far the gradient at the fit moves after `since`, less how far it moved in the days of REFERENCE, as many of
    them and for as many customers. What the model never described moves both alike, and so, mostly, does the fit's own
    error. Between customers, and between days, the parts of d are uncorrelated, so d' V^-1 d is chi-squared. `change`
    is the relative change of all purchases that would give as much; it has no sign. `at` gives the `standing` of a
    date, which several windows share.
    """
    if score_left_out(model, followed, since):
        return None
    fit, last = model.purchases, followed.dates[-1]
    purchases = float(followed.customers @ followed.bought(since))
    at, fitted = at or partial(standing, model, followed), model.as_of
    moved, before = at(last) - at(since), at(fitted) - at(reference(fitted))
    known, known_then = (float(followed.customers @ followed.known(date)) for date in (last, fitted))
    share = (last - since).days / REFERENCE * known / known_then
    d = moved.gradients - share * before.gradients
    by_chance = d.T @ (followed.customers[:, None] * d)
    # The fit is off the truth by its own error, of this covariance, which moves d by `information` times that. That
    # error comes from what its customers did before the fit, in the days of reference too.
    covariance, information = fit.fitted_covariance(), moved.information - share * before.information
    of_error = information @ covariance @ information
    behind_fit = min(1.0, (fit.customers or known_then) / known_then)
    spread = before.gradients.T @ (followed.customers[:, None] * before.gradients)
    common = share * behind_fit * spread @ covariance @ information
    statistic, rank = _quadratic(followed.customers @ d, by_chance + of_error + common + common.T)
    return Tested(
        statistic=statistic,
        p_value=float(chdtrc(rank, statistic)),
        change=float(np.sqrt(max(statistic - rank, 0.0) / purchases)),
    )


def _quadratic(vector: Array, covariance: Array) -> tuple[float, int]:
    """vector' covariance^-1 vector over the axes that are not rounding, and their number."""
    moves = np.diag(covariance) > 0  # no customer of the sample may have the level of a covariate
    vector, covariance = vector[moves], covariance[np.ix_(moves, moves)]
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


def reference(fitted: dt.date) -> dt.date:
    """The day after which the days of reference begin."""
    return fitted - dt.timedelta(days=REFERENCE)


def joint_dates(fitted: dt.date, as_of: dt.date) -> tuple[dt.date, ...]:
    """The days on which customers must be known for all tests, in order; the last is as_of."""
    return (reference(fitted), *reversed(windows(fitted, as_of)), as_of)
