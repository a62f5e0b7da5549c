"""The MBG/CNBD-k against its own process: integrals over rates and leaving, and simulated shops."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from cdnow import cdnow
from hypothesis import given, settings
from hypothesis import strategies as st
from regular_shop import regular_shop
from scipy.integrate import quad
from scipy.stats import beta, gamma, poisson
from shops import cdnow_days

from ltv import mbg_cnbd_k, mbg_nbd
from ltv.beta_geometric import BetaGeometricFit
from ltv.beta_geometric_likelihood import sums
from ltv.bg_nbd import BGNBDFit
from ltv.histories import histories
from ltv.intervals import prediction_intervals, total_interval, total_purchases
from ltv.mbg_cnbd_k import MBGCNBDFit
from ltv.mbg_nbd import MBGNBDFit
from warehouse.errors import InputError, UsageError

PARAMS = {"r": 1.3, "alpha": 14.0, "a": 1.45, "b": 2.6}
HISTORY = st.tuples(st.integers(0, 60), st.floats(0.01, 1), st.floats(1, 800)).map(
    lambda h: (h[0], h[1] * h[2] if h[0] else 0.0, h[2])
)
THETA = st.tuples(st.floats(-2.5, 2.5), st.floats(0, 7), st.floats(-2.5, 2.5), st.floats(-2.5, 2.5))
ROWS = [(0, 0, 0), (0, 0, 25), (1, 9, 60), (4, 50, 60), (4, 60, 60)]
# model and phases of a gap
KINDS: list[tuple[type[BetaGeometricFit], int]] = [
    (BGNBDFit, 1),
    (BGNBDFit, 3),
    (MBGCNBDFit, 1),
    (MBGCNBDFit, 2),
    (MBGCNBDFit, 4),
]


def integral(function: Callable[[np.ndarray], np.ndarray], ends: np.ndarray) -> float:
    """By Gauss-Legendre between each two ends; `function` takes an array."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    widths = np.diff(ends)[:, None]
    return float((function(ends[:-1, None] + widths * (nodes + 1) / 2) * weights * widths / 2).sum())


# finer and finer towards 0, where densities start with a power
FROM_ZERO = np.concatenate([[0], np.geomspace(1e-14, 0.5, 30)])


class Process:
    """One customer: buys after k phases, each at the same rate, and leaves after a purchase by chance.

    The integrals are over the rates and leaving probabilities of all customers, without any formula of the model.
    """

    def __init__(self, kind: type[BetaGeometricFit], k: int, row: tuple[float, float, float]) -> None:
        self.k, (self.x, self.t_x, self.T) = k, row
        self.chances = int(self.x + kind.LEAVES_AT_ONCE)  # to leave, so far

    def of_rate(self, function: Callable[[np.ndarray], np.ndarray]) -> float:
        """Mean over rates of the likelihood of the purchases times a function of the rate."""
        rates = gamma(PARAMS["r"], scale=1 / PARAMS["alpha"])

        def weighted(rate: np.ndarray) -> np.ndarray:
            purchases = rate ** (self.k * self.x) * np.exp(-rate * self.t_x)
            return rates.pdf(rate) * purchases * function(rate)

        return integral(weighted, np.concatenate([FROM_ZERO, np.linspace(0.6, 4, 35)]))

    def of_leaving(self, stays: int, leaves: int = 0) -> float:
        """Probability of staying so many times and then, where `leaves` is 1, leaving."""
        p = beta(PARAMS["a"], PARAMS["b"])
        ends = np.concatenate([FROM_ZERO, (1 - FROM_ZERO)[-2::-1]])
        return integral(lambda v: p.pdf(v) * (1 - v) ** stays * v**leaves, ends)

    @property
    def alive(self) -> float:
        """Likelihood of the history and of being alive: fewer than k phases since the last purchase."""
        pause = self.T - self.t_x
        return self.of_leaving(self.chances) * self.of_rate(lambda rate: poisson.cdf(self.k - 1, rate * pause))

    @property
    def left(self) -> float:
        """Likelihood of the history and of having left at the last purchase."""
        return self.of_leaving(self.chances - 1, 1) * self.of_rate(np.ones_like) if self.chances else 0.0

    def at_least(self, n: int, horizon: float) -> float:
        """Likelihood of the history and of at least n purchases within the horizon, n above 0."""
        pause, k = self.T - self.t_x, self.k

        def phases(rate: np.ndarray) -> np.ndarray:
            return sum(poisson.pmf(j, rate * pause) * poisson.sf(n * k - j - 1, rate * horizon) for j in range(k))

        return self.of_leaving(self.chances + n - 1) * self.of_rate(phases)


