"""Does a fit still hold: the tests of purchases and of the score, on customers whose truth is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from ltv import mbg_cnbd_k, mbg_nbd, pareto_nbd
from ltv.drift import MONTH, Followed, _two_sided, joint_dates, purchases_test, score_test, windows
from ltv.findings import Finding, judge_followed, too_early
from ltv.gamma_gamma import GammaGammaFit
from ltv.histories import histories
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_likelihood import scores, sums
from ltv.purchase_fits import PurchaseFit
from ltv.value_model import ValueModel

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # customers of the last day

FITTED = dt.date(2026, 3, 31)
TODAY = FITTED + dt.timedelta(days=14)
TRUE = {"r": 0.55, "alpha": 74.0, "s": 0.6, "beta": 82.0}
SPEND = GammaGammaFit.from_params(p=6.25, q=3.74, gamma=15.44)


def simulated(customers: int, seed: int, *, days: int = 14, buying: float = 1.0, leaving: float = 1.0) -> Followed:
    """Customers of a year up to FITTED, and of `days` more in which the rates are so many times what they were."""
    rng = np.random.default_rng(seed)
    span = 365 + days
    start = rng.uniform(0, span, customers * span // 365)
    rate = rng.gamma(TRUE["r"], 1 / TRUE["alpha"], len(start))
    life = rng.exponential(1, len(start)) / rng.gamma(TRUE["s"], 1 / TRUE["beta"], len(start))
    # From the change on, the rest of a life passes so many times as fast.
    alive_then = np.maximum(start, 365.0)
    end = np.where(start + life < alive_then, start + life, alive_then + (start + life - alive_then) / leaving)
    end = np.minimum(end, span)
    fast = max(1.0, buying)
    who = np.repeat(np.arange(len(start)), rng.poisson(rate * fast * np.maximum(end - start, 0)))
    when = start[who] + rng.uniform(0, 1, len(who)) * (end - start)[who]
    kept = rng.uniform(0, fast, len(who)) < np.where(when < 365, 1.0, buying)
    who, when, first = who[kept], np.floor(when[kept]), np.floor(start)
    who, when = np.unique(np.stack([who, when])[:, when > first[who]], axis=1)
    who = who.astype(int)
    dates = joint_dates(FITTED, FITTED + dt.timedelta(days=days))
    purchases, spans = [], []
    for date in dates:
        day = 364 + (date - FITTED).days
        seen = when <= day
        last = first.copy()
        np.maximum.at(last, who[seen], when[seen])
        repeats = np.bincount(who[seen], minlength=len(first))
        purchases.append(np.where(first <= day, repeats + 1, 0))
        spans.append(last - first)
    return Followed(
        dates=tuple(dates),
        age=span - 1 - first,
        purchases=np.stack(purchases, axis=1).astype(float),
        span=np.stack(spans, axis=1),
        customers=np.ones(len(first)),
    )


def fitted(followed: Followed, *, day: float = 0.0, time_unit: str = "days") -> ValueModel:
    """The model of the customers of FITTED."""
    plain = model_of(ParetoNBDFit.from_params(**TRUE), time_unit=time_unit)
    known = followed.histories(FITTED, plain)
    return model_of(
        pareto_nbd.fit(known.frequency, known.recency, known.T, known.weights, day=day), time_unit=time_unit
    )


def model_of(purchases: PurchaseFit, *, time_unit: str = "days") -> ValueModel:
    return ValueModel(purchases=purchases, spend=SPEND, time_unit=time_unit, currency="USD", as_of=FITTED)


@pytest.mark.parametrize(
    ("days", "expected"), [(6, []), (7, [7]), (8, [7, 8]), (28, [7, 28]), (29, [7, 28, 29]), (-3, [])]
)
def test_windows_are_a_week_four_weeks_and_all_days_since_the_fit(days: int, expected: list[int]) -> None:
    as_of = FITTED + dt.timedelta(days=days)
    assert [(as_of - since).days for since in windows(FITTED, as_of)] == expected


def test_customers_are_seen_as_they_were_known_on_each_day() -> None:
    # Ann bought on days 0, 10 and 25, Bea on day 22 alone; the dates are days 20, 27.
    dates = (FITTED, FITTED + dt.timedelta(days=7))
    followed = Followed(
        dates=dates,
        age=np.array([27.0, 5.0]),
        purchases=np.array([[2.0, 3.0], [0.0, 1.0]]),
        span=np.array([[10.0, 25.0], [0.0, 0.0]]),
        customers=np.array([1.0, 4.0]),
    )
    model = model_of(ParetoNBDFit.from_params(**TRUE))
    then, now = (followed.histories(date, model) for date in dates)
    assert [then.frequency.tolist(), then.recency.tolist(), then.T.tolist()] == [[1], [10], [20]]
    assert [now.frequency.tolist(), now.recency.tolist(), now.T.tolist()] == [[2, 0], [25, 0], [27, 5]]
    assert now.weights.tolist() == [1, 4]
    assert followed.bought(FITTED).tolist() == [1, 1]
    weeks = followed.histories(FITTED, model_of(ParetoNBDFit.from_params(**TRUE), time_unit="weeks"))
    assert (weeks.recency[0], weeks.T[0]) == (10 / 7, 20 / 7)


@pytest.mark.parametrize("day", [0.0, 1.0])
def test_scores_of_histories_add_up_to_the_gradient_of_their_likelihood(day: float) -> None:
    rng = np.random.default_rng(5)
    T = rng.integers(20, 300, 50).astype(float)
    x = rng.integers(0, 6, 50).astype(float)
    t_x = np.where(x > 0, np.floor(np.maximum(T * 0.7, x)), 0)
    covariates = rng.normal(size=(50, 2))
    data = histories(
        x,
        t_x,
        T,
        rng.integers(1, 9, 50),
        transaction_covariates=covariates,
        dropout_covariates=covariates[:, :1],
        day=day,
    )
    theta = np.array([*np.log(list(TRUE.values())), 0.2, -0.1, 0.3])
    assert data.weights @ scores(theta, data) == pytest.approx(sums(theta, data).gradient)


def test_the_forecast_of_a_window_is_that_of_the_customers_of_its_first_day() -> None:
    followed = simulated(3000, 1)
    model = fitted(followed)
    since = TODAY - dt.timedelta(days=7)
    known = followed.histories(since, model)
    expected = model.purchases.expected_purchases(7, known.frequency, known.recency, known.T).sum()

    tested = purchases_test(model, followed, since)

    assert tested.expected == pytest.approx(expected)
    repeats = (followed.purchases[:, -1] - followed.purchases[:, followed.dates.index(since)])[followed.known(since)]
    assert tested.actual == repeats.sum()
    assert tested.change == pytest.approx(repeats.sum() / expected - 1)


@pytest.mark.parametrize("day", [0.0, 1.0])
def test_a_fifth_fewer_purchases_are_an_alarm_in_two_weeks_and_a_steady_shop_is_none(day: float) -> None:
    def alarms(buying: float) -> set[str]:
        followed = simulated(20_000, 11, buying=buying)
        found = judge_followed(fitted(followed, day=day), followed, level=0.01, least_change=0.1)
        return {f"{one.check}, {one.subject}" for one in found if one.is_alarm}

    assert alarms(1.0) == set()
    assert {"purchases, since the fit", "score, since the fit"} <= alarms(0.8)


@pytest.mark.parametrize("fit", [mbg_nbd.fit, partial(mbg_cnbd_k.fit, k=1)])
def test_a_champion_of_another_model_is_watched_by_its_forecast_alone(fit: Callable[..., PurchaseFit]) -> None:
    def found(buying: float) -> list[Finding]:
        followed = simulated(20_000, 11, buying=buying)
        known = followed.histories(FITTED, model_of(ParetoNBDFit.from_params(**TRUE)))
        model = model_of(fit(known.frequency, known.recency, known.T, known.weights))
        return judge_followed(model, followed, level=0.01, least_change=0.1)

    assert [one.subject for one in found(1.0) if one.is_alarm] == []
    fewer = found(0.8)
    assert [(one.check, one.subject) for one in fewer if one.is_alarm] == [
        ("purchases", "newest 7 days"),
        ("purchases", "since the fit"),
    ]
    of_score = [one for one in fewer if one.check == "score"]
    assert all(
        one.detail.startswith("left out: it is that of a Pareto/NBD, and this model is MBG/") for one in of_score
    )
    assert {(one.statistic, one.p_value, one.limit) for one in of_score} == {(None, None, None)}


def test_customers_who_leave_five_times_as_fast_are_seen_by_the_score() -> None:
    followed = simulated(20_000, 3, days=60, leaving=5.0)
    tested = score_test(fitted(followed), followed, FITTED)
    assert tested is not None
    assert tested.p_value < 1e-4


def test_the_unit_of_time_changes_nothing() -> None:
    followed = simulated(5000, 7, buying=0.7)
    since = windows(FITTED, TODAY)[-1]
    for test in (purchases_test, score_test):
        by_day, by_week = (test(fitted(followed, time_unit=unit), followed, since) for unit in ("days", "weeks"))
        assert by_day is not None
        assert by_week is not None
        assert by_week.statistic == pytest.approx(by_day.statistic, rel=1e-6)


def test_customers_of_one_course_may_share_a_row() -> None:
    followed = simulated(5000, 7, buying=0.7)
    model = fitted(followed)
    table = np.column_stack([followed.age, followed.purchases, followed.span])
    rows, counts = np.unique(table, axis=0, return_counts=True)
    assert len(rows) < len(table)
    dates = len(followed.dates)
    counted = replace(
        followed,
        age=rows[:, 0],
        purchases=rows[:, 1 : 1 + dates],
        span=rows[:, 1 + dates :],
        customers=counts.astype(float),
    )
    for test in (purchases_test, score_test):
        one, other = test(model, followed, FITTED), test(model, counted, FITTED)
        assert one is not None
        assert other is not None
        assert other.statistic == pytest.approx(one.statistic, rel=1e-9)


def test_the_fits_own_error_is_no_drift() -> None:
    # The shop is steady; the fit takes purchases for a fifth too rare.
    followed = simulated(20_000, 11)
    off = TRUE | {"alpha": TRUE["alpha"] * 1.25}

    def alarms(error: float) -> set[str]:
        """Where log alpha is known within a standard error of so much."""
        covariance = np.diag([1e-6, error**2, 1e-6, 1e-6])
        model = model_of(ParetoNBDFit(params=off, log_covariance=covariance))
        return {one.check for one in judge_followed(model, followed, level=0.01, least_change=0.1) if one.is_alarm}

    assert alarms(0.25) == set()
    # Known better than that, the forecast is wrong; but nothing is otherwise than before the fit.
    assert alarms(0.01) == {"purchases"}


def test_chance_is_that_of_a_negative_binomial_of_the_forecasts_variance_and_of_poisson_without() -> None:
    mean, variance = 4.0, 7.0
    counts = nbinom(mean**2 / (variance - mean), mean / variance)
    assert _two_sided(1, mean, variance) == pytest.approx(2 * counts.cdf(1))
    assert _two_sided(13, mean, variance) == pytest.approx(2 * counts.sf(12))
    assert _two_sided(13, mean, mean) == pytest.approx(2 * poisson(mean).sf(12))
    assert _two_sided(4, mean, variance) == 1.0
    assert _two_sided(0, mean, variance) == pytest.approx(2 * counts.pmf(0))


def test_with_few_purchases_the_score_is_not_looked_at_and_the_row_says_so() -> None:
    followed = simulated(300, 2)
    found = judge_followed(fitted(followed), followed, level=0.01, least_change=0.1)
    of_score = [one for one in found if one.check == "score"]
    assert {one.detail for one in of_score} == {"fewer than 200 purchases"}
    assert {(one.statistic, one.p_value, one.limit, one.is_alarm) for one in of_score} == {(None, None, None, False)}


def test_a_sure_but_small_change_is_no_alarm_and_the_row_says_so() -> None:
    followed = simulated(20_000, 11, buying=0.8)
    model = fitted(followed)
    (seen,) = (
        one
        for one in judge_followed(model, followed, level=0.01, least_change=0.5)
        if (one.check, one.subject) == ("purchases", "since the fit")
    )
    assert not seen.is_alarm
    assert seen.detail.endswith("beyond chance, but below drift.least_change")
    assert " purchase days came, " in seen.detail


def test_where_nobody_had_bought_by_the_fit_there_is_nothing_to_look_at() -> None:
    # A lake that was emptied, with the champion of before.
    dates = joint_dates(FITTED, TODAY)
    new = Followed(
        dates=dates,
        age=np.array([3.0]),
        purchases=np.array([[0.0] * (len(dates) - 1) + [1.0]]),
        span=np.zeros((1, len(dates))),
        customers=np.array([5.0]),
    )
    found = judge_followed(model_of(ParetoNBDFit.from_params(**TRUE)), new, level=0.01, least_change=0.1)
    assert [one.detail for one in found] == ["nobody had bought by 2026-04-07", "nobody had bought by 2026-03-31"]
    assert not any(one.is_alarm for one in found)


def test_in_the_first_week_after_the_fit_one_row_says_why_nothing_is_looked_at() -> None:
    model = model_of(ParetoNBDFit.from_params(**TRUE))
    row = too_early(model, FITTED + dt.timedelta(days=3))
    assert row.detail == "the fit is of 2026-03-31: nothing is looked at in its first 7 days"
    assert (row.is_alarm, row.statistic) == (False, None)


def test_the_limits_of_all_checks_add_up_to_the_level_at_most() -> None:
    followed = simulated(3000, 1, days=MONTH + 5)
    found = judge_followed(fitted(followed), followed, level=0.01, least_change=0.1)
    assert len(found) == 6
    assert sum(one.limit or 0.0 for one in found) <= 0.005 + 1e-12
