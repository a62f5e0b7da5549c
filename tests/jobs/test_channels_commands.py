"""distributary channels: why a landing has its channel, and what other rules would move in a lake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from conf import CONF_ROOT
from jobs.channel_diff import Moves, compared, in_words
from jobs.run import Run, open_run
from tests.jobs.test_run import settings_in
from tests.published_lake import PUBLISHED_AT, write_table
from warehouse.errors import InputError
from warehouse.tables import BRONZE_EVENTS, GOLD_ATTRIBUTION_CREDITS, SILVER_TOUCHPOINTS

REPOSITORY = Path(__file__).parents[2]
PMAX = "https://shop.example/?utm_source=google&utm_medium=pmax&gclid=abc"
STRICT = "touchpoints: {click_ids_overrule: false}\n"


def explained(*arguments: str, code: int = 0) -> str:
    """What `channels explain` prints on a machine without Java."""
    without_java = {**os.environ, "JAVA_HOME": "/nowhere", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "jobs.cli", "channels", "explain", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, env=without_java, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_a_landing_is_explained_without_a_jvm() -> None:
    assert explained(PMAX, "https://www.google.com/").splitlines() == [
        f"page        {PMAX}",
        "referrer    https://www.google.com/",
        "",
        "source      google  (from the link or the event)",
        "medium      pmax",
        "campaign    -",
        "click id    gclid abc",
        "",
        "channel     Cross-network",
        "by rule     cross_network_by_click_id: click id gclid, medium pmax",
        "            overruled organic_search by source google (search)",
    ]


def test_an_explanation_says_why_there_is_no_source_and_that_a_robot_is_one(tmp_path: Path) -> None:
    config = tmp_path / "shop.yaml"
    config.write_text(STRICT, encoding="utf-8")
    own = explained("https://www.shop.example/p", "https://shop.example/", "--user-agent", "Googlebot/2.1")
    assert "source      none: the referrer is of the page's own site" in own
    assert "channel     Direct" in own
    assert "robot       " in own

    strict = json.loads(explained(PMAX, "--config", str(config), "--json"))
    assert (strict["channel"], strict["channel_rule"]) == ("Organic Search", "organic_search")
    assert strict["channel_trace"].endswith("; not overruled by cross_network_by_click_id in the strict reading of GA4")


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Run:
    """A run over a lake with two touches, one of Performance Max, and their credit."""
    events = [
        {"event_id": "pmax", "page_url": PMAX, "value": None},
        {"event_id": "mail", "page_url": "https://shop.example/?utm_source=crm&utm_medium=email"},
    ]
    common = {"event_name": "page_view", "platform": "web", "source_file": "f", "batch_id": "b", "source_line": 1}
    fill = {"timestamp": PUBLISHED_AT, "boolean": False}
    needed = [column for column in BRONZE_EVENTS.columns if column.type in fill and not column.nullable]
    filled = {column.name: fill[column.type] for column in needed}
    write_table(
        tmp_path / "lake", BRONZE_EVENTS, [{**common, **filled, "payload_hash": 1, **event} for event in events]
    )
    touch = {"person_id": "p", "touched_at": PUBLISHED_AT, "interaction": "click", "channel_trace": "t"}
    named = [
        {"touchpoint_id": "pmax", "channel": "Organic Search", "channel_rule": "organic_search", "source": "google"},
        {"touchpoint_id": "mail", "channel": "Email", "channel_rule": "email", "source": "crm", "medium": "email"},
    ]
    flags = {
        column.name: False for column in SILVER_TOUCHPOINTS.columns if column.type == "boolean" and not column.nullable
    }
    write_table(tmp_path / "lake", SILVER_TOUCHPOINTS, [{**flags, "platform": "web", **touch, **row} for row in named])
    credit = {
        "model": "last_touch", "conversion_id": "c", "conversion_type": "purchase", "converted_at": PUBLISHED_AT,
        "person_id": "p", "touchpoint_id": "pmax", "touched_at": PUBLISHED_AT, "position": 1, "path_length": 1,
        "channel": "Organic Search", "credit": 1.0, "credited_value": Decimal(30), "gross_value": Decimal(30),
        "currency": "USD", "is_first_purchase": True, "model_version": "rules",
    }  # fmt: skip
    write_table(tmp_path / "lake", GOLD_ATTRIBUTION_CREDITS, [credit])
    console = Console(quiet=True)
    return open_run("channels", config=None, settings=settings_in(tmp_path), spark=spark, console=console, dry_run=True)


def moves(found: Moves) -> list[tuple[str, str, int]]:
    return [(row["old_channel"], row["new_channel"], row["touches"]) for row in found.moves]


@pytest.mark.system
def test_what_a_configuration_would_move_in_a_lake_is_shown_with_its_value(lake: Run, tmp_path: Path) -> None:
    strict = tmp_path / "strict.yaml"
    strict.write_text(STRICT, encoding="utf-8")

    found = compared(str(strict), str(CONF_ROOT / "channels.yaml"), config=None, run=lake)

    assert (found.touches, moves(found)) == (2, [("Organic Search", "Cross-network", 1)])
    assert in_words(found, 10) == [
        "1 of 2 touches (50.0%) would have another channel",
        "",
        "touches  channel                          source / medium  rule",
        "1        Organic Search -> Cross-network  google / pmax    organic_search -> cross_network_by_click_id",
        "",
        "model       channel                          conversions  credited value",
        "last_touch  Organic Search -> Cross-network  1.0          30.00 USD",
    ]


@pytest.mark.system
def test_rules_are_compared_with_what_the_lake_has(lake: Run) -> None:
    assert moves(compared("stored", "channels.yaml", config=None, run=lake)) == [("Organic Search", "Cross-network", 1)]


@pytest.mark.system
def test_entries_of_ones_own_and_a_source_list_are_compared_too(lake: Run, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("names: {social: [crm]}\n", encoding="utf-8")

    assert moves(compared("sources.yaml", str(mine), config=None, run=lake)) == [("Email", "Organic Social", 1)]


def test_a_lake_without_touches_is_refused_with_one_line(spark: SparkSession, tmp_path: Path) -> None:
    settings, console = settings_in(tmp_path), Console(quiet=True)
    empty = open_run("channels", config=None, settings=settings, spark=spark, console=console, dry_run=True)
    with pytest.raises(InputError, match="has no touches yet"):
        compared("stored", "channels.yaml", config=None, run=empty)
