"""gold.churn and the registered churn model: who is likely to leave, why, and what a version is without our code."""

from __future__ import annotations

import datetime as dt
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from churn_shop import UNTIL, churn_rows
from mlflow.exceptions import MlflowException
from pyspark.sql import SparkSession

from ltv.behaviour.churn_training import ChurnTraining, train_churn
from ltv.behaviour.rows import ChurnRows
from ltv.behaviour.spark_fitter import newton_fitter
from ltv.churn import build_churn, check_churn, load_churn
from ltv.churn_model import ChurnModel
from ltv.churn_registry import contest, describe, features_in, register_churn, stored_content
from ltv.churn_scorer import logit
from ltv.knobs import ChurnModelName
from ltv.stored_code import write_churn_package
from warehouse.champion import champion
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow
from warehouse.tables.gold_churn import CHURN_HORIZONS, GOLD_CHURN
from warehouse.tables.gold_person_features import BUILT, GOLD_PERSON_FEATURES

NAMED = ChurnModelName(churn_model="churn")
DAY = dt.date(2026, 4, 29)


@pytest.fixture(scope="module")
def data() -> ChurnRows:
    return churn_rows(1, customers=800, predicts=True, horizons=("7d", "14d"))


@pytest.fixture(scope="module")
def training(data: ChurnRows) -> ChurnTraining:
    return train_churn(data, newton_fitter)


@pytest.fixture(scope="module")
def content(training: ChurnTraining) -> dict[str, Any]:
    return json.loads(json.dumps(stored_content(training)))


@pytest.fixture(scope="module")
def persons(data: ChurnRows) -> pd.DataFrame:
    """Features of eight customers of the newest origin."""
    return data.of([data.origins["7d"].newest]).head(8)


def features(spark: SparkSession, persons: pd.DataFrame) -> Any:
    visitor = {"person_id": "user:visitor", "days_since_first_purchase": None}
    rows = [*persons.assign(days_since_first_purchase=200.0).to_dict("records"), persons.iloc[0].to_dict() | visitor]
    whole = [column.name for column in BUILT if column.type == "bigint"]

    def value(row: dict[str, Any], name: str) -> Any:
        given = {"as_of": DAY}.get(name, row.get(name))
        if given is None or (isinstance(given, float) and math.isnan(given)):
            return None
        return int(given) if name in whole else given

    plain = [tuple(value(row, name) for name in GOLD_PERSON_FEATURES.column_names) for row in rows]
    return spark.createDataFrame(plain, GOLD_PERSON_FEATURES.ddl)


def test_the_table_has_each_customer_and_horizon_with_reasons_that_add_up(
    spark: SparkSession, content: dict[str, Any], persons: pd.DataFrame
) -> None:
    model = ChurnModel.from_dict(content)
    given = features(spark, persons)
    served = {"7d": "behaviour", "14d": "recency"}
    table = build_churn(given, model=model, served=served, as_of=DAY, model_version="churn/1")
    rows = table.collect()
    assert tuple(table.columns) == GOLD_CHURN.column_names
    assert sorted((row["person_id"], row["horizon"]) for row in rows) == sorted(
        (person, horizon) for person in persons["person_id"] for horizon in served
    )
    columns = model.columns({name: persons[name].to_numpy(dtype=float) for name in model.names})
    expected = dict(zip(persons["person_id"], model.horizons[0].probability(columns), strict=True))
    for row in rows:
        distance = logit(np.array(row["probability"])) - logit(np.array(row["base_rate"]))
        added = [row[f"contribution_{place}"] for place in (1, 2, 3)]
        assert sum(added) + row["other_contribution"] == pytest.approx(distance, abs=1e-9)
        assert (row["served"], row["model_version"]) == (served[row["horizon"]], "churn/1")
        if row["horizon"] == "7d":
            assert row["probability"] == pytest.approx(expected[row["person_id"]])
            assert row["reason_1"] in {column.name for column in GOLD_PERSON_FEATURES.columns}
    assert [one.passed for one in check_churn(table, given, as_of=DAY)] == [True, True]
    one_less = table.where(f"not (person_id = '{persons['person_id'][0]}' and horizon = '7d')")
    assert [one.passed for one in check_churn(one_less, given, as_of=DAY)] == [False, True]
    off = table.withColumn("other_contribution", table["other_contribution"] + 0.001)
    assert [one.passed for one in check_churn(off, given, as_of=DAY)] == [True, False]
    assert check_churn(table, given, as_of=dt.date(2026, 1, 1)) == []


