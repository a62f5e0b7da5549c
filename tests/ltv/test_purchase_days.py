"""Pareto/NBD of days with a purchase: at most one a day, as the customer summary counts them."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ltv import pareto_nbd
from ltv.histories import histories
from ltv.intervals import ratio_interval, total_interval, total_purchases
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_likelihood import sums
from ltv.whole_days import MOST_STANDARD_ERRORS, days_matter, likelihood_of_days
from warehouse.errors import InputError

# Customers buy every 12 days.
TRUE = {"r": 1.2, "alpha": 15.0, "s": 0.606, "beta": 81.7}
OBSERVED, FUTURE = 730, 182


def shop(
    customers: int, seed: int, true: dict[str, float] = TRUE
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], int]:
    """(frequency, recency, T) in whole days, and the days with a purchase of the next FUTURE days."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, OBSERVED, customers)
    leaves = start + rng.exponential(1, customers) / rng.gamma(true["s"], 1 / true["beta"], customers)
    end = np.minimum(leaves, OBSERVED + FUTURE)
    number = rng.poisson(rng.gamma(true["r"], 1 / true["alpha"], customers) * (end - start))
    who = np.repeat(np.arange(customers), number)
    when = start[who] + rng.random(len(who)) * (end - start)[who]
    who, day = np.unique(np.stack([who, np.floor(when).astype(np.int64)]), axis=1)
    first = np.floor(start).astype(np.int64)
    who, day = who[day > first[who]], day[day > first[who]]
    seen = day < OBSERVED
    last = first.copy()
    np.maximum.at(last, who[seen], day[seen])
    frequency = np.bincount(who[seen], minlength=customers)
    rows = tuple(column.astype(np.float64) for column in (frequency, last - first, OBSERVED - 1 - first))
    return rows, int((~seen).sum())  # type: ignore[return-value]


@pytest.mark.filterwarnings("ignore:.* customers have T = 0")
def test_parameters_are_those_of_purchases_and_totals_those_of_days() -> None:
    rows, future = shop(10_000, seed=5)

    plain, days = pareto_nbd.fit(*rows), pareto_nbd.fit(*rows, day=1.0)

    rate = TRUE["r"] / TRUE["alpha"]
    assert ratio_interval(plain, "r", "alpha").upper < 0.97 * rate, "plain fits take days for purchases"
    assert days.params["r"] / days.params["alpha"] == pytest.approx(rate, rel=0.02)
    assert days.params["alpha"] == pytest.approx(TRUE["alpha"], rel=0.05)
    assert days.params["s"] / days.params["beta"] == pytest.approx(TRUE["s"] / TRUE["beta"], rel=0.06)
    total = total_interval(total_purchases(days, lambda model: model.forecast(*rows), FUTURE), days)
    assert total.lower < future < total.upper
    assert total.estimate == pytest.approx(future, rel=0.015)


def test_gradient_and_hessian_are_slopes_with_days_too() -> None:
    data = histories([0, 1, 4, 30], [0, 7, 30, 60], [3, 50, 31, 61], [1, 2, 1, 3], day=1.0)
    theta, step = np.log([1.2, 9.0, 0.6, 40.0]), 1e-5
    here = sums(theta, data, order=2)
    assert here.hessian is not None
    for j in range(4):
        shift = step * (np.arange(4) == j)
        ahead, behind = sums(theta + shift, data), sums(theta - shift, data)
        slope = (ahead.log_likelihood - behind.log_likelihood) / (2 * step)
        assert here.gradient[j] == pytest.approx(slope, rel=1e-6, abs=1e-7)
        assert here.hessian[j] == pytest.approx((ahead.gradient - behind.gradient) / (2 * step), rel=1e-5, abs=1e-6)


AS_CDNOW = {"r": 0.553, "alpha": 74.0, "s": 0.606, "beta": 81.7}


@pytest.mark.filterwarnings("ignore:.* customers have T = 0")
@pytest.mark.parametrize(
    ("true", "customers", "expected"),
    [(AS_CDNOW, 300, False), (AS_CDNOW, 10_000, False), (TRUE, 100, False), (TRUE, 1_000, True), (TRUE, 10_000, True)],
    ids=lambda given: "often" if given is TRUE else "rarely" if given is AS_CDNOW else str(given),
)
def test_days_matter_where_many_customers_buy_often(true: dict[str, float], customers: int, expected: bool) -> None:
    rows, _ = shop(customers, seed=1, true=true)
    counted = pd.DataFrame(dict(zip(("frequency", "recency", "T"), rows, strict=True))).assign(customers=1)

    assert days_matter(pareto_nbd.fit(*rows), likelihood_of_days(counted, 1.0)) is expected


