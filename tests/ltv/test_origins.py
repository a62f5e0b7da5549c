"""Rolling origins: forecasts of real shops' past, beside what came and beside rules that need no fit."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shops import cdnow_days, cdnow_origins, fit_in, online_retail_days, rolling_origins

from ltv import baselines
from ltv.backtest import MODELS, PURCHASE_RATE, RECALIBRATED, RECENCY, VALUE_MODEL, Backtest
from ltv.gamma_gamma import GammaGammaFit
from ltv.origins import FittedOrigin, Origin, fit_origins, judge_origins, pooled_rmse
from ltv.own_error import own_error
from warehouse.errors import ConvergenceError

TEN_WEEKS = 60


@pytest.fixture(scope="module")
def cdnow() -> Backtest:
    """All 23,570 customers of CDNOW at five origins of 60 days."""
    return judge_origins(cdnow_origins("master", TEN_WEEKS, 5), level=0.95)


def test_cdnow_as_a_whole_is_forecast_39_weeks_ahead_as_well_as_the_model_is_known_to() -> None:
    """Figures of an independent calculation: total -12.9%, decile error .16, AUC .763, Brier .166."""
    judged = judge_origins(cdnow_origins("master", 273, 1), level=0.95)

    model, rate, recency = (judged.of(name)[0].metrics for name in (VALUE_MODEL, PURCHASE_RATE, RECENCY))
    assert model["total_error"] == pytest.approx(-0.129, abs=5e-4)
    assert model["decile_wape"] == pytest.approx(0.16, abs=5e-3)
    assert model["buys_again_auc"] == pytest.approx(0.763, abs=5e-4)
    assert model["buys_again_brier"] == pytest.approx(0.166, abs=5e-4)
    assert model["rmse"] == pytest.approx(1.726, abs=5e-4)
    # beside it: the rate of the past expects half too much; recency alone ranks nearly as well
    assert rate["total_error"] == pytest.approx(0.474, abs=5e-4)
    assert rate["decile_wape"] == pytest.approx(0.83, abs=5e-3)
    assert recency["buys_again_auc"] == pytest.approx(0.759, abs=5e-4)
    assert "total_error" not in recency


def test_the_cdnow_sample_s_rate_of_the_past_is_as_far_off_as_it_is_known_to_be() -> None:
    """Figures of an independent calculation: total +55.7%, MAE 1.024, RMSE 2.212, decile error .91, AUC .760."""
    (rate,) = judge_origins(cdnow_origins("sample", 273, 1), level=0.95).of(PURCHASE_RATE)

    assert rate.metrics["total_error"] == pytest.approx(0.557, abs=5e-4)
    assert rate.metrics["mae"] == pytest.approx(1.024, abs=5e-4)
    assert rate.metrics["rmse"] == pytest.approx(2.212, abs=5e-4)
    assert rate.metrics["decile_wape"] == pytest.approx(0.91, abs=5e-3)
    assert rate.metrics["buys_again_auc"] == pytest.approx(0.760, abs=5e-4)


def test_origins_lie_a_period_apart_and_the_newest_period_is_the_last_judged(cdnow: Backtest) -> None:
    periods = [(one.cutoff, one.until) for one in cdnow.of(VALUE_MODEL)]

    assert periods[-1] == (dt.date(1998, 5, 1), dt.date(1998, 6, 30))
    assert [until for _, until in periods[:-1]] == [cutoff for cutoff, _ in periods[1:]]
    assert {name: len(cdnow.of(name)) for name in MODELS} == dict.fromkeys(MODELS, 5)


def test_on_cdnow_the_model_beats_both_baselines_at_every_origin(cdnow: Backtest) -> None:
    for model, rate, recency in zip(*(cdnow.of(name) for name in (VALUE_MODEL, PURCHASE_RATE, RECENCY)), strict=True):
        assert abs(model.metrics["total_error"]) < abs(rate.metrics["total_error"])
        assert model.metrics["rmse"] < rate.metrics["rmse"]
        assert model.metrics["decile_wape"] < rate.metrics["decile_wape"]
        for metric in ("buys_again_auc", "normalised_gini"):
            assert model.metrics[metric] > max(rate.metrics[metric], recency.metrics[metric])


def test_intervals_with_the_model_s_own_error_hold_what_came_where_the_model_s_alone_do_not(cdnow: Backtest) -> None:
    totals = [one.totals[0] for one in cdnow.of(VALUE_MODEL)]

    assert {total.measure for total in totals} == {"purchases"}
    assert [total.held for total in totals] == [True] * 5
    alone = [total.lower_if_model_holds <= total.actual <= total.upper_if_model_holds for total in totals]
    assert alone == [True, False, False, False, False]
    for total in totals:
        assert total.lower < total.lower_if_model_holds < total.predicted < total.upper_if_model_holds < total.upper


def test_recalibration_does_not_help_on_cdnow_whose_errors_change_sign(cdnow: Backtest) -> None:
    plain, factored = ([one.metrics["total_error"] for one in cdnow.of(name)] for name in (VALUE_MODEL, RECALIBRATED))

    assert plain == pytest.approx([-0.016, -0.134, 0.070, -0.067, 0.096], abs=5e-4)
    assert factored == pytest.approx([-0.016, -0.131, 0.100, -0.053, 0.121], abs=5e-4)
    assert np.mean(np.abs(factored)) > np.mean(np.abs(plain))


def test_what_an_origin_learns_from_the_past_does_not_change_with_what_came_later() -> None:
    *earlier, newest = cdnow_origins("sample", TEN_WEEKS, 3)
    doubled = newest.origin.holdout.assign(holdout_purchases=2 * newest.origin.holdout["holdout_purchases"])
    other_end = [*earlier, FittedOrigin(replace(newest.origin, holdout=doubled), newest.model)]

    one, other = (judge_origins(fitted, level=0.95) for fitted in ([*earlier, newest], other_end))

    for name in MODELS:
        assert one.of(name)[:2] == other.of(name)[:2]
    assert one.of(RECALIBRATED)[2].metrics["factor"] == other.of(RECALIBRATED)[2].metrics["factor"] != 1
    assert one.of(RECALIBRATED)[0].metrics["factor"] == 1
    bounds = [(total.lower, total.upper) for total in one.of(VALUE_MODEL)[2].totals]
    assert bounds == [(total.lower, total.upper) for total in other.of(VALUE_MODEL)[2].totals]
    assert other.purchases.deviation > one.purchases.deviation, "the next forecast learns from all of them"


def test_an_origin_that_cannot_be_fitted_is_left_out_with_its_reason() -> None:
    origins = rolling_origins(cdnow_days("sample"), until="1998-06-30", length=TEN_WEEKS, count=2)
    fit = fit_in("USD")

    def fit_but_the_first(origin: Origin):
        if origin is origins[0]:
            raise ConvergenceError("no optimum")
        return fit(origin)

    fitted, skipped = fit_origins(origins, fit_but_the_first)

    assert [one.origin for one in fitted] == origins[1:]
    assert skipped == ["1998-03-02: no optimum"]
    assert judge_origins(fitted, level=0.95, skipped=skipped).skipped == ("1998-03-02: no optimum",)


def test_a_back_test_survives_json(cdnow: Backtest) -> None:
    assert Backtest.from_dict(json.loads(json.dumps(cdnow.to_dict()))) == cdnow
    assert Backtest.from_dict(json.loads(json.dumps(Backtest().to_dict()))) == Backtest()
    assert Backtest().purchases == own_error("purchases", [])


def test_spending_too_uneven_for_a_variance_has_no_upper_bound() -> None:
    ((origin, model),) = cdnow_origins("sample", 273, 1)
    wild = GammaGammaFit.from_params(p=0.1, q=1.2, gamma=15.0)
    spend = replace(wild, log_covariance=np.eye(3) * 1e-4)

    judged = judge_origins([FittedOrigin(origin, replace(model, spend=spend))], level=0.95)

    value = judged.of(VALUE_MODEL)[0].totals[1]
    assert (value.lower, value.upper, value.upper_if_model_holds) == (0.0, None, None)
    assert judged.value.origins == 0, "there is no error to measure beside an infinite variance"
    assert Backtest.from_dict(json.loads(json.dumps(judged.to_dict()))) == judged


def test_the_error_of_several_origins_is_that_of_all_their_customers() -> None:
    fitted = cdnow_origins("sample", TEN_WEEKS, 2)
    squares, customers = 0.0, 0
    for one in judge_origins(fitted, level=0.95).of(VALUE_MODEL):
        squares += one.customers * one.metrics["rmse"] ** 2
        customers += one.customers

    assert pooled_rmse(lambda one: one.model, fitted) == pytest.approx(np.sqrt(squares / customers))


def test_baselines_go_by_the_past_rate_and_by_the_time_since_the_last_purchase() -> None:
    holdout = pd.DataFrame({"frequency": [0, 3, 2], "recency": [0.0, 20.0, 40.0], "T": [0.0, 30.0, 40.0]})

    assert baselines.purchase_rate(holdout, horizon=60).tolist() == [0.0, 6.0, 3.0]
    assert baselines.recency(holdout).tolist() == [0.0, -10.0, 0.0]


def test_online_retail_has_a_forecast_at_each_of_five_origins_that_holds_what_came_in_at_least_four(
    shared_data: Path,
) -> None:
    if not (shared_data / "data" / "online_retail" / "online_retail.csv.gz").is_file():
        pytest.skip("no ../shared/data/online_retail beside the repository")
    days = online_retail_days(shared_data)
    fitted, skipped = fit_origins(rolling_origins(days, until="2011-12-09", length=60, count=5), fit_in("GBP"))

    judged = judge_origins(fitted, level=0.95, skipped=skipped)

    assert judged.skipped == ()
    purchases = [one.totals[0] for one in judged.of(VALUE_MODEL)]
    assert [total.actual for total in purchases] == [1338, 1775, 1927, 2224, 3486]
    assert sum(total.held for total in purchases) >= 4
