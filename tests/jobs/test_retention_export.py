"""distributary retention list: the file, the lines and the exit code, on a machine without Java."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from jobs import score
from jobs.settings import load_settings
from tests.published_lake import AS_OF, publish, write_table
from warehouse.tables import GOLD_RETENTION_LIST, GOLD_RETENTION_PROFIT

REPOSITORY = Path(__file__).parents[2]
COLUMNS = (
    "rank,customer_id,is_valuable,last_purchase_on,leaving,value_if_kept,value_at_risk,expected_gain,"
    "expected_gain_lower,expected_gain_upper,currency,acquisition_channel"
)


def exported(shop: Path, *options: str) -> subprocess.CompletedProcess[str]:
    without_java = {**os.environ, "JAVA_HOME": "/nowhere", "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "jobs.cli", "retention", "list", "--config", str(shop / "shop.yaml"), *options]
    return subprocess.run(command, cwd=shop, env=without_java, capture_output=True, text=True, check=False)


def customer(person: str, rank: int, *, as_of: date = AS_OF, is_valuable: bool = False) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "person_id": person,
        "rank": rank,
        "is_valuable": is_valuable,
        "last_purchase_on": date(2026, 1, 5),
        "leaving": 0.75,
        "value_if_kept": Decimal(80),
        "value_at_risk": Decimal(60),
        "expected_gain": Decimal("4.5"),
        "expected_gain_lower": Decimal("-1.25"),
        "expected_gain_upper": Decimal(9),
        "currency": "KRW",
        "acquisition_channel": "Email",
        "model_version": "customer-value/7",
    }


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text("lake: lake\n", encoding="utf-8")
    rows = [
        customer("user:second", 2),
        customer("user:=first()", 1, is_valuable=True),
        customer("order:9", 3),
        customer("user:of another day", 1, as_of=date(2026, 2, 28)),
    ]
    lake = tmp_path / "lake"
    publish(lake, {GOLD_RETENTION_LIST: write_table(lake, GOLD_RETENTION_LIST, rows)})
    return tmp_path


def test_the_list_is_written_best_first_for_the_owner_alone_and_no_id_is_a_formula(shop: Path) -> None:
    done = exported(shop, "--out", "calls.csv")

    assert done.returncode == 0, done.stderr
    figures = "2026-01-05,0.75,80.000000,60.000000,4.500000,-1.250000,9.000000,KRW,Email"
    assert (shop / "calls.csv").read_text(encoding="utf-8") == (
        "# as of 2026-03-31: customers whose contact is worth its cost, most value at risk first\n"
        f"{COLUMNS}\n1,'=first(),True,{figures}\n2,second,False,{figures}\n"
    )
    assert done.stderr == (
        "wrote calls.csv: 2 customers, expected to earn 9 KRW, as of 2026-03-31\nleft out 1 buyers without a login\n"
    )
    assert (shop / "calls.csv").stat().st_mode & 0o777 == 0o600


def test_high_value_customers_alone_replace_the_file_as_a_whole(shop: Path) -> None:
    (shop / "calls.csv").write_text("old\n" * 100, encoding="utf-8")

    assert exported(shop, "--out", "calls.csv", "--audience", "high_value").returncode == 0
    lines = (shop / "calls.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[1] for line in lines[2:]] == ["'=first()"]


def test_a_lake_without_a_campaign_says_what_to_set(shop: Path) -> None:
    (shop / "shop.yaml").write_text("lake: other\n", encoding="utf-8")
    other = shop / "other"
    publish(other, {GOLD_RETENTION_PROFIT: write_table(other, GOLD_RETENTION_PROFIT, [])})
    done = exported(shop, "--out", "calls.csv")

    assert done.returncode == 3
    assert "set retention.contact_cost and an uplift" in done.stderr
    assert not (shop / "calls.csv").exists()


def test_tokens_cannot_be_contacted(shop: Path) -> None:
    with (shop / "shop.yaml").open("a", encoding="utf-8") as file:
        file.write("privacy: {pseudonyms: true}\n")
    done = exported(shop, "--out", "calls.csv")

    assert done.returncode == 2
    assert done.stderr.startswith("error: privacy.pseudonyms: the tables hold tokens in place of ids")
    assert not (shop / "calls.csv").exists()


def test_a_place_that_cannot_be_written_is_named_in_one_line(shop: Path) -> None:
    done = exported(shop, "--out", "nowhere/calls.csv")

    assert done.returncode == 2
    assert done.stderr == "error: nowhere/calls.csv cannot be written: No such file or directory\n"


@pytest.mark.parametrize(
    ("cost", "was_made", "is_made"), [(None, False, False), (None, True, True), (0.0, False, True), (2.0, True, True)]
)
def test_without_a_campaign_its_tables_are_made_only_to_empty_those_of_a_former_one(
    cost: float | None, was_made: bool, is_made: bool
) -> None:
    knobs = load_settings().retention.model_copy(update={"contact_cost": cost})
    run: Any = SimpleNamespace(knobs=lambda part: knobs, lake=SimpleNamespace(exists=lambda table: was_made))

    assert (set(score.CAMPAIGN) <= set(score.recipes_of(run))) is is_made
    assert set(score.SCORES) <= set(score.recipes_of(run))
