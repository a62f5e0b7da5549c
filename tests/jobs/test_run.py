"""A run of several steps: what it reports, and that a dry run writes nothing and follows from step to step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from jobs import attribute, build, ingest, pipeline, score
from jobs.run import Plan, Run, Step, StepLog, open_run, perform
from jobs.settings import Settings, load_settings
from warehouse.errors import InputError
from warehouse.tables import ALL_TABLES

STEPS = (ingest.STEP, build.STEP, attribute.STEP)


def settings_in(folder: Path) -> Settings:
    base = load_settings()
    rules_only = base.attribution.data_driven.model_copy(update={"models": []})
    return base.model_copy(
        update={
            "lake": str(folder / "lake"),
            "landing": base.landing.model_copy(update={"root": str(folder / "landing")}),
            "attribution": base.attribution.model_copy(update={"data_driven": rules_only}),
            "build": base.build.model_copy(update={"max_changed_share": 1.0}),
        }
    )


def land(folder: Path, name: str) -> None:
    fields = {"event_id": name, "event_name": "page_view", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": name}
    file = folder / "landing" / "events" / f"{name}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(fields) + "\n")


def run(spark: SparkSession, folder: Path, *steps: Step, dry_run: bool = False) -> Run:
    settings, console = settings_in(folder), Console(quiet=True)
    opened = open_run("some", config=None, settings=settings, spark=spark, console=console, dry_run=dry_run)
    perform(opened, steps)
    return opened


def reported(made: Run) -> list[tuple[str, str, str]]:
    return [(log.name, log.status, log.message) for log in made.steps]


@pytest.mark.system
def test_a_dry_run_follows_from_step_to_step_and_writes_nothing(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, "e1")
    run(spark, tmp_path, *STEPS)
    assert [status for _, status, _ in reported(run(spark, tmp_path, *STEPS, dry_run=True))] == ["skipped"] * 3
    land(tmp_path, "e2")
    before = run(spark, tmp_path).lake.versions(ALL_TABLES)
    dry = run(spark, tmp_path, *STEPS, dry_run=True)
    silver = (
        *("aliases", "identities", "sessions", "robots", "touchpoints", "source_findings", "activity", "orders"),
        *("conversions", "set_aside", "money_ledger"),
    )
    gold = (
        *("attribution_credits", "channel_performance", "unmatched_spend", "ad_abuse", "path_summary"),
        *("conversion_links", "unattributed_conversions", "tracking_losses"),
    )
    assert reported(dry) == [
        ("ingest", "skipped", "would take in 1 files of events"),
        ("build", "skipped", f"would make in part: {', '.join(f'silver.{name}' for name in silver)}"),
        (
            "attribute",
            "skipped",
            f"would make in part: silver.journeys, {', '.join(f'gold.{name}' for name in gold)}",
        ),
    ]
    assert run(spark, tmp_path).lake.versions(ALL_TABLES) == before
    # The run does what the dry run reported.
    messages = [message for _, _, message in reported(run(spark, tmp_path, *STEPS))]
    assert messages[1:] == [message.removeprefix("would make ") for _, _, message in reported(dry)][1:]


def test_the_first_dry_run_of_a_shop_says_what_it_would_take_in_and_that_the_rest_follows(
    spark: SparkSession, tmp_path: Path
) -> None:
    land(tmp_path, "e1")
    after = "would run in full after ingest"
    assert reported(run(spark, tmp_path, *pipeline.STEPS, dry_run=True)) == [
        ("ingest", "skipped", "would take in 1 files of events"),
        *((name, "skipped", after) for name in ("build", "attribute", "score", "marts", "check", "report")),
    ]
    assert not (tmp_path / "lake").exists()


def test_a_dry_run_on_a_lake_without_rows_ends_as_the_run_would_where_nothing_new_has_a_day(
    spark: SparkSession, tmp_path: Path
) -> None:
    spend = tmp_path / "landing" / "ad_spend" / "s.csv"
    spend.parent.mkdir(parents=True)
    spend.write_text("date,platform,spend,currency\n2026-03-01,meta,4,USD\n")
    with pytest.raises(InputError, match=r"has no events and no orders yet: land files below .*/landing and run"):
        run(spark, tmp_path, ingest.STEP, score.STEP, dry_run=True)


def test_a_dry_run_ends_with_the_refusals_with_which_the_run_would_end(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, "e1")
    for name in ("ad_spend/s.csv", "orders/o.csv"):
        file = tmp_path / "landing" / name
        file.parent.mkdir(parents=True)
        file.write_bytes(b"%PDF-1.7")
    refused = [
        f"{name}: is a PDF; export the table as CSV and land that" for name in ("orders/o.csv", "ad_spend/s.csv")
    ]

    for dry_run in (True, False):
        with pytest.raises(InputError) as ended:
            run(spark, tmp_path, *pipeline.STEPS, dry_run=dry_run)
        assert str(ended.value).split("\nerror: ") == refused
        assert ended.value.exit_code == 3


def test_a_step_without_anything_to_do_is_skipped_and_one_that_plans_is_done(
    spark: SparkSession, tmp_path: Path
) -> None:
    done: list[str] = []

    def do(log: StepLog) -> None:
        done.append("second")
        log.message = "did it"

    steps = (Step("first", lambda run: Plan("all is there")), Step("second", lambda run: Plan("do it", do)))
    first = ("first", "skipped", "all is there")
    assert reported(run(spark, tmp_path, *steps)) == [first, ("second", "done", "did it")]
    assert done == ["second"]
    assert reported(run(spark, tmp_path, *steps, dry_run=True)) == [first, ("second", "skipped", "would do it")]
    assert done == ["second"]
