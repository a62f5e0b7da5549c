"""Spark's pipelines as plain numbers: they predict what Spark predicts, and are the same on each run."""

from __future__ import annotations

import json
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pytest
from churn_shop import churn_rows
from pyspark.ml import PipelineModel
from pyspark.sql import SparkSession

from ltv.behaviour.churn_training import train_churn
from ltv.behaviour.classifiers import KINDS, FitterKind
from ltv.behaviour.spark_fitter import spark_fitter
from ltv.churn_model import ChurnModel
from ltv.churn_registry import features_in, stored_content
from ltv.churn_scorer import expit
from warehouse.jvm import classifiers
from warehouse.jvm.session import java_class

pytestmark = pytest.mark.spark_only  # Spark ML is the JVM's

NAMES = ("visits", "silence", "constant")
RANDOM = np.random.default_rng(1)
FEATURES = np.column_stack([RANDOM.poisson(3.0, 600), RANDOM.exponential(9.0, 600), np.ones(600)]).astype(float)
LEFT = (RANDOM.random(600) < expit(0.2 * FEATURES[:, 1] - 0.6 * FEATURES[:, 0])).astype(float)


@pytest.mark.parametrize("kind", get_args(FitterKind))
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


def test_a_fit_leaves_alone_what_other_libraries_of_the_jvm_look_up(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, exported = java_class(spark, "java.lang.System"), classifiers.exported
    before, during = system.getProperty("os.arch"), []  # by which libraries such as snappy's find their native part

    def look(*fit: Any) -> dict[str, Any]:
        during.append(system.getProperty("os.arch"))
        return exported(*fit)

    monkeypatch.setattr(classifiers, "exported", look)
    spark_fitter(spark, seed=1)("logistic", NAMES, FEATURES, LEFT)
    assert during
    assert {*during, system.getProperty("os.arch")} == {before}


@pytest.mark.long  # a dozen fits
def test_a_training_on_spark_serves_behaviour_where_it_predicts(spark: SparkSession) -> None:
    training = train_churn(churn_rows(1, customers=1200, predicts=True), spark_fitter(spark, seed=1))
    assert [model.served for model in training.models] == ["behaviour"]
    assert {name.partition(" ")[0] for name in training.candidates} == set(KINDS)
    assert training.models[0].scores["behaviour"].worst_decile < 0.1
    content = json.loads(json.dumps(stored_content(training)))
    model = ChurnModel.from_dict(content)
    rows = churn_rows(1, customers=1200, predicts=True).of([training.models[0].newest])
    found = model.horizons[0].probability(model.columns(features_in(rows)))
    assert found.min() >= 0
    assert found.max() <= 1
