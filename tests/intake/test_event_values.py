from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from intake.adapter import Defaults
from intake.ingest import Ingest
from intake.landing_folder import input_named
from tests.quick import BELIEVABLE
from warehouse.event_values import values_of
from warehouse.store import Lake
from warehouse.tables import BRONZE_EVENT_VALUES, BRONZE_EVENTS

INPUT = input_named("events", "events", "events/*", required=True, options={})
ROBOT, PHONE = ("user_agent", "curl/8.4.0"), ("user_agent", "Phone")
GOOGLE, BLOG = ("referring_site", "https://www.google.com"), ("referring_site", "https://blog.example.org")


def land(folder: Path, name: str, *events: dict[str, str]) -> None:
    common = {"event_name": "page_view", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "a"}
    lines = [json.dumps({"event_id": f"{name}-{n}", **common, **event}) for n, event in enumerate(events)]
    (folder / "landing" / "events").mkdir(parents=True, exist_ok=True)
    (folder / "landing" / "events" / f"{name}.jsonl").write_text("\n".join(lines))


def take_in(spark: SparkSession, folder: Path) -> Lake:
    lake = Lake(spark, str(folder / "lake"), "run")
    knobs: dict[str, Any] = {"max_quarantined_share": 0.0, "believable": BELIEVABLE}
    knobs["started_at"] = datetime(2026, 3, 2, tzinfo=UTC)
    ingest = Ingest(lake, str(folder / "landing"), defaults=Defaults(), say=lambda message: None, **knobs)
    ingest.take_in(ingest.new_batches([INPUT]))
    return lake


def values(lake: Lake) -> list[tuple[str, str]]:
    return sorted(tuple(row) for row in lake.read(BRONZE_EVENT_VALUES).collect())


@pytest.fixture
def grown(spark: SparkSession, tmp_path: Path) -> Path:
    """A shop that has taken in one file."""
    land(
        tmp_path,
        "first",
        {"user_agent": "curl/8.4.0", "referrer": "https://www.google.com/search?q=shoes"},
        {"user_agent": "curl/8.4.0", "referrer": "https://www.google.com/"},
        {},
    )
    take_in(spark, tmp_path)
    return tmp_path


def test_each_user_agent_and_referring_site_is_kept_once(spark: SparkSession, grown: Path) -> None:
    assert values(Lake(spark, str(grown / "lake"), "look")) == [GOOGLE, ROBOT]


def test_later_files_add_those_that_no_event_had_so_far(spark: SparkSession, grown: Path) -> None:
    land(
        grown, "second", {"user_agent": "Phone", "referrer": "https://blog.example.org/x"}, {"user_agent": "curl/8.4.0"}
    )
    assert values(take_in(spark, grown)) == [BLOG, GOOGLE, PHONE, ROBOT]


def test_a_lake_without_the_table_gets_the_values_of_all_its_events(spark: SparkSession, grown: Path) -> None:
    table = Path(Lake(spark, str(grown / "lake"), "look").path(BRONZE_EVENT_VALUES))
    table.rename(grown / "elsewhere")
    land(grown, "second", {"user_agent": "Phone"})
    assert values(take_in(spark, grown)) == [GOOGLE, PHONE, ROBOT]


def test_the_table_has_all_values_that_a_scan_of_the_events_finds(spark: SparkSession, grown: Path) -> None:
    lake = Lake(spark, str(grown / "lake"), "look")
    assert sorted(tuple(row) for row in values_of(lake.read(BRONZE_EVENTS)).collect()) == values(lake)
