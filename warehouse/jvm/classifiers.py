"""Classifiers of Spark's machine learning library, which need a JVM, as plain numbers that need none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.ml import Pipeline, PipelineModel
from pyspark.ml.classification import GBTClassifier, LogisticRegression, RandomForestClassifier
from pyspark.ml.feature import MinMaxScaler, VectorAssembler
from pyspark.sql import SparkSession

from warehouse.jvm.clusters import use_java_blas

Array = NDArray[np.float64]

LEFT, FEATURES, SCALED = "left", "features", "scaled"
PARTITIONS = 2  # as many on every machine, so that sums are added up in one order
TREES = 30
FOREST_DEPTH, BOOSTED_DEPTH = 6, 3
ROWS_OF_A_LEAF = 50  # at least: with fewer a tree learns who, not what
SHRINKAGE = 0.15
RIDGE = 0.001


def fit_pipeline(
    spark: SparkSession, kind: str, names: Sequence[str], features: Array, left: Array, *, seed: int
) -> dict[str, Any]:
    """A pipeline of VectorAssembler, MinMaxScaler and a classifier ('logistic', 'forest' or 'boosted'), fitted.

    `features` has one row per row and one column per name, `left` is 1 or 0. Gives `low` and `high` (what was scaled to
    0 and 1), `importances` (shares), and `linear` (intercept, coefficients, means of the scaled features) or `trees`
    (see `exported_trees`). The same rows in the same order give the same fit.
    """
    use_java_blas(spark)
    table = pa.table({**dict(zip(names, features.T, strict=True)), LEFT: left})
    rows = spark.createDataFrame(table).coalesce(PARTITIONS).cache()
    try:
        stages = [
            VectorAssembler(inputCols=list(names), outputCol=FEATURES),
            MinMaxScaler(inputCol=FEATURES, outputCol=SCALED),
            _classifier(kind, seed),
        ]
        return exported(Pipeline(stages=stages).fit(rows), kind, features)
    finally:
        rows.unpersist()


def _classifier(kind: str, seed: int) -> Any:
    if kind == "logistic":
        return LogisticRegression(featuresCol=SCALED, labelCol=LEFT, regParam=RIDGE)
    if kind == "forest":
        return RandomForestClassifier(
            featuresCol=SCALED,
            labelCol=LEFT,
            numTrees=TREES,
            maxDepth=FOREST_DEPTH,
            minInstancesPerNode=ROWS_OF_A_LEAF,
            seed=seed,
        )
    return GBTClassifier(
        featuresCol=SCALED,
        labelCol=LEFT,
        maxIter=TREES,
        maxDepth=BOOSTED_DEPTH,
        stepSize=SHRINKAGE,
        minInstancesPerNode=ROWS_OF_A_LEAF,
        seed=seed,
    )


def exported(model: PipelineModel, kind: str, features: Array) -> dict[str, Any]:
    """What `fit_pipeline` gives, of a fitted pipeline and the features that it was fitted on."""
    _, scaler, classifier = model.stages
    low, high = np.array(scaler.originalMin), np.array(scaler.originalMax)  # type: ignore[attr-defined]
    plain: dict[str, Any] = {"low": low, "high": high}
    fitted: Any = classifier
    if kind == "logistic":
        coefficients = np.array(fitted.coefficients)
        scaled = (features - low) / np.where(high > low, high - low, 1.0)
        sizes = np.abs(coefficients * scaled.std(axis=0))
        plain["linear"] = {
            "intercept": float(fitted.intercept),
            "coefficients": tuple(coefficients.tolist()),
            "means": tuple(scaled.mean(axis=0).tolist()),
        }
    else:
        sizes = np.array(fitted.featureImportances.toArray())
        plain["trees"] = exported_trees(fitted, is_forest=kind == "forest")
    return plain | {"importances": sizes / (sizes.sum() or 1.0)}


def exported_trees(model: Any, *, is_forest: bool) -> dict[str, Any]:
    """The nodes of all trees of an ensemble, one after the other: see `ltv.churn_scorer.Trees`.

    The value of a forest's node is the share that left; that of a boosted tree's is its part of the log-odds (Spark's
    margin is half of them).
    """
    parts: dict[str, list[Any]] = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}
    roots: list[int] = []

    def add(node: Any, weight: float) -> int:
        place = len(parts["value"])
        value = node.impurityStats().prob(1.0) if is_forest else 2.0 * weight * node.prediction()
        for name, number in (("feature", -1), ("threshold", 0.0), ("left", -1), ("right", -1), ("value", value)):
            parts[name].append(number)
        if node.subtreeDepth() > 0:
            split = node.split()
            parts["feature"][place], parts["threshold"][place] = split.featureIndex(), split.threshold()
            parts["left"][place] = add(node.leftChild(), weight)
            parts["right"][place] = add(node.rightChild(), weight)
        return place

    for tree, weight in zip(model.trees, model.treeWeights, strict=True):
        roots.append(add(tree._call_java("rootNode"), float(weight)))
    return {"is_forest": is_forest, "roots": tuple(roots), **{name: tuple(part) for name, part in parts.items()}}