def test_all_horizons_that_are_trained_may_stand_in_the_table() -> None:
    from ltv.behaviour.origins import HORIZONS

    assert tuple(one.name for one in HORIZONS) == CHURN_HORIZONS


def test_a_version_loads_and_scores_without_this_project(
    content: dict[str, Any], persons: pd.DataFrame, tmp_path: Path
) -> None:
    model = ChurnModel.from_dict(content)
    expected = model.horizons[0].probability(model.columns(features_in(persons)))
    package = write_churn_package(tmp_path)
    (tmp_path / "churn_model.json").write_text(json.dumps(content))
    persons[list(model.names)].to_json(tmp_path / "persons.json", orient="records")
    program = f"""
import json, sys, pandas as pd
import {package.name} as stored
found = stored._load_pyfunc("churn_model.json").predict(pd.read_json("persons.json"))
own = [name for name in sys.modules if name.split(".")[0] in ("ltv", "warehouse", "jobs", "conf")]
print(json.dumps([own, found["churn_7d"].tolist(), found["churn_7d_reason_1"].tolist()]))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    own, probabilities, reasons = json.loads(done.stdout)
    assert own == []
    assert probabilities == pytest.approx(expected.tolist())
    assert set(reasons) <= set(model.names) | {"p_alive", "expected_purchases_90d"}


def test_a_training_is_registered_and_a_worse_or_older_one_loses(
    training: ChurnTraining, data: ChurnRows, persons: pd.DataFrame, tmp_path: Path
) -> None:
    tracking = Mlflow(
        tracking_uri=f"sqlite:///{tmp_path}/mlflow.db",
        artifact_root=str(tmp_path / "artifacts"),
        experiment="churn",
        model_name="customer-value",
        champion_may_be_missing=False,
    )

    def register(one: ChurnTraining) -> Any:
        return register_churn(one, data, tracking=tracking, named=NAMED, tags={"code_version": "x"})

    first = register(training)
    assert (first.status, first.reason, first.model_version) == ("promoted", "there was no champion", "churn/1")
    found = champion(tracking, "churn")
    assert found is not None
    assert found.tags["as_of"] == str(UNTIL)
    assert load_churn(tracking, "churn/1")["horizons"][0]["name"] == "7d"
    loaded = mlflow.pyfunc.load_model("models:/churn@champion")
    model = ChurnModel.from_dict(stored_content(training))
    predicted = loaded.predict(persons[list(model.names)])
    assert predicted["churn_14d"].to_numpy() == pytest.approx(
        model.horizons[1].probability(model.columns(features_in(persons)))
    )
    with pytest.raises(MlflowException, match="days_since_active"):
        loaded.predict(persons[["visits_30d"]])

    worse = replace(training, models=tuple(made_worse(one) for one in training.models))
    lost = register(worse)
    assert (lost.status, lost.model_version) == ("lost", "churn/1")
    assert "more than 1% above" in lost.reason
    older = register(replace(training, until=UNTIL - dt.timedelta(days=1)))
    assert older.reason == "the champion churn/1 is of 2026-04-29, this fit of 2026-04-28 is older"
    assert register(training).model_version == "churn/2"


def made_worse(model: Any) -> Any:
    scores = {name: one._replace(brier=one.brier * 1.1) for name, one in model.scores.items()}
    return replace(model, scores=scores)


def test_in_a_contest_both_are_judged_on_the_same_customers(training: ChurnTraining, data: ChurnRows) -> None:
    same = ChurnModel.from_dict(stored_content(training), classifier="at_newest")
    met = contest(training, data, same)
    assert met is not None
    assert met.challenger == pytest.approx(met.champion)
    assert contest(training, data, replace(same, horizons=())) is None


def test_the_card_says_what_is_served_and_why() -> None:
    even = train_churn(churn_rows(3, customers=600, predicts=False), newton_fitter)
    card = describe(even)
    assert "behaviour gains nothing over recency beyond chance: recency is served" in card
    assert "Note: 90d: the record of visits is too short" in card
