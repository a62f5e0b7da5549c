"""gold.early_value and the registered model: what new users will bring, and what a version is without our code."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from behaviour_oracle import day_of, known_at
from behaviour_world import (
    ZONE,
    World,
    after,
    made,
    order,
    purchase,
    random_world,
    silver,
    tie,
    touch,
    visit,
    with_untied_devices,
)
from early_shop import AGE, HORIZON, UNTIL, early_rows
from mlflow.exceptions import MlflowException
from pyspark.sql import DataFrame, SparkSession

from ltv.behaviour.early_rows import EarlyRows
from ltv.behaviour.early_training import EarlyTraining, learned_of, train_early_value
from ltv.early_value import build_early_value, check_early_value, load_early_value, seen_new_users
from ltv.early_value_model import CHANNEL, IS_KNOWN, PURCHASES, Behaviour, EarlyValueModel
from ltv.early_value_registry import contest, describe, register_early_value, stored_content
from ltv.knobs import EarlyValueModelName, NewUsers
from ltv.person_features import end_of
from ltv.stored_code import write_early_value_package
from warehouse.campaign_names import campaign_names
from warehouse.champion import champion
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow
from warehouse.tables.gold_early_value import GOLD_EARLY_VALUE
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND

NAMED = EarlyValueModelName(early_value_model="early_value")
LAST, KNOBS = dt.date(2026, 3, 31), NewUsers(early_days=365)


A_RECORD = visit("user:old", 0.0)  # the first visit on record, whose person may have been here before it


@pytest.fixture(scope="module")
def data() -> EarlyRows:
    return early_rows(1, users=4000, predicts=True)


@pytest.fixture(scope="module")
def training(data: EarlyRows) -> EarlyTraining:
    return train_early_value(data)


@pytest.fixture(scope="module")
def content(training: EarlyTraining) -> dict[str, Any]:
    return json.loads(json.dumps(stored_content(training)))


@pytest.fixture(scope="module")
def model(content: dict[str, Any]) -> EarlyValueModel:
    """Of three ages and two horizons: those of the training, and copies of it."""
    (one,) = EarlyValueModel.from_dict(content).models
    copies = [(1, 30), (7, 30), (7, 90), (14, 30)]
    return EarlyValueModel(models=tuple(replace(one, age_days=a, horizon_days=h) for a, h in copies))


def table_of(spark: SparkSession, world: World, model: EarlyValueModel, as_of: dt.date = LAST) -> DataFrame:
    facts = silver(spark, world)
    looked = made(seen_new_users(facts, KNOBS, as_of=as_of, timezone=ZONE))
    spend = spark.createDataFrame(world.get("ad_spend", []), SILVER_AD_SPEND.ddl)
    return build_early_value(
        facts,
        looked,
        campaign_names(spend),
        model=model,
        as_of=as_of,
        timezone=ZONE,
        currency="KRW",
        model_version="early_value/1",
    )


def rows_of(table: DataFrame) -> dict[tuple[str, int, int], dict[str, Any]]:
    rows = [row.asDict() for row in table.collect()]
    found = {(row["person_id"], row["age_days"], row["horizon_days"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def checks_of(spark: SparkSession, table: DataFrame, world: World, as_of: dt.date = LAST) -> list[bool]:
    found = check_early_value(table, silver(spark, world), KNOBS, as_of=as_of, timezone=ZONE)
    return [one.passed for one in found]


def test_each_new_user_has_a_row_for_each_age_reached_and_each_horizon(
    spark: SparkSession, model: EarlyValueModel
) -> None:
    bought = [purchase("user:ann", 80, 10), purchase("user:ann", 82, "20.50"), purchase("user:ann", 89, 99)]
    world: World = {
        "sessions": [visit("user:ann", 79.0), visit("device:tablet", 87.5), visit("user:bob", 20.0), A_RECORD],
        "touchpoints": [
            touch("user:ann", 79.0, channel="Paid Search", campaign="Spring"),
            touch("user:ann", 80.0, channel="Email"),
        ],
        "conversions": bought,
        "orders": [order(one) for one in bought],
    }
    table = table_of(spark, world, model)
    assert tuple(table.columns) == GOLD_EARLY_VALUE.column_names
    rows = rows_of(table)
    assert {key for key in rows if key[0] != "user:bob"} == {
        *(("user:ann", age, horizon) for age, horizon in ((1, 30), (7, 30), (7, 90))),
        ("device:tablet", 1, 30),
    }
    day, week = rows["user:ann", 1, 30], rows["user:ann", 7, 30]
    assert (day["has_bought"], day["value_to_date"]) == (False, Decimal(0))
    assert (week["has_bought"], week["value_to_date"]) == (True, Decimal("30.5"))
    assert (week["acquisition_channel"], week["acquisition_campaign"]) == ("Paid Search", "spring")
    stranger = rows["device:tablet", 1, 30]
    assert (stranger["acquisition_channel"], stranger["acquisition_campaign"]) == ("(unattributed)", "(not set)")
    for row in rows.values():
        expected = float(row["value_to_date"]) + row["buys_probability"] * row["amount_if_buys"]
        assert row["predicted_value"] == pytest.approx(expected)
        assert row["standard_deviation"] > 0
        assert (row["currency"], row["model_version"], row["as_of"]) == ("KRW", "early_value/1", LAST)
    assert checks_of(spark, table, world) == [True, True]


def test_checks_find_a_row_that_is_missing_and_a_value_that_no_purchase_has(
    spark: SparkSession, model: EarlyValueModel
) -> None:
    of_today = purchase("user:ann", 89, 10)  # whose first day is the last
    world: World = {
        "sessions": [visit("user:bob", 70.0), visit("user:dan", 71.0), A_RECORD],
        "conversions": [of_today],
        "orders": [order(of_today)],
    }
    table = table_of(spark, world, model)
    assert checks_of(spark, table, world) == [True, True]
    less = table.where("not (person_id = 'user:bob' and age_days = 7 and horizon_days = 30)")
    assert checks_of(spark, less, world) == [False, True]
    other = {**world, "conversions": [purchase("user:ann", 89, 11)]}
    assert checks_of(spark, table, other) == [True, False]
    assert checks_of(spark, table.limit(0), world) == []


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_checks_expect_no_row_of_an_age_at_which_nobody_knew_that_somebody_was_new(
    spark: SparkSession, model: EarlyValueModel, seed: int
) -> None:
    # A login ties the visits of its last days; on a phone that had been here before them the person is new from it on.
    ann = "user:ann"
    of_ann = [purchase(ann, 70.01, 10)]
    world = with_untied_devices(random_world(seed, persons=30))
    world["sessions"] += [A_RECORD, visit(ann, 20.0, person_id=f"device:{ann}'s phone"), visit(ann, 60.0)]
    world["sessions"] += [visit(ann, 70.0), A_RECORD | {"started_at": after(-30), "ended_at": after(-30)}]
    world["identities"].append(tie(ann, 55, 70))
    world["conversions"] += of_ann
    world["orders"] += [order(one) for one in of_ann]
    table = table_of(spark, world, model)
    assert {key for key in rows_of(table) if ann in key[0]} == {
        (ann, 14, 30),
        *((f"device:{ann}'s phone", age, horizon) for age, horizon in ((1, 30), (7, 30), (7, 90), (14, 30))),
    }
    assert checks_of(spark, table, world) == [True, True]
    assert checks_of(spark, table.where(f"person_id != '{ann}'"), world)[0] is False


def test_rows_are_of_the_last_days_and_of_nobody_who_may_have_been_here_before_the_record(spark: SparkSession) -> None:
    world: World = {"sessions": [visit(f"user:{day}", day) for day in range(0, 90, 2)]}

    def first_days(early_days: int) -> set[int]:
        """Days since 1 January of the new users who have rows."""
        knobs = NewUsers(early_days=early_days)
        rows = seen_new_users(silver(spark, world), knobs, as_of=LAST, timezone=ZONE).select("first_day").collect()
        return {(row["first_day"] - dt.date(2026, 1, 1)).days for row in rows}

    assert first_days(365) == set(range(14, 90, 2))
    assert first_days(10) == set(range(80, 90, 2))


# ------------------------------------------------------------------------------------------------- what was known then


def as_it_was(world: World, as_of: dt.date) -> World:
    """The tables of that day: without what came later, and of devices what no login had tied to a person."""
    end = end_of(as_of, ZONE)
    ties, seen_on = world["identities"], {row["order_id"]: row.get("seen_on") for row in world["orders"]}

    def then(row: Mapping[str, Any], device: str | None, at: dt.datetime) -> dict[str, Any]:
        is_tied = known_at({**row, "device": device}, "device", at, ties) < end
        return {**row} if is_tied else {**row, "person_id": f"device:{device}"}

    return {
        "sessions": [
            then(row, row["anonymous_id"], row["started_at"]) for row in world["sessions"] if row["ended_at"] < end
        ],
        "touchpoints": [
            then(row, row["anonymous_id"], row["touched_at"]) for row in world["touchpoints"] if row["touched_at"] < end
        ],
        "conversions": [
            then(row, seen_on.get(row["order_id"]), row["converted_at"])
            for row in world["conversions"]
            if row["converted_at"] < end
        ],
        "orders": [row for row in world["orders"] if row["ordered_at"] < end],
        "identities": [row for row in ties if row["known_at"] < end],
        "activity": [
            row if row["known_on"] <= as_of else _of_phone(row)
            for row in world["activity"]
            if row["activity_date"] <= as_of
        ],
    }


def _of_phone(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row before the login that tied the phone, the only device of the world that is tied."""
    return {**row, "person_id": f"device:{row['person_id']}'s phone", "known_on": row["activity_date"]}


