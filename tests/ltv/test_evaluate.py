"""Metrics of predictions, each against its definition written out customer by customer."""

from __future__ import annotations

import datetime as dt
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltv.evaluate import auc, brier, calibration_table, decile_wape, judge, normalised_gini
from ltv.gamma_gamma import GammaGammaFit
from ltv.histories import Array
from ltv.pareto_nbd import ParetoNBDFit
from ltv.value_model import ValueModel
from warehouse.errors import InputError

# (prediction, actual, customers): few distinct predictions, so that ties are common
GROUPS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.5, 1.5]), st.integers(0, 4), st.integers(1, 5)), min_size=1, max_size=12
)


def columns(groups: list[tuple[float, int, int]]) -> tuple[Array, Array, Array]:
    predicted, actual, weights = (np.array(column, dtype=np.float64) for column in zip(*groups, strict=True))
    return predicted, actual, weights


def one_by_one(groups: list[tuple[float, int, int]]) -> tuple[Array, Array, Array]:
    return columns([(predicted, actual, 1) for predicted, actual, customers in groups for _ in range(customers)])


def plain_auc(score: Array, outcome: Array) -> float:
    pairs = list(product(score[outcome == 1], score[outcome == 0]))
    return float(np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs])) if pairs else np.nan


def plain_gini(order_by: Array, amount: Array) -> float:
    """Tied customers count as the mean over all their orders; averaging their amounts gives the same."""
    averaged = np.array([amount[order_by == value].mean() for value in order_by])[np.argsort(order_by, kind="stable")]
    n, total = len(amount), amount.sum()
    return float((2 * (np.arange(1, n + 1) @ averaged) / total - (n + 1)) / n) if total else np.nan


@given(GROUPS)
def test_auc_is_the_share_of_pairs_in_the_right_order(groups: list[tuple[float, int, int]]) -> None:
    score, actual, weights = columns(groups)
    each_score, each_actual, _ = one_by_one(groups)

    expected = plain_auc(each_score, (each_actual > 0).astype(float))

    assert auc(score, (actual > 0).astype(float), weights) == pytest.approx(expected, nan_ok=True)


@given(GROUPS)
def test_gini_is_that_of_the_lorenz_curve_over_the_best_possible(groups: list[tuple[float, int, int]]) -> None:
    each_predicted, each_actual, _ = one_by_one(groups)
    best = plain_gini(each_actual, each_actual)
    expected = plain_gini(each_predicted, each_actual) / best if best > 1e-12 else np.nan

    found = normalised_gini(*columns(groups))

    if best > 1e-12:
        assert found == pytest.approx(expected, abs=1e-9)
    else:
        assert np.isnan(found) or abs(best) < 1e-12


@given(GROUPS)
def test_deciles_hold_everybody_once(groups: list[tuple[float, int, int]]) -> None:
    predicted, actual, weights = columns(groups)

    table = calibration_table(predicted, actual, weights)

    assert table["customers"].tolist() == pytest.approx([weights.sum() / 10] * 10)
    assert table["customers"] @ table["predicted"] == pytest.approx(weights @ predicted)
    assert table["customers"] @ table["actual"] == pytest.approx(weights @ actual)
    assert (np.diff(table["predicted"]) >= -1e-12).all()


def test_deciles_of_twenty_customers_are_ten_pairs() -> None:
    predicted = np.arange(20, dtype=float)[::-1]
    actual = np.where(predicted >= 18, 30.0, 0.0)

    table = calibration_table(predicted, actual, np.ones(20))

    assert table["predicted"].tolist() == [2 * i + 0.5 for i in range(10)]
    assert table["actual"].tolist() == [0.0] * 9 + [30.0]
    # off by the predictions of the first nine pairs, and by 60 - 37 in the last
    assert decile_wape(predicted, actual, np.ones(20)) == pytest.approx((sum(range(18)) + 23) / 60)


def test_brier_is_the_mean_squared_difference() -> None:
    assert brier(np.array([0.8, 0.5]), np.array([1.0, 0.0]), np.array([3.0, 1.0])) == pytest.approx(
        (3 * 0.04 + 0.25) / 4
    )


def test_perfect_and_reversed_rankings_give_one_and_minus_one() -> None:
    amounts, ones = np.array([0.0, 1.0, 2.0, 5.0]), np.ones(4)

    assert normalised_gini(amounts, amounts, ones) == pytest.approx(1)
    assert normalised_gini(-amounts, amounts, ones) == pytest.approx(-1)
    assert normalised_gini(ones, amounts, ones) == pytest.approx(0)


def model(time_unit: str) -> ValueModel:
    scale = 7 if time_unit == "days" else 1
    return ValueModel(
        purchases=ParetoNBDFit.from_params(r=0.553, alpha=10.58 * scale, s=0.606, beta=11.67 * scale),
        spend=GammaGammaFit.from_params(p=6.25, q=3.74, gamma=15.45),
        time_unit=time_unit,
        currency="USD",
        as_of=dt.date(1997, 9, 30),
    )


HOLDOUT = pd.DataFrame(
    [
        (0, 0.0, 30.0, 0, 50, 0.0, 0.0),
        (0, 0.0, 30.0, 1, 5, 0.0, 150.0),
        (3, 20.0, 38.0, 2, 4, 35.0, 300.0),
        (9, 37.0, 38.0, 8, 1, 20.0, 170.0),
    ],
    columns=["frequency", "recency", "T", "holdout_purchases", "customers", "monetary_value", "holdout_value"],
)


def test_a_model_is_judged_by_what_its_customers_did_afterwards() -> None:
    metrics = judge(model("weeks"), HOLDOUT, days=273, time_unit="weeks")

    purchases, spend = model("weeks").purchases, model("weeks").spend
    each = HOLDOUT.loc[HOLDOUT.index.repeat(HOLDOUT["customers"])]
    expected = purchases.expected_purchases(39, each["frequency"], each["recency"], each["T"])
    value = expected * spend.expected_value(each["frequency"], each["monetary_value"])
    assert metrics["customers"] == 60
    assert metrics["total_error"] == pytest.approx(expected.sum() / 21 - 1)
    assert metrics["value_total_error"] == pytest.approx(value.sum() / 620 - 1)
    assert metrics["mae"] == pytest.approx(np.abs(expected - each["holdout_purchases"]).mean())
    assert metrics["rmse"] == pytest.approx(np.sqrt(((expected - each["holdout_purchases"]) ** 2).mean()))
    assert metrics["buys_again_base_brier"] == pytest.approx(1 / 6 * 5 / 6)


def test_the_unit_of_the_model_need_not_be_that_of_the_holdout() -> None:
    in_weeks = judge(model("weeks"), HOLDOUT, days=273, time_unit="weeks")
    in_days = judge(model("days"), HOLDOUT, days=273, time_unit="weeks")

    assert in_days == pytest.approx(in_weeks, rel=1e-9)


def test_a_period_in_which_nobody_buys_has_no_relative_errors() -> None:
    quiet = HOLDOUT.assign(holdout_purchases=0, holdout_value=0.0)

    metrics = judge(model("weeks"), quiet, days=273, time_unit="weeks")

    assert set(metrics) == {"customers", "mae", "rmse", "buys_again_brier", "buys_again_base_brier"}


def test_without_customers_there_is_nothing_to_judge() -> None:
    with pytest.raises(InputError, match="no customer"):
        judge(model("weeks"), HOLDOUT.iloc[:0], days=273, time_unit="weeks")