@pytest.mark.parametrize(("kind", "k"), KINDS)
@pytest.mark.parametrize("row", ROWS)
def test_likelihood_and_p_alive_are_integrals_over_the_process(kind, k, row):
    process = Process(kind, k, row)
    likelihood = sums(np.log(list(PARAMS.values())), histories(*row), kind.LEAVES_AT_ONCE, 1, k=k).log_likelihood
    assert likelihood == pytest.approx(np.log(process.alive + process.left), abs=1e-8)
    model = kind(params=PARAMS, k=k)
    assert model.p_alive(*row)[0] == pytest.approx(process.alive / (process.alive + process.left), rel=1e-8)


@pytest.mark.parametrize(("kind", "k"), KINDS)
@pytest.mark.parametrize("row", [ROWS[1], ROWS[2], ROWS[4]])
def test_predictions_are_integrals_over_the_process(kind, k, row):
    process, model, horizon = Process(kind, k, row), kind(params=PARAMS, k=k), 12.0
    everything = process.alive + process.left
    at_least = np.array([1.0, *(process.at_least(n, horizon) / everything for n in range(1, 25))])
    forecast = model.forecast(*row)
    assert forecast.probability_of_no_purchase(horizon)[0] == pytest.approx(1 - at_least[1], rel=1e-7)
    for n in (1, 2, 3):
        assert forecast.probability_of_n_purchases(n, horizon)[0] == pytest.approx(
            at_least[n] - at_least[n + 1], rel=1e-6
        )
    assert forecast.expected_purchases(horizon)[0] == pytest.approx(at_least[1:].sum(), rel=1e-6)
    pairs = 2 * (np.arange(25) - 1) @ at_least + 2 * at_least[0]
    assert forecast.purchase_pairs(horizon)[0] == pytest.approx(pairs, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(HISTORY, min_size=1, max_size=6), THETA, st.booleans(), st.integers(2, 6))
def test_gradient_and_hessian_are_the_slopes_of_likelihood_and_gradient(rows, theta, leaves_at_once, k):
    data, theta, step = histories(*np.array(rows).T), np.array(theta), 1e-5
    here = sums(theta, data, leaves_at_once, k=k)
    size = 1 + abs(here.log_likelihood)
    for j in range(4):
        shift = step * (np.arange(4) == j)
        ahead, behind = (sums(theta + way * shift, data, leaves_at_once, k=k) for way in (1, -1))
        slope = (ahead.log_likelihood - behind.log_likelihood) / (2 * step)
        assert here.gradient[j] == pytest.approx(slope, rel=1e-6, abs=1e-8 * size)
        assert here.hessian[j] == pytest.approx(
            (ahead.gradient - behind.gradient) / (2 * step), rel=1e-5, abs=1e-8 * size
        )


def test_one_phase_is_the_mbg_nbd_to_the_last_digit():
    data = cdnow()
    rows = (data.frequency, data.recency, data.T)
    one, plain = mbg_cnbd_k.fit(*rows, k=1), mbg_nbd.fit(*rows)
    assert (one.params, one.log_likelihood) == (plain.params, plain.log_likelihood)
    assert one.expected_purchases(39, *rows).tolist() == plain.expected_purchases(39, *rows).tolist()


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("row", [*ROWS, (400, 390, 400)])
def test_probabilities_of_n_purchases_add_up_to_one_to_the_expectation_and_to_the_variance(k, row):
    forecast = MBGCNBDFit(params=PARAMS, k=k).forecast(*(np.full(400, float(value)) for value in row))
    n = np.arange(400)
    p = forecast.probability_of_n_purchases(n, 20)
    assert p.sum() == pytest.approx(1, abs=1e-9)
    assert p @ n == pytest.approx(forecast.expected_purchases(20)[0], rel=1e-9)
    assert p @ n**2 - (p @ n) ** 2 == pytest.approx(forecast.purchase_variance(20)[0], rel=1e-9)