@pytest.mark.filterwarnings("ignore:.* customers have T = 0")
def test_the_distance_that_decides_is_that_of_the_two_fits() -> None:
    for customers, distance in ((1_000, 3.1), (3_000, 5.2)):
        rows, _ = shop(customers, seed=1)
        plain, days = pareto_nbd.fit(*rows), pareto_nbd.fit(*rows, day=1.0)
        apart = plain.theta - days.theta
        found = float(np.sqrt(apart @ np.linalg.solve(days.fitted_covariance(), apart)))
        assert found == pytest.approx(distance, rel=0.15)
        assert found > MOST_STANDARD_ERRORS


@pytest.mark.filterwarnings("ignore:.* customers have T = 0")
def test_a_fit_by_the_weak_prior_is_kept() -> None:
    rows, _ = shop(1_000, seed=1)
    counted = pd.DataFrame(dict(zip(("frequency", "recency", "T"), rows, strict=True))).assign(customers=1)
    fitted = replace(pareto_nbd.fit(*rows), note="no churn shows")

    assert days_matter(fitted, likelihood_of_days(counted, 1.0)) is False


@pytest.mark.filterwarnings("ignore:.* customers have T = 0")
def test_days_and_weeks_give_the_same_fit() -> None:
    rows, _ = shop(1000, seed=2)
    weeks = (rows[0], rows[1] / 7, rows[2] / 7)

    in_days, in_weeks = pareto_nbd.fit(*rows, day=1.0), pareto_nbd.fit(*weeks, day=1 / 7)

    unit = np.array([1, 7, 1, 7])
    assert list(in_days.params.values()) == pytest.approx(np.array(list(in_weeks.params.values())) * unit, rel=1e-6)
    assert in_days.expected_purchases(182, *rows) == pytest.approx(in_weeks.expected_purchases(26, *weeks), rel=1e-6)


def test_nobody_buys_on_more_days_than_there_are() -> None:
    model = ParetoNBDFit(params=TRUE, day=1.0)
    plain = ParetoNBDFit.from_params(**TRUE)
    daily = (200, 200, 200)
    assert 20 < model.expected_purchases(30, *daily)[0] < 30
    # at few purchases a day, a day with a purchase is a purchase
    rarely = (1, 100, 400)
    assert model.expected_purchases(30, *rarely) == pytest.approx(plain.expected_purchases(30, *rarely), rel=0.02)
    known = model.forecast(*daily)
    assert 0 < known.purchase_variance(30)[0] < plain.forecast(*daily).purchase_variance(30)[0]


def test_the_variance_of_days_is_that_of_days_drawn() -> None:
    model = ParetoNBDFit(params=TRUE, day=1.0)
    known = model.forecast(60, 150, 160)
    rng = np.random.default_rng(1)
    rate = rng.gamma(known.purchase_shape[0], 1 / known.purchase_rate[0], 100_000)
    leaving = rng.exponential(1, 100_000) / rng.gamma(known.dropout_shape, 1 / known.dropout_rate[0], 100_000)
    stays = np.where(rng.random(100_000) < known.p_alive[0], np.minimum(leaving, 60), 0)
    days = rng.binomial(np.floor(stays).astype(int), -np.expm1(-rate))
    days += rng.random(100_000) < -np.expm1(-rate * (stays % 1))
    assert known.expected_purchases(60)[0] == pytest.approx(days.mean(), rel=0.01)
    assert known.purchase_variance(60)[0] == pytest.approx(days.var(), rel=0.02)


def test_a_fit_keeps_its_day_and_fits_of_before_have_none() -> None:
    model = ParetoNBDFit(params=TRUE, day=1 / 7)
    plain = json.loads(json.dumps(model.to_dict()))
    assert ParetoNBDFit.from_dict(plain) == model
    del plain["day"]
    assert ParetoNBDFit.from_dict(plain).day == 0


@pytest.mark.filterwarnings("ignore:.* customers have T = 0")
def test_where_customers_buy_several_times_a_day_days_are_taken_for_purchases() -> None:
    rows, _ = shop(40, seed=1, true={"r": 5.0, "alpha": 3.0, "s": 4.0, "beta": 5.0})

    fitted = pareto_nbd.fit(*rows, day=1.0)

    assert fitted.note is not None
    assert fitted.note.startswith("Purchases: customers buy more than once a day")
    assert fitted.params == pareto_nbd.fit(*rows).params


def test_more_days_with_a_purchase_than_days_are_refused() -> None:
    with pytest.raises(InputError, match="more days with a purchase than days"):
        pareto_nbd.fit([9, 1], [5, 5], [50, 50], day=1.0)
