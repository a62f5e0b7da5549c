"""The Pareto/NBD against published fits, lifetimes, its closed form in 80 digits, and its own definition."""

from __future__ import annotations

import json
import re
import warnings

import mpmath
import numpy as np
import pandas as pd
import pytest
from cdnow import cdnow
from hypothesis import given, settings
from hypothesis import strategies as st
from lifetimes import ParetoNBDFitter
from pareto_cases import REGIMES, stress_rows
from scipy.integrate import dblquad

from ltv import pareto_nbd, pareto_nbd_search
from ltv.fit import Sums, likelihood_ratio_test
from ltv.histories import histories, indicators
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_likelihood import by_history, sums
from warehouse.errors import ConvergenceError, InputError, UsageError

PUBLISHED = {"r": 0.55315, "alpha": 10.57633, "s": 0.60625, "beta": 11.6715}  # CLVTools; standard errors below


@pytest.fixture(scope="module")
def fit() -> ParetoNBDFit:
    data = cdnow()
    return pareto_nbd.fit(data.frequency, data.recency, data.T)


def simulated(customers: int, seed: int, *, r=0.6, alpha=70.0, s=0.6, beta=80.0) -> tuple[np.ndarray, ...]:
    """600 days in continuous time; s = 0 for customers who never leave. alpha and beta may be one per customer."""
    days = 600.0
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, days, customers)
    leaving = rng.gamma(s, 1 / np.broadcast_to(beta, customers)) if s else np.zeros(customers)
    end = np.minimum(start + rng.exponential(1, customers) / np.maximum(leaving, 1e-300), days)
    count = rng.poisson(rng.gamma(r, 1 / np.broadcast_to(alpha, customers)) * (end - start))
    last = start + (end - start) * np.where(count > 0, rng.random(customers) ** (1 / np.maximum(count, 1)), 0)
    return count.astype(float), last - start, days - start


# ---------------------------------------------------------------- published and golden values


def test_the_cdnow_fit_is_the_published_one(fit):
    assert fit.params == pytest.approx(PUBLISHED, rel=3e-4)
    assert fit.log_likelihood == pytest.approx(-9594.976, abs=5e-4)
    assert list(fit.standard_errors.values()) == pytest.approx([0.0476264, 0.8427222, 0.1872594, 6.2105448], rel=2e-4)
    assert fit.customers == 2357


def test_the_cdnow_fit_is_the_exact_maximum(fit, golden):
    exact = golden["cdnow_pareto_nbd"]["exact_mle"]
    assert fit.params == pytest.approx({name: exact[name] for name in fit.params}, rel=1e-6)
    assert fit.log_likelihood == pytest.approx(exact["LL"], abs=1e-4)
    assert list(fit.standard_errors.values()) == pytest.approx(exact["se"], rel=2e-5)


# ---------------------------------------------------------------- lifetimes


def test_lifetimes_finds_the_same_parameters_and_predicts_the_same(fit):
    data = cdnow()
    np.random.seed(3)
    reference = ParetoNBDFitter()
    reference.fit(data.frequency, data.recency, data.T)
    assert fit.params == pytest.approx(dict(reference.params_), rel=1e-4, abs=1e-4)

    reference.params_ = pd.Series(fit.params)
    rows = (data.frequency, data.recency, data.T)
    theirs = reference.conditional_expected_number_of_purchases_up_to_time
    assert fit.p_alive(*rows) == pytest.approx(np.asarray(reference.conditional_probability_alive(*rows)), rel=1e-8)
    assert fit.expected_purchases(39, *rows) == pytest.approx(np.asarray(theirs(39, *rows)), rel=1e-8)
    for n in (0, 1, 5):
        probability = reference.conditional_probability_of_n_purchases_up_to_time(n, 39, 4, 20, 39)
        assert fit.probability_of_n_purchases(n, 39, 4, 20, 39) == pytest.approx(probability, rel=1e-6)


# ---------------------------------------------------------------- the likelihood


def closed_form(theta: list[mpmath.mpf], x: float, t_x: float, T: float) -> mpmath.mpf:
    """Log-likelihood as Fader & Hardie (2005) print it, with its difference of hypergeometric functions."""
    r, alpha, s, beta = (mpmath.exp(value) for value in theta)
    x, t_x, T = mpmath.mpf(x), mpmath.mpf(t_x), mpmath.mpf(T)
    total = r + s + x
    larger, second = (alpha, s + 1) if alpha >= beta else (beta, r + x)

    def part(t: mpmath.mpf) -> mpmath.mpf:
        z = abs(alpha - beta) / (larger + t)
        return mpmath.hyp2f1(total, second, total + 1, z) / (larger + t) ** total

    bracket = (alpha + T) ** -(r + x) * (beta + T) ** -s + s / total * (part(t_x) - part(T))
    gammas = mpmath.loggamma(r + x) - mpmath.loggamma(r)
    return gammas + r * mpmath.log(alpha) + s * mpmath.log(beta) + mpmath.log(bracket)