def test_discounted_purchases_are_the_discounted_increments_of_the_expectation():
    model, row, rate = MBGCNBDFit(params=PARAMS, k=3), (3, 20, 60), np.log(1.1) / 365

    def expected(t: float) -> float:
        return float(model.expected_purchases(t, *row)[0])

    by_parts = quad(lambda t: np.exp(-rate * t) * expected(t), 0, 365, epsrel=1e-12)[0]
    exact = np.exp(-rate * 365) * expected(365) + rate * by_parts
    assert model.discounted_expected_purchases(rate, *row, horizon=365) == pytest.approx(exact, rel=1e-6)
    assert model.discounted_expected_purchases(0, *row, horizon=365) == pytest.approx(expected(365))
    with pytest.raises(UsageError, match="need a horizon"):
        model.forecast(*row).discounted_expected_purchases(rate)


@cache
def fitted_shop(k: int, seed: int = 1) -> tuple:
    shop = regular_shop(6000, k, seed=seed, days=900, arrive=600)
    rows = shop.histories(600)
    return shop, rows, mbg_cnbd_k.fit(*rows, log_gaps=shop.log_gaps(600))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_a_shop_gives_back_its_own_k_and_parameters(k):
    _, _, fit = fitted_shop(k)
    assert fit.k == k
    for name, true in {"r": 1.3, "alpha": 14.0, "a": 0.45, "b": 1.6}.items():
        assert abs(np.log(fit.params[name] / true)) < 3.5 * fit.standard_errors[name] / fit.params[name]


@pytest.mark.parametrize("k", [2, 4])
def test_a_shop_buys_what_was_predicted_by_history_and_in_total(k):
    shop, rows, fit = fitted_shop(k)
    frequency, recency, T = rows
    actual, known = shop.purchases(600, 660), fit.forecast(*rows)
    total = total_interval(total_purchases(fit, lambda fit: fit.forecast(*rows), 60), fit)
    assert total.lower < actual.sum() < total.upper
    expected, nothing = known.expected_purchases(60), known.probability_of_no_purchase(60)
    overdue = (T - recency) / np.maximum(recency / np.maximum(frequency, 1), 1)
    groups = [frequency == 0, (frequency > 0) & (overdue < 0.3), (frequency > 5) & (overdue > 2), frequency > 10]
    for group in groups:
        error = np.sqrt(known.purchase_variance(60)[group].sum())
        assert abs(actual[group].sum() - expected[group].sum()) < 4 * error
        chance = np.sqrt((nothing * (1 - nothing))[group].sum())
        assert abs((actual == 0)[group].sum() - nothing[group].sum()) < 4 * chance


def test_who_has_just_bought_rests_and_who_is_overdue_has_left():
    """Ten purchases, one every 10 days: at random both customers look alike but for the pause."""
    at_random, regular = (MBGCNBDFit(params={**PARAMS, "alpha": 14.0 / k}, k=k) for k in (1, 4))
    just_bought, overdue = (10, 100, 100), (10, 100, 140)
    assert regular.probability_of_no_purchase(4, *just_bought) > 1.3 * at_random.probability_of_no_purchase(
        4, *just_bought
    )
    assert regular.p_alive(*overdue) < 0.2 * at_random.p_alive(*overdue)


def test_cdnow_is_bought_at_random():
    days = cdnow_days("sample")
    days = days[days["day"] <= "1997-09-30"]
    gaps = days.sort_values(["customer", "day"]).groupby("customer")["day"].diff().dt.days.dropna() / 7
    data = cdnow()
    assert len(gaps) == data.frequency.sum()
    fit = mbg_cnbd_k.fit(data.frequency, data.recency, data.T, log_gaps=float(np.log(gaps).sum()))
    assert fit.k == 1
    assert fit.params == mbg_nbd.fit(data.frequency, data.recency, data.T).params


