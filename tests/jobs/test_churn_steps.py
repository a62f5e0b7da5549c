"""Churn through the jobs: train fits and registers it when it is due, score makes features and probabilities."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from jobs import churn_fit
from jobs.churn_fit import churn_is_due, fit_churn
from jobs.drift import end_if_drifted, monitor, waits_for_monitor, watched
from jobs.run import Run, open_run
from jobs.score import behaviour_of
from jobs.settings import load_settings
from ltv.behaviour.spark_fitter import newton_fitter
from ltv.churn import CHURN
from ltv.churn_reliability import CHURN_RELIABILITY
from ltv.person_features import PERSON_FEATURES
from tests.published_lake import write_table
from warehouse.contracts import Table
from warehouse.errors import ModelDrifted
from warehouse.recipes import Recipe, Work
from warehouse.table_update import TableUpdate
from warehouse.tables import (
    GOLD_CHURN,
    GOLD_CHURN_RELIABILITY,
    SILVER_ACTIVITY,
    SILVER_CONVERSIONS,
    SILVER_IDENTITIES,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

pytestmark = pytest.mark.long  # some sixty Spark jobs

LAST = dt.date(2026, 4, 20)
CUSTOMERS, DAYS = 700, 51
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def shop(lake: Path) -> None:
    """Customers who bought once and visit at rates of their own, for as long as there are visits: 51 days."""
    random = np.random.default_rng(1)
    rate = random.gamma(0.7, 0.25, CUSTOMERS)
    person = np.repeat(np.arange(CUSTOMERS), random.poisson(rate * DAYS))
    moments = [START + dt.timedelta(days=float(day)) for day in random.uniform(0, DAYS, len(person))]
    visits = [
        {
            "session_id": str(number),
            "person_id": f"user:{who}",
            "anonymous_id": f"phone {who}",
            "started_at": at,
            "ended_at": at,
            "events": 1,
            "page_views": 1,
            "platform": "web",
            "channel": "Direct",
            "is_bot": False,
        }
        for number, (who, at) in enumerate(zip(person, moments, strict=True))
    ]
    purchases = [
        {
            "conversion_id": str(who),
            "conversion_type": "purchase",
            "is_final": True,
            "person_id": f"user:{who}",
            "converted_at": START - dt.timedelta(days=float(random.uniform(1, 200))),
            "order_id": str(who),
            "is_first_purchase": True,
            **{name: Decimal(10) for name in ("value", "report_value", "report_gross_value")},
            **dict.fromkeys(("currency", "report_currency"), "USD"),
            "refunded_value": Decimal(0),
        }
        for who in range(CUSTOMERS)
    ]
    tables: dict[Table, list[dict[str, Any]]] = {SILVER_SESSIONS: visits, SILVER_CONVERSIONS: purchases}
    for table in (SILVER_ACTIVITY, SILVER_ORDERS, SILVER_TOUCHPOINTS, SILVER_IDENTITIES):
        tables[table] = []
    for table, rows in tables.items():
        write_table(lake, table, rows)


def run_of(spark: SparkSession, folder: Path, *, as_of: dt.date = LAST, drift: str = "warn", **knobs: Any) -> Run:
    base = load_settings()
    given = {"features": True, "churn": True, **knobs}
    settings = base.model_copy(
        update={
            "lake": str(folder / "lake"),
            "behaviour": base.behaviour.model_copy(update=given),
            "drift": base.drift.model_copy(update={"exit": drift}),
            "mlflow": base.mlflow.model_copy(
                update={
                    "tracking_uri": f"sqlite:///{folder}/mlflow.db",
                    "artifact_root": str(folder / "artifacts"),
                }
            ),
        }
    )
    return open_run("some", config=None, settings=settings, spark=spark, console=Console(quiet=True), as_of=as_of)


def held(run: Run, recipe: Recipe) -> list[bool]:
    from contextlib import ExitStack

    from warehouse.recipes import Shared

    return [one.passed for one in recipe.checks(Work(run, recipe, Shared(ExitStack(), "check")))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("churn")
    shop(made / "lake")
    return made


def test_train_fits_churn_when_it_is_due_and_score_predicts_it_from_features(
    spark: SparkSession, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(churn_fit, "spark_fitter", lambda session, seed: newton_fitter)
    run = run_of(spark, folder)
    assert churn_is_due(run)
    assert behaviour_of(run) == (PERSON_FEATURES,)
    assert fit_churn(run) == "churn promoted: there was no champion (churn/1)"
    assert not churn_is_due(run)
    assert behaviour_of(run) == (PERSON_FEATURES, CHURN, CHURN_RELIABILITY)

    update = TableUpdate(run, behaviour_of(run))
    update.make()
    assert update.plan() == {}
    churn = run.lake.read(GOLD_CHURN)
    rows = churn.groupBy("horizon", "model_version").agg(F.count("*").alias("rows")).collect()
    # Two horizons of 7 days and a month before them fit into 51 days, 14 days do not.
    assert [tuple(row) for row in rows] == [("7d", "churn/1", CUSTOMERS)]
    assert [held(run, recipe) for recipe in behaviour_of(run)] == [[True], [True, True], [True]]
    tenths = run.lake.read(GOLD_CHURN_RELIABILITY).where("is_served").collect()
    assert {(row["horizon"], row["model_version"], row["customers"]) for row in tenths} == {
        ("7d", "churn/1", CUSTOMERS / 10)
    }

    # In its first days nothing has come due: it is looked at, and holds.
    assert watched(run, None) == ["churn/1"]
    assert waits_for_monitor(run, ["churn/1"])
    (only,) = monitor(run, None)["churn/1"]
    assert only.detail == f"the fit is of {LAST}: no prediction has come due"
    assert not waits_for_monitor(run, ["churn/1"])
    assert not churn_is_due(run)

    # Then nobody visits any more. A week later the predictions of the first day were wrong: churn is due again, value
    # models are another matter, and by conf the run ends with 6.
    later = run_of(spark, folder, as_of=LAST + dt.timedelta(days=7), drift="fail")
    end_if_drifted(later)
    assert waits_for_monitor(later, ["churn/1"])
    (share, *_) = [one for one in monitor(later, None)["churn/1"] if one.is_alarm]
    assert (share.check, share.subject, share.since) == ("churn_share", "7d", LAST)
    assert share.detail.startswith("100.0% of 700 customers left, ")
    assert churn_is_due(later)
    with pytest.raises(ModelDrifted, match=r"churn/1 does not fit what customers do now: churn_share, 7d: 100\.0% of"):
        end_if_drifted(later)
    assert watched(run_of(spark, folder, churn=False), None) == []


def test_churn_that_is_not_wanted_is_not_due_and_makes_nothing(spark: SparkSession, folder: Path) -> None:
    assert behaviour_of(run_of(spark, folder, features=False, churn=False)) == ()
    assert not churn_is_due(run_of(spark, folder, churn=False))
