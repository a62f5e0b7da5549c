"""Learns the season of a shop: repeat purchases of each month, and holiday, beside those that the fit expects of it.

Both are counts of the whole base. A month's factor is their quotient, drawn towards 1 by as much as chance alone moves
it: purchases of a month are Poisson around factor x expected, and factors are Gamma around 1 with the variance under
which the twelve months are most likely. Where that is none, all factors are 1. Holidays have factors beside those of
their months, and a variance under which months and holidays are most likely: a holiday alone would show any. Both are
learned in turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, gammaln

from ltv.histories import Array
from ltv.knobs import Holiday as HolidayDates
from ltv.knobs import Ltv
from ltv.origins import FittedOrigin, predicted_and_actual
from ltv.season import MONTHS, Holiday, Season, holiday_of, months_of
from ltv.value_model import ValueModel

LEAST_MONTHS = 13  # with fewer, a month of the year was not seen, or only by customers who had just come
LEAST_ORIGINS = 2
VARIANCES = np.exp(np.arange(np.log(1e-6), np.log(10.0), 0.05))
TURNS = 20  # of months and holidays; a holiday is a small part of its months, so each turn moves them far less
LEVEL = 0.01  # the chance that a shop without a season passes for one with it
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Learned(NamedTuple):
    """A season, and the probability that months differ as much by chance alone."""

    season: Season
    p_value: float


def learn_season(daily: pd.DataFrame, model: ValueModel, holidays: Sequence[HolidayDates] = ()) -> Learned | None:
    """The season up to the last day of the model's data; None where that are fewer than 13 months.

    `daily` is the result of `customer_summary.daily_purchases`, of the customers whom the model was fitted to. A
    holiday without a day in the data has factor 1, with the error that holidays of the shop have before they are seen.
    """
    counted = _known_by(daily, model)
    if counted is None:
        return None
    first_purchases, repeat_purchases, days = counted
    # What one more day adds to the purchases expected of a customer, by days since the first purchase.
    each_day = np.diff(model.expected_repeat_purchases(np.arange(len(first_purchases))), prepend=0.0)
    expected = np.convolve(first_purchases, each_day)[: len(first_purchases)]
    named = [Holiday(one.name, one.dates) for one in holidays]
    # A row per month; the first column is that of its days without a holiday.
    shape = (MONTHS, len(named) + 1)
    cells = months_of(days) * shape[1] + holiday_of(days, named) + 1
    came, due = (
        np.bincount(cells, count, shape[0] * shape[1]).astype(np.float64).reshape(shape)
        for count in (repeat_purchases, expected)
    )
    if not came.sum() or not due.sum(axis=1).all():
        return None
    # The level is the fit's business: months are compared with one another.
    due *= came.sum() / due.sum()
    months, of_holidays = _learn_in_turns(came, due)
    season = Season(
        tuple(months.factors.tolist()),
        tuple(months.log_errors.tolist()),
        tuple(
            holiday._replace(factor=factor, log_error=error)
            for holiday, factor, error in zip(
                named, of_holidays.factors.tolist(), of_holidays.log_errors.tolist(), strict=True
            )
        ),
    )
    # Every day is in one group: its holiday's, otherwise its month's.
    groups = [np.append(count[:, 0], count[:, 1:].sum(axis=0)) for count in (came, due)]
    of_group, expected_of_group = (count[groups[1] > 0] for count in groups)
    statistic = ((of_group - expected_of_group) ** 2 / expected_of_group).sum()
    return Learned(season, float(chdtrc(len(of_group) - 1, statistic)))


class _Factors(NamedTuple):
    factors: Array
    log_errors: Array


def _learn_in_turns(came: Array, due: Array) -> tuple[_Factors, _Factors]:
    """Factors of months and of holidays; their mean over what came is 1. Columns as in `learn_season`."""
    of_holidays = np.ones(due.shape[1])
    holidays = _Factors(np.empty(0), np.empty(0))
    for _ in range(TURNS if due.shape[1] > 1 else 1):
        of_months = due @ of_holidays
        of_months *= came.sum() / of_months.sum()
        variance = _variance_of_factors(came.sum(axis=1), of_months)
        months = _drawn_to_1(came.sum(axis=1), of_months, variance)
        level = came.sum() / (months.factors @ due @ of_holidays)
        months = months._replace(factors=months.factors * level)
        if due.shape[1] > 1:
            counts = came[:, 1:].sum(axis=0), months.factors @ due[:, 1:]
            variance = _variance_of_factors(*map(np.append, (came.sum(axis=1), of_months), counts))
            holidays = _drawn_to_1(*counts, variance)
            of_holidays = np.append(1.0, holidays.factors)
    level = came.sum() / (months.factors @ due @ of_holidays)
    return months._replace(factors=months.factors * level), holidays


def _drawn_to_1(came: Array, due: Array, variance: float) -> _Factors:
    """Quotients of two counts, drawn towards 1, and the standard errors of their logarithms."""
    return _Factors((1 + variance * came) / (1 + variance * due), np.sqrt(variance / (1 + variance * came)))


def _variance_of_factors(came: Array, due: Array) -> float:
    """The variance of Gamma factors of mean 1 under which the counts, negative binomial around `due`, are most likely.

    0 where Poisson counts are likelier; to 5 per cent, far less than twelve months can tell. Where nothing is due,
    nothing is known.
    """
    came, due = came[due > 0], due[due > 0]
    k = 1 / VARIANCES[:, None]
    each = gammaln(came + k) - gammaln(k) + k * np.log(k) - (came + k) * np.log(k + due) + came * np.log(due)
    likelihoods = each.sum(axis=1)
    poisson = float((came * np.log(due) - due).sum())
    return float(VARIANCES[np.argmax(likelihoods)]) if likelihoods.max() > poisson else 0.0


def with_season(model: ValueModel, daily: pd.DataFrame, holidays: Sequence[HolidayDates] = ()) -> ValueModel:
    """The model with the season of its data; as it is where there is none to learn."""
    learned = learn_season(daily, model, holidays)
    return model if learned is None else replace(model, season=learned.season)


def choose_season(ltv: Ltv, fitted: Sequence[FittedOrigin], daily: pd.DataFrame) -> tuple[bool, list[str]]:
    """Whether forecasts get a season, by ltv.season, and why, for log and card; no line where the knob is none.

    auto takes it where months differ by more than chance, and totals of the past were nearer with it: the mean squared
    relative error of purchases, over the origins with 13 months of data. `fitted` are the origins, oldest first.
    """
    if ltv.season == "none":
        return False, []
    newest = learn_season(daily, fitted[-1].model, ltv.holidays)
    if newest is None:
        return False, [f"Season: none, since it takes {LEAST_MONTHS} months of purchases to learn one."]
    shown = ", ".join(f"{name} {factor:.2f}" for name, factor in factors_of(newest.season).items())
    of_what = "months and holidays" if ltv.holidays else "months"
    found = f"{of_what} differ with p = {newest.p_value:.2g} ({shown})"
    by = "by month and holiday" if ltv.holidays else "by month"
    if ltv.season == "month":
        return True, [f"Season: {by}; {found}."]
    if newest.p_value >= LEVEL:
        return False, [f"Season: none; {found}, which chance explains."]
    is_better, judged = _judged(fitted, daily, ltv.holidays)
    return is_better, [f"Season: {by if is_better else 'none'}; {found}; {judged}."]


def factors_of(season: Season) -> dict[str, float]:
    """The factors by name: Jan to Dec, then 'holiday <name>'."""
    of_holidays = {f"holiday {holiday.name}": holiday.factor for holiday in season.holidays}
    return dict(zip(NAMES, season.factors, strict=True)) | of_holidays


def holidays_not_known(model: ValueModel, daily: pd.DataFrame) -> list[str]:
    """What a model's season lacks of its holidays, a sentence each: their past, or their next time."""
    if model.season is None:
        return []
    since, until = pd.Timestamp(daily["day"].min()).date(), model.as_of
    lines = []
    for holiday in model.season.holidays:
        if not any(first <= until and last >= since for first, last in holiday.dates):
            lines.append(
                f"Holiday {holiday.name}: none of its days is in the data up to {until}, so its factor is 1 where it "
                "comes."
            )
        elif not any(last > until for _, last in holiday.dates):
            lines.append(
                f"Holiday {holiday.name}: ltv.holidays has no date of it after {until}, so forecasts are without it."
            )
    return lines