def test_weeks_and_days_give_the_same_k_and_the_same_forecast():
    shop, (frequency, recency, T), in_days = fitted_shop(3)
    gaps = shop.log_gaps(600) - frequency.sum() * np.log(7)
    in_weeks = mbg_cnbd_k.fit(frequency, recency / 7, T / 7, log_gaps=gaps)
    assert in_weeks.k == in_days.k
    assert in_weeks.params["alpha"] * 7 == pytest.approx(in_days.params["alpha"], rel=1e-8)
    days = in_days.expected_purchases(70, frequency, recency, T)
    assert in_weeks.expected_purchases(10, frequency, recency / 7, T / 7) == pytest.approx(days, rel=1e-7)


@pytest.mark.parametrize("fit", [mbg_nbd.fit, lambda *rows: mbg_cnbd_k.fit(*rows, k=3)], ids=["mbg_nbd", "mbg_cnbd_k"])
def test_a_shop_whose_customers_never_leave_gets_a_weak_prior_and_an_honest_forecast(fit):
    shop = regular_shop(2000, fit([0, 2], [0, 4], [9, 9]).k, seed=5, days=460, arrive=400, a=1e-3, b=1e9)
    rows = shop.histories(400)
    fitted = fit(*rows)
    assert fitted.note.startswith("Purchases: no churn shows in the data (a/(a+b) goes to 0)")
    total = total_interval(total_purchases(fitted, lambda fit: fit.forecast(*rows), 60), fitted)
    assert total.estimate == pytest.approx(shop.purchases(400, 460).sum(), rel=0.05)
    assert total.lower < shop.purchases(400, 460).sum() < total.upper


def test_the_best_customers_and_the_newest_have_finite_predictions():
    """A purchase a day for four years, and a first purchase today with a horizon far beyond alpha."""
    model = MBGCNBDFit(params={"r": 0.3, "alpha": 2.0, "a": 0.4, "b": 3.0}, k=3)
    forecast = model.forecast([1500, 0, 1500, 3], [1500, 0, 3, 1e-9], [1500, 0, 1500, 1500])
    for horizon in (1e-9, 1.0, 365.0):
        for figure in (
            forecast.expected_purchases(horizon),
            forecast.probability_of_no_purchase(horizon),
            forecast.purchase_variance(horizon),
            forecast.discounted_expected_purchases(1e-3, horizon),
        ):
            assert np.isfinite(figure).all()
            assert (figure >= 0).all()
    assert forecast.expected_purchases(365)[0] == pytest.approx(365, rel=0.3)


def test_intervals_are_of_the_delta_method_as_those_of_any_fit():
    _, rows, fit = fitted_shop(3)
    few = tuple(column[:5] for column in rows)
    interval = prediction_intervals(lambda fit: fit.forecast(*few).expected_purchases(60), fit)
    assert (interval.lower < interval.estimate).all()
    assert (interval.estimate < interval.upper).all()


def test_a_fit_survives_json_with_its_k_and_only_as_its_own_model():
    _, rows, fit = fitted_shop(3)
    again = MBGCNBDFit.from_dict(json.loads(json.dumps(fit.to_dict())))
    assert (again.params, again.k, again.standard_errors) == (fit.params, 3, fit.standard_errors)
    assert again.p_alive(*rows).tolist() == fit.p_alive(*rows).tolist()
    with pytest.raises(UsageError, match="not of mbg_nbd"):
        MBGNBDFit.from_dict(fit.to_dict())
    with pytest.raises(UsageError, match="k is a whole number of phases"):
        MBGCNBDFit(params=PARAMS, k=0)
    with pytest.raises(InputError, match="No customer has bought twice"):
        mbg_cnbd_k.fit([0, 0], [0, 0], [9, 8], log_gaps=0.0)
