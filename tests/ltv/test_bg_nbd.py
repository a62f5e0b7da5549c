"""The BG/NBD against published fits, lifetimes, and its expectation in 50 digits."""

from __future__ import annotations

import json

import mpmath
import numpy as np
import pytest
from cdnow import cdnow, cdnow_holdout, check_golden_customers, cumulative_purchases
from hypothesis import given, settings
from hypothesis import strategies as st
from lifetimes import BetaGeoFitter
from scipy.integrate import quad

from ltv import bg_nbd
from ltv.beta_geometric_likelihood import sums
from ltv.bg_nbd import BGNBDFit
from ltv.histories import histories
from warehouse.errors import InputError, UsageError

PUBLISHED = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}  # CLVTools
HARDIE = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
HISTORY = st.tuples(st.integers(0, 60), st.floats(0.01, 1), st.floats(1, 800)).map(
    lambda h: (h[0], h[1] * h[2] if h[0] else 0.0, h[2])
)
THETA = st.tuples(st.floats(-2.5, 2.5), st.floats(0, 7), st.floats(-2.5, 2.5), st.floats(-2.5, 2.5))


@pytest.fixture(scope="module")
def fit() -> BGNBDFit:
    return bg_nbd.fit(cdnow().frequency, cdnow().recency, cdnow().T)


@pytest.fixture(scope="module")
def golden(golden: dict) -> dict:
    return golden["cdnow_bg_nbd"]


def test_the_cdnow_fit_is_the_published_one(fit):
    assert fit.params == pytest.approx(PUBLISHED, rel=1e-5)
    assert fit.log_likelihood == pytest.approx(-9582.429, abs=5e-4)


def test_the_cdnow_fit_is_the_exact_maximum(fit, golden):
    exact = golden["exact_mle"]
    assert list(fit.params.values()) == pytest.approx(exact["par"], abs=1e-6)
    assert fit.log_likelihood == pytest.approx(exact["LL"], abs=1e-4)
    assert list(fit.standard_errors.values()) == pytest.approx(exact["se"], abs=1e-6)


def test_cdnow_predictions_are_the_golden_ones(fit, golden):
    expected, data = golden["exact_predictions"], cdnow()
    check_golden_customers(fit, expected)

    predicted = fit.expected_purchases(39, data.frequency, data.recency, data.T)
    bins = np.minimum(data.frequency, 7).astype(int)
    assert np.bincount(bins, predicted) / np.bincount(bins) == pytest.approx(expected["freq_table_exp"], abs=2e-6)
    assert predicted.sum() == pytest.approx(expected["holdout_total_pred"], rel=1e-6)
    assert cdnow_holdout().sum() == 1882
    cumulative = cumulative_purchases(fit, np.arange(19, 26))
    assert cumulative[1:] == pytest.approx(expected["cum_weeks20_25"], abs=6e-4)
    assert np.diff(cumulative) == pytest.approx(expected["inc_weeks20_25"], abs=6e-5)


def test_hardies_spreadsheet_is_reproduced(golden):
    sheet = golden["published"]["Hardie spreadsheet (lifetimes tests)"]
    model, rounded = BGNBDFit.from_params(**PUBLISHED), BGNBDFit.from_params(**HARDIE)
    assert model.expected_purchases(39, 2, 30.43, 38.86) == pytest.approx(sheet["cet39_x2_tx30_43_T38_86"], abs=1e-3)
    for t, expected in sheet["expectation"].items():
        assert model.expected_purchases(float(t), 0, 0, 0) == pytest.approx(expected, abs=4e-4)
    new = (0, 0, 0)
    assert rounded.probability_of_no_purchase(39, *new) == pytest.approx(sheet["pmf_t39_n0"], abs=1e-7)
    assert rounded.probability_of_n_purchases(10, 2, *new) == pytest.approx(sheet["pmf_t2_n10"], rel=1e-5)
    for n, expected in enumerate(sheet["pmf_t30_n11_20"], start=11):
        assert rounded.probability_of_n_purchases(n, 30, *new) == pytest.approx(expected, rel=1e-6)


def test_lifetimes_finds_the_same_fit_and_predicts_the_same(fit):
    data = cdnow()
    rows = (data.frequency, data.recency, data.T)
    reference = BetaGeoFitter().fit(*rows)
    assert fit.params == pytest.approx(dict(reference.params_), rel=1e-4)
    assert fit.standard_errors == pytest.approx(dict(reference.standard_errors_), rel=1e-3)
    model = BGNBDFit.from_params(**dict(reference.params_))
    theirs = reference.conditional_expected_number_of_purchases_up_to_time(39, *rows)
    assert model.expected_purchases(39, *rows) == pytest.approx(np.asarray(theirs), rel=1e-8)
    assert model.p_alive(*rows) == pytest.approx(np.asarray(reference.conditional_probability_alive(*rows)), rel=1e-10)


@settings(max_examples=40)
@given(st.lists(HISTORY, min_size=1, max_size=6), THETA, st.booleans())
def test_gradient_and_hessian_are_the_slopes_of_likelihood_and_gradient(rows, theta, leaves_at_once):
    data, theta, step = histories(*np.array(rows).T), np.array(theta), 1e-5
    here = sums(theta, data, leaves_at_once)
    size = 1 + abs(here.log_likelihood)
    for j in range(4):
        shift = step * (np.arange(4) == j)
        ahead, behind = sums(theta + shift, data, leaves_at_once), sums(theta - shift, data, leaves_at_once)
        slope = (ahead.log_likelihood - behind.log_likelihood) / (2 * step)
        assert here.gradient[j] == pytest.approx(slope, rel=1e-6, abs=1e-8 * size)
        assert here.hessian[j] == pytest.approx(
            (ahead.gradient - behind.gradient) / (2 * step), rel=1e-5, abs=1e-8 * size
        )


