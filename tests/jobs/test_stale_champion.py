"""A champion under watch: the alarm of a run, its exit code, and training only where there is one."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import SparkSession

from jobs import build, ingest, pipeline, score, train
from tests.quick import QUICK
from warehouse.store import Lake
from warehouse.tables import OPS_MODEL_MONITOR, OPS_PUBLISHED, OPS_RUN_LOG

pytestmark = pytest.mark.system

FITTED, TODAY = dt.date(2026, 3, 31), dt.date(2026, 4, 14)
FIELDS = ("order_id", "user_id", "order_ts", "value", "currency", "status")


def orders(customers: int, *, after_the_fit: float) -> tuple[str, str]:
    """Two files of orders of a shop drawn from the model, up to the fit and after it; of the latter only a share."""
    rng = np.random.default_rng(5)
    before, after = [], []
    for number in range(customers):
        first = int(rng.integers(0, 365))
        life = rng.exponential(1) / rng.gamma(0.6, 1 / 200.0)
        end = int(min(first + life, 365 + (TODAY - FITTED).days - 1))
        rate = rng.gamma(0.8, 1 / 30.0)
        days = [first, *(day for day in range(first + 1, end + 1) if rng.uniform() < rate)]
        # A sign of life on the last day of either file, so that it is the last day that counts.
        for day in days + ([364, 378] if number == 0 else []):
            date = FITTED + dt.timedelta(days=day - 364)
            row = (f"o{number}-{day}", f"u{number}", f"{date}T12:00:00Z", f"{rng.gamma(6, 4):.2f}", "USD", "paid")
            if day <= 364:
                before.append(row)
            elif rng.uniform() < after_the_fit or day == 378:
                after.append(row)
    return _csv(before), _csv(after)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([FIELDS, *rows])
    return text.getvalue()


@dataclass(frozen=True)
class Outcome:
    """The exit code, the lines for people as one text, and the error line."""

    code: int
    text: str
    error: str


@dataclass(frozen=True)
class Shop:
    """A shop of orders alone, and its jobs."""

    spark: SparkSession
    folder: Path
    capture: pytest.CaptureFixture[str]

    def configure(self, **drift: object) -> None:
        knobs = {
            "lake": f"{self.folder}/lake",
            "landing": {
                "root": f"{self.folder}/landing",
                "inputs": [{"name": "orders", "adapter": "orders", "files": "orders/*", "required": True}],
            },
            "report": {"file": f"{self.folder}/report.html"},
            "ltv": {"origins": 0},
            "drift": drift,
            "mlflow": {"tracking_uri": f"sqlite:///{self.folder}/mlflow.db", "artifact_root": f"{self.folder}/made"},
            "spark": {"conf": {"spark.sql.shuffle.partitions": "2", **QUICK}},
        }
        (self.folder / "shop.yaml").write_text(json.dumps(knobs), encoding="utf-8")

    def land(self, name: str, content: str) -> None:
        path = self.folder / "landing" / "orders" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def run(self, main: Callable[[Sequence[str]], int], *options: str) -> Outcome:
        self.capture.readouterr()
        code = main(["--config", str(self.folder / "shop.yaml"), *options])
        err = self.capture.readouterr().err
        errors = [line for line in err.splitlines() if line.startswith("error: ")]
        assert len(errors) == (code != 0), err
        return Outcome(code, " ".join(err.split()), "".join(errors))

    @property
    def lake(self) -> Lake:
        return Lake(self.spark, str(self.folder / "lake"), "test")


def test_an_alarm_is_a_line_and_by_conf_an_exit_code_and_train_if_drifted_follows_it(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = Shop(spark, tmp_path, capsys)
    first, second = orders(800, after_the_fit=0.3)

    # A shop without a champion is not monitored, and --if-drifted trains.
    shop.configure(exit="fail")
    shop.land("1.csv", first)
    assert [shop.run(job.main).code for job in (ingest, build, score)] == [0, 0, 0]
    assert not shop.lake.exists(OPS_MODEL_MONITOR)
    assert shop.run(train.main, "--if-drifted").code == 0

    # A new champion is looked at from its second week on.
    skipped = shop.run(train.main, "--if-drifted")
    assert (skipped.code, "customer-value/1 was not monitored yet: run `distributary score` first" in skipped.text) == (
        0,
        True,
    )
    assert shop.run(score.main).code == 0
    (row,) = shop.lake.rows(OPS_MODEL_MONITOR)
    assert (row["as_of"], row["model_version"], row["model_as_of"]) == (FITTED, "customer-value/1", FITTED)
    assert row["detail"] == "the fit is of 2026-03-31: nothing is looked at in its first 7 days"
    holds = shop.run(train.main, "--if-drifted")
    assert (holds.code, "customer-value/1 holds: no alarm as of 2026-03-31" in holds.text) == (0, True)

    # Two weeks in which customers buy a third as often: all is made and published, then the run ends with 6.
    shop.land("2.csv", second)
    failed = shop.run(pipeline.main)
    assert failed.code == 6
    assert failed.error.startswith(
        "error: customer-value/1 does not fit what customers do now: purchases, newest 7 days: "
    )
    assert failed.error.endswith("run `distributary train`, or look at what changed in the shop")
    assert "note: drift of customer-value/1: purchases, since the fit: " in failed.text
    published = {row["as_of"] for row in shop.lake.rows(OPS_PUBLISHED)}
    assert TODAY in published
    today = [row for row in shop.lake.rows(OPS_MODEL_MONITOR) if row["as_of"] == TODAY]
    alarms = {(row["check_name"], row["subject"]) for row in today if row["is_alarm"]}
    assert ("purchases", "since the fit") in alarms
    of_purchases = next(row for row in today if (row["check_name"], row["subject"]) == ("purchases", "since the fit"))
    assert of_purchases["change"] < -0.4
    assert of_purchases["p_value"] < of_purchases["p_limit"]
    scores = [row for row in shop.lake.rows(OPS_RUN_LOG) if row["job"] == "pipeline/score"]
    scored = max(scores, key=lambda row: row["started_at"])
    assert dict(scored["counts"])["drift_alarms"] == len(alarms)

    # Again with nothing new: the same state, the same code; as a warning alone it ends with 0.
    rows = len(shop.lake.rows(OPS_MODEL_MONITOR))
    assert shop.run(pipeline.main).code == 6
    shop.configure(exit="warn")
    assert shop.run(pipeline.main).code == 0
    assert len(shop.lake.rows(OPS_MODEL_MONITOR)) == rows

    # Where the champion has an alarm, --if-drifted trains.
    trained = shop.run(train.main, "--if-drifted", "--dry-run")
    assert "would train customer-value on purchases up to 2026-04-14" in trained.text

    # Not monitored: nothing is written, and nothing ends the run.
    shop.configure(alarm_level=0, exit="fail")
    assert shop.run(score.main, "--full").code == 0
    assert len(shop.lake.rows(OPS_MODEL_MONITOR)) == rows
