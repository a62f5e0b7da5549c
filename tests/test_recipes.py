"""The shape of recipes: each table of silver and gold has one at home, and what recipes declare holds together."""

from __future__ import annotations

import ast
import importlib
from contextlib import ExitStack
from datetime import date
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from jobs.check import PUBLISHED_TABLES, RECIPES, check_tables
from jobs.run import Run, open_run
from jobs.settings import load_settings, sections_of
from tests.test_architecture import MAY_IMPORT, REPOSITORY, sources
from warehouse.contracts import Column, Table
from warehouse.knobs import Knobs, Lock
from warehouse.recipes import Changes, Recipe, Shared, Work
from warehouse.store import Lake
from warehouse.table_update import TableUpdate
from warehouse.tables import ALL_TABLES, GOLD_SKAN_PERFORMANCE

DAY = date(2026, 3, 1)
HOMES = ("touchpoints", "attribution", "ltv")
MADE = tuple(table for table in ALL_TABLES if table.layer in ("silver", "gold"))
CHANGES = tuple({id(recipe.changes): recipe.changes for recipe in RECIPES if recipe.changes}.values())
KNOB_CLASSES = sorted({part for recipe in RECIPES for part in (*recipe.knobs, *recipe.registered)}, key=str)


def name_of(recipe: Recipe) -> str:
    return recipe.table.full_name


def home_of(table: Table) -> Path:
    """The module of the table's name."""
    (home,) = (path for package in HOMES if (path := REPOSITORY / package / f"{table.name}.py").is_file())
    return home


@cache
def recipes_written_in(path: Path) -> list[ast.Call]:
    """Every call of Recipe in a file."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == Recipe.__name__]


def test_every_silver_and_gold_table_has_exactly_one_recipe() -> None:
    assert sorted(map(name_of, RECIPES)) == sorted(table.full_name for table in MADE)


@pytest.mark.parametrize("recipe", RECIPES, ids=name_of)
def test_a_recipe_stands_at_the_end_of_the_module_of_its_table_s_name(recipe: Recipe) -> None:
    home = home_of(recipe.table)
    last = ast.parse(home.read_text(encoding="utf-8")).body[-1]
    assert isinstance(last, ast.Assign), f"{home} ends with line {last.lineno}, not with a recipe"
    (target,) = last.targets
    assert isinstance(target, ast.Name)
    module = importlib.import_module(f"{home.parent.name}.{home.stem}")
    assert getattr(module, target.id) is recipe


def test_no_recipe_stands_elsewhere() -> None:
    written = {path: len(recipes_written_in(path)) for package in MAY_IMPORT for path in sources(package)}
    assert {path: count for path, count in written.items() if count} == {home_of(recipe.table): 1 for recipe in RECIPES}


def test_inputs_of_a_recipe_are_bronze_or_made_by_an_earlier_one() -> None:
    made: set[Table] = set()
    for recipe in RECIPES:
        later = [table.full_name for table in recipe.inputs if table.layer != "bronze" and table not in made]
        assert not later, f"{name_of(recipe)} comes before its inputs {later}"
        made.add(recipe.table)


def test_all_tables_stand_in_the_order_in_which_recipes_make_them() -> None:
    assert [table.full_name for table in MADE] == list(map(name_of, RECIPES))


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: str(CHANGES.index(changes)))
def test_what_an_update_follows_is_an_input_of_a_recipe_that_is_updated_with_it(changes: Changes) -> None:
    inputs = {table for recipe in RECIPES if recipe.changes is changes for table in recipe.inputs}
    assert {*changes.follows, *changes.watches} <= inputs


@pytest.mark.parametrize("part", KNOB_CLASSES, ids=lambda part: part.__name__)
def test_a_knob_class_that_a_recipe_names_belongs_to_exactly_one_section(part: type[Knobs]) -> None:
    found = [path for path, section in sections_of(load_settings()) if isinstance(section, part)]
    assert len(found) == 1, f"{part.__name__} is of the sections {found}"


@pytest.mark.parametrize("recipe", RECIPES, ids=name_of)
def test_a_build_gets_no_knobs_that_its_recipe_does_not_name(recipe: Recipe) -> None:
    knobs_alone: Any = SimpleNamespace(knobs=load_settings().part)
    work = Work(knobs_alone, recipe, Shared(ExitStack(), "look"))
    for part in recipe.knobs:
        assert set(work.knobs(part).model_dump()) == set(part.model_fields)
    with pytest.raises(KeyError, match=rf"{name_of(recipe)}: its recipe does not name the knobs Lock"):
        work.knobs(Lock)


def test_the_checks_of_a_recipe_run_on_an_empty_lake_and_hold(work: Work) -> None:
    assert work.recipe is not None
    assert [result.name for result in work.recipe.checks(work) if not result.passed] == []


def test_the_checks_of_a_recipe_give_results_in_a_lake_with_a_row_of_each_table(work: Work) -> None:
    assert work.recipe is not None
    work.run.lake = OneRowEach(work.run.lake.spark, work.run.lake.root, "check")
    results = work.recipe.checks(work)
    assert results
    assert len({result.name for result in results}) == len(results), "two checks have one name"


def test_every_published_table_has_its_contract_checked_in_a_lake(run: Run) -> None:
    run.lake = OneRowEach(run.spark, run.lake.root, "check")
    checked = {result.name for result in check_tables(run)}
    assert {f"keys that stand twice in {table.full_name}" for table in PUBLISHED_TABLES} <= checked


def test_a_plan_for_an_empty_lake_makes_every_table_in_full(run: Run) -> None:
    recipes = [recipe for recipe in RECIPES if not recipe.registered]  # the others ask the registry of models
    usual = [recipe.table for recipe in recipes if recipe.made_with is None]
    assert TableUpdate(run, recipes).plan() == dict.fromkeys(usual, "not built yet")


def test_a_table_that_most_lakes_do_not_need_is_made_with_its_input(run: Run) -> None:
    optional = [recipe for recipe in RECIPES if recipe.made_with]
    assert [recipe.table for recipe in optional] == [GOLD_SKAN_PERFORMANCE]
    for recipe in optional:
        assert recipe.made_with in recipe.inputs
        assert TableUpdate(run, [recipe]).plan() == {}
        landed = {recipe.made_with: ""}  # what the ingest of a dry run would write
        assert TableUpdate(run, [recipe]).plan(landed) == {recipe.table: "not built yet"}


class OneRowEach(Lake):
    """A lake in which every table was made and has one row, of values that fit its contract one by one."""

    def exists(self, table: Table) -> bool:
        return True

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        values = [F.expr(value_of(column)).cast(column.type).alias(column.name) for column in table.columns]
        return self.spark.range(1).select(values)


def value_of(column: Column) -> str:
    """A value of the column, as SQL."""
    if column.values:
        return f"'{column.values[0]}'"
    if column.name.endswith("currency"):
        return "'USD'"
    kind = column.type.partition("<")[0]
    texts = {"string": "'x'", "boolean": "true", "date": f"'{DAY}'", "timestamp": f"'{DAY}'"}
    return {**texts, "array": "array()", "map": "map()"}.get(kind, "1")


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Run:
    """A run with the default settings over a lake without tables."""
    settings = load_settings().model_copy(update={"lake": str(tmp_path / "lake")})
    console = Console(quiet=True)
    return open_run("check", config=None, settings=settings, spark=spark, console=console, as_of=DAY)


@pytest.fixture(params=RECIPES, ids=name_of)
def work(request: pytest.FixtureRequest, run: Run) -> Work:
    """What the checks and the build of a recipe may use."""
    return Work(run, request.param, Shared(ExitStack(), "check"))
