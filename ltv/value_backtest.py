"""gold.value_backtest: the champion and the baselines at rolling origins of the past."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ltv.backtest import Backtest, JudgedModel, JudgedTotal
from ltv.customer_value import champion_of, scorer, value_model_of
from ltv.evaluate import relative_error
from warehouse.checks import CheckResult, none_found
from warehouse.conform import conform
from warehouse.knobs import Registry, ValueModelName
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_value_backtest import GOLD_VALUE_BACKTEST

BOUNDS = ("lower", "upper", "lower_if_model_holds", "upper_if_model_holds")


def build_value_backtest(spark: SparkSession, backtest: Backtest, *, model_version: str) -> DataFrame:
    """One row per origin, model and measure; no row where nothing was judged (ltv.origins 0)."""
    rows = [{"model_version": model_version, **row} for judged in backtest.judged for row in _rows_of_model(judged)]
    ordered = [tuple(row.get(name) for name in GOLD_VALUE_BACKTEST.column_names) for row in rows]
    return conform(spark.createDataFrame(ordered, GOLD_VALUE_BACKTEST.ddl), GOLD_VALUE_BACKTEST)


def check_value_backtest(rows: DataFrame) -> list[CheckResult]:
    """Periods of a version follow one another; the interval with the model's own error holds the other one."""
    periods = rows.where(F.col("model") == "value_model").select("model_version", "cutoff", "until").distinct()
    others = periods.select("model_version", F.col("cutoff").alias("other"))
    overlapping = periods.join(others, on="model_version", how="inner").where(
        (F.col("cutoff") < F.col("other")) & (F.col("other") < F.col("until"))
    )
    narrower = (F.col("lower") > F.col("lower_if_model_holds")) | (F.col("upper") < F.col("upper_if_model_holds"))
    return [
        none_found("origins within the period of another one", overlapping.count()),
        none_found("intervals that are narrower with the model's own error", rows.where(narrower).count()),
    ]


def _rows_of_model(judged: JudgedModel) -> list[dict[str, Any]]:
    """The row of purchases, with all metrics, and that of value where the model forecasts it."""
    common = {
        "cutoff": judged.cutoff,
        "until": judged.until,
        "model": judged.model,
        "customers": int(judged.customers),
    }
    totals = {total.measure: total for total in judged.totals}
    rows = [common | {"measure": "purchases"} | dict(judged.metrics) | _intervals(totals.get("purchases"))]
    if value := totals.get("value"):
        error = relative_error(value.predicted, value.actual)
        found = {"predicted": value.predicted, "actual": value.actual}
        known = {"total_error": error} if value.actual > 0 else {}
        rows.append(common | {"measure": "value"} | found | known | _intervals(value))
    return rows


def _intervals(total: JudgedTotal | None) -> dict[str, Any]:
    return {name: getattr(total, name) for name in (*BOUNDS, "held")} if total else {}


def _build(work: Work) -> DataFrame:
    version = champion_of(work.run)
    assert version is not None, "made only where a model was trained"
    return build_value_backtest(work.lake.spark, scorer(work.run, version).backtest, model_version=version)


VALUE_BACKTEST = Recipe(
    table=GOLD_VALUE_BACKTEST,
    inputs=(),
    knobs=(),
    registered=(Registry, ValueModelName),
    build=_build,
    models=value_model_of,
    slice=lambda work: f"model_version = '{champion_of(work.run)}'",
    checks=lambda work: check_value_backtest(work.read(GOLD_VALUE_BACKTEST)),
)
