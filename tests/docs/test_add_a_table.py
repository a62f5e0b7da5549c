"""docs/how-to/add-a-table.md works as it stands: its table is made, updated in part and checked as the page says."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from jobs.run import Run, open_run
from jobs.settings import load_settings
from tests.attribution.rules_oracle import journey, journeys_frame, walk
from tests.docs.page_steps import REPOSITORY, follow, module_of, page, run, steps, table_after
from tests.test_architecture import MAY_IMPORT
from warehouse.contract_checks import check_contracts
from warehouse.contracts import Table
from warehouse.recipes import Recipe, Shared, Work
from warehouse.store import Lake, Origin
from warehouse.table_update import TableUpdate
from warehouse.tables import SILVER_JOURNEYS

PAGE = page("add-a-table.md")
STEPS = steps(PAGE)
CONTRACT, HOME, TEST = (step for step in STEPS if step.what == "Write")
LISTS = """
import sys
from jobs.check import PUBLISHED_TABLES, RECIPES
from tests.jobs.test_incremental import TABLES
from warehouse.tables import GOLD_ASSISTED_CONVERSIONS
lists = (TABLES, PUBLISHED_TABLES, [recipe.table for recipe in RECIPES])
sys.stdout.write(" ".join(str(GOLD_ASSISTED_CONVERSIONS in tables) for tables in lists))
"""
JOURNEYS = table_after(PAGE, "conversion", "type", "path")
ROWS = table_after(PAGE, "conversion_type", "channel", "assisted_conversions", "closed_conversions")


@pytest.fixture(scope="module")
def recipe() -> Iterator[Recipe]:
    """The recipe of the page, whose modules can be imported for as long as these tests run."""
    with pytest.MonkeyPatch.context() as patch:
        for step in (CONTRACT, HOME):
            module = module_of(step.file, step.block)
            patch.setitem(sys.modules, module.__name__, module)
        yield module.ASSISTED_CONVERSIONS  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with the first journeys of the page."""
    found = Lake(spark, str(tmp_path_factory.mktemp("lake")), "attribute")
    found.replace(SILVER_JOURNEYS, journeys(spark, 0), origin=Origin({}, "", ""))
    return found


def journeys(spark: SparkSession, place: int) -> DataFrame:
    rows = [
        journey(name, walk(path, name=name), conversion_type=type_)  # ids of touches begin with the conversion's
        for name, type_, path in JOURNEYS[place]
    ]
    return journeys_frame(spark, rows)


def opened(lake: Lake) -> Run:
    """A later run over the lake."""
    settings = load_settings().model_copy(update={"lake": lake.root})
    return open_run("attribute", config=None, settings=settings, spark=lake.spark, console=Console(quiet=True))


def made_frame(spark: SparkSession, table: Table, rows: list[list[str]]) -> DataFrame:
    return spark.createDataFrame([(*row[:2], int(row[2]), int(row[3])) for row in rows], table.ddl)


def rows_of(lake: Lake, table: Table) -> list[list[str]]:
    return sorted([str(value) for value in row] for row in lake.read(table).collect())


def failing(lake: Lake, recipe: Recipe) -> list[str]:
    with ExitStack() as stack:
        results = recipe.checks(Work(opened(lake), recipe, Shared(stack, "check")))
    assert len(results) == 2
    return [result.name for result in results if not result.passed]


def test_the_table_is_made_in_full_then_updated_in_part_and_checked(lake: Lake, recipe: Recipe) -> None:
    table = recipe.table
    assert TableUpdate(opened(lake), [recipe]).make() == {table: "not built yet"}
    assert rows_of(lake, table) == ROWS[0]
    assert TableUpdate(opened(lake), [recipe]).plan() == {}
    version = opened(lake).lake.version(table)
    assert version is not None

    rows = journeys(lake.spark, 1)
    opened(lake).lake.update_rows(
        SILVER_JOURNEYS, rows, stored=lake.read(SILVER_JOURNEYS), origin=Origin({"bronze.events": 1}, "", "")
    )
    assert failing(lake, recipe) == ["all other channels of a path assist"]
    update = TableUpdate(opened(lake), [recipe])
    assert update.plan() == {table: ""}
    assert update.make() == {table: ""}

    later = opened(lake).lake
    assert rows_of(later, table) == ROWS[1]
    changes = later.changes(table, version)
    assert changes is not None
    touched = {(row["conversion_type"], row["channel"]) for row in changes.collect()}
    assert touched == {(type_, name) for type_, name, *_ in (*ROWS[0], *ROWS[1])} - {("sign_up", "Email")}
    assert failing(later, recipe) == []


def test_the_scope_of_the_update_is_what_the_page_says(lake: Lake, recipe: Recipe) -> None:
    before, after = (journeys(lake.spark, place) for place in (0, 1))
    changes = before.exceptAll(after).unionByName(after.exceptAll(before))
    made = made_frame(lake.spark, recipe.table, ROWS[0]).unionByName(made_frame(lake.spark, recipe.table, ROWS[1]))
    with ExitStack() as stack:
        cut = recipe.scope(Work(opened(lake), recipe, Shared(stack, "scope"), {SILVER_JOURNEYS: changes}))
        assert cut is not None
        scope = {(row["conversion_type"], row["channel"]) for row in cut(made).collect()}
    assert "Its scope is Display, Email and Search of purchases and Search of sign-ups." in PAGE.replace("\n", " ")
    assert scope == {("purchase", "Display"), ("purchase", "Email"), ("purchase", "Search"), ("sign_up", "Search")}


@pytest.mark.parametrize(
    ("damage", "failed"),
    [
        (lambda rows: rows, []),
        (lambda rows: rows.unionByName(rows.limit(1)), ["keys that stand twice"]),
        (lambda rows: rows.withColumn("closed_conversions", F.lit(-1)), ["values out of range"]),
        (lambda rows: rows.withColumn("channel", F.lit(None).cast("string")).limit(1), ["nulls"]),
    ],
)
def test_the_contract_is_checked_as_it_stands(
    spark: SparkSession, recipe: Recipe, damage: Any, failed: list[str]
) -> None:
    made = made_frame(spark, recipe.table, ROWS[0])
    results = check_contracts(lambda table: damage(made), [recipe.table])
    names = [f"{name} in gold.assisted_conversions" for name in failed]
    assert [result.name for result in results if not result.passed] == names


def test_the_test_that_the_page_shows_passes(spark: SparkSession, recipe: Recipe) -> None:
    (test,) = (value for name, value in vars(module_of(TEST.file, TEST.block)).items() if name.startswith("test_"))
    test(spark)


def test_the_page_touches_five_places_and_the_tests_that_need_no_lake_hold_there(tmp_path: Path) -> None:
    assert list(dict.fromkeys(step.file for step in STEPS)) == [
        "warehouse/tables/gold_assisted_conversions.py",
        "warehouse/tables/__init__.py",
        "attribution/assisted_conversions.py",
        "jobs/attribute.py",
        "tests/attribution/test_assisted_conversions.py",
    ]
    for folder in (*MAY_IMPORT, "tests"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    follow(STEPS, tmp_path)
    files = ("tests/test_recipes.py", "tests/test_architecture.py", "tests/warehouse/test_contracts.py")
    # The others would start a Spark of their own.
    chosen = "not lake and not spark_knows"
    report = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *files)
    assert re.search(r"\d+ passed", report)
    assert run(tmp_path, "-c", LISTS) == "True True True"
