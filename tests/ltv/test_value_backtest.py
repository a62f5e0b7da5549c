"""gold.value_backtest: the champion and the baselines at each origin, as rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from shops import cdnow_origins

from ltv.backtest import MODELS, Backtest
from ltv.origins import judge_origins
from ltv.value_backtest import build_value_backtest, check_value_backtest
from warehouse.tables import gold_value_backtest
from warehouse.tables.gold_value_backtest import GOLD_VALUE_BACKTEST, METRICS


@pytest.fixture(scope="module")
def backtest() -> Backtest:
    return judge_origins(cdnow_origins("sample", 60, 3), level=0.95)


@pytest.fixture(scope="module")
def table(spark: SparkSession, backtest: Backtest) -> DataFrame:
    return build_value_backtest(spark, backtest, model_version="customer-value/7")


def test_each_origin_has_a_row_of_each_model_and_one_of_value(table: DataFrame) -> None:
    rows = table.select("cutoff", "model", "measure").collect()

    assert table.columns == list(GOLD_VALUE_BACKTEST.column_names)
    assert {row["cutoff"] for row in rows} == {dt.date(1998, 1, 1), dt.date(1998, 3, 2), dt.date(1998, 5, 1)}
    newest = sorted((row["model"], row["measure"]) for row in rows if row["cutoff"] == dt.date(1998, 5, 1))
    assert newest == sorted([*((model, "purchases") for model in MODELS), ("value_model", "value")])


def test_the_contract_names_the_models_and_metrics_that_are_judged(backtest: Backtest) -> None:
    assert gold_value_backtest.MODELS == MODELS
    judged = {name for one in backtest.judged for name in one.metrics}
    assert judged - {"predicted", "actual"} == {name for name, *_ in METRICS}


def test_a_row_has_what_was_predicted_what_came_and_every_metric(table: DataFrame, backtest: Backtest) -> None:
    rows = {(row["model"], row["measure"]): row.asDict() for row in table.where("cutoff = '1998-05-01'").collect()}
    model, rate, ranking, value = (
        rows[key]
        for key in (
            ("value_model", "purchases"),
            ("purchase_rate", "purchases"),
            ("recency", "purchases"),
            ("value_model", "value"),
        )
    )
    judged = backtest.of("value_model")[-1]
    total = judged.totals[0]
    assert (model["predicted"], model["actual"]) == (pytest.approx(total.predicted), 326)
    assert (model["lower"], model["upper"], model["held"]) == (total.lower, total.upper, total.held)
    assert {name: model[name] for name in judged.metrics} == dict(judged.metrics)
    assert (model["customers"], model["until"]) == (2357, dt.date(1998, 6, 30))
    assert rate["predicted"] / rate["actual"] - 1 == pytest.approx(rate["total_error"])
    assert (rate["held"], rate["buys_again_brier"], ranking["predicted"], ranking["actual"]) == (None, None, None, 326)
    assert value["total_error"] == pytest.approx(value["predicted"] / value["actual"] - 1)
    assert value["rmse"] is None


def test_periods_of_a_version_that_follow_one_another_and_nested_intervals_hold(
    spark: SparkSession, table: DataFrame, backtest: Backtest
) -> None:
    # Another version's origins may lie between.
    a_day_later = Backtest(
        judged=tuple(replace(one, cutoff=one.cutoff + dt.timedelta(days=1)) for one in backtest.judged)
    )
    other = build_value_backtest(spark, a_day_later, model_version="customer-value/8")

    results = check_value_backtest(table.unionByName(other))

    assert [(result.passed, result.actual) for result in results] == [(True, 0)] * 2


@pytest.mark.parametrize(
    ("column", "wrong", "failing"),
    [("until", "date_add(until, 1)", 0), ("upper", "predicted", 1), ("lower", "predicted", 1)],
)
def test_overlapping_periods_and_intervals_that_are_too_narrow_are_found(
    table: DataFrame, column: str, wrong: str, failing: int
) -> None:
    results = check_value_backtest(table.withColumn(column, F.expr(wrong)))

    assert [result.passed for result in results] == [place != failing for place in range(2)]


def test_a_version_without_origins_has_no_rows(spark: SparkSession) -> None:
    assert build_value_backtest(spark, Backtest(), model_version="customer-value/7").collect() == []
