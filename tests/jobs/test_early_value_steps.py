"""Early value through the jobs: train fits and registers it when it is due, score predicts new users and watches the
champion."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from jobs.drift import end_if_drifted, monitor, waits_for_monitor, watched
from jobs.early_value_fit import early_value_is_due, fit_early_value
from jobs.run import Run, open_run
from jobs.score import behaviour_of
from jobs.settings import load_settings
from jobs.train import due_fits
from ltv.early_value import EARLY_VALUE
from tests.published_lake import write_table
from warehouse.contracts import Table
from warehouse.errors import ModelDrifted
from warehouse.recipes import Shared, Work
from warehouse.table_update import TableUpdate
from warehouse.tables import (
    GOLD_EARLY_VALUE,
    SILVER_ACTIVITY,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_IDENTITIES,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

pytestmark = pytest.mark.long  # some forty Spark jobs

LAST = dt.date(2026, 4, 29)
DAYS, A_DAY = 60, 30  # days on record, new users on each
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
EMPTY = (SILVER_ACTIVITY, SILVER_ORDERS, SILVER_TOUCHPOINTS, SILVER_IDENTITIES, SILVER_AD_SPEND)


def shop(lake: Path) -> None:
    """New users on every day, of whom every second buys for 10 at some moment of the 25 days after the first visit."""
    random = np.random.default_rng(1)
    moments = [START + dt.timedelta(days=float(day)) for day in np.sort(random.uniform(0, DAYS, DAYS * A_DAY))]
    visits = [
        {
            "session_id": str(number),
            "person_id": f"user:{number}",
            "anonymous_id": f"phone {number}",
            "started_at": at,
            "ended_at": at,
            "events": 1,
            "page_views": int(random.integers(1, 9)),
            "platform": "web",
            "channel": "Direct",
            "is_bot": False,
        }
        for number, at in enumerate(moments)
    ]
    purchases = [
        {
            "conversion_id": visit["session_id"],
            "conversion_type": "purchase",
            "is_final": True,
            "person_id": visit["person_id"],
            "converted_at": visit["started_at"] + dt.timedelta(days=float(random.uniform(0, 25))),
            "order_id": visit["session_id"],
            "is_first_purchase": True,
            **{name: Decimal(10) for name in ("value", "report_value", "report_gross_value")},
            **dict.fromkeys(("currency", "report_currency"), "USD"),
            "refunded_value": Decimal(0),
        }
        for visit in visits[::2]
    ]
    end = START + dt.timedelta(days=DAYS)
    made = [purchase for purchase in purchases if purchase["converted_at"] < end]
    tables: dict[Table, list[dict[str, Any]]] = {SILVER_SESSIONS: visits, SILVER_CONVERSIONS: made}
    for table, rows in (tables | {table: [] for table in EMPTY}).items():
        write_table(lake, table, rows)


def run_of(spark: SparkSession, folder: Path, *, as_of: dt.date = LAST, drift: str = "warn", **knobs: Any) -> Run:
    base = load_settings()
    settings = base.model_copy(
        update={
            "lake": str(folder / "lake"),
            "behaviour": base.behaviour.model_copy(update={"early_value": True, **knobs}),
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("early_value")
    shop(made / "lake")
    return made


def test_train_fits_early_value_when_it_is_due_and_score_predicts_new_users_and_sees_that_nobody_buys_any_more(
    spark: SparkSession, folder: Path
) -> None:
    fit = run_of(spark, folder)
    assert early_value_is_due(fit)
    assert list(due_fits(fit)) == ["early value"]
    assert behaviour_of(fit) == ()
    assert fit_early_value(fit) == "early value promoted: there was no champion (early_value/1)"
    assert not early_value_is_due(fit)
    assert behaviour_of(fit) == (EARLY_VALUE,)

    # Ten days later, in which nobody came and nobody bought.
    today = LAST + dt.timedelta(days=10)
    run = run_of(spark, folder, as_of=today, drift="fail")
    update = TableUpdate(run, behaviour_of(run))
    update.make()
    assert update.plan() == {}
    rows = (
        run.lake.read(GOLD_EARLY_VALUE)
        .groupBy("age_days", "horizon_days", "model_version")
        .agg(
            F.count("*").alias("rows"),
            F.min("first_day").alias("first"),
            F.max("first_day").alias("last"),
        )
    )
    found = {row["age_days"]: tuple(row)[1:] for row in rows.collect()}
    # New are those who came two weeks after the first visit on record; the last reached an age by today.
    new_since = dt.date(2026, 3, 15)
    for age, (horizon, version, count, first, last) in found.items():
        until = min(LAST, today - dt.timedelta(days=age - 1))
        assert (horizon, version, first, last) == (30, "early_value/1", new_since, until)
        assert count == pytest.approx(A_DAY * ((last - first).days + 1), rel=0.1)
    assert set(found) == {1, 7, 14}
    checks = EARLY_VALUE.checks(Work(run, EARLY_VALUE, Shared(ExitStack(), "check")))
    assert [one.passed for one in checks] == [True, True]

    # Early value is due again although it is ten days old, and by conf the run ends with 6.
    assert watched(run, None) == ["early_value/1"]
    assert waits_for_monitor(run, ["early_value/1"])
    assert not early_value_is_due(run)
    end_if_drifted(run)
    looked = {one.subject: one for one in monitor(run, None)["early_value/1"]}
    assert list(looked) == ["7d_of_30d", "14d_of_30d"]  # nobody has come since the fit
    assert looked["14d_of_30d"].is_alarm
    assert "new users brought 0 after day 14, " in looked["14d_of_30d"].detail
    assert not waits_for_monitor(run, ["early_value/1"])
    assert early_value_is_due(run)
    with pytest.raises(ModelDrifted, match=r"early_value/1 does not fit what customers do now: early_total, "):
        end_if_drifted(run)


def test_early_value_that_is_not_wanted_is_not_due_and_makes_nothing(spark: SparkSession, folder: Path) -> None:
    run = run_of(spark, folder, early_value=False)
    assert not early_value_is_due(run)
    assert behaviour_of(run) == ()
