"""gold.churn_reliability: the tenths of a version's customers, what each was given and how many of them left."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from ltv.behaviour.churn_training import train_churn
from ltv.behaviour.origins import HORIZONS
from ltv.behaviour.rows import ChurnRows, has_left
from ltv.behaviour.spark_fitter import newton_fitter
from ltv.churn_model import ChurnModel
from ltv.churn_registry import features_in, stored_content
from ltv.churn_reliability import build_churn_reliability, check_churn_reliability
from tests.ltv.churn_shop import churn_rows

CUSTOMERS = 800
TWO_WEEKS = next(one for one in HORIZONS if one.name == "14d")


@pytest.fixture(scope="module")
def data() -> ChurnRows:
    return churn_rows(1, customers=CUSTOMERS, predicts=True)


@pytest.fixture(scope="module")
def content(data: ChurnRows) -> dict[str, Any]:
    return json.loads(json.dumps(stored_content(train_churn(data, newton_fitter))))


def test_each_tenth_has_its_mean_chance_and_the_share_that_left(
    spark: SparkSession, data: ChurnRows, content: dict[str, Any]
) -> None:
    rows = build_churn_reliability(spark, content, model_version="churn/3").collect()
    newest = data.origins["14d"].newest
    judged = ChurnModel.from_dict(content, classifier="at_newest")
    customers = data.of([newest])
    chance = judged.horizons[0].probability(judged.columns(features_in(customers)))
    left = has_left(customers, TWO_WEEKS).astype(float)
    in_order = np.argsort(chance).reshape(10, CUSTOMERS // 10)
    served = sorted((row for row in rows if row["is_served"]), key=lambda row: row["tenth"])
    assert [row["tenth"] for row in served] == list(range(1, 11))
    assert [row["predicted"] for row in served] == pytest.approx([chance[tenth].mean() for tenth in in_order])
    assert [row["actual"] for row in served] == pytest.approx([left[tenth].mean() for tenth in in_order])
    assert {(row["customers"], row["cutoff"], row["model_version"]) for row in served} == {(80.0, newest, "churn/3")}


def test_what_is_not_served_stands_beside_it(spark: SparkSession, content: dict[str, Any]) -> None:
    table = build_churn_reliability(spark, content, model_version="churn/3")
    rows = table.collect()
    assert {(row["predictor"], row["is_served"]) for row in rows} == {
        ("behaviour", True), ("recency", False), ("pareto_nbd", False),
    }  # fmt: skip
    # All are of the same customers, of whom as many left.
    shares = [
        np.mean([row["actual"] for row in rows if row["predictor"] == name])
        for name in ("behaviour", "recency", "pareto_nbd")
    ]
    assert shares == pytest.approx([content["horizons"][0]["left"]] * 3)
    assert [one.passed for one in check_churn_reliability(table)] == [True]
    assert [one.passed for one in check_churn_reliability(table.where("tenth <> 4"))] == [False]


def test_a_version_of_before_has_the_tenths_of_behaviour_alone(spark: SparkSession, content: dict[str, Any]) -> None:
    horizon = content["horizons"][0]
    before = {"horizons": [horizon | {"deciles": horizon["deciles"]["behaviour"]}]}
    rows = build_churn_reliability(spark, before, model_version="churn/1").collect()
    assert {row["predictor"] for row in rows} == {"behaviour"}
