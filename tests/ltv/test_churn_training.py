"""Training of churn: origins, labels, baselines, the choice of a candidate, and what is served."""

from __future__ import annotations

import datetime as dt
import random
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from behaviour_oracle import day_of
from behaviour_world import ZONE, World, after, order, purchase, random_world, silver, visit
from churn_shop import FIRST_VISIT, UNTIL, churn_rows
from pyspark.sql import SparkSession
from scipy.optimize import minimize

from ltv.behaviour import classifiers
from ltv.behaviour.churn_training import train_churn
from ltv.behaviour.classifiers import KINDS, Candidate, Kind, calibrates, fit_picked, fit_recency, selected
from ltv.behaviour.inputs import columns_of, purchase_model, usable_features
from ltv.behaviour.judge import gain_over, scores_of
from ltv.behaviour.logistic import fit_logistic
from ltv.behaviour.origins import CYCLE, HORIZONS, Horizon, origins_of
from ltv.behaviour.rows import collect_churn_rows, has_left
from ltv.behaviour.spark_fitter import newton_fitter
from ltv.churn_scorer import Classifier

BY_NAME = {one.name: one for one in HORIZONS}


# ------------------------------------------------------------------------------------------------- origins and labels


@pytest.mark.parametrize("horizon", HORIZONS, ids=lambda one: one.name)
@pytest.mark.parametrize("days", [40, 60, 120, 400])
def test_no_outcome_that_a_judged_model_learns_from_reaches_into_the_newest_period(horizon: Horizon, days: int) -> None:
    first = UNTIL - dt.timedelta(days=days - 1)
    found = origins_of(horizon, until=UNTIL, first_visit=first)
    if found is None:
        assert days < 2 * horizon.days + 31
        return
    assert found.newest + dt.timedelta(days=horizon.days) == UNTIL
    assert all(day + dt.timedelta(days=horizon.days) <= found.newest for day in found.earlier)
    assert all(day + dt.timedelta(days=horizon.days) <= UNTIL for day in found.final)
    assert min(found.all) >= first + dt.timedelta(days=30)
    assert found.final[0] == found.newest


def test_who_comes_back_exactly_at_the_end_of_the_horizon_has_not_left() -> None:
    rows = pd.DataFrame({"next_active_days": [0.0, 7.0, 7.001, np.nan], "cycle_days": [7.0, 6.0, 7.5, 30.0]})
    assert has_left(rows, BY_NAME["7d"]).tolist() == [False, False, True, True]
    assert has_left(rows, BY_NAME[CYCLE]).tolist() == [False, True, False, True]


def test_the_rows_are_the_customers_of_each_origin_with_their_next_visit_or_purchase(spark: SparkSession) -> None:
    world = random_world(5, persons=40)
    until = dt.date(2026, 4, 30)
    data = collect_churn_rows(
        silver(spark, world), until=until, timezone=ZONE, seen_days=60, most_customers=1000, seed=1
    )
    assert data is not None
    assert {name: one.newest for name, one in data.origins.items()}["30d"] == dt.date(2026, 3, 31)
    assert set(data.rows["origin"]) == {day for one in data.origins.values() for day in one.all}
    chosen = data.of([dt.date(2026, 3, 31)])
    as_of = dt.datetime(2026, 3, 31, 15, tzinfo=dt.UTC)
    assert len(chosen) > 5
    for row in chosen.to_dict("records"):
        later = [
            (moment - as_of) / dt.timedelta(days=1)
            for moment in active_moments(world, row["person_id"])
            if moment >= as_of
        ]
        assert row["next_active_days"] == pytest.approx(min(later, default=np.nan), nan_ok=True)
        assert row["days_since_active"] <= 60
        assert row["days_since_first_purchase"] >= 0
    histories = data.histories
    bought = {
        row["person_id"]
        for row in world["conversions"]
        if row["conversion_type"] == "purchase" and day_of(row["converted_at"], ZONE) <= min(data.rows["origin"])
    }
    assert histories["customers"].sum() == len(bought)


def active_moments(world: World, person: str) -> list[dt.datetime]:
    visits = (row["ended_at"] for row in world["sessions"] if row["person_id"] == person and not row["is_bot"])
    bought = (
        row["converted_at"]
        for row in world["conversions"]
        if row["person_id"] == person and row["conversion_type"] == "purchase"
    )
    return [*visits, *bought]


