"""A table that was deleted and made again is another table, though its versions have the numbers of the first one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import attribute, build, check, ingest
from jobs.run import Run
from published.publication import read_published
from tests.jobs.test_run import reported, run, settings_in
from warehouse.errors import InputError
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_EVENTS,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

pytestmark = pytest.mark.system
STEPS = (ingest.STEP, build.STEP, attribute.STEP, check.PUBLISH)


def land_events(folder: Path, *visitors: str) -> None:
    """One visit of each and its purchase, in one file."""
    lines = [
        {"event_id": f"{visitor}-{name}", "event_name": name, "event_ts": f"2026-03-01T09:0{minute}:00Z"}
        | {"anonymous_id": visitor, "order_id": f"order-{visitor}", "value": 10, "currency": "USD"}
        for visitor in visitors
        for minute, name in enumerate(("page_view", "purchase"))
    ]
    file = folder / "landing" / "events" / "day.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def devices(made: Run) -> list[str]:
    lake = Lake(made.spark, made.lake.root, "look")
    assert lake.read(BRONZE_EVENTS).count() == 2 * lake.read(SILVER_SESSIONS).count()
    return sorted(row["anonymous_id"] for row in lake.read(SILVER_SESSIONS).collect())


@pytest.fixture(scope="module")
def published(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a published lake."""
    folder = tmp_path_factory.mktemp("remade")
    land_events(folder, "ann", "bob", "cem")
    run(spark, folder, *STEPS)
    return folder


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(published, tmp_path / "copy"))


def test_bronze_that_was_deleted_and_landed_again_with_corrections_is_seen_as_changed(
    spark: SparkSession, folder: Path
) -> None:
    first = run(spark, folder)
    assert devices(first) == ["ann", "bob", "cem"]
    version = first.lake.version(BRONZE_EVENTS)
    shutil.rmtree(folder / "lake" / "bronze")
    land_events(folder, "ann", "dan")
    again = run(spark, folder, *STEPS)
    assert again.lake.version(BRONZE_EVENTS) == version is not None
    _, build_log, attribute_log, check_log = reported(again)
    assert build_log[2].startswith("in full (bronze.events was replaced as a whole): silver.")
    assert (attribute_log[1], check_log[1]) == ("done", "done")
    assert devices(again) == ["ann", "dan"]
    assert [status for _, status, _ in reported(run(spark, folder, *STEPS))] == ["skipped"] * 4


def test_a_gold_table_that_was_deleted_is_made_again_with_those_after_it_and_published(
    spark: SparkSession, folder: Path
) -> None:
    first = run(spark, folder)
    version, state = first.lake.version(GOLD_ATTRIBUTION_CREDITS), first.lake.at(GOLD_ATTRIBUTION_CREDITS)
    shutil.rmtree(first.lake.path(GOLD_ATTRIBUTION_CREDITS))
    made = run(spark, folder, ingest.STEP, build.STEP, attribute.STEP)
    again = Lake(spark, first.lake.root, "look")
    assert again.version(GOLD_ATTRIBUTION_CREDITS) == version is not None
    assert again.at(GOLD_ATTRIBUTION_CREDITS) != state
    assert set(made.lake.written) == {
        "gold.attribution_credits",
        "gold.channel_performance",
        "gold.unmatched_spend",
        "ops.run_log",
    }

    # Readers of the first publication do not take the one for the other.
    published = read_published(first.lake.root)
    assert published.rows("select count(*) > 0 as some from gold_channel_performance", GOLD_CHANNEL_PERFORMANCE) == [
        {"some": True}
    ]
    with pytest.raises(InputError, match=r"gold\.attribution_credits was deleted in .* and made again since run "):
        published.rows("select 1 from gold_attribution_credits", GOLD_ATTRIBUTION_CREDITS)

    (checked,) = run(spark, folder, check.PUBLISH).steps
    assert checked.status == "done"
    now = read_published(first.lake.root)
    assert now.run_id != published.run_id
    assert len(now.rows("select * from gold_attribution_credits", GOLD_ATTRIBUTION_CREDITS)) > 0
    assert [status for _, status, _ in reported(run(spark, folder, *STEPS))] == ["skipped"] * 4


def test_an_input_that_is_gone_is_seen_as_changed(spark: SparkSession, folder: Path) -> None:
    first = run(spark, folder)
    assert first.lake.read(SILVER_TOUCHPOINTS).count() == 3
    shutil.rmtree(first.lake.path(BRONZE_EVENTS))
    (built,) = run(spark, folder, build.STEP).steps
    assert built.message.startswith("in full (bronze.events was replaced as a whole): silver.")
    assert Lake(spark, first.lake.root, "look").read(SILVER_SESSIONS).count() == 0
    assert settings_in(folder).lake == first.lake.root
