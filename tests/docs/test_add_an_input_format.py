"""docs/how-to/add-an-input-format.md: the adapter on the page reads the page's sample as the page says."""

from __future__ import annotations

import csv
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from intake import adapters
from intake.adapter import Defaults
from intake.file_accounts import Account
from intake.ingest import Ingest
from intake.landing_folder import input_named
from tests.quick import BELIEVABLE
from warehouse.contracts import Table
from warehouse.store import Lake
from warehouse.tables import BRONZE_AD_SPEND, BRONZE_QUARANTINE

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "how-to" / "add-an-input-format.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of that language, in the page's order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)


ADAPTER_MODULE, ENTRY, TEST_MODULE = blocks("python")
SAMPLE, SPEND, QUARANTINE = blocks("csv")
(CONFIGURATION,) = blocks("yaml")
(ROW_OF_FORMATS,) = blocks("markdown")
# The paths that the page gives its blocks.
(ADAPTER_PATH, TEST_PATH) = re.findall(r"`(\S+tiktok_ads\.py)`", PAGE)


def run(code: str, path: str) -> ModuleType:
    """The block as the module that it is in the file at `path`."""
    module = ModuleType(path.removesuffix(".py").replace("/", "."))
    exec(compile(code, path, "exec"), module.__dict__)
    return module


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name under which steps 2 and 3 enter the adapter, for as long as a test runs."""
    module = run(ADAPTER_MODULE, ADAPTER_PATH)
    package, _, own_name = module.__name__.rpartition(".")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(sys.modules[package], own_name, module, raising=False)
    (entry,) = run(ENTRY, "intake/adapters/__init__.py").ADAPTERS.items()
    monkeypatch.setitem(adapters.ADAPTERS, *entry)
    assert entry == (own_name, module.ADAPTER)  # type: ignore[attr-defined]
    return str(entry[0])


@dataclass(frozen=True)
class Rows:
    """A block of CSV: its header and its rows, blank as null."""

    names: list[str]
    rows: list[tuple[str | None, ...]]


def table_of(block: str) -> Rows:
    header, *lines = csv.reader(block.splitlines())
    return Rows(header, [tuple(value or None for value in line) for line in lines])


def test_the_sample_becomes_the_rows_that_the_page_shows(spark: SparkSession, tmp_path: Path, entered: str) -> None:
    (file,) = re.findall(r"landed as `(\S+)`", PAGE)
    landed = tmp_path / "landing" / file
    landed.parent.mkdir(parents=True)
    landed.write_text(SAMPLE, encoding="utf-8")
    (chosen,) = yaml.safe_load(CONFIGURATION)["landing"]["inputs"]
    source = input_named(**chosen, options={})
    lake = Lake(spark, str(tmp_path / "lake"), "run")
    ingest = Ingest(
        lake,
        str(tmp_path / "landing"),
        defaults=Defaults(),
        max_quarantined_share=0.5,
        believable=BELIEVABLE,
        started_at=datetime(2026, 3, 3, tzinfo=UTC),
        say=lambda message: None,
    )

    accounts = ingest.take_in(ingest.new_batches([source]))

    def rows(table: Table, names: list[str], *order: str) -> list[tuple[Any, ...]]:
        found = lake.read(table).orderBy(*order).select(*(F.col(name).cast("string") for name in names))
        return [tuple(row) for row in found.collect()]

    assert source.adapter is adapters.ADAPTERS[entered]
    assert accounts == {source.name: Account(read=3, kept=2, duplicate=0, quarantined=1)}
    spend, quarantine = table_of(SPEND), table_of(QUARANTINE)
    assert rows(BRONZE_AD_SPEND, spend.names, "source_line") == spend.rows
    assert rows(BRONZE_QUARANTINE, quarantine.names, "line") == quarantine.rows


def test_the_test_that_the_page_shows_passes(
    spark: SparkSession, tmp_path: Path, entered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "tests" / "intake" / "adapters")
    module = run(TEST_MODULE, TEST_PATH)
    (test,) = (value for name, value in vars(module).items() if name.startswith("test_"))
    test(module.Landing(spark, tmp_path / "landing"))


def formats_of(text: str) -> list[list[str]]:
    """The cells of each row of a table of adapters."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]


def test_the_row_for_the_table_of_formats_fits_it() -> None:
    (row,) = formats_of(ROW_OF_FORMATS)
    table = formats_of((REPOSITORY / "docs" / "input.md").read_text(encoding="utf-8"))
    assert {len(cells) for cells in table} == {len(row)}
    assert row[0] == "`tiktok_ads`"


def test_docs_input_lists_every_adapter_once() -> None:
    table = formats_of((REPOSITORY / "docs" / "input.md").read_text(encoding="utf-8"))
    assert [cells[0].strip("`") for cells in table] == list(adapters.ADAPTERS)