def with_activity_of_visits(world: World) -> World:
    """Without events of robots' visits, which silver.activity has none of."""
    days = {
        (row["person_id"], row["anonymous_id"] is not None and row["anonymous_id"].endswith("phone"), day_of(at, ZONE))
        for row in world["sessions"]
        if not row["is_bot"]
        for at in (row["started_at"], row["ended_at"])
    }
    return world | {
        "activity": [
            row
            for row in world["activity"]
            if row["known_on"] == row["activity_date"] or (row["person_id"], True, row["activity_date"]) in days
        ]
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_moving_as_of_back_gives_the_table_that_was_made_on_that_day(
    spark: SparkSession, model: EarlyValueModel, seed: int
) -> None:
    world = with_untied_devices(with_activity_of_visits(random_world(seed, persons=60)))
    world["sessions"].append(A_RECORD | {"started_at": after(-30), "ended_at": after(-30)})
    as_of = dt.date(2026, 2, 20)
    now, made_then = (rows_of(table_of(spark, one, model, as_of)) for one in (world, as_it_was(world, as_of)))
    assert len(now) > 100
    assert now.keys() == made_then.keys()
    for key, row in now.items():
        assert {name: pytest.approx(value) if isinstance(value, float) else value for name, value in row.items()} == (
            made_then[key]
        )
    assert checks_of(spark, table_of(spark, world, model, as_of), world, as_of) == [True, True]


def test_a_planted_future_is_found_at_no_age(spark: SparkSession, model: EarlyValueModel) -> None:
    world: World = {"sessions": [visit("user:ann", 60.0), A_RECORD], "touchpoints": [touch("user:ann", 60.0)]}
    later = 67.0  # after seven days
    riches = [purchase("user:ann", later + number, 10**6) for number in range(5)]
    planted: World = {
        "sessions": [*world["sessions"], *(visit("user:ann", later + number / 100) for number in range(50))],
        "touchpoints": [*world["touchpoints"], touch("user:ann", later, channel="Display", campaign="planted")],
        "conversions": riches,
        "orders": [order(one) for one in riches],
        "identities": [tie("user:ann", 50, later)],
    }
    before, after_it = (rows_of(table_of(spark, one, model)) for one in (world, planted))
    unmoved = [key for key in before if key[1] < 14]
    assert len(unmoved) == 3
    assert {key: before[key] for key in unmoved} == {key: after_it[key] for key in unmoved}
    assert before["user:ann", 14, 30] != after_it["user:ann", 14, 30]


# ------------------------------------------------------------------------------------------------ a registered version


def test_a_version_predicts_the_same_without_this_project(
    content: dict[str, Any], model: EarlyValueModel, data: EarlyRows, tmp_path: Path
) -> None:
    package = write_early_value_package(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps(content), encoding="utf-8")
    rows = data.rows.head(20)
    rows[["age_days", CHANNEL, *model.names]].to_json(tmp_path / "rows.json", orient="records")
    program = f"""
import json, sys, pandas as pd
import {package.name} as stored
found = stored._load_pyfunc("model.json").predict(pd.read_json("rows.json"))
own = [name for name in sys.modules if name.split(".")[0] in ("ltv", "warehouse", "jobs", "conf")]
print(json.dumps([own, found.to_dict("list")]))
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
    own, found = json.loads(done.stdout)
    assert own == []
    expected = of_rows(model, rows)
    assert found[f"buys_probability_{HORIZON}d"] == pytest.approx(expected.buys)
    assert found[f"amount_if_buys_{HORIZON}d"] == pytest.approx(expected.amount)
    assert found[f"later_value_{HORIZON}d"] == pytest.approx(expected.value)
    assert found[f"standard_deviation_{HORIZON}d"] == pytest.approx(expected.deviation)


def of_rows(model: EarlyValueModel, rows: pd.DataFrame) -> Any:
    columns = {name: rows[name].to_numpy(dtype=float) for name in (PURCHASES, IS_KNOWN, *model.names)}
    return model.of_age(AGE)[0].predict(columns, rows[CHANNEL].to_numpy(dtype=object))


def test_a_training_is_registered_and_a_challenger_wins_or_loses(
    training: EarlyTraining, data: EarlyRows, content: dict[str, Any], tmp_path: Path
) -> None:
    base = f"sqlite:///{tmp_path}/mlflow.db"
    tracking = Mlflow(
        tracking_uri=base,
        artifact_root=str(tmp_path / "artifacts"),
        experiment="customer-value",
        model_name="customer-value",
        champion_may_be_missing=False,
    )

    def register(one: EarlyTraining) -> Any:
        return register_early_value(one, data, tracking=tracking, named=NAMED, tags={"code_version": "1"})

    first = register(training)
    assert (first.status, first.reason, first.model_version) == ("promoted", "there was no champion", "early_value/1")
    found = champion(tracking, "early_value")
    assert found is not None
    assert found.tags["served"] == "7d_of_30d behaviour"
    assert load_early_value(tracking, "early_value/1") == content
    assert {name: len(shares) for name, shares in content["models"][0]["came"].items()} == {
        "bought": HORIZON + 1,
        "not_yet": HORIZON + 1,
    }

    loaded = mlflow.pyfunc.load_model("models:/early_value@champion")
    names = EarlyValueModel.from_dict(content).names
    given = data.rows.head(3)[["age_days", CHANNEL, *names]]
    assert (loaded.predict(given)[f"later_value_{HORIZON}d"] > 0).all()
    with pytest.raises(MlflowException, match="age_days 3"):
        loaded.predict(given.assign(age_days=3))
    with pytest.raises(MlflowException, match=CHANNEL):
        loaded.predict(given.drop(columns=CHANNEL))

    lost = register(replace(training, models=tuple(made_worse(one) for one in training.models)))
    assert (lost.status, lost.model_version) == ("lost", "early_value/1")
    assert "more than 1.01" in lost.reason
    older = register(replace(training, until=UNTIL - dt.timedelta(days=1)))
    assert older.reason == "the champion early_value/1 is of 2026-06-30, this fit of 2026-06-29 is older"
    assert register(training).model_version == "early_value/2"


def made_worse(one: Any) -> Any:
    by = one.at_newest.by
    tenfold = replace(by.not_yet, amount=replace(by.not_yet.amount, classifier=None, low=9.0, high=9.0))
    return replace(one, at_newest=replace(one.at_newest, by=replace(by, not_yet=tenfold)))


def test_in_a_contest_both_are_judged_on_the_same_new_users(
    training: EarlyTraining, data: EarlyRows, content: dict[str, Any]
) -> None:
    same = EarlyValueModel.from_dict(content, which="at_newest")
    assert contest(training, data, same) == pytest.approx(1.0)
    assert contest(training, data, EarlyValueModel(models=())) is None
    (judged,) = training.models
    assert learned_of(data, AGE, HORIZON, judged.periods.judged).bought.sum() == judged.groups["all"].buyers


def test_the_card_says_by_how_much_amounts_follow_newer_ones(training: EarlyTraining) -> None:
    (one,) = training.models
    assert isinstance(one.model.by, Behaviour)
    moved = one.model.by.not_yet.moved
    assert moved != 1.0
    assert f"and {moved:.3f} (who had not)" in describe(training)


def test_the_card_says_what_is_served_and_why() -> None:
    even = train_early_value(early_rows(3, users=2500, predicts=False))
    card = describe(even)
    assert "Day 7, 30 days: behaviour gains nothing over the channel's mean beyond chance: the mean is served" in card
    assert "Note: 90 days: the record of visits is too short" in card
    assert np.isfinite(even.models[0].model.model_error)
