"""Spark's pipelines as plain numbers: they predict what Spark predicts, and are the same on each run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession

from ltv.behaviour.classifiers import KINDS
from ltv.behaviour.spark_fitter import spark_fitter
from ltv.churn_scorer import expit
from warehouse.jvm import classifiers

pytestmark = pytest.mark.spark_only  # Spark ML is the JVM's

NAMES = ("visits", "silence", "constant")
RANDOM = np.random.default_rng(1)
FEATURES = np.column_stack([RANDOM.poisson(3.0, 600), RANDOM.exponential(9.0, 600), np.ones(600)]).astype(float)
LEFT = (RANDOM.random(600) < expit(0.2 * FEATURES[:, 1] - 0.6 * FEATURES[:, 0])).astype(float)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_predicts_what_spark_predicts(kind: Any, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[PipelineModel] = []
    exported = classifiers.exported

    def keep(model: PipelineModel, *rest: Any) -> dict[str, Any]:
        kept.append(model)
        return exported(model, *rest)

    monkeypatch.setattr(classifiers, "exported", keep)
    monkeypatch.setattr(classifiers, "TREES", 5)
    fitted = spark_fitter(spark, seed=1)(kind, NAMES, FEATURES, LEFT)
    assert fitted.low == pytest.approx(FEATURES.min(axis=0))
    assert fitted.high == pytest.approx(FEATURES.max(axis=0))
    frame = spark.createDataFrame(pa.table(dict(zip(NAMES, FEATURES.T, strict=True))))
    by_spark = [row["probability"][1] for row in kept[0].transform(frame).select("probability").collect()]
    span = np.where(fitted.high > fitted.low, fitted.high - fitted.low, np.inf)
    found = fitted.model.raw((FEATURES - fitted.low) / span)
    assert expit(found.log_odds) == pytest.approx(np.clip(by_spark, 1e-6, 1 - 1e-6), abs=1e-9)
    assert found.typical + found.added.sum(axis=1) == pytest.approx(found.log_odds)
    assert fitted.importances.argmax() in (0, 1)
    assert fitted.importances[2] == 0
    if kind == "boosted":
        again = spark_fitter(spark, seed=1)(kind, NAMES, FEATURES, LEFT)
        assert again.model == fitted.model
