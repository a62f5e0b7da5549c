"""gold.churn_reliability: how far the chances of the churn model came true on the period where it was judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ltv.churn import CHURN_ARTIFACT, churn_champion
from ltv.knobs import ChurnModelName
from warehouse.champion import load_json
from warehouse.checks import CheckResult, none_found
from warehouse.conform import conform
from warehouse.knobs import Mlflow, Registry
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_churn_reliability import GOLD_CHURN_RELIABILITY, TENTHS


def build_churn_reliability(spark: SparkSession, content: Mapping[str, Any], *, model_version: str) -> DataFrame:
    """One row per horizon, predictor and tenth of a stored version (`churn_registry.stored_content`)."""
    rows = [
        {"model_version": model_version, **row} for horizon in content["horizons"] for row in _rows_of_horizon(horizon)
    ]
    ordered = [tuple(row[name] for name in GOLD_CHURN_RELIABILITY.column_names) for row in rows]
    return conform(spark.createDataFrame(ordered, GOLD_CHURN_RELIABILITY.ddl), GOLD_CHURN_RELIABILITY)


def check_churn_reliability(rows: DataFrame) -> list[CheckResult]:
    """Each predictor has ten tenths of one size."""
    groups = rows.groupBy("model_version", "horizon", "predictor").agg(
        F.count(F.lit(1)).alias("tenths"), (F.max("customers") - F.min("customers")).alias("uneven")
    )
    is_wrong = (F.col("tenths") != F.lit(TENTHS)) | (F.col("uneven") > F.lit(1e-6))
    return [none_found("predictors of churn without ten tenths of one size", groups.where(is_wrong).count())]


def _rows_of_horizon(horizon: Mapping[str, Any]) -> list[dict[str, Any]]:
    common = {
        "horizon": horizon["name"],
        "cutoff": dt.date.fromisoformat(horizon["newest"]),
        "customers": horizon["customers"] / TENTHS,
    }
    deciles = horizon["deciles"]
    if not isinstance(deciles, Mapping):  # versions of before have those of behaviour alone
        deciles = {"behaviour": deciles}
    return [
        common
        | {"predictor": predictor, "is_served": predictor == horizon["served"], "tenth": place}
        | {"predicted": predicted, "actual": actual}
        for predictor, pairs in deciles.items()
        for place, (predicted, actual) in enumerate(pairs, start=1)
    ]


def _build(work: Work) -> DataFrame:
    found = churn_champion(work.run)
    assert found is not None, "made only where a model was trained"
    content = load_json(work.run.knobs(Mlflow), found.full_name, CHURN_ARTIFACT, dict, what="the churn model")
    return build_churn_reliability(work.lake.spark, content, model_version=found.full_name)


def _version(work: Work) -> str:
    found = churn_champion(work.run)
    return found.full_name if found else "none"


CHURN_RELIABILITY = Recipe(
    table=GOLD_CHURN_RELIABILITY,
    inputs=(),
    knobs=(),
    registered=(Registry, ChurnModelName),
    build=_build,
    models=lambda work: {"churn": _version(work)},
    slice=lambda work: f"model_version = '{_version(work)}'",
    checks=lambda work: check_churn_reliability(work.read(GOLD_CHURN_RELIABILITY)),
)