def test_a_share_of_the_customers_is_drawn_and_nobody_is_there_without_purchases_or_a_record(
    spark: SparkSession,
) -> None:
    many = [purchase(f"user:{number}", 1 + number / 100) for number in range(200)]
    world: World = {
        "conversions": many,
        "orders": [order(one) for one in many],
        "sessions": [visit(f"user:{number}", 0.5) for number in range(200)],
    }

    def rows(world: World, until: dt.date) -> Any:
        return collect_churn_rows(
            silver(spark, world), until=until, timezone=ZONE, seen_days=365, most_customers=100, seed=1
        )

    drawn = rows(world, after(60).date())
    assert drawn.share == 0.5
    assert 60 < drawn.rows["person_id"].nunique() < 140
    assert rows(world, after(20).date()) is None
    assert rows({"sessions": world["sessions"]}, after(60).date()) is None


def test_who_first_bought_on_the_day_itself_does_not_move_the_purchase_model_and_is_no_warning() -> None:
    rows = churn_rows(1, customers=100, predicts=True)
    of_today = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [0.0], "customers": [28]})
    with warnings.catch_warnings(action="error"):
        fit = purchase_model(replace(rows, histories=pd.concat([rows.histories, of_today])))
    assert fit == purchase_model(rows)


# ---------------------------------------------------------------------------------------------------- numeric parts


def test_a_logistic_regression_is_the_maximum_that_a_general_search_finds() -> None:
    draw = np.random.default_rng(3)
    columns = draw.normal(size=(300, 3))
    left = (draw.random(300) < 1 / (1 + np.exp(-(0.4 + columns @ [1.0, -0.5, 0.0])))).astype(float)

    def loss(theta: np.ndarray) -> float:
        log_odds = theta[0] + columns @ theta[1:]
        return float(np.mean(np.logaddexp(0, log_odds) - left * log_odds) + 0.01 * (theta[1:] ** 2).sum() / 2)

    best = minimize(loss, np.zeros(4), tol=1e-12).x
    assert fit_logistic(columns, left, ridge=0.01) == pytest.approx(best, abs=1e-5)


def test_features_that_together_matter_most_are_selected_in_their_order() -> None:
    names, shares = ("a", "b", "c", "d"), np.array([0.3, 0.04, 0.6, 0.06])
    assert selected(names, shares) == ("a", "c", "d")
    assert selected(names, np.array([0.0, 0.0, 1.0, 0.0])) == ("c",)


def test_a_gain_is_that_of_the_mean_squared_error_with_its_chance_over_customers() -> None:
    left = np.array([1.0, 0.0, 1.0, 0.0])
    good, poor = np.array([0.9, 0.1, 0.8, 0.3]), np.full(4, 0.5)
    saved = [0.25 - 0.01, 0.25 - 0.01, 0.25 - 0.04, 0.25 - 0.09]
    gain = gain_over(good, poor, left)
    assert gain.brier == pytest.approx(np.mean(saved))
    assert gain.error == pytest.approx(np.std(saved, ddof=1) / 2)
    assert gain.auc == 0.5
    assert gain.is_real
    assert gain.share == pytest.approx(np.mean(saved) / 0.25)
    assert not gain_over(poor, poor, left).is_real
    many = np.tile(left, 1000)
    slightly = gain_over(np.where(many == 1, 0.502, 0.498), np.full(4000, 0.5), many)
    assert slightly.brier > 3 * slightly.error
    assert not slightly.is_real  # below 1% of the other's score
    assert scores_of(good, left) == pytest.approx((1.0, np.mean([0.01, 0.01, 0.04, 0.09]), 0.3))


def test_one_customer_in_five_calibrates_always_the_same_ones_and_in_any_order() -> None:
    persons = [f"user:{number}" for number in range(1000)]
    flags = calibrates(persons)
    assert 150 < flags.sum() < 250
    shuffled = random.Random(1).sample(persons, 1000)
    assert {one for one, flag in zip(persons, flags, strict=True) if flag} == {
        one for one, flag in zip(shuffled, calibrates(shuffled), strict=True) if flag
    }


def test_once_picked_newtons_trees_learn_from_all_customers_and_others_are_calibrated_on_a_fifth() -> None:
    rows = np.random.default_rng(1)
    columns = {"visits_30d": rows.integers(0, 9, 4000).astype(float)}
    left = (rows.random(4000) < 0.8 - 0.07 * columns["visits_30d"]).astype(float)
    calibrating = np.arange(4000) % 5 == 0
    other_fifth = np.where(calibrating, 1 - left, left)  # whom a fit of the others would not know

    def picked(kind: Kind, outcome: np.ndarray) -> Classifier:
        candidate = Candidate(kind, ("visits_30d",), is_selected=False)
        return fit_picked(newton_fitter, candidate, columns, outcome, calibrating)

    trees, line = picked("newton", left), picked("logistic", left)
    assert (trees.offset, trees.slope) == (0.0, 1.0)
    assert trees.probability(columns).mean() == pytest.approx(left.mean(), abs=0.002)
    assert picked("newton", other_fifth).model != trees.model
    assert (line.offset, line.slope) != (0.0, 1.0)
    assert picked("logistic", other_fifth).model == line.model