def check_against_closed_form(regime: dict[str, float], rows: int, seed: int) -> None:
    theta = np.log(list(regime.values()))
    data = stress_rows(rows, seed)
    value, gradient, hessian = by_history(theta, histories(*data), order=2)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    assert np.isfinite(hessian).all()
    with mpmath.workdps(80):
        exact, step = [mpmath.mpf(t) for t in theta], mpmath.mpf(10) ** -20
        for i, row in enumerate(zip(*data, strict=True)):
            assert abs(closed_form(exact, *row) - value[i]) < 1e-9
            for j in range(4):
                ahead, behind = ([t + sign * step * (k == j) for k, t in enumerate(exact)] for sign in (1, -1))
                slope = (closed_form(ahead, *row) - closed_form(behind, *row)) / (2 * step)
                assert abs(slope - gradient[j, i]) < 1e-7


@pytest.mark.parametrize("regime", range(len(REGIMES)))
def test_likelihood_and_gradient_equal_the_closed_form_in_80_digits(regime):
    check_against_closed_form(REGIMES[regime], rows=25, seed=100 + regime)


@pytest.mark.long
@pytest.mark.parametrize("regime", range(len(REGIMES)))
def test_likelihood_and_gradient_equal_the_closed_form_in_80_digits_on_300_rows(regime):
    check_against_closed_form(REGIMES[regime], rows=300, seed=regime)


HISTORY = st.tuples(st.integers(0, 60), st.floats(0.01, 1), st.floats(1, 800)).map(
    lambda h: (h[0], h[1] * h[2] if h[0] else 0.0, h[2])
)
THETA = st.tuples(*[st.floats(-2.5, 2.5), st.floats(0, 7), st.floats(-2.5, 2.5), st.floats(0, 7)])


@settings(max_examples=40)
@given(st.lists(HISTORY, min_size=1, max_size=6), THETA, st.integers(0, 2**31))
def test_gradient_and_hessian_are_the_slopes_of_likelihood_and_gradient_with_covariates(rows, theta, seed):
    rng = np.random.default_rng(seed)
    n = len(rows)
    x, t_x, T = np.array(rows).T
    data = histories(
        x,
        t_x,
        T,
        rng.uniform(0.5, 3, n),
        transaction_covariates=rng.normal(size=(n, 2)),
        dropout_covariates=rng.normal(size=(n, 1)),
    )
    theta = np.array([*theta, *rng.normal(scale=0.3, size=3)])
    here = sums(theta, data, order=2)
    step = 1e-5
    for j in range(len(theta)):
        shift = step * (np.arange(len(theta)) == j)
        ahead, behind = sums(theta + shift, data), sums(theta - shift, data)
        slope = (ahead.log_likelihood - behind.log_likelihood) / (2 * step)
        bend = (ahead.gradient - behind.gradient) / (2 * step)
        size = 1 + abs(here.log_likelihood)
        assert here.gradient[j] == pytest.approx(slope, rel=1e-6, abs=1e-8 * size)
        assert here.hessian[j] == pytest.approx(bend, rel=1e-5, abs=1e-8 * size)


def test_likelihood_is_the_integral_over_the_process():
    r, alpha, s, beta = 1.3, 4.0, 1.7, 5.0
    x, t_x, T = 2, 3.0, 6.0

    def density(rate: float, leaving: float) -> float:  # lambda^x e^(-lambda t) until leaving or T
        alive = rate**x * np.exp(-(rate + leaving) * T)
        gone = rate**x * leaving * (np.exp(-(rate + leaving) * t_x) - np.exp(-(rate + leaving) * T)) / (rate + leaving)
        rates = alpha**r * rate ** (r - 1) * np.exp(-alpha * rate) / float(mpmath.gamma(r))
        return (alive + gone) * rates * beta**s * leaving ** (s - 1) * np.exp(-beta * leaving) / float(mpmath.gamma(s))

    integral = dblquad(density, 0, 12, 0, 12, epsabs=1e-12)[0]
    value = sums(np.log([r, alpha, s, beta]), histories(x, t_x, T)).log_likelihood
    assert value == pytest.approx(np.log(integral), rel=1e-7)


