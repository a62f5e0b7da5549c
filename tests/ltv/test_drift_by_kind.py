"""The monitor of a champion with covariates or a season, or of another purchase model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from shops import fit_in, origin
from simulated_days import daily_purchases, simulated_days
from test_covariates import ALIKE, CHANNEL, FICKLE, days_of, newest

from ltv.choose_covariates import fit_with_covariates
from ltv.drift import Followed, joint_dates, purchases_test, score_left_out, score_test, standing
from ltv.findings import Finding, judge_followed
from ltv.fitters import fit_purchases
from ltv.learn_season import with_season
from ltv.pareto_nbd import ParetoNBDFit
from ltv.season import Season
from ltv.value_model import ValueModel

NOVEMBER = dt.date(2025, 11, 1)
TWO_WEEKS = dt.timedelta(days=14)


def followed_in(days: pd.DataFrame, dates: Sequence[dt.date], *attributes: str) -> Followed:
    """The customers of the last date, a row each."""
    known = days[days["day"] <= pd.Timestamp(dates[-1])]
    by_person = known.groupby("customer")
    first = by_person["day"].min()
    purchases, span = [], []
    for date in dates:
        seen = known[known["day"] <= pd.Timestamp(date)].groupby("customer")["day"].agg(["size", "max"])
        purchases.append(seen["size"].reindex(first.index).fillna(0).to_numpy(float))
        span.append((seen["max"].reindex(first.index) - first).dt.days.fillna(0).to_numpy(float))
    return Followed(
        dates=tuple(dates),
        age=(pd.Timestamp(dates[-1]) - first).dt.days.to_numpy(float),
        purchases=np.stack(purchases, axis=1),
        span=np.stack(span, axis=1),
        customers=np.ones(len(first)),
        attributes={name: by_person[name].first().to_numpy(object) for name in attributes},
    )


def alarms(model: ValueModel, followed: Followed) -> set[tuple[str, str]]:
    return {(one.check, one.subject) for one in judged(model, followed) if one.is_alarm}


def judged(model: ValueModel, followed: Followed) -> list[Finding]:
    return judge_followed(model, followed, level=0.01, least_change=0.1)


@cache
def by_channel(seed: int, customers: int = 6000, until: dt.date = NOVEMBER + TWO_WEEKS) -> tuple[ValueModel, Followed]:
    """A shop whose Paid Social customers leave three times as fast: its model of 1 November, and the days after it."""
    days = days_of(seed, FICKLE, customers)
    at_fit = newest(days)
    plain = fit_purchases(at_fit.histories, fitter="exact", seed=1)
    assert isinstance(plain, ParetoNBDFit)
    counted = at_fit.histories
    chosen = fit_with_covariates(counted, (CHANNEL,), plain)
    model = replace(fit_in("USD")(at_fit), purchases=chosen.fit)
    return model, followed_in(days, joint_dates(NOVEMBER, until), CHANNEL)


def part(followed: Followed, rows: np.ndarray) -> Followed:
    """Some of the customers."""
    columns = {name: getattr(followed, name)[rows] for name in ("age", "purchases", "span", "customers")}
    attributes = {name: column[rows] for name, column in followed.attributes.items()}
    return replace(followed, **columns, attributes=attributes)


def test_the_forecast_of_a_window_is_that_of_each_channels_customers() -> None:
    model, followed = by_channel(1)
    leaving = model.purchases.covariates["dropout"]
    assert model.purchases.covariates["transaction"] == {}

    tested = purchases_test(model, followed, NOVEMBER)

    x, t_x, T = (getattr(followed.histories(NOVEMBER, model), name) for name in ("frequency", "recency", "T"))
    channel = followed.attributes[CHANNEL][followed.known(NOVEMBER)]
    expected = 0.0
    for name in FICKLE:
        rows = channel == name
        faster = np.exp(leaving.get(f"{CHANNEL}={name}", 0.0))
        fit = ParetoNBDFit.from_params(**model.purchases.params | {"beta": model.purchases.params["beta"] / faster})
        expected += fit.expected_purchases(14, x[rows], t_x[rows], T[rows]).sum()
    assert tested.expected == pytest.approx(expected)


def test_a_steady_shop_with_a_channel_that_leaves_faster_has_no_alarm() -> None:
    for seed in range(1, 6):
        assert alarms(*by_channel(seed)) == set()


def test_customers_of_a_channel_that_leaves_faster_are_fewer_in_two_months_than_if_they_were_of_the_base() -> None:
    model, followed = by_channel(2, 20_000, dt.date(2025, 12, 31))
    social = part(followed, followed.attributes[CHANNEL] == "Paid Social")

    tested = purchases_test(model, social, NOVEMBER)
    as_base = purchases_test(model, replace(social, attributes={}), NOVEMBER)

    assert tested.p_value > 0.01
    assert as_base.p_value < 0.0001
    assert as_base.change < -0.1


def test_the_score_has_a_direction_per_covariate_which_the_fit_leaves_at_0() -> None:
    model, followed = by_channel(1)
    at_fit = standing(model, followed, NOVEMBER)
    assert len(model.purchases.covariates["dropout"]) == 2  # the levels beside the base
    assert at_fit.gradients.shape == (len(followed.age), 4 + 2)
    assert at_fit.information.shape == (4 + 2, 4 + 2)
    of_all = followed.customers @ at_fit.gradients
    assert np.abs(of_all / np.sqrt(np.diag(at_fit.information))).max() < 1e-3


def test_customers_of_one_channel_who_no_longer_buy_are_seen_by_the_score() -> None:
    model, followed = by_channel(2, 20_000)
    assert alarms(model, followed) == set()
    stays_away = followed.attributes[CHANNEL] == "Paid Social"
    at, last = followed.dates.index(NOVEMBER), followed.purchases.shape[1]
    purchases, span = followed.purchases.copy(), followed.span.copy()
    was_known = stays_away & followed.known(NOVEMBER)
    for later in range(at + 1, last):
        purchases[was_known, later], span[was_known, later] = purchases[was_known, at], span[was_known, at]
    without = replace(followed, purchases=purchases, span=span)

    as_changed, as_steady = score_test(model, without, NOVEMBER), score_test(model, followed, NOVEMBER)

    assert as_changed and as_steady
    assert as_steady.p_value > 0.01
    assert as_changed.p_value < 1e-4


def test_levels_that_no_followed_customer_has_move_nothing() -> None:
    model, followed = by_channel(2, 20_000)
    fit = model.purchases
    assert isinstance(fit, ParetoNBDFit)
    columns = fit.covariates["dropout"]
    of_base = part(followed, np.array([f"{CHANNEL}={name}" not in columns for name in followed.attributes[CHANNEL]]))
    covariance = fit.fitted_covariance()[:4, :4]
    plain = replace(model, purchases=replace(fit, covariates={}, log_covariance=covariance))

    with_columns, without = (score_test(one, of_base, NOVEMBER) for one in (model, plain))

    assert with_columns and without
    assert with_columns.statistic == pytest.approx(without.statistic)
    assert with_columns.p_value == pytest.approx(without.p_value)


@cache
def december(seed: int, factor: float = 1.8) -> tuple[pd.DataFrame, ValueModel]:
    """Two years of a shop whose December is so many times the usual, and its model of 30 November, without a season."""
    days = simulated_days(6000, seed, first="2024-01-01", until="2025-12-31", months={12: factor})
    return days, fit_in("USD")(origin(days, pd.Timestamp("2025-11-30"), 14))


def test_a_steady_december_of_1_8_times_the_usual_is_an_alarm_without_a_season_and_hardly_ever_with_it() -> None:
    without, within = [], []
    for seed in range(10):
        days, model = december(seed)
        followed = followed_in(days, joint_dates(model.as_of, model.as_of + TWO_WEEKS))
        without.append(alarms(model, followed))
        within.append(alarms(with_season(model, daily_purchases(days)), followed))

    assert all({("purchases", "newest 7 days"), ("purchases", "since the fit")} <= found for found in without)
    # A season that was learned from one December is drawn towards 1: of 107 shops 4 had an alarm.
    assert [len(found) for found in within].count(0) >= 9


def test_a_december_that_does_not_come_is_an_alarm_with_a_season() -> None:
    found = []
    for seed in range(5):
        days, model = december(seed)
        seasonal = with_season(model, daily_purchases(days))
        # The same customers in a December as any other month.
        later = days["day"] > pd.Timestamp(model.as_of)
        drawn = np.random.default_rng(seed).uniform(size=len(days)) < 1 / 1.8
        is_first = days["day"] == days.groupby("customer")["day"].transform("min")
        quiet = days[~later | is_first | drawn]
        found.append(alarms(seasonal, followed_in(quiet, joint_dates(model.as_of, model.as_of + TWO_WEEKS))))

    assert [("purchases", "since the fit") in one for one in found] == [True] * 5


def test_the_season_is_that_of_the_windows_days_and_its_error_counts() -> None:
    days, model = december(1)
    today = dt.date(2025, 12, 14)
    followed = followed_in(days, joint_dates(model.as_of, today))
    sure = Season(factors=(*[1.0] * 11, 1.5), log_errors=(0.0,) * 12)
    unsure = replace(sure, log_errors=(*[0.0] * 11, 0.2))

    plain, by_sure, by_unsure = (
        purchases_test(replace(model, season=season), followed, model.as_of) for season in (None, sure, unsure)
    )

    assert plain.expected and by_sure.expected
    assert by_sure.expected == pytest.approx(1.5 * plain.expected, rel=1e-3)
    assert by_unsure.expected == by_sure.expected
    # both errors add up: 20% of what is expected, beside that of the plain test
    plain_error, error = ((one.actual - one.expected) / one.statistic for one in (by_sure, by_unsure))  # type: ignore[operator]
    assert error**2 - plain_error**2 == pytest.approx((0.2 * by_sure.expected) ** 2)


def test_with_a_season_the_score_is_left_out_and_the_row_says_so() -> None:
    days, model = december(1)
    followed = followed_in(days, joint_dates(model.as_of, model.as_of + TWO_WEEKS))
    found = judged(with_season(model, daily_purchases(days)), followed)
    of_score = [one for one in found if one.check == "score"]
    assert {one.detail for one in of_score} == {
        "left out: with a season, other months move it; purchases are looked at with the season"
    }
    assert {(one.statistic, one.p_value, one.limit, one.is_alarm) for one in of_score} == {(None, None, None, False)}


@pytest.mark.parametrize(
    ("kind", "title"), [("bg_nbd", "BG/NBD"), ("mbg_nbd", "MBG/NBD"), ("mbg_cnbd_k", "MBG/CNBD-k (k = 1)")]
)
def test_of_another_purchase_model_purchases_are_looked_at_and_the_score_is_left_out(kind: str, title: str) -> None:
    days = days_of(4, ALIKE)
    model = fit_in("USD", kind)(newest(days))
    followed = followed_in(days, joint_dates(NOVEMBER, NOVEMBER + TWO_WEEKS))

    found = judged(model, followed)

    assert [one.subject for one in found if one.is_alarm] == []
    assert [one.p_value is not None for one in found if one.check == "purchases"] == [True, True]
    assert {one.detail for one in found if one.check == "score"} == {
        f"left out: it is that of a Pareto/NBD, and this model is {title}"
    }
    assert score_left_out(model, followed, NOVEMBER)
    # Half of what comes after the fit does not come.
    known = followed.known(NOVEMBER)
    later = followed.bought(NOVEMBER)
    fewer = followed.purchases.copy()
    fewer[known, -1] -= np.where(known, np.ceil(later / 2), 0)[known]
    assert purchases_test(model, replace(followed, purchases=fewer), NOVEMBER).p_value < 1e-4
