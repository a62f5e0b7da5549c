"""A publication is numbered by its commit: a run whose clock was ahead hides none of the later ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from rich.console import Console

from jobs import check
from jobs import run as run_module
from jobs.run import Run, open_run, perform
from jobs.settings import load_settings
from published.publication import read_published
from warehouse.tables import GOLD_PATH_SUMMARY, OPS_PUBLISHED

AS_OF = date(2026, 3, 31)
AHEAD = timedelta(hours=30)


class ClockAhead(datetime):
    """A clock that is 30 hours ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + AHEAD


def published(spark: SparkSession, lake: Path) -> Run:
    """A run that publishes a new version of one table."""
    settings = load_settings().model_copy(update={"lake": str(lake)})
    console = Console(quiet=True)
    run = open_run("check", config=None, settings=settings, spark=spark, console=console, as_of=AS_OF)
    run.lake.append_rows(GOLD_PATH_SUMMARY, [])
    perform(run, [check.PUBLISH])
    return run


def test_what_is_published_after_a_run_whose_clock_was_30_hours_ahead_is_what_readers_see(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published(spark, tmp_path)
    with monkeypatch.context() as clock:
        clock.setattr(check, "datetime", ClockAhead)
        clock.setattr(run_module, "datetime", ClockAhead)
        ahead = published(spark, tmp_path)
    seen_ahead = read_published(str(tmp_path))
    assert (seen_ahead.run_id, seen_ahead.published_at > datetime.now(UTC) + AHEAD / 2) == (ahead.lake.run_id, True)

    after = published(spark, tmp_path)

    assert after.lake.run_id < ahead.lake.run_id, "by the clock it comes before"
    seen = read_published(str(tmp_path))
    assert (seen.run_id, seen.published_at < seen_ahead.published_at) == (after.lake.run_id, True)
    assert seen.versions == {"gold.path_summary": seen_ahead.versions["gold.path_summary"] + 1}
    states = after.lake.states([GOLD_PATH_SUMMARY])
    assert check.newest_publication(after.lake) == states, "nothing is left to publish, and a failure goes back to it"

    # Each was numbered by the version of ops.published that it made: the first makes an empty table, too.
    numbers = {row["run_id"]: row["publication"] for row in after.lake.rows(OPS_PUBLISHED)}
    assert numbers == {before.lake.run_id: 1, ahead.lake.run_id: 2, after.lake.run_id: 3}
    assert DeltaTable(tmp_path / "ops" / "published").version() == 3