def test_sums_of_parts_add_up_to_the_sums_of_the_whole():
    data, theta = histories(*simulated(500, seed=1)), np.log([0.5, 60, 0.7, 90])
    whole = sums(theta, data, order=2)
    parts = sum((sums(theta, part, order=2) for part in data.chunks(77)), Sums(0.0, np.zeros(4), np.zeros((4, 4))))
    assert parts.log_likelihood == pytest.approx(whole.log_likelihood, rel=1e-12)
    assert parts.gradient == pytest.approx(whole.gradient, rel=1e-9)
    assert parts.hessian == pytest.approx(whole.hessian, rel=1e-9)


# ---------------------------------------------------------------- the fit


def test_the_gradient_is_zero_at_the_fit_and_counted_rows_give_the_same_fit(fit):
    data = cdnow()
    counted = histories(data.frequency, data.recency, data.T).counted()
    assert len(counted) < 2357
    assert counted.customers == 2357
    assert np.abs(sums(fit.theta, counted).gradient).max() < 1e-6
    weighted = pareto_nbd.fit(counted.frequency, counted.recency, counted.T, weights=counted.weights)
    assert weighted.params == pytest.approx(fit.params, rel=1e-9)
    assert weighted.covariance == pytest.approx(fit.covariance, rel=1e-6)


def test_days_and_weeks_give_the_same_fit(fit):
    data = cdnow()
    days = pareto_nbd.fit(data.frequency, np.round(data.recency * 7), np.round(data.T * 7))
    unit = np.array([1, 7, 1, 7])
    assert list(days.params.values()) == pytest.approx(np.array(list(fit.params.values())) * unit, rel=1e-6)
    assert list(days.standard_errors.values()) == pytest.approx(
        np.array(list(fit.standard_errors.values())) * unit, rel=1e-6
    )
    assert days.log_likelihood == pytest.approx(fit.log_likelihood - data.frequency.sum() * np.log(7), rel=1e-9)


@pytest.mark.parametrize("T", [2000, 20_000])
def test_one_bad_row_moves_the_fit_no_further_than_the_exact_maximum(T):
    data = cdnow()
    bad = pareto_nbd.fit(np.append(data.frequency, 3), np.append(data.recency, 100), np.append(data.T, T))
    # scaling time by the largest T, as lifetimes does, ends at s = .991, beta = 25.1 and s = .., beta = 35,823
    assert bad.params["s"] == pytest.approx(0.6209, abs=5e-5)
    assert bad.params["beta"] == pytest.approx(12.2146, abs=2e-4)
    assert bad.log_likelihood == pytest.approx(-9612.9035, abs=1e-4)


def test_a_search_that_starts_from_a_sample_ends_at_the_same_maximum(monkeypatch):
    rows = simulated(3000, seed=2)
    straight = pareto_nbd.fit(*rows)
    monkeypatch.setattr(pareto_nbd_search, "SAMPLE", 500)
    assert pareto_nbd.fit(*rows).params == pytest.approx(straight.params, rel=1e-8)


def test_a_likelihood_summed_by_the_caller_gives_the_same_fit(fit):
    data = histories(cdnow().frequency, cdnow().recency, cdnow().T)
    parts = list(data.chunks(1000))

    def evaluate(theta: np.ndarray, order: int) -> Sums:
        first, *rest = (sums(theta, part, order) for part in parts)
        return sum(rest, first)

    elsewhere = pareto_nbd.fit_sums(evaluate, parts[0], customers=data.customers)
    assert elsewhere.params == pytest.approx(fit.params, rel=1e-8)
    assert elsewhere.log_likelihood == pytest.approx(fit.log_likelihood, rel=1e-12)


