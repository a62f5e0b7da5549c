"""docs/how-to/use-your-own-data.md: its files, taken in by its configuration, give the rows that it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from intake.adapter import Defaults
from intake.ingest import Ingest
from intake.inputs import input_of
from intake.knobs import BelievableTimes
from jobs import attribute, build, check, ingest, pipeline
from jobs.run import open_run, perform
from jobs.settings import load_settings
from warehouse.store import Lake
from warehouse.tables import BRONZE_AD_SPEND, BRONZE_ORDERS, BRONZE_QUARANTINE

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "use-your-own-data.md").read_text(encoding="utf-8")
FILES = re.findall(r"^```(?:csv|json) (\S+)\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
(CONFIGURATION,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
SCRIPTS = dict(re.findall(r"^```python (\S+)\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE))
(CAMPAIGNS,) = re.findall(r"^```text\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
# input: read, kept, set aside
ON_THE_PAGE = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| (\d+) \|$", PAGE, flags=re.MULTILINE)


def landed(folder: Path) -> Path:
    """The folder with the page's files and its configuration."""
    for name, content in FILES:
        path = folder / "landing" / name
        path.parent.mkdir(parents=True)
        path.write_text(content, encoding="utf-8")
    (folder / "shop.yaml").write_text(CONFIGURATION, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = landed(tmp_path_factory.mktemp("own"))
    settings = load_settings(folder / "shop.yaml")
    made = Lake(spark, str(folder / "lake"), "run")
    intake = Ingest(
        made,
        str(folder / "landing"),
        defaults=Defaults(currency=settings.conversions.default_currency),
        max_quarantined_share=settings.quality.max_quarantined_share,
        believable=settings.part(BelievableTimes),
        started_at=datetime(2026, 3, 3, tzinfo=UTC),
        say=lambda message: None,
    )
    accounts = intake.take_in(intake.new_batches([input_of(chosen) for chosen in settings.landing.inputs]))
    intake.require_nothing_refused()
    counted = {name: (account.read, account.kept, account.quarantined) for name, account in accounts.items()}
    assert counted == {name: (int(read), int(kept), int(aside)) for name, read, kept, aside in ON_THE_PAGE}
    return made


def test_the_orders_are_those_of_the_page(lake: Lake) -> None:
    rows = lake.read(BRONZE_ORDERS).orderBy("order_id").collect()
    found = [(row["order_id"], row["user_id"], row["status"], row["value"] - row["refunded_value"]) for row in rows]
    assert found == [
        ("1001", "ann@example.com", "paid", 120),
        ("1002", "ben@example.com", "paid", 50),
        ("1003", "cem@example.com", "pending", 50),
    ]
    assert [row["items"] for row in rows] == [3, 1, 1]


def test_the_spend_is_that_of_the_page_and_the_sums_are_set_aside(lake: Lake) -> None:
    spend = lake.read(BRONZE_AD_SPEND).groupBy("platform", "account_id", "currency").agg(F.sum("spend").alias("spend"))
    assert sorted(tuple(row) for row in spend.collect()) == [
        ("google_ads", "1234567890", "USD", 45),
        ("meta", "77", "USD", 100),
    ]
    reasons = {row["reason"] for row in lake.read(BRONZE_QUARANTINE).collect()}
    assert reasons == {"a totals row, no data"}


def test_the_script_for_rows_shows_those_set_aside(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(lake.root).parent)
    exec(SCRIPTS["rows.py"], {})
    shown = capsys.readouterr().out.splitlines()
    assert [line.split("'")[3] for line in shown] == ["google/2026-03.csv", "meta/77/2026-03.csv"]


def test_the_page_s_dry_run_comes_before_there_is_a_lake(spark: SparkSession, tmp_path: Path) -> None:
    config = landed(tmp_path) / "shop.yaml"
    dry = open_run("pipeline", config=config, spark=spark, console=Console(quiet=True), dry_run=True)
    perform(dry, pipeline.STEPS)
    assert [log.message for log in dry.steps] == [
        "would take in 1 files of events, 1 files of shopify, 1 files of meta, 1 files of google",
        *["would run in full after ingest"] * 6,
    ]


@pytest.mark.system
def test_the_script_for_campaigns_prints_what_the_page_shows(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = landed(tmp_path) / "shop.yaml"
    steps = (ingest.STEP, build.STEP, attribute.STEP, check.PUBLISH)
    perform(open_run("pipeline", config=config, spark=spark, console=Console(quiet=True)), steps)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    exec(SCRIPTS["campaigns.py"], {})
    assert capsys.readouterr().out == CAMPAIGNS