@pytest.mark.parametrize("a", [0.05, 0.8, 1.0, 1 + 1e-9, 2.5])
@pytest.mark.parametrize(("x", "t_x", "T"), [(0, 0, 0), (0, 0, 50), (3, 40, 50), (100, 200, 300), (1500, 1500, 1500)])
def test_expectation_equals_its_defining_integral_where_the_usual_form_fails(a, x, t_x, T):
    r, alpha, b, t = 0.4, 4.0, 2.0, 60.0
    R, A, B = r + x, alpha + T, b + x
    with mpmath.workdps(40):
        # given p, a customer alive makes (1 - (A/(A+p t))^R)/p purchases; p ~ Beta(a, B), substituted p = e^-v
        weight = mpmath.beta(a, B)

        def density(v: mpmath.mpf) -> mpmath.mpf:
            p = mpmath.exp(-v)
            return p ** (a - 1) * (1 - p) ** (B - 1) * -mpmath.expm1(-R * mpmath.log1p(p * t / A)) / weight

        expected = float(mpmath.quad(density, [0, 0.01, 0.1, 1, 4, 8, 16, 40, 100, 1000]))
    model = BGNBDFit.from_params(r=r, alpha=alpha, a=a, b=b)
    assert model.forecast(x, t_x, T).expected_while_alive(t) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("row", [(0, 0, 0), (0, 0, 60), (3, 20, 60), (40, 50, 60)])
def test_probabilities_of_n_purchases_add_up_to_one_and_to_the_expectation(row):
    model = BGNBDFit.from_params(**HARDIE)
    p = model.probability_of_n_purchases(np.arange(400), 20, *(np.full(400, value) for value in row))
    assert p.sum() == pytest.approx(1, abs=1e-9)
    assert p @ np.arange(400) == pytest.approx(model.expected_purchases(20, *row)[0], rel=1e-9)


def test_discounted_purchases_are_the_discounted_increments_of_the_expectation():
    model, row = BGNBDFit.from_params(**HARDIE), (3, 20, 60)

    def rate(t: float) -> float:
        return float(model.expected_purchases(t + 1e-4, *row)[0] - model.expected_purchases(t - 1e-4, *row)[0]) / 2e-4

    exact = quad(lambda t: np.exp(-0.01 * t) * rate(t), 1e-4, 52)[0]
    assert model.discounted_expected_purchases(0.01, *row, horizon=52) == pytest.approx(exact, rel=1e-4)
    assert model.discounted_expected_purchases(0, *row, horizon=52) == pytest.approx(model.expected_purchases(52, *row))


def test_p_alive_is_no_churn_score_one_time_buyers_always_get_one(fit):
    assert fit.p_alive(0, 0, [1, 39, 10_000]).tolist() == [1, 1, 1]
    assert "no churn score" in bg_nbd.__doc__


def test_a_shop_without_churn_gets_a_weak_prior_and_one_without_repeat_purchases_an_explanation():
    rng = np.random.default_rng(2)
    T = rng.uniform(1, 600, 2000)
    rate = rng.gamma(0.6, 1 / 70, 2000)
    x = rng.poisson(rate * T).astype(float)
    t_x = np.where(x > 0, T * rng.random(2000) ** (1 / np.maximum(x, 1)), 0)
    fitted = bg_nbd.fit(x, t_x, T)
    assert fitted.note.startswith("Purchases: no churn shows in the data (a/(a+b) goes to 0)")
    assert fitted.note.endswith("so a weak prior decides.")
    # nobody leaves: each is expected to go on at (r + x)/(alpha + T)
    expected = 60 * (0.6 + x) / (70 + T)
    assert fitted.expected_purchases(60, x, t_x, T).sum() == pytest.approx(expected.sum(), rel=0.03)
    assert all(0 < error < np.inf for error in fitted.standard_errors.values())
    with pytest.raises(InputError, match="No customer has bought twice"):
        bg_nbd.fit([0, 0], [0, 0], [9, 8])


@pytest.mark.parametrize("size", [1e2, 1e6, 1e12])
def test_expectations_do_not_overflow_where_customers_hardly_differ_in_how_they_leave(size):
    """Of a known p = 1/4, a customer alive makes (1 - (A/(A + p t))^R)/p purchases."""
    nearly = BGNBDFit.from_params(r=0.5, alpha=20, a=size, b=3 * size)
    alive = (1 - (70 / (70 + 90 / 4)) ** 3.5) * 4
    assert nearly.forecast(3, 40, 50).expected_while_alive(90) == pytest.approx(alive, rel=1 / size + 1e-9)


def test_a_fit_survives_json_and_only_as_its_own_model(fit):
    again = BGNBDFit.from_dict(json.loads(json.dumps(fit.to_dict())))
    assert again.params == fit.params
    assert again.standard_errors == fit.standard_errors
    with pytest.raises(UsageError, match="not of bg_nbd"):
        BGNBDFit.from_dict(fit.to_dict() | {"model": "pareto_nbd"})