def test_customers_seen_for_no_time_do_not_move_the_fit_and_are_counted_in_a_warning(fit):
    data = cdnow()
    with pytest.warns(UserWarning, match="5 customers have T = 0"):
        more = pareto_nbd.fit(*(np.append(c, np.zeros(5)) for c in (data.frequency, data.recency, data.T)))
    assert more.params == pytest.approx(fit.params, rel=1e-7)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (([1, 2], [5, 9], [9, 8]), r"recency lies beyond T.*1 of 2 rows, first row 1 \(recency = 9, T = 8\)"),
        (([1, np.nan], [5, 5], [9, 9]), "frequency is missing or infinite: 1 of 2 rows, first row 1"),
        (([1, 1], [5, -5], [9, 9]), "recency is negative"),
        (([1, "two"], [5, 5], [9, 9]), "frequency holds values that are no numbers"),
        (([1.5], [5], [9]), "frequency is no whole number"),
        (([0], [5], [9]), "recency without a repeat purchase"),
        (([1], [0], [9]), "repeat purchases at recency 0"),
        (([1, 2, 3], [1, 2], [9, 9, 9]), r"differ in length \(3, 2, 3, 1\)"),
        (([0, 0], [0, 0], [0, 0]), "T is 0 for every customer"),
        (([0, 0], [0, 0], [9, 8]), "No customer has bought twice"),
    ],
)
def test_impossible_rows_are_refused_with_the_first_of_them(rows, message):
    with pytest.raises(InputError, match=message):
        pareto_nbd.fit(*rows)


@pytest.mark.parametrize("seed", [1, 2, 4, 6])
def test_a_shop_that_nobody_leaves_gets_a_forecast_and_a_note(seed):
    x, t_x, T = simulated(2000, seed, s=0)
    fitted = pareto_nbd.fit(x, t_x, T)
    assert re.search(r"no churn shows in the data|how fast they leave", fitted.note)
    assert "a weak prior decides" in fitted.note
    true = ((0.6 + x) / (70 + T) * 60).sum()  # all are alive and buy at their own rate
    assert fitted.expected_purchases(60, x, t_x, T).sum() == pytest.approx(true, rel=0.04)
    assert fitted.p_alive(x, t_x, T).mean() > 0.97


def test_customers_who_all_buy_at_one_rate_get_a_forecast_and_a_note():
    rows = simulated(2000, seed=1, r=1e5, alpha=1e7)
    fitted = pareto_nbd.fit(*rows)
    assert "do not differ in how often they buy" in fitted.note
    assert fitted.params["r"] > 20
    true = ParetoNBDFit.from_params(r=1e5, alpha=1e7, s=0.6, beta=80.0)
    forecast, truth = (model.expected_purchases(60, *rows).sum() for model in (fitted, true))
    assert forecast == pytest.approx(truth, rel=0.05)


def test_a_note_points_at_bad_rows():
    rows = simulated(2000, seed=1, s=0)
    fitted = pareto_nbd.fit(*(np.append(c, bad) for c, bad in zip(rows, (1, 90_000, 90_000), strict=True)))
    assert "the largest T is 90000, but 99% lie below" in fitted.note


# ---------------------------------------------------------------- covariates


def test_covariates_recover_what_made_the_data_and_the_ratio_test_finds_them():
    rng = np.random.default_rng(5)
    app, income = (rng.random(20_000) < 0.4) * 1.0, rng.normal(50_000, 10_000, 20_000)
    # app buyers buy twice as fast and leave half as fast; income matters to neither
    rows = simulated(20_000, seed=6, alpha=70 / 2**app, beta=80 * 2**app)
    plain = pareto_nbd.fit(*rows)
    by_app = pareto_nbd.fit(*rows, transaction_covariates={"app": app}, dropout_covariates={"app": app})
    both = pareto_nbd.fit(*rows, transaction_covariates={"app": app, "income": income}, dropout_covariates={"app": app})
    error = by_app.standard_errors
    assert abs(by_app.covariates["transaction"]["app"] - np.log(2)) < 3 * error["transaction.app"] < 0.25
    assert abs(by_app.covariates["dropout"]["app"] + np.log(2)) < 3 * error["dropout.app"] < 0.6
    matters, idle = likelihood_ratio_test(plain, by_app), likelihood_ratio_test(by_app, both)
    assert matters.degrees_of_freedom == 2
    assert matters.p_value < 1e-20
    assert idle.degrees_of_freedom == 1
    assert idle.p_value > 0.01
    with pytest.raises(UsageError, match="one within the other"):
        likelihood_ratio_test(by_app, plain)


def test_covariates_scale_alpha_and_beta_of_the_customer():
    coefficients = {"transaction": {"app": 0.5}, "dropout": {"app": -0.25}}
    model = ParetoNBDFit.from_params(coefficients, r=0.6, alpha=70, s=0.6, beta=80)
    same = ParetoNBDFit.from_params(r=0.6, alpha=70 * np.exp(-1.0), s=0.6, beta=80 * np.exp(0.5))
    covariates = {"transaction_covariates": {"app": [2.0]}, "dropout_covariates": {"app": [2.0]}}
    assert model.expected_purchases(90, 3, 50, 200, **covariates) == pytest.approx(
        same.expected_purchases(90, 3, 50, 200), rel=1e-12
    )