def _judged(fitted: Sequence[FittedOrigin], daily: pd.DataFrame, holidays: Sequence[HolidayDates]) -> tuple[bool, str]:
    """Whether totals of the past were nearer with a season, and how near."""
    known = [one for one in fitted if learn_season(daily, one.model) is not None]
    if len(known) < LEAST_ORIGINS:
        return False, (
            f"origins with {LEAST_MONTHS} months of data before them are {len(known)}, and {LEAST_ORIGINS} are needed "
            "to judge it (ltv.season: month takes it unjudged)"
        )
    without = _squared_error(known)
    within = _squared_error([one._replace(model=with_season(one.model, daily, holidays)) for one in known])
    off = f"totals at {len(known)} origins are {within**0.5:.1%} off with a season, {without**0.5:.1%} without"
    return within < without, off


def _squared_error(fitted: Sequence[FittedOrigin]) -> float:
    """Mean squared relative error of the purchases of all customers; periods without any are left out."""
    pairs = [predicted_and_actual(one) for one in fitted]
    return float(np.mean([(predicted / actual - 1) ** 2 for predicted, actual in pairs if actual > 0] or [np.inf]))


def _known_by(daily: pd.DataFrame, model: ValueModel) -> tuple[Array, Array, np.ndarray] | None:
    """First and repeat purchases of each day up to the model's as_of, and the days; None for fewer than 13 months."""
    end = pd.Timestamp(model.as_of)
    by_day = daily.assign(day=pd.to_datetime(daily["day"])).set_index("day")[["first_purchases", "repeat_purchases"]]
    by_day = by_day[by_day.index <= end]
    if by_day.empty or by_day.index.min() + pd.DateOffset(months=LEAST_MONTHS) > end + pd.DateOffset(days=1):
        return None
    by_day = by_day.reindex(pd.date_range(by_day.index.min(), end), fill_value=0)
    first, repeat = (by_day[name].to_numpy(np.float64) for name in ("first_purchases", "repeat_purchases"))
    return first, repeat, by_day.index.to_numpy()