def test_a_window_that_reaches_to_before_the_record_is_no_feature() -> None:
    data = churn_rows(1, customers=10, predicts=False)
    of = {
        days: set(usable_features(data, FIRST_VISIT + dt.timedelta(days=days - 1), with_purchase_model=False))
        for days in (29, 30, 90, 365)
    }
    assert "visits_30d" not in of[29]
    assert "visits_30d" in of[30]
    assert {"visits_90d", "visit_gap_days", "days_since_first_visit"} & of[30] == set()
    assert {"visits_90d", "visit_gap_days"} <= of[90]
    assert "days_since_first_visit" in of[365] - of[90]
    assert "purchases_365d" in of[30]  # purchases are on record for longer
    assert "p_alive" not in of[365]


def test_recency_is_a_logistic_regression_on_the_days_since_anything() -> None:
    data = churn_rows(1, predicts=True)
    rows = data.of(data.origins["14d"].earlier)
    columns, left = columns_of(rows, None, lookback_days=80), has_left(rows, BY_NAME["14d"]).astype(float)
    fitted = fit_recency(columns, left)
    log_days = np.log1p(columns["days_since_active"])
    intercept, slope = fit_logistic(log_days[:, None], left, ridge=0)
    assert fitted.probability(columns) == pytest.approx(1 / (1 + np.exp(-(intercept + slope * log_days))), abs=1e-3)


# ------------------------------------------------------------------------------------------------------ the training


def test_where_behaviour_predicts_it_is_served_and_the_reasons_name_it() -> None:
    training = train_churn(churn_rows(1, predicts=True, horizons=("7d", "14d", "cycle")), newton_fitter)
    assert training.gains
    assert [(model.horizon.name, model.served) for model in training.models] == [
        ("7d", "behaviour"),
        ("14d", "behaviour"),
        ("cycle", "behaviour"),
    ]
    for model in training.models:
        assert next(iter(model.importances)) == "visits_30d"
        assert model.scores["behaviour"].auc > model.scores["recency"].auc
        assert model.scores["behaviour"].brier < model.scores["pareto_nbd"].brier
    assert sorted(note.partition(":")[0] for note in training.notes) == ["30d", "60d", "90d"]


def test_trees_are_picked_where_churn_follows_from_two_features_together() -> None:
    data = churn_rows(1, customers=1000, predicts=False)
    often, far = data.rows["visits_30d"] > 2, data.rows["days_since_purchase"] > 50
    stays = np.random.default_rng(1).random(len(often)) < np.where(often == far, 0.8, 0.2)
    data.rows["next_active_days"] = np.where(stays, 1.0, np.nan)
    training = train_churn(data, newton_fitter)
    assert training.picked is not None
    assert training.picked.kind == "newton"
    assert {name.partition(" ")[0] for name in training.candidates} == set(KINDS)
    (model,) = training.models
    assert model.served == "behaviour"
    assert set(list(model.importances)[:2]) == {"visits_30d", "days_since_purchase"}
    assert model.scores["behaviour"].brier < 0.18  # .16 is that of who knows the rule, .25 of who knows nothing


def test_where_nothing_predicts_recency_is_served_in_each_of_20_shops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifiers, "GROWTH", replace(classifiers.GROWTH, trees=12))  # quick
    for seed in range(20):
        training = train_churn(churn_rows(seed, customers=600, predicts=False), newton_fitter)
        assert [model.served for model in training.models] == ["recency"], seed
        assert not training.gains
        assert training.models[0].classifier.inputs.names == ("days_since_active",)


def test_a_training_is_the_same_again() -> None:
    data = churn_rows(2, customers=400, predicts=True)
    assert train_churn(data, newton_fitter) == train_churn(data, newton_fitter)


def test_a_horizon_at_which_all_do_the_same_has_no_model_and_a_note() -> None:
    data = churn_rows(1, customers=200, predicts=True)
    data.rows["next_active_days"] = 1.0
    training = train_churn(data, newton_fitter)
    assert training.models == ()
    assert "14d: nearly all customers did the same" in training.notes
