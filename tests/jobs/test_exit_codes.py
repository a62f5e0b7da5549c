"""Exit codes of failures, each with one line on stderr."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import attribute as attribute_job
from jobs import build as build_job
from jobs import check as check_job
from jobs import ingest as ingest_job
from jobs import pipeline as pipeline_job
from jobs import score as score_job
from jobs import train as train_job
from jobs import train_attribution as train_attribution_job
from jobs.ending import exit_code_of
from jobs.run import Plan, Run, Step
from ltv import gamma_gamma
from tests.quick import QUICK
from warehouse.contracts import Table
from warehouse.lock import lake_lock
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_LANDED_FILES,
    GOLD_CHANNEL_EFFECTS,
    GOLD_CUSTOMER_VALUE,
    OPS_RUN_LOG,
    SILVER_SESSIONS,
)


@dataclass(frozen=True)
class Outcome:
    """The exit code of a job, its error line and its stdout."""

    code: int
    error: str
    out: str


@dataclass(frozen=True)
class Shop:
    """A configuration file, a landing folder and a lake, and the job that takes files in."""

    spark: SparkSession
    folder: Path
    capture: pytest.CaptureFixture[str] | None = None  # of what jobs print; needed by `run`

    def configure(self, more: str = "") -> None:
        inputs = [
            f"{{name: {name}, adapter: {name}, files: '{name}/*', required: {str(name == 'events').lower()}}}"
            for name in ("events", "orders", "ad_spend")
        ]
        text = (
            f"lake: {self.folder}/lake\nlanding:\n  root: {self.folder}/landing\n  inputs: [{', '.join(inputs)}]\n"
            f"spark: {{conf: {json.dumps({'spark.sql.shuffle.partitions': '2', **QUICK})}}}\n"
        )
        (self.folder / "shop.yaml").write_text(text + more, encoding="utf-8")

    def land(self, name: str, content: str | bytes) -> None:
        path = self.folder / "landing" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def ingest(self, *options: str) -> Outcome:
        return self.run(ingest_job.main, *options)

    def build(self) -> Outcome:
        return self.run(build_job.main)

    def run(self, main: Callable[[Sequence[str]], int], *options: str) -> Outcome:
        assert self.capture
        self.capture.readouterr()
        code = main(["--config", str(self.folder / "shop.yaml"), *options])
        output = self.capture.readouterr()
        errors = [line for line in output.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == (code != 0), output.err
        assert "Traceback" not in output.err
        return Outcome(code, errors[0].replace(str(self.folder), ".") if errors else "", output.out)

    @property
    def lake(self) -> Lake:
        return Lake(self.spark, str(self.folder / "lake"), "test")


@pytest.fixture
def shop(spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    made = Shop(spark, tmp_path, capsys)
    made.configure()
    return made


@pytest.fixture(scope="module")
def scored(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop of one event, made up to the scores without a champion."""
    made = Shop(spark, tmp_path_factory.mktemp("scored"))
    made.configure()
    made.land("events/today.jsonl", event("e1"))
    for job in (ingest_job, build_job, attribute_job, score_job):
        assert job.main(["--config", str(made.folder / "shop.yaml")]) == 0, "a new lake goes on without a champion"
    assert not (made.folder / "mlflow.db").exists(), "and makes no registry"
    return made.folder


