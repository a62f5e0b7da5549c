"""Intervals against simulation: they cover what they claim to cover. The full study is bench/coverage_ltv.py."""

from __future__ import annotations

import numpy as np
import pytest
from cdnow import cdnow, cdnow_holdout

from ltv import bg_nbd, gamma_gamma, pareto_nbd
from ltv.gamma_gamma import GammaGammaFit
from ltv.intervals import (
    Total,
    jacobian,
    parameter_intervals,
    prediction_intervals,
    ratio_interval,
    total_interval,
    total_purchases,
    total_value,
)
from ltv.pareto_nbd import ParetoNBDFit
from warehouse.errors import UsageError

ROWS = ([0, 0, 2, 10, 26], [0, 0, 30, 20, 31], [5, 39, 39, 39, 31])


@pytest.fixture(scope="module")
def fit() -> ParetoNBDFit:
    return pareto_nbd.fit(cdnow().frequency, cdnow().recency, cdnow().T)


@pytest.fixture(scope="module")
def spend() -> GammaGammaFit:
    return gamma_gamma.fit(cdnow().frequency, cdnow().monetary_value)


def drawn(fit, count: int, seed: int) -> list:
    """Fits with parameters drawn from their estimated distribution."""
    thetas = np.random.default_rng(seed).multivariate_normal(fit.theta, fit.log_covariance, count)
    return [fit.at(theta) for theta in thetas]


def test_parameter_intervals_are_symmetric_on_the_log_scale_and_hold_the_estimate(fit):
    for name, interval in parameter_intervals(fit).items():
        assert 0 < interval.lower < interval.estimate < interval.upper
        assert interval.estimate**2 == pytest.approx(interval.lower * interval.upper)
        log_error = fit.standard_errors[name] / fit.params[name]
        assert np.log(interval.upper / interval.estimate) == pytest.approx(1.959964 * log_error, rel=1e-6)
    assert parameter_intervals(fit, 0.5)["s"].lower > parameter_intervals(fit, 0.95)["s"].lower


def test_the_mean_dropout_rate_is_known_better_than_s_and_beta(fit):
    rate = ratio_interval(fit, "s", "beta")
    assert rate.estimate == pytest.approx(fit.params["s"] / fit.params["beta"])
    width = np.log(rate.upper / rate.lower)
    s, beta = (np.log(i.upper / i.lower) for i in (parameter_intervals(fit)[name] for name in ("s", "beta")))
    assert width < s < beta


def test_the_jacobian_of_the_expectation_of_a_new_customer_is_the_derivative_by_hand(fit):
    # E = r beta/alpha (1 - (beta/(beta+t))^(s-1)) / (s-1): one per cent more r, or less alpha, is one per cent more
    slopes = jacobian(lambda model: model.expected_purchases(52, 0, 0, 0), fit)[:, 0]
    expected = fit.expected_purchases(52, 0, 0, 0)[0]
    assert slopes[0] == pytest.approx(expected, rel=1e-6)
    assert slopes[1] == pytest.approx(-expected, rel=1e-6)


def test_intervals_of_customers_equal_those_of_drawn_parameters(fit):
    alive = prediction_intervals(lambda model: model.p_alive(*ROWS), fit, scale="logit")
    expected = prediction_intervals(lambda model: model.expected_purchases(39, *ROWS), fit)
    draws = drawn(fit, 2000, seed=1)
    for interval, values in (
        (alive, np.array([model.p_alive(*ROWS) for model in draws])),
        (expected, np.array([model.expected_purchases(39, *ROWS) for model in draws])),
    ):
        low, high = np.quantile(values, [0.025, 0.975], axis=0)
        width = np.maximum(high - low, 1e-12)
        assert np.abs(interval.lower - low) / width == pytest.approx(np.zeros(5), abs=0.2)
        assert np.abs(interval.upper - high) / width == pytest.approx(np.zeros(5), abs=0.2)
    assert alive.lower[4] == alive.upper[4] == 1  # bought on the last day: alive whatever the parameters


def test_several_horizons_share_one_call(fit):
    both = prediction_intervals(
        lambda model: np.stack([model.forecast(*ROWS).expected_purchases(h) for h in (30, 90)]), fit
    )
    one = prediction_intervals(lambda model: model.expected_purchases(90, *ROWS), fit)
    assert both.lower.shape == (2, 5)
    assert both.lower[1] == pytest.approx(one.lower, rel=1e-12)


def test_the_cdnow_total_has_the_golden_parameter_band_and_the_predictive_one_holds_what_happened(fit):
    data = cdnow()
    total = total_purchases(fit, lambda model: model.forecast(data.frequency, data.recency, data.T), 39)
    parameters_only = total_interval(Total(total.estimate, total.gradient, 0.0), fit)
    assert parameters_only.estimate == pytest.approx(1665.5, abs=0.1)
    assert parameters_only.upper - parameters_only.estimate == pytest.approx(223, abs=0.5)
    predictive = total_interval(total, fit)
    assert predictive.upper > parameters_only.upper
    assert predictive.lower < cdnow_holdout().sum() < predictive.upper