def test_covariates_go_by_name_and_must_all_be_there():
    model = ParetoNBDFit.from_params({"transaction": {"a": 1.0, "b": 2.0}}, r=0.6, alpha=70, s=0.6, beta=80)
    rows = ([1, 2], [5, 9], [50, 60])
    swapped = pd.DataFrame({"b": [0.1, 0.2], "unused": [7.0, 7.0], "a": [0.3, 0.4]})
    matrix = np.array([[0.3, 0.1], [0.4, 0.2]])
    assert model.p_alive(*rows, transaction_covariates=swapped) == pytest.approx(
        model.p_alive(*rows, transaction_covariates=matrix), rel=1e-15
    )
    with pytest.raises(UsageError, match="lacks b"):
        model.p_alive(*rows, transaction_covariates={"a": [1, 2]})
    with pytest.raises(UsageError, match="this fit has a, b; 0 columns were given"):
        model.p_alive(*rows)


def test_a_channel_becomes_one_column_for_each_but_the_most_common():
    channels = ["Email", "Direct", "Direct", "Paid Search"]
    columns = indicators(channels)
    assert {name: column.tolist() for name, column in columns.items()} == {
        "Email": [1, 0, 0, 0],
        "Paid Search": [0, 0, 0, 1],
    }
    assert indicators(["Email", "TV"], levels=list(columns))["Paid Search"].tolist() == [0, 0]


def test_useless_covariates_are_refused_or_explained():
    rows = simulated(2000, seed=3)
    one = np.ones(2000)
    with pytest.raises(InputError, match=r"transaction_covariates: paid is the same for every customer"):
        pareto_nbd.fit(*rows, transaction_covariates={"paid": one})
    with pytest.raises(InputError, match="column paid is missing or infinite: 2000 of 2000 rows"):
        pareto_nbd.fit(*rows, transaction_covariates={"paid": one * np.nan})
    half = (np.arange(2000) % 2).astype(float)
    with pytest.raises(ConvergenceError, match="covariates that repeat one another"):
        pareto_nbd.fit(*rows, transaction_covariates={"paid": half, "unpaid": 1 - half, "income": rows[2]})


# ---------------------------------------------------------------- what a fit holds


def test_a_fit_survives_json_in_a_few_kilobytes_whatever_the_order_of_keys():
    app = np.arange(2000) % 3 == 0
    fitted = pareto_nbd.fit(
        *simulated(2000, seed=8),
        transaction_covariates={"z": app * 1.0, "a": np.arange(2000) % 5},
        dropout_covariates={"app": app},
    )
    text = json.dumps(fitted.to_dict(), sort_keys=True)
    again = ParetoNBDFit.from_dict(json.loads(text))
    assert len(text) < 4000
    assert again.params == fitted.params
    assert again.standard_errors == fitted.standard_errors
    assert again.covariates == fitted.covariates
    assert list(again.names) == ["r", "alpha", "s", "beta", "transaction.z", "transaction.a", "dropout.app"]
    assert again.log_likelihood == fitted.log_likelihood
    assert (again.note, fitted.note) == (None, None)
    noted = pareto_nbd.fit(*simulated(500, seed=1, s=0))
    assert ParetoNBDFit.from_dict(json.loads(json.dumps(noted.to_dict()))).note == noted.note
    older = {name: value for name, value in fitted.to_dict().items() if name != "note"}
    assert ParetoNBDFit.from_dict(older) == fitted


def test_a_model_of_plain_parameters_predicts_but_has_no_standard_errors(fit):
    plain = ParetoNBDFit.from_params(**fit.params)
    assert plain.p_alive(2, 30, 39) == fit.p_alive(2, 30, 39)
    with pytest.raises(UsageError, match="plain parameters"):
        _ = plain.standard_errors


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"r": 1, "alpha": 1, "s": 1}, "has the parameters r, alpha, s, beta"),
        ({"r": 1, "alpha": 1, "s": -1, "beta": 1}, "s must be positive"),
        ({"r": 1, "alpha": 1, "s": 1, "beta": 1, "a": 1}, "has the parameters r, alpha, s, beta"),
    ],
)
def test_impossible_parameters_are_refused(params, message):
    with pytest.raises(UsageError, match=message):
        ParetoNBDFit.from_params(**params)


def test_a_fit_on_good_data_gives_no_warning():
    data = cdnow()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pareto_nbd.fit(data.frequency, data.recency, data.T)