@pytest.fixture
def scored_shop(spark: SparkSession, scored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    """A copy of it."""
    made = Shop(spark, tmp_path / "shop", capsys)
    shutil.copytree(scored, made.folder)
    made.configure()
    return made


def event(event_id: str) -> str:
    fields = {"event_id": event_id, "event_name": "page_view", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "a1"}
    return json.dumps(fields) + "\n"


def test_an_unknown_knob_ends_with_2_and_its_line_and_a_suggestion(shop: Shop) -> None:
    shop.configure("quality:\n  max_quarantine_share: 0.1\n")
    outcome = shop.ingest()
    assert outcome.code == 2
    assert outcome.error == (
        "error: ./shop.yaml:7: unknown knob quality.max_quarantine_share; did you mean max_quarantined_share?"
    )


def test_a_simulator_knob_that_does_not_exist_ends_with_2_too(shop: Shop) -> None:
    shop.configure("simulator: {visitorz: 3}\n")
    outcome = shop.ingest()
    assert outcome.code == 2
    assert "visitorz" in outcome.error


@pytest.mark.parametrize("argv", [["--confg", "x"], ["--config"], ["--as-off", "2026-03-01"]])
def test_a_wrong_command_line_ends_with_2(argv: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert ingest_job.main(argv) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("Error: ")


def test_a_missing_configuration_file_ends_with_2(shop: Shop) -> None:
    (shop.folder / "shop.yaml").unlink()
    outcome = shop.ingest()
    assert (outcome.code, outcome.error) == (2, "error: ./shop.yaml: no such configuration file")


def test_help_ends_with_0_and_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert ingest_job.main(["--help"]) == 0
    assert "--config" in capsys.readouterr().out


def test_a_missing_folder_ends_with_3_and_an_empty_day_with_0(shop: Shop) -> None:
    outcome = shop.ingest()
    assert (outcome.code, outcome.error) == (
        3,
        "error: ./landing/events: no such folder; see landing.root and landing.inputs",
    )

    (shop.folder / "landing" / "events").mkdir(parents=True)
    outcome = shop.ingest()
    assert (outcome.code, outcome.error) == (
        3,
        "error: ./landing/events: has no file yet for the input events, which is required (files: events/*); land its "
        "first one there, or write required: false to the input (landing.inputs)",
    ), "a shop's first folder, without files"
    shop.land("events/today.jsonl", "")
    shop.land("ad_spend/today.csv", "date,platform,spend,currency\n")
    outcome = shop.ingest("--json")
    assert outcome.code == 0, "files without rows"
    report = json.loads(outcome.out)
    assert report["exit_code"] == 0
    assert report["steps"][0]["counts"]["events_read"] == 0
    assert shop.lake.read(BRONZE_LANDED_FILES).count() == 2
    assert shop.ingest().code == 0, "a day without new files"
    (shop.folder / "landing" / "events" / "today.jsonl").unlink()
    assert shop.ingest().code == 0, "a folder without files, once it had some"


def test_a_lake_or_a_landing_folder_that_cannot_be_opened_ends_with_3(shop: Shop) -> None:
    shop.land("events/today.jsonl", event("e1"))
    reachable = (shop.folder / "shop.yaml").read_text()
    for line in (f"lake: {shop.folder}/lake", f"root: {shop.folder}/landing"):
        (shop.folder / "shop.yaml").write_text(reachable.replace(line, line.split()[0] + " nosuch://bucket/shop"))
        outcome = shop.ingest()
        assert outcome.code == 3
        assert outcome.error.startswith("error: nosuch://bucket/shop: its file system cannot be opened (")
        assert 'No FileSystem for scheme "nosuch"' in outcome.error


def test_a_cut_file_ends_with_3_and_nothing_is_taken_in(shop: Shop) -> None:
    whole = gzip.compress("".join(event(f"e{number * 7919 % 1009}") for number in range(900)).encode())
    shop.land("events/cut.jsonl.gz", whole[: len(whole) // 2])
    outcome = shop.ingest()
    assert outcome.code == 3
    assert outcome.error == (
        "error: events/cut.jsonl.gz: the file is cut short or damaged; nothing of this batch was taken in. "
        "Land the whole file again."
    )
    assert not shop.lake.exists(BRONZE_EVENTS)
    log = shop.lake.read(OPS_RUN_LOG).select("job", "status", "message").collect()
    assert [(row["job"], row["status"]) for row in log] == [("ingest", "failed")], "the failure is in the log"
    assert "cut short" in log[0]["message"]


def test_a_file_that_may_not_be_read_ends_with_3_and_so_does_a_folder(shop: Shop) -> None:
    shop.land("events/today.jsonl", event("e1"))
    file, folder = shop.folder / "landing/events/today.jsonl", shop.folder / "landing/events"
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("the user of these tests may read every file, as root may")
    outcome = shop.ingest()
    assert (outcome.code, outcome.error) == (
        3,
        "error: events/today.jsonl: the file cannot be read; nothing of this batch was taken in. "
        "Land the whole file again.",
    )
    folder.chmod(0)
    outcome = shop.ingest()
    folder.chmod(0o700)
    assert outcome.code == 3
    assert "landing/events/*: cannot be listed (" in outcome.error
    assert "Permission denied" in outcome.error


def test_a_file_that_is_not_json_ends_with_1_and_a_spend_file_without_currency_with_3(shop: Shop) -> None:
    shop.land("events/today.jsonl", "<html>\n<body>Gateway timeout</body>\n")
    outcome = shop.ingest()
    assert (outcome.code, outcome.error) == (
        3,
        "error: events/today.jsonl: is an HTML page; download the export again and look at it; it may be a login page "
        "or an error message",
    )
    shop.land("events/today.jsonl", "Gateway\ntimeout\n")
    outcome = shop.ingest()
    assert outcome.code == 1
    assert outcome.error.startswith(
        "error: events: 2 of 2 rows are unusable, more than quality.max_quarantined_share = 0.05; most often in "
        "events/today.jsonl: not a JSON object"
    )
    shop.land("events/today.jsonl", event("e1"))
    shop.land("ad_spend/today.csv", "date,platform,spend\n2026-03-01,meta,1\n")
    outcome = shop.ingest()
    assert (outcome.code, outcome.error) == (
        3,
        "error: ad_spend/today.csv: the header lacks the required column currency; it has date, platform, spend (line "
        "1). Where another one is meant, name it in landing.inputs, columns: {currency: <column of the file>}; see "
        "docs/input.md",
    )
    assert shop.lake.read(BRONZE_EVENTS).count() == 1, "the refusal of one input does not undo the others"
    assert not shop.lake.exists(BRONZE_AD_SPEND)


@pytest.mark.system
def test_a_refund_in_a_currency_without_a_rate_on_its_orders_day_ends_with_3(shop: Shop) -> None:
    common = {"event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "a1", "order_id": "o1"}
    bought = {**common, "event_id": "e1", "event_name": "purchase", "value": 10, "currency": "USD"}
    refunded = {**common, "event_id": "e2", "event_name": "refund", "value": 4, "currency": "EUR"}
    shop.land("events/today.jsonl", f"{json.dumps(bought)}\n{json.dumps(refunded)}\n")
    assert shop.ingest().code == 0
    outcome = shop.build()
    assert outcome.code == 3
    assert outcome.error.startswith(
        "error: orders and refunds: no exchange rate from EUR to USD for 2026-03-01 or the 7 days"
    )


def test_a_dry_run_writes_nothing_and_a_changed_file_ends_with_3(shop: Shop) -> None:
    shop.land("events/today.jsonl", event("e1"))
    assert shop.ingest("--dry-run").code == 0
    assert not (shop.folder / "lake").exists()
    assert shop.ingest().code == 0
    shop.land("events/today.jsonl", event("e1") + event("e2"))
    outcome = shop.ingest()
    assert outcome.code == 3
    assert outcome.error.startswith("error: events/today.jsonl: has changed since it was taken in (")
    assert outcome.error.endswith("a landed file is immutable: land the new rows under a new name")


def test_a_lake_that_another_run_writes_to_is_exit_3_and_a_dry_run_goes_ahead(shop: Shop) -> None:
    shop.land("events/1.jsonl", event("e1"))
    with lake_lock(f"{shop.folder}/lake", "first", wait_seconds=0, say=print):
        refused = shop.ingest()
        assert (refused.code, "./lake/_lock: the lake is in use by run first (pid " in refused.error) == (3, True)
        assert not shop.lake.exists(BRONZE_EVENTS)
        assert shop.ingest("--dry-run").code == 0
    assert shop.ingest().code == 0


@pytest.mark.system
@pytest.mark.parametrize(
    ("job", "used", "name"),
    [
        (score_job.main, GOLD_CUSTOMER_VALUE, "customer-value"),
        (attribute_job.main, GOLD_CHANNEL_EFFECTS, "channel-attribution"),
    ],
)
def test_a_registry_that_is_gone_ends_with_3_where_the_lake_was_made_with_its_model(
    job: Callable[[Sequence[str]], int], used: Table, name: str, scored_shop: Shop
) -> None:
    shop = scored_shop
    shop.lake.append_rows(used, [])
    outcome = shop.run(job, "--full") if used is GOLD_CHANNEL_EFFECTS else shop.run(job)
    assert outcome.code == 3
    assert outcome.error == (
        f"error: mlflow.tracking_uri sqlite:///./mlflow.db: there is no {name}@champion, but this lake was made with "
        "one; bring the registry or the alias back, or train again, or set mlflow.champion_may_be_missing: true"
    )

    shop.configure("mlflow: {champion_may_be_missing: true}\n")
    assert shop.run(job).code == 0


def test_a_driver_that_is_not_installed_ends_with_2_and_its_address_is_shown_without_the_password(shop: Shop) -> None:
    shop.land("events/today.jsonl", event("e1"))
    assert shop.ingest().code == 0
    shop.configure("mlflow: {tracking_uri: 'mysql+nosuch://shop:s3cr3t-word@127.0.0.1:1/mlflow'}\n")
    outcome = shop.run(score_job.main)
    assert outcome.code in (2, 3)
    assert outcome.error.startswith("error: mlflow.tracking_uri mysql+nosuch://shop:***@127.0.0.1:1/mlflow: ")

    shop.configure("mlflow: {tracking_uri: 'postgresql://shop:s3cr3t-word@127.0.0.1:1/mlflow'}\n")
    outcome = shop.run(score_job.main)
    assert outcome.code == 2
    assert outcome.error == (
        "error: mlflow.tracking_uri postgresql://shop:***@127.0.0.1:1/mlflow: the database's driver psycopg is not "
        f"installed; pip install it into {sys.prefix}"
    )
    log = [row.asDict(recursive=True) for row in shop.lake.read(OPS_RUN_LOG).collect()]
    assert "psycopg" in str(log)
    assert "s3cr3t-word" not in str(log)


def test_a_registry_s_database_with_garbage_in_it_ends_with_3(shop: Shop) -> None:
    shop.land("events/today.jsonl", event("e1"))
    assert shop.ingest().code == 0
    (shop.folder / "mlflow.db").write_bytes(b"garbage " * 1000)
    outcome = shop.run(score_job.main)
    assert outcome.code == 3
    assert outcome.error.startswith("error: mlflow.tracking_uri sqlite:///./mlflow.db: the database cannot be used (")
    assert "file is not a database" in outcome.error


@pytest.mark.system
def test_nothing_is_learned_from_data_whose_checks_failed_until_they_hold(scored_shop: Shop) -> None:
    shop, jobs = scored_shop, (train_job.main, train_attribution_job.main)
    shop.configure("attribution: {data_driven: {models: [markov]}}\n")
    unchecked = [shop.run(job, "--dry-run") for job in jobs]
    sound = shop.lake.version(SILVER_SESSIONS)
    assert sound is not None
    shop.lake.append_rows(SILVER_SESSIONS, shop.lake.rows(SILVER_SESSIONS))
    assert shop.run(check_job.main).code == 1

    for job in jobs:
        refused = shop.run(job)
        assert refused.code == 1
        assert re.fullmatch(
            r"error: the checks of \d{4}-\d\d-\d\d \d\d:\d\d UTC failed, so nothing is learned from these data: .+; .+"
            r"; .*sessions.* and \d more\. Mend the data and run `check`; where it holds, this goes on",
            refused.error,
        )

    shop.lake.restore(SILVER_SESSIONS, sound)
    assert shop.run(check_job.main).code == 0
    assert [shop.run(job, "--dry-run") for job in jobs] == unchecked


@pytest.fixture(scope="module")
def below_a_colon(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, int]:
    """A shop in a folder with a colon in its name after a pipeline, and the umask that the process had then."""
    shop = Shop(spark, tmp_path_factory.mktemp("colon") / "2026-03-01T00:00")
    shop.folder.mkdir()
    shop.configure()
    shop.land("events/today.jsonl", event("e1"))
    before = os.umask(0o022)
    try:
        assert pipeline_job.main(["--config", str(shop.folder / "shop.yaml")]) == 0
    finally:
        after = os.umask(before)
    return shop, after


@pytest.mark.system
def test_a_lake_below_a_folder_with_a_colon_in_its_name_is_one_like_others(below_a_colon: tuple[Shop, int]) -> None:
    shop, _ = below_a_colon
    assert shop.lake.read(BRONZE_EVENTS).count() == 1


def test_control_characters_of_a_header_reach_no_terminal(shop: Shop) -> None:
    shop.land("events/today.jsonl", event("e1"))
    shop.land("ad_spend/today.csv", "date,platform,spend,\x1b]0;title\x07\x1b[31m\u202e\n2026-03-01,meta,1,x\n")
    outcome = shop.ingest()
    assert outcome.code == 3
    assert r"it has date, platform, spend, \x1b]0;title" in outcome.error
    assert outcome.error.isprintable()


def test_what_a_model_warns_of_is_a_note_without_a_place_in_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    def fit() -> None:
        gamma_gamma.fit([1, 2, 4, 8, 16], [10.0, 20.0, 40.0, 80.0, 160.0], weights=[40, 40, 40, 40, 40])

    assert exit_code_of(fit) == 0
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Note: Frequency and monetary_value correlate (1.00)")


def test_what_nobody_foresaw_ends_with_70_and_one_line_and_its_stack_is_in_a_file_for_the_user_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: Run) -> Plan:
        raise ZeroDivisionError(
            f"in {run.lake.root}/silver/orders/part-0.parquet of ftp://me:s3cr3t-word@host\nand more"
        )

    shop.land("events/today.jsonl", event("e1"))
    assert shop.ingest().code == 0
    monkeypatch.setattr(build_job, "STEP", Step("build", broken))
    outcome = shop.build()

    assert outcome.code == 70
    [file] = (shop.folder / "lake").glob("distributary-failure-*.txt")
    assert outcome.error == (
        "error: build failed unexpectedly at silver.orders, ./lake/silver/orders/part-0.parquet: ZeroDivisionError: in "
        "./lake/silver/orders/part-0.parquet of ftp://me:***@host; the stack is in "
        f"./lake/{file.name}; run again, and report it if it stays"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stack = file.read_text()
    assert "in broken" in stack
    assert "s3cr3t-word" not in stack
    [log] = [row for row in shop.lake.read(OPS_RUN_LOG).collect() if row["status"] == "failed"]
    assert log["message"].startswith("ZeroDivisionError: in ")
    assert "s3cr3t-word" not in log["message"]


@pytest.mark.system
def test_new_files_of_a_lake_are_for_the_user_alone_and_the_report_is_not(below_a_colon: tuple[Shop, int]) -> None:
    shop, umask_afterwards = below_a_colon
    # What Spark writes: test_signals.py, where it is started by the run.
    assert stat.S_IMODE((shop.folder / "lake" / "_lock").stat().st_mode) == 0o600
    assert stat.S_IMODE((shop.folder / "lake").stat().st_mode) == 0o700
    assert stat.S_IMODE((shop.folder / "report.html").stat().st_mode) == 0o644
    assert umask_afterwards == 0o022, "the process has its own again"