def test_totals_of_disjoint_customers_add_up_and_weights_count_customers(fit):
    def forecast(model):
        return model.forecast(*ROWS)

    whole = total_purchases(fit, forecast, 39, weights=[1, 1, 1, 1, 3])
    parts = [
        total_purchases(fit, lambda model, row=row: model.forecast(*row), 39)
        for row in (*zip(*ROWS, strict=True), (26, 31, 31), (26, 31, 31))
    ]
    summed = parts[0]
    for part in parts[1:]:
        summed = summed + part
    assert summed.estimate == pytest.approx(whole.estimate, rel=1e-12)
    assert summed.variance == pytest.approx(whole.variance, rel=1e-12)
    assert summed.gradient == pytest.approx(whole.gradient, rel=1e-6)


def test_the_variance_of_purchases_and_of_their_value_is_that_of_simulated_futures():
    model = ParetoNBDFit.from_params(r=0.6, alpha=10, s=0.6, beta=12)
    prices = GammaGammaFit.from_params(p=6.25, q=3.74, gamma=15.44)
    x, t_x, T, m, h, futures = 6, 30.0, 39.0, 35.0, 39.0, 400_000
    rng = np.random.default_rng(7)
    alive = rng.random(futures) < model.p_alive(x, t_x, T)
    stays = np.minimum(rng.exponential(1 / rng.gamma(0.6, 1 / (12 + T), futures)), h)
    count = rng.poisson(rng.gamma(0.6 + x, 1 / (10 + T), futures) * stays) * alive
    rate = rng.gamma(6.25 * x + 3.74, 1 / (15.44 + x * m), futures)
    value = rng.gamma(6.25 * count) / rate

    known = model.forecast(x, t_x, T)
    assert known.expected_purchases(h)[0] == pytest.approx(count.mean(), rel=0.01)
    assert known.purchase_variance(h)[0] == pytest.approx(count.var(), rel=0.02)

    certain = np.zeros((4, 4)), np.zeros((3, 3))
    fits = [
        type(plain)(params=plain.params, covariates=plain.covariates, log_covariance=covariance + 1e-12 * np.eye(size))
        for plain, covariance, size in zip((model, prices), certain, (4, 3), strict=True)
    ]
    total = total_value(*fits, lambda f: f.forecast(x, t_x, T), h, frequency=x, monetary_value=m, margin=0.3)
    assert total.estimate == pytest.approx(0.3 * value.mean(), rel=0.01)
    assert total.variance == pytest.approx(0.09 * value.var(), rel=0.02)


def test_a_total_value_without_finite_variance_has_an_open_interval(fit):
    heavy = gamma_gamma.fit(*_uneven_spend())
    assert heavy.params["q"] < 2
    total = total_value(
        fit, heavy, lambda model: model.forecast(0, 0, 10), 39, frequency=0, monetary_value=np.nan, rate=0.002
    )
    interval = total_interval(total, fit, heavy)
    assert (interval.lower, interval.upper) == (0, np.inf)


def _uneven_spend() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.geometric(0.4, 4000).astype(float)
    return x, rng.gamma(4 * x) / rng.gamma(1.5, 1 / 10, 4000) / x


def test_spend_and_purchase_uncertainty_both_widen_the_value(fit, spend):
    data = cdnow()

    def forecast(model):
        return model.forecast(data.frequency, data.recency, data.T)

    total = total_value(
        fit, spend, forecast, 39, frequency=data.frequency, monetary_value=data.monetary_value, rate=0.002
    )
    value = forecast(fit).discounted_expected_purchases(0.002, 39) * spend.expected_value(
        data.frequency, data.monetary_value
    )
    assert total.estimate == pytest.approx(value.sum())
    assert len(total.gradient) == 7
    assert (total.gradient != 0).all()


def test_other_models_get_intervals_from_the_same_functions():
    model = bg_nbd.fit(cdnow().frequency, cdnow().recency, cdnow().T)
    interval = prediction_intervals(lambda m: m.expected_purchases(39, *ROWS), model)
    assert (interval.lower < interval.estimate).all()
    assert (interval.estimate < interval.upper).all()


def test_intervals_need_a_fit_and_a_sensible_level(fit):
    plain = ParetoNBDFit.from_params(**fit.params)
    with pytest.raises(UsageError, match="plain parameters"):
        parameter_intervals(plain)
    with pytest.raises(UsageError, match="level"):
        parameter_intervals(fit, level=95)


def test_a_small_coverage_study_of_parameters_and_totals():
    hits = np.zeros(5)
    shops = 60
    truth = np.array([0.6, 70.0, 0.6, 80.0])
    for seed in range(shops):
        rng = np.random.default_rng(seed)
        n, days, ahead = 4000, 600.0, 150.0
        start = rng.uniform(0, days, n)
        ends = start + rng.exponential(1 / rng.gamma(0.6, 1 / 80, n))
        rate = rng.gamma(0.6, 1 / 70, n)
        seen = np.minimum(ends, days) - start
        x = rng.poisson(rate * seen).astype(float)
        t_x = np.where(x > 0, seen * rng.random(n) ** (1 / np.maximum(x, 1)), 0)
        future = rng.poisson(rate * np.clip(np.minimum(ends, days + ahead) - days, 0, None)).sum()
        fitted = pareto_nbd.fit(x, t_x, days - start)
        intervals = parameter_intervals(fitted).values()
        hits[:4] += [i.lower < t < i.upper for i, t in zip(intervals, truth, strict=True)]
        rows = (x, t_x, days - start)
        total = total_interval(total_purchases(fitted, lambda m, rows=rows: m.forecast(*rows), ahead), fitted)
        hits[4] += total.lower < future < total.upper
    assert (hits >= 0.86 * shops).all()  # nominal 95%; 86% or fewer of 60 has a chance of 1 in 300
