"""Who leaves, and what that costs, against shops drawn from the model and against sums by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from test_customer_value import MODEL

from ltv import pareto_nbd
from ltv.histories import histories
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_leavers import leavers
from ltv.retention import purchases_at_risk

FIT = ParetoNBDFit.from_params(r=0.6, alpha=60.0, s=0.6, beta=100.0)
WITHIN, HORIZON = 30.0, 365.0


def test_what_leavers_would_buy_is_what_they_buy_in_shops_drawn_from_the_model() -> None:
    rng = np.random.default_rng(7)
    customers = 400_000
    T = rng.uniform(0, 730, customers)
    buying, leaving = rng.gamma(0.6, 1 / 60, customers), rng.gamma(0.6, 1 / 100, customers)
    life, life_if_kept = rng.exponential(1, (2, customers)) / leaving
    frequency = rng.poisson(buying * np.minimum(life, T))
    who = np.repeat(np.arange(customers), frequency)
    recency = np.zeros(customers)
    np.maximum.at(recency, who, rng.uniform(size=len(who)) * np.minimum(life, T)[who])
    leaves = life <= T + WITHIN
    rest = HORIZON - np.clip(life - T, 0, WITHIN)
    bought = rng.poisson(buying * np.minimum(life_if_kept, rest)) * leaves

    found = leavers(FIT.theta, histories(frequency, recency, T), within=WITHIN, horizon=HORIZON)

    silent = T - recency
    for group in (frequency == 0, (frequency > 0) & (frequency < 4), frequency >= 4, silent < 30, silent > 200):
        chance = 4 / np.sqrt(group.sum())
        assert found.leaving[group].mean() == pytest.approx(leaves[group].mean(), abs=chance / 2)
        assert found.lost_purchases[group].mean() == pytest.approx(
            bought[group].mean(), abs=chance * bought[group].std()
        )
        pairs = bought[group] * (bought[group] - 1.0)
        assert found.lost_pairs[group].mean() == pytest.approx(pairs.mean(), abs=chance * pairs.std())


def test_a_buyer_of_today_can_only_leave_from_now_on() -> None:
    found = leavers(FIT.theta, histories(3, 200.0, 200.0), within=WITHIN, horizon=HORIZON)

    def lost_by(t: float) -> float:
        """Leaves at t after today: density of leaving, rate of purchases, expected time until leaving again."""
        b = 100.0 + 200.0
        again = (b + t) * (1 - ((b + t) / (b + HORIZON)) ** 0.6) / 0.6
        return 0.6 / b * (1 + t / b) ** -1.6 * (3 + 0.6) / (60 + 200) * again

    assert found.leaving == pytest.approx(1 - (300 / 330) ** 0.6)
    assert found.lost_purchases == pytest.approx(quad(lost_by, 0, WITHIN)[0], rel=1e-9)


def test_who_left_long_ago_bought_faster_than_a_living_customer_of_the_same_history() -> None:
    history = (2, 40.0, 700.0)
    known = FIT.forecast(*history)
    as_the_living = (1 - known.p_alive) / known.p_alive * known.expected_purchases(HORIZON)

    found = leavers(FIT.theta, histories(*history), within=0.0, horizon=HORIZON)

    assert found.leaving == pytest.approx(1 - known.p_alive)
    assert found.lost_purchases > 2 * as_the_living


def test_days_and_weeks_give_one_answer() -> None:
    weeks = ParetoNBDFit.from_params(r=0.6, alpha=60 / 7, s=0.6, beta=100 / 7)
    days = leavers(FIT.theta, histories([0, 5], [0, 300], [90, 400]), within=WITHIN, horizon=HORIZON)
    found = leavers(
        weeks.theta, histories([0, 5], [0, 300 / 7], [90 / 7, 400 / 7]), within=WITHIN / 7, horizon=HORIZON / 7
    )

    for one, other in zip(days, found, strict=True):
        assert one == pytest.approx(other)


def test_a_day_counts_one_purchase_at_most() -> None:
    data = ([40, 0], [350, 0], [380, 200])
    plain = leavers(FIT.theta, histories(*data), within=WITHIN, horizon=HORIZON)
    short, long = (leavers(FIT.theta, histories(*data, day=day), within=WITHIN, horizon=HORIZON) for day in (0.01, 1.0))

    assert short.lost_purchases == pytest.approx(plain.lost_purchases, rel=0.01)
    assert short.lost_pairs == pytest.approx(plain.lost_pairs, rel=0.01)
    assert (long.lost_purchases < 365).all()
    assert (long.lost_pairs < 365 * 364).all()


@pytest.mark.parametrize(("s", "beta"), [(1.0, 100.0), (2.0, 300.0), (500.0, 1e6), (1e-3, 10.0)])
def test_no_shape_of_leaving_breaks_the_numbers(s: float, beta: float) -> None:
    fit = ParetoNBDFit.from_params(r=0.6, alpha=60.0, s=s, beta=beta)

    found = leavers(fit.theta, histories([0, 0, 1500, 2], [0, 0, 700, 1], [0, 730, 730, 730]), within=30, horizon=365)

    for figures in found:
        assert np.isfinite(figures).all()
        assert (figures >= 0).all()
    assert (found.leaving <= 1).all()


def test_the_fit_s_own_error_is_that_of_refits() -> None:
    """lost_log_error is how far the logarithm moves between fits to shops of one kind."""
    moved: list[float] = []
    errors: list[float] = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        T = rng.uniform(100, 700, 4000)
        buying, leaving = rng.gamma(0.6, 1 / 60, 4000), rng.gamma(0.6, 1 / 100, 4000)
        seen = np.minimum(rng.exponential(1, 4000) / leaving, T)
        frequency = rng.poisson(buying * seen)
        who = np.repeat(np.arange(4000), frequency)
        recency = np.zeros(4000)
        np.maximum.at(recency, who, rng.uniform(size=len(who)) * seen[who])
        model = replace(MODEL, purchases=pareto_nbd.fit(frequency, recency, T), time_unit="days")
        one = purchases_at_risk(
            model, np.array([3.0]), np.array([150.0]), np.array([300.0]), leaving_days=30, horizon_days=365
        )
        moved.append(float(np.log(one["lost_purchases"][0])))
        errors.append(float(one["lost_log_error"][0]))

    assert np.mean(errors) == pytest.approx(np.std(moved), rel=0.35)
