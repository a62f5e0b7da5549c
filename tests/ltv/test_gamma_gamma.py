"""The Gamma-Gamma against published fits, lifetimes, and the process that makes the values."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from cdnow import cdnow
from lifetimes import GammaGammaFitter
from scipy.integrate import quad
from scipy.stats import gamma as gamma_distribution

from ltv import gamma_gamma
from ltv.gamma_gamma import GammaGammaFit, sums
from ltv.intervals import prediction_intervals
from warehouse.errors import InputError

PUBLISHED = {"p": 6.25, "q": 3.74, "gamma": 15.44}  # Fader & Hardie 2013


@pytest.fixture(scope="module")
def fit() -> GammaGammaFit:
    return gamma_gamma.fit(cdnow().frequency, cdnow().monetary_value)


def simulated(customers: int, seed: int, p: float, q: float, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, customers).astype(float)
    return x, rng.gamma(p * x) / rng.gamma(q, 1 / gamma, customers) / x


def test_the_cdnow_fit_is_the_published_one(fit):
    assert fit.params == pytest.approx(PUBLISHED, abs=6e-3)
    assert fit.log_likelihood == pytest.approx(-4055.9177, abs=1e-4)
    assert fit.customers == 946


def test_the_cdnow_fit_is_the_exact_maximum(fit, shared_data: Path):
    exact = json.loads((shared_data / "golden" / "ltv.json").read_text())["cdnow_gamma_gamma"]["exact_mle_BTYD_data"]
    assert list(fit.params.values()) == pytest.approx(exact["par"], abs=2e-6)
    assert list(fit.standard_errors.values()) == pytest.approx(exact["se"], abs=2e-6)


def test_expected_values_are_those_of_hardies_sheet(shared_data: Path):
    published = json.loads((shared_data / "golden" / "ltv.json").read_text())["cdnow_gamma_gamma"]["published"]
    sheet = published["conditional spend (lifetimes test, Hardie sheet; first 10 customers)"]
    model = GammaGammaFit.from_params(**PUBLISHED)
    first = model.expected_value(cdnow().frequency[:10], cdnow().monetary_value[:10])
    assert first == pytest.approx(sheet, abs=0.1)


def test_lifetimes_finds_the_same_fit_and_predicts_the_same(fit):
    x, m = (c[cdnow().frequency > 0] for c in (cdnow().frequency, cdnow().monetary_value))
    reference = GammaGammaFitter().fit(x, m)
    p, q, v = reference.params_[["p", "q", "v"]]
    assert list(fit.params.values()) == pytest.approx([p, q, v], rel=1e-4)
    model = GammaGammaFit.from_params(p=p, q=q, gamma=v)
    assert model.expected_value(x, m) == pytest.approx(np.asarray(reference.conditional_expected_average_profit(x, m)))


def test_likelihood_is_the_mean_over_customers_of_what_they_spend():
    p, q, gamma, x, m = 2.0, 3.0, 15.0, 4, 12.0

    def density(rate: float) -> float:
        spends = gamma_distribution.pdf(m, p * x, scale=1 / (rate * x))  # the mean of x values Gamma(p, rate)
        return spends * gamma_distribution.pdf(rate, q, scale=1 / gamma)

    value = sums(np.log([p, q, gamma]), np.array([4.0]), np.array([m]), np.ones(1)).log_likelihood
    assert value == pytest.approx(np.log(quad(density, 0, 5)[0]), rel=1e-9)


def test_gradient_and_hessian_are_the_slopes_of_likelihood_and_gradient():
    rng = np.random.default_rng(2)
    x, m, w = rng.geometric(0.3, 20).astype(float), rng.gamma(3, 10, 20), rng.uniform(0.5, 2, 20)
    theta, step = np.log([4.0, 2.5, 20.0]), 1e-5
    here = sums(theta, x, m, w)
    for j in range(3):
        shift = step * (np.arange(3) == j)
        ahead, behind = sums(theta + shift, x, m, w), sums(theta - shift, x, m, w)
        assert here.gradient[j] == pytest.approx((ahead.log_likelihood - behind.log_likelihood) / (2 * step), rel=1e-6)
        assert here.hessian[j] == pytest.approx((ahead.gradient - behind.gradient) / (2 * step), rel=1e-6)


def test_counted_rows_and_another_currency_give_the_same_fit():
    x, m = simulated(3000, 1, **PUBLISHED)
    m = np.round(m) + 1
    plain = gamma_gamma.fit(x, m)
    pairs, counts = np.unique(np.stack([x, m]), axis=1, return_counts=True)
    weighted = gamma_gamma.fit(*pairs, weights=counts)
    assert weighted.params == pytest.approx(plain.params, rel=1e-8)
    won = gamma_gamma.fit(x, m * 1300)
    assert won.params == pytest.approx(plain.params | {"gamma": plain.params["gamma"] * 1300}, rel=1e-6)


def test_moments_of_future_values_are_those_of_the_posterior():
    model = GammaGammaFit.from_params(**PUBLISHED)
    rng = np.random.default_rng(4)
    rate = rng.gamma(6.25 * 3 + 3.74, 1 / (15.44 + 3 * 40), 400_000)  # after three purchases of 40 on average
    z, other = rng.gamma(6.25, 1 / rate), rng.gamma(6.25, 1 / rate)
    square, product = model.second_moments(3, 40)
    assert model.expected_value(3, 40)[0] == pytest.approx(z.mean(), rel=0.005)
    assert square[0] == pytest.approx((z**2).mean(), rel=0.01)
    assert product[0] == pytest.approx((z * other).mean(), rel=0.01)


def test_customers_without_a_repeat_purchase_get_the_mean_of_all_and_do_not_change_the_fit(fit):
    p, q, gamma = fit.params.values()
    assert fit.expected_value([0, 0], [np.nan, 99])[0] == pytest.approx(p * gamma / (q - 1))
    assert fit.expected_value([0, 0], [np.nan, 99])[1] == pytest.approx(p * gamma / (q - 1))
    repeats = cdnow().frequency > 0
    again = gamma_gamma.fit(cdnow().frequency[repeats], cdnow().monetary_value[repeats])
    assert again.params == pytest.approx(fit.params, rel=1e-12)


def test_one_price_is_predicted_to_its_last_digit():
    flat = gamma_gamma.fit(np.arange(1, 401) % 5 + 1, np.full(400, 19.99))
    assert flat.expected_value([0, 1, 7], [0, 19.99, 19.99]) == pytest.approx([19.99] * 3, rel=1e-9)
    assert flat.note == (
        "Value of purchases: every purchase is worth 19.99, so that price is predicted for all customers."
    )
    interval = prediction_intervals(lambda fit: fit.expected_value(0, 0), flat)
    assert (interval.lower, interval.upper) == (pytest.approx(19.99, rel=0.005), pytest.approx(19.99, rel=0.005))


def test_prices_that_differ_by_cents_are_predicted_within_half_a_percent():
    rng = np.random.default_rng(1)
    price = 19.99 + rng.normal(0, 0.01, 400)
    nearly = gamma_gamma.fit(rng.geometric(0.4, 400), price)
    assert nearly.expected_value(np.ones(400), price) == pytest.approx(price, rel=0.005)
    assert "each customer always spends the same" in nearly.note


def test_subscribers_keep_about_their_own_price():
    rng = np.random.default_rng(1)
    x = np.maximum(rng.geometric(0.3, 500), 2)
    plan = rng.choice([9.99, 19.99, 49.99], 500)  # each customer always pays the same
    fitted = gamma_gamma.fit(x, plan)
    assert "each customer always spends the same" in fitted.note
    often = x >= 6
    assert fitted.expected_value(x[often], plan[often]) == pytest.approx(plan[often], rel=0.05)


def test_few_customers_who_returned_twice_are_not_called_a_flat_price():
    x, m = simulated(30, 1, **PUBLISHED)
    fitted = gamma_gamma.fit(x, m)
    assert re.search(r"only \d+ customers have two repeat purchases or more", fitted.note)
    assert "always spends the same" not in fitted.note
    true = GammaGammaFit.from_params(**PUBLISHED)
    assert fitted.expected_value(x, m) == pytest.approx(true.expected_value(x, m), rel=0.25)
    assert fitted.expected_value(0, 0) == pytest.approx(m.mean())  # new customers: the mean of all


def test_spending_without_a_finite_mean_gets_one_that_a_few_huge_orders_do_not_carry_away():
    x, m = simulated(5000, 1, p=4, q=0.8, gamma=10)
    fitted = gamma_gamma.fit(x, m)
    assert re.search(r"spending is so uneven that its mean is infinite \(q = 0\.\d+ <= 1\)", fitted.note)
    assert fitted.params["q"] > 2  # so that totals have an interval
    typical = np.median(m)
    assert m.mean() > 100 * typical
    assert fitted.expected_value(0, 0) < 10 * typical


@pytest.mark.filterwarnings("ignore:Frequency and monetary_value correlate")  # by chance, in a few of them
@pytest.mark.parametrize("seed", range(60))
def test_true_gamma_gamma_data_of_100_customers_always_give_a_value(seed):
    x, m = simulated(40, seed, **PUBLISHED)  # about as many of 100 customers come back within 548 days
    fitted = gamma_gamma.fit(x, m)
    assert np.isfinite(list(fitted.standard_errors.values())).all()
    if fitted.note:
        assert 0.5 < fitted.expected_value(0, 0)[0] / 35.2 < 2  # the true mean of all


def test_the_fallback_does_not_depend_on_the_unit_of_money():
    x, m = simulated(30, 1, **PUBLISHED)
    dong = gamma_gamma.fit(x, m * 25_000)
    assert dong.note == gamma_gamma.fit(x, m).note
    assert dong.expected_value(x, m * 25_000) == pytest.approx(gamma_gamma.fit(x, m).expected_value(x, m) * 25_000)


def test_where_no_purchase_is_worth_anything_nothing_is_predicted():
    nothing = gamma_gamma.worthless()
    assert nothing.expected_value([0, 5], [0, 0]) == pytest.approx([0, 0], abs=2e-6)
    assert "no repeat purchase is worth more than 0" in nothing.note


def test_frequency_that_correlates_with_value_gives_a_warning():
    x, m = simulated(2000, 1, **PUBLISHED)
    with pytest.warns(UserWarning, match=r"Frequency and monetary_value correlate \(0\.\d\d\)"):
        gamma_gamma.fit(x, m * np.sqrt(x))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (([1, 2], [5, -3]), "monetary_value is negative: 1 of 2 rows, first row 1"),
        (([1, 2], [5, 0]), "leave out customers whose refunds cancel their purchases"),
        (([1, 2], [5, np.nan]), "monetary_value is missing or infinite"),
        (([0, 0], [5, 6]), "No customer has bought twice"),
        (([1, 2, 3], [5, 6]), r"differ in length \(3, 2\)"),
    ],
)
def test_impossible_rows_are_refused_with_the_first_of_them(rows, message):
    with pytest.raises(InputError, match=message):
        gamma_gamma.fit(*rows)
