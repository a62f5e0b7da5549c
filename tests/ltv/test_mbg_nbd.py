"""The MBG/NBD against the published fit, lifetimes, and its own process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cdnow import cdnow
from lifetimes import ModifiedBetaGeoFitter

from ltv import mbg_nbd
from ltv.mbg_nbd import MBGNBDFit

PUBLISHED = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}  # BTYDplus


@pytest.fixture(scope="module")
def fit() -> MBGNBDFit:
    return mbg_nbd.fit(cdnow().frequency, cdnow().recency, cdnow().T)


def test_the_cdnow_fit_is_the_published_one(fit):
    assert fit.params == pytest.approx(PUBLISHED, abs=6e-4)


def test_the_cdnow_fit_is_the_exact_maximum(fit, shared_data: Path):
    exact = json.loads((shared_data / "golden" / "ltv.json").read_text())["cdnow_mbg_nbd"]["exact_mle"]
    assert list(fit.params.values()) == pytest.approx(exact["par"], abs=1e-6)
    assert fit.log_likelihood == pytest.approx(exact["LL"], abs=1e-4)
    assert list(fit.standard_errors.values()) == pytest.approx(exact["se"], abs=1e-6)


def test_lifetimes_finds_the_same_fit_and_predicts_the_same(fit):
    data = cdnow()
    rows = (data.frequency, data.recency, data.T)
    reference = ModifiedBetaGeoFitter().fit(*rows)
    assert fit.params == pytest.approx(dict(reference.params_), rel=1e-4)
    model = MBGNBDFit.from_params(**dict(reference.params_))
    theirs = reference.conditional_expected_number_of_purchases_up_to_time(39, *rows)
    assert model.expected_purchases(39, *rows) == pytest.approx(np.asarray(theirs), rel=1e-8)
    assert model.p_alive(*rows) == pytest.approx(np.asarray(reference.conditional_probability_alive(*rows)), rel=1e-10)


def test_a_simulated_shop_buys_what_new_customers_are_expected_to():
    params = {"r": 0.5, "alpha": 20.0, "a": 0.9, "b": 1.6}
    rng = np.random.default_rng(3)
    rate, leaving = rng.gamma(0.5, 1 / 20, 200_000), rng.beta(0.9, 1.6, 200_000)
    stays_for = rng.geometric(leaving) - 1  # repeat purchases until leaving: none if gone after the first
    count = np.minimum(rng.poisson(rate * 90), stays_for)
    model = MBGNBDFit.from_params(**params)
    error = count.std() / np.sqrt(len(count))
    assert abs(count.mean() - model.expected_purchases(90, 0, 0, 0)[0]) < 4 * error
    for n in range(4):
        assert np.mean(count == n) == pytest.approx(model.probability_of_n_purchases(n, 90, 0, 0, 0)[0], abs=0.005)


@pytest.mark.parametrize("row", [(0, 0, 0), (0, 0, 60), (3, 20, 60), (40, 50, 60)])
def test_probabilities_of_n_purchases_add_up_to_one_and_to_the_expectation(row):
    model = MBGNBDFit.from_params(**PUBLISHED)
    p = model.probability_of_n_purchases(np.arange(400), 20, *(np.full(400, value) for value in row))
    assert p.sum() == pytest.approx(1, abs=1e-9)
    assert p @ np.arange(400) == pytest.approx(model.expected_purchases(20, *row)[0], rel=1e-9)


def test_one_time_buyers_fade_unlike_in_the_bg_nbd(fit):
    p_alive = fit.p_alive(0, 0, [0, 10, 100])
    assert p_alive[0] == pytest.approx(fit.params["b"] / (fit.params["a"] + fit.params["b"]))
    assert (np.diff(p_alive) < 0).all()
