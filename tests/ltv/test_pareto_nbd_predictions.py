"""Predictions of the Pareto/NBD: golden values, its own definition by integrals, and extreme customers."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from cdnow import cdnow, cdnow_holdout, check_golden_customers, cumulative_purchases
from pareto_cases import REGIMES, stress_rows
from scipy.integrate import quad

from ltv import pareto_nbd
from ltv.histories import histories
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pareto_nbd_likelihood import by_history
from warehouse.errors import InputError, UsageError


@pytest.fixture(scope="module")
def fit() -> ParetoNBDFit:
    data = cdnow()
    return pareto_nbd.fit(data.frequency, data.recency, data.T)


def test_cdnow_predictions_are_the_golden_ones(fit, golden):
    expected = golden["cdnow_pareto_nbd"]["exact_predictions"]
    check_golden_customers(fit, expected)


def test_cdnow_holdout_by_number_of_purchases_is_the_golden_table(fit, golden):
    data, table = cdnow(), golden["cdnow_pareto_nbd"]["exact_predictions"]["freq_table"]
    bins = np.minimum(data.frequency, 7).astype(int)
    predicted = fit.expected_purchases(39, data.frequency, data.recency, data.T)
    count = np.bincount(bins)
    assert count.tolist() == table["n"]
    assert np.bincount(bins, cdnow_holdout()) / count == pytest.approx(table["act"], abs=6e-4)
    assert np.bincount(bins, predicted) / count == pytest.approx(table["exp"], abs=6e-4)
    assert predicted.sum() == pytest.approx(
        golden["cdnow_pareto_nbd"]["exact_predictions"]["holdout_total_pred"], rel=1e-6
    )
    assert cdnow_holdout().sum() == 1882


def test_cdnow_tracking_by_week_is_the_golden_one(fit, golden):
    expected = golden["cdnow_pareto_nbd"]["exact_predictions"]
    cumulative = cumulative_purchases(fit, np.arange(19, 26))
    assert cumulative[1:] == pytest.approx(expected["cum_weeks20_25"], abs=6e-4)
    assert np.diff(cumulative) == pytest.approx(expected["inc_weeks20_25"], abs=6e-4)


def test_discounted_purchases_for_ever_are_the_golden_ones(golden):
    example = golden["dert_btyd_example"]
    model = ParetoNBDFit.from_params(**dict(zip(ParetoNBDFit.PARAMETERS, example["params"], strict=True)))
    one = model.discounted_expected_purchases(example["d"], 7, 35, 77.86)
    ten = model.discounted_expected_purchases(example["d"], np.arange(1, 11), 30, 77.86)
    assert one == pytest.approx(example["x7_tx35_T77_86"], rel=1e-9)
    assert ten == pytest.approx(example["x1_10_tx30"], abs=6e-7)


@pytest.mark.parametrize("params", REGIMES)
def test_predictions_stay_finite_and_in_range_for_every_customer(params):
    model = ParetoNBDFit.from_params(**params)
    known = model.forecast(*stress_rows(300, seed=9))
    for probability in (known.p_alive, known.probability_of_no_purchase(30), known.probability_of_n_purchases(3, 30)):
        assert ((probability >= 0) & (probability <= 1)).all()
    for amount in (
        known.expected_purchases(365),
        known.discounted_expected_purchases(0.001),
        known.discounted_expected_purchases(0.001, horizon=365),
        known.purchase_variance(365),
    ):
        assert np.isfinite(amount).all()
        assert (amount >= 0).all()


def test_a_customer_who_bought_on_the_last_day_is_alive_even_when_buying_daily():
    model = ParetoNBDFit.from_params(r=1.2, alpha=20, s=0.8, beta=3000)
    assert model.p_alive(330, 330, 330) == 1.0
    assert model.expected_purchases(30, 330, 330, 330) == pytest.approx(30 * 331.2 / 350, rel=0.01)


def test_no_purchase_within_h_is_the_ratio_of_two_likelihoods(fit):
    # having the same history at T + h is having it at T and buying nothing for h
    rows = (np.array([0, 2, 26, 9]), np.array([0, 30.4, 30.9, 39]), np.array([39, 38.9, 31, 39]))
    later = by_history(fit.theta, histories(rows[0], rows[1], rows[2] + 13))[0]
    now = by_history(fit.theta, histories(*rows))[0]
    assert fit.probability_of_no_purchase(13, *rows) == pytest.approx(np.exp(later - now), rel=1e-10)


@pytest.mark.parametrize("params", REGIMES[:4])
@pytest.mark.parametrize("row", [(0, 0, 0), (0, 0, 60), (3, 20, 60), (40, 50, 60)])
def test_probabilities_of_n_purchases_add_up_to_one_and_to_the_moments(params, row):
    model = ParetoNBDFit.from_params(**params)
    expected, variance = model.expected_purchases(20, *row)[0], model.forecast(*row).purchase_variance(20)[0]
    n = np.arange(int(expected + 40 * variance**0.5) + 200)
    p = model.probability_of_n_purchases(n, 20, *(np.full(len(n), value) for value in row))
    assert p.sum() == pytest.approx(1, abs=1e-8)
    assert p @ n == pytest.approx(expected, rel=1e-6)
    assert p @ (n - expected) ** 2 == pytest.approx(variance, rel=1e-5)


@pytest.mark.parametrize("s", [0.4, 1.0, 1 + 1e-9, 2.0, 3.0])
def test_expected_purchases_are_the_integral_of_the_rate_also_at_s_of_one_and_two(s):
    model = ParetoNBDFit.from_params(r=0.6, alpha=70, s=s, beta=80)
    known = model.forecast(3, 50, 200)

    def rate(t: float) -> float:
        return float(known.p_alive[0] * 3.6 / 270 * (280 / (280 + t)) ** s)

    assert known.expected_purchases(90) == pytest.approx(quad(rate, 0, 90)[0], rel=1e-10)
    finite = quad(lambda t: rate(t) * np.exp(-0.002 * t), 0, 90)[0]
    assert known.discounted_expected_purchases(0.002, horizon=90) == pytest.approx(finite, rel=1e-10)
    assert known.discounted_expected_purchases(0.0, horizon=90) == pytest.approx(
        known.expected_purchases(90), rel=1e-10
    )


@pytest.mark.parametrize("rate", [0.1, 0.0027, np.log(1.1) / 365, 1e-6])
@pytest.mark.parametrize("params", REGIMES)
def test_discounted_purchases_for_ever_equal_the_confluent_hypergeometric_form(params, rate):
    model = ParetoNBDFit.from_params(**params)
    known = model.forecast(3, 50, 200)
    b, s = params["beta"] + 200, params["s"]
    stream = b * mpmath.hyperu(1, 2 - s, rate * b)  # = b^s rate^(s-1) U(s, s, rate b)
    exact = float(known.p_alive[0] * (params["r"] + 3) / (params["alpha"] + 200) * stream)
    assert known.discounted_expected_purchases(rate) == pytest.approx(exact, rel=1e-9)


def test_horizons_may_differ_by_customer(fit):
    each = fit.expected_purchases([10, 20], [1, 2], [5, 9], [30, 30])
    # Vector instructions of some processors round the last digit otherwise than one number alone.
    assert each[0] == pytest.approx(fit.expected_purchases(10, 1, 5, 30)[0], rel=1e-14)
    assert each[1] == pytest.approx(fit.expected_purchases(20, 2, 9, 30)[0], rel=1e-14)
    assert fit.probability_of_no_purchase([0, 20], [1, 2], [5, 9], [30, 30])[0] == pytest.approx(1)


def test_ten_per_cent_a_year_is_ten_per_cent_after_365_days():
    assert np.exp(-365 * pareto_nbd.continuous_rate(0.10)) == pytest.approx(1 / 1.1)
    assert np.exp(-365 / 7 * pareto_nbd.continuous_rate(0.10, unit_days=7)) == pytest.approx(1 / 1.1)


def test_no_customers_give_no_predictions_but_no_fit(fit):
    nobody = ([], [], [])
    known = fit.forecast(*nobody)
    assert len(known.p_alive) == len(known.expected_purchases(30)) == len(known.probability_of_no_purchase(30)) == 0
    assert len(known.discounted_expected_purchases(0.01)) == len(known.probability_of_n_purchases(2, 30)) == 0
    with pytest.raises(InputError, match="No customers to fit"):
        pareto_nbd.fit(*nobody)


def test_wrong_horizons_rates_and_counts_are_refused(fit):
    with pytest.raises(UsageError, match="horizon"):
        fit.expected_purchases(-1, 1, 5, 30)
    with pytest.raises(UsageError, match="no finite value for ever"):
        fit.discounted_expected_purchases(0, 1, 5, 30)
    with pytest.raises(UsageError, match="number of purchases"):
        fit.probability_of_n_purchases(1.5, 10, 1, 5, 30)
