"""Learns the season of a shop: repeat purchases of each month beside those that the fit expects of it.

Both are counts of the whole base. A month's factor is their quotient, drawn towards 1 by as much as chance alone moves
it: purchases of a month are Poisson around factor x expected, and factors are Gamma around 1 with the variance under
which the twelve months are most likely. Where that is none, all factors are 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, gammaln

from ltv.histories import Array
from ltv.knobs import Ltv
from ltv.origins import FittedOrigin, predicted_and_actual
from ltv.season import MONTHS, Season, months_of
from ltv.value_model import ValueModel

LEAST_MONTHS = 13  # with fewer, a month of the year was not seen, or only by customers who had just come
LEAST_ORIGINS = 2
VARIANCES = np.exp(np.arange(np.log(1e-6), np.log(10.0), 0.05))
LEVEL = 0.01  # the chance that a shop without a season passes for one with it
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Learned(NamedTuple):
    """A season, and the probability that months differ as much by chance alone."""

    season: Season
    p_value: float


def learn_season(daily: pd.DataFrame, model: ValueModel) -> Learned | None:
    """The season up to the last day of the model's data; None where that are fewer than 13 months.

    `daily` is the result of `customer_summary.daily_purchases`, of the customers whom the model was fitted to.
    """
    counted = _known_by(daily, model)
    if counted is None:
        return None
    first_purchases, repeat_purchases, months = counted
    # What one more day adds to the purchases expected of a customer, by days since the first purchase.
    each_day = np.diff(model.expected_repeat_purchases(np.arange(len(first_purchases))), prepend=0.0)
    expected = np.convolve(first_purchases, each_day)[: len(first_purchases)]
    came = np.bincount(months, repeat_purchases, minlength=MONTHS).astype(np.float64)
    due = np.bincount(months, expected, minlength=MONTHS).astype(np.float64)
    if not came.sum() or not due.all():
        return None
    # The level is the fit's business: months are compared with one another.
    due *= came.sum() / due.sum()
    variance = _variance_of_factors(came, due)
    factors = (1 + variance * came) / (1 + variance * due)
    factors *= due.sum() / (factors @ due)
    errors = np.sqrt(variance / (1 + variance * came))
    season = Season(tuple(factors.tolist()), tuple(errors.tolist()))
    return Learned(season, float(chdtrc(MONTHS - 1, ((came - due) ** 2 / due).sum())))


def _variance_of_factors(came: Array, due: Array) -> float:
    """The variance of Gamma factors of mean 1 under which the counts, negative binomial around `due`, are most likely.

    0 where Poisson counts are likelier; to 5 per cent, far less than twelve months can tell.
    """

    def log_likelihood(variance: float) -> float:
        k = 1 / variance
        each = gammaln(came + k) - gammaln(k) + k * np.log(k) - (came + k) * np.log(k + due) + came * np.log(due)
        return float(each.sum())

    poisson = float((came * np.log(due) - due).sum())
    likelihoods = [log_likelihood(variance) for variance in VARIANCES]
    return float(VARIANCES[np.argmax(likelihoods)]) if max(likelihoods) > poisson else 0.0


def with_season(model: ValueModel, daily: pd.DataFrame) -> ValueModel:
    """The model with the season of its data; as it is where there is none to learn."""
    learned = learn_season(daily, model)
    return model if learned is None else replace(model, season=learned.season)


def choose_season(ltv: Ltv, fitted: Sequence[FittedOrigin], daily: pd.DataFrame) -> tuple[bool, list[str]]:
    """Whether forecasts get a season, by ltv.season, and why, for log and card; no line where the knob is none.

    auto takes it where months differ by more than chance, and totals of the past were nearer with it: the mean squared
    relative error of purchases, over the origins with 13 months of data. `fitted` are the origins, oldest first.
    """
    if ltv.season == "none":
        return False, []
    newest = learn_season(daily, fitted[-1].model)
    if newest is None:
        return False, [f"Season: none, since it takes {LEAST_MONTHS} months of purchases to learn one."]
    shown = ", ".join(f"{name} {factor:.2f}" for name, factor in zip(NAMES, newest.season.factors, strict=True))
    found = f"months differ with p = {newest.p_value:.2g} ({shown})"
    if ltv.season == "month":
        return True, [f"Season: by month; {found}."]
    if newest.p_value >= LEVEL:
        return False, [f"Season: none; {found}, which chance explains."]
    is_better, judged = _judged(fitted, daily)
    return is_better, [f"Season: {'by month' if is_better else 'none'}; {found}; {judged}."]


def _judged(fitted: Sequence[FittedOrigin], daily: pd.DataFrame) -> tuple[bool, str]:
    """Whether totals of the past were nearer with a season, and how near."""
    known = [one for one in fitted if learn_season(daily, one.model) is not None]
    if len(known) < LEAST_ORIGINS:
        return False, (
            f"origins with {LEAST_MONTHS} months of data before them are {len(known)}, and {LEAST_ORIGINS} are needed "
            "to judge it (ltv.season: month takes it unjudged)"
        )
    without = _squared_error(known)
    within = _squared_error([one._replace(model=with_season(one.model, daily)) for one in known])
    off = f"totals at {len(known)} origins are {within**0.5:.1%} off with a season, {without**0.5:.1%} without"
    return within < without, off


def _squared_error(fitted: Sequence[FittedOrigin]) -> float:
    """Mean squared relative error of the purchases of all customers; periods without any are left out."""
    pairs = [predicted_and_actual(one) for one in fitted]
    return float(np.mean([(predicted / actual - 1) ** 2 for predicted, actual in pairs if actual > 0] or [np.inf]))


def _known_by(daily: pd.DataFrame, model: ValueModel) -> tuple[Array, Array, np.ndarray] | None:
    """First and repeat purchases of each day up to the model's as_of, and its month; None for fewer than 13 months."""
    end = pd.Timestamp(model.as_of)
    by_day = daily.assign(day=pd.to_datetime(daily["day"])).set_index("day")[["first_purchases", "repeat_purchases"]]
    by_day = by_day[by_day.index <= end]
    if by_day.empty or by_day.index.min() + pd.DateOffset(months=LEAST_MONTHS) > end + pd.DateOffset(days=1):
        return None
    by_day = by_day.reindex(pd.date_range(by_day.index.min(), end), fill_value=0)
    first, repeat = (by_day[name].to_numpy(np.float64) for name in ("first_purchases", "repeat_purchases"))
    return first, repeat, months_of(by_day.index.to_numpy())
