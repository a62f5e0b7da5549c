"""The fitters of a training: Spark's pipelines, and a logistic regression where there is no JVM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyspark.sql import SparkSession

from ltv.behaviour.classifiers import Fitted, Fitter, FitterKind, scaled_to_unit
from ltv.behaviour.logistic import fit_logistic
from ltv.churn_scorer import Array, Linear, Trees

RIDGE = 0.001


def spark_fitter(spark: SparkSession, *, seed: int) -> Fitter:
    """Fits by `warehouse.jvm.classifiers.fit_pipeline`."""
    from warehouse.jvm.classifiers import fit_pipeline  # noqa: PLC0415 (Spark's library takes a second)

    def fit(kind: FitterKind, names: Sequence[str], features: Array, left: Array) -> Fitted:
        plain = fit_pipeline(spark, kind, names, features, left, seed=seed)
        model = Linear(**plain["linear"]) if "linear" in plain else Trees(**plain["trees"])
        return Fitted(plain["low"], plain["high"], model, plain["importances"])

    return fit


def newton_fitter(kind: FitterKind, names: Sequence[str], features: Array, left: Array) -> Fitted:
    """A logistic regression, whatever the kind."""
    scaled, low, high = scaled_to_unit(features)
    intercept, *coefficients = fit_logistic(scaled, left, ridge=RIDGE).tolist()
    sizes = np.abs(np.array(coefficients) * scaled.std(axis=0))
    model = Linear(intercept=intercept, coefficients=tuple(coefficients), means=tuple(scaled.mean(axis=0).tolist()))
    return Fitted(low, high, model, sizes / (sizes.sum() or 1.0))
