"""When a table is current, updated in part or made in full, and how that is reported, on three small tables.

Landed numbers are summed by name (in part, by the names that changed), and the sums are counted (always in full).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse import table_update
from warehouse.checks import none_found
from warehouse.contracts import Column, Table
from warehouse.knobs import Build, Knobs, Part
from warehouse.recipes import Changes, Cut, Recipe, Work
from warehouse.store import Lake
from warehouse.table_update import TableUpdate, in_words

NUMBERS = Table(
    layer="bronze",
    name="numbers",
    grain="landed number",
    owner="operations",
    freshness="every test",
    key=("id",),
    columns=(
        Column("id", "int", "its id", nullable=False),
        Column("name", "string", "whose", nullable=False),
        Column("number", "int", "how many", nullable=False),
    ),
)
SUMS = Table(
    layer="silver",
    name="sums",
    grain="name",
    owner="operations",
    freshness="every test",
    key=("name",),
    columns=(Column("name", "string", "whose"), Column("sum", "bigint", "of its numbers, times the factor")),
)
COUNTS = Table(
    layer="gold",
    name="counts",
    grain="lake",
    owner="operations",
    freshness="every test",
    key=("names",),
    columns=(Column("names", "bigint", "how many names"),),
)


class Factor(Knobs):
    factor: int


class Title(Knobs):
    title: str


def changed_names(work: Work) -> DataFrame:
    assert work.changes is not None
    return work.stage("names", work.changes[NUMBERS].select("name").distinct())


def of_changed_names(work: Work) -> Cut:
    if work.changes is None:
        return lambda frame: frame
    names = work.once(changed_names)
    return lambda frame: frame.join(names, "name", how="left_semi")


def sums(work: Work) -> DataFrame:
    summed = of_changed_names(work)(work.read(NUMBERS)).groupBy("name").agg(F.sum("number").alias("sum"))
    return summed.withColumn("sum", F.col("sum") * work.knobs(Factor).factor)


SUMS_RECIPE = Recipe(
    table=SUMS,
    inputs=(NUMBERS,),
    knobs=(Factor,),
    build=sums,
    changes=Changes(follows=(NUMBERS,)),
    scope=of_changed_names,
    checks=lambda work: [none_found("sums of nobody", work.read(SUMS).where("name IS NULL").count())],
)
COUNTS_RECIPE = Recipe(
    table=COUNTS,
    inputs=(SUMS,),
    knobs=(),
    build=lambda work: work.read(SUMS).agg(F.count(F.lit(1)).alias("names")),
    checks=lambda work: [none_found("counts of nothing", work.read(COUNTS).where("names = 0").count())],
)
RECIPES = (SUMS_RECIPE, COUNTS_RECIPE)


@dataclass
class Run:
    """A run with knobs given one by one."""

    lake: Lake
    given: Sequence[Knobs]
    full: bool = False
    as_of: date = date(2026, 3, 31)
    periods: Sequence[int] = ()
    lines: list[str] = field(default_factory=list)

    def knobs(self, part: type[Part]) -> Part:
        return next(knobs for knobs in self.given if isinstance(knobs, part))

    def say(self, message: str) -> None:
        self.lines.append(message)


def run_on(lake: Lake, *, factor: int = 1, title: str = "a", share: float = 1.0) -> Run:
    return Run(
        Lake(lake.spark, lake.root, "run"),
        (Factor(factor=factor), Title(title=title), Build(max_changed_share=share, small_change_rows=0)),
    )


def planned(run: Run, recipes: Sequence[Recipe] = RECIPES) -> str:
    return in_words(TableUpdate(run, recipes).plan())


def made(run: Run, recipes: Sequence[Recipe] = RECIPES) -> str:
    return in_words(TableUpdate(run, recipes).make())


def land(lake: Lake, *rows: tuple[int, str, int]) -> None:
    Lake(lake.spark, lake.root, "land").append(NUMBERS, lake.spark.createDataFrame(list(rows), NUMBERS.ddl))


def stored(lake: Lake) -> dict[str, int]:
    return {row["name"]: row["sum"] for row in Lake(lake.spark, lake.root, "look").read(SUMS).collect()}


def versions(lake: Lake) -> dict[str, int]:
    return Lake(lake.spark, lake.root, "look").versions([SUMS, COUNTS])


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    lake = Lake(spark, str(tmp_path), "first")
    land(lake, (1, "ann", 1), (2, "ann", 2), (3, "bob", 5))
    return lake


def test_tables_that_do_not_exist_are_made_in_full_and_then_are_current(lake: Lake) -> None:
    assert planned(run_on(lake)) == "in full (not built yet): silver.sums, gold.counts"
    assert versions(lake) == {}  # a plan writes nothing
    run = run_on(lake)
    assert made(run) == "in full (not built yet): silver.sums, gold.counts"
    assert run.lines == ["silver.sums written", "gold.counts written"]
    assert stored(lake) == {"ann": 3, "bob": 5}
    before = versions(lake)
    assert (planned(run_on(lake)), made(run_on(lake))) == ("", "")
    assert versions(lake) == before


def test_new_input_updates_its_part_and_what_has_no_part_is_made_in_full(lake: Lake) -> None:
    made(run_on(lake))
    land(lake, (4, "bob", 2), (5, "cem", 1))
    wanted = "in part: silver.sums; in full ({}): gold.counts"
    assert planned(run_on(lake)) == wanted.format("silver.sums is updated")
    assert made(run_on(lake)) == wanted.format("inputs have changed")
    assert stored(lake) == {"ann": 3, "bob": 7, "cem": 1}


def test_an_update_that_was_stopped_between_two_tables_goes_on_with_the_second(lake: Lake) -> None:
    made(run_on(lake))
    land(lake, (4, "bob", 2))
    made(run_on(lake), [SUMS_RECIPE])
    assert made(run_on(lake)) == "in full (inputs have changed): gold.counts"


def test_tables_that_share_their_changes_are_updated_from_the_oldest_version_that_one_of_them_has_seen(
    lake: Lake,
) -> None:
    twice = replace(SUMS, name="twice")
    both = (SUMS_RECIPE, replace(SUMS_RECIPE, table=twice))
    made(run_on(lake), both)
    land(lake, (4, "bob", 2))
    made(run_on(lake), [SUMS_RECIPE])
    land(lake, (5, "cem", 1))
    assert made(run_on(lake), both) == "in part: silver.sums, silver.twice"
    rows = [Lake(lake.spark, lake.root, "look").read(table).orderBy("name").collect() for table in (SUMS, twice)]
    assert rows[0] == rows[1]
    assert stored(lake) == {"ann": 3, "bob": 7, "cem": 1}


def test_a_knob_that_the_recipe_names_makes_its_table_in_full_and_another_none(lake: Lake) -> None:
    made(run_on(lake))
    assert planned(run_on(lake, title="b")) == ""
    assert planned(run_on(lake, factor=10)) == (
        "in full (knobs or rules have changed): silver.sums; in full (silver.sums is made in full): gold.counts"
    )
    made(run_on(lake, factor=10))
    assert stored(lake) == {"ann": 30, "bob": 50}


def test_other_code_makes_everything_in_full(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    made(run_on(lake))
    monkeypatch.setattr(table_update, "code_version", lambda: "another")
    assert planned(run_on(lake)) == "in full (made by another version of the code): silver.sums, gold.counts"


def test_a_full_run_makes_even_what_is_current(lake: Lake) -> None:
    made(run_on(lake))
    assert made(replace(run_on(lake), full=True)) == "in full (asked for): silver.sums, gold.counts"


def test_an_input_that_was_replaced_as_a_whole_has_no_changed_rows_to_follow(lake: Lake) -> None:
    made(run_on(lake))
    landed = Lake(lake.spark, lake.root, "look").versions([NUMBERS])["bronze.numbers"]
    land(lake, (4, "bob", 2))
    Lake(lake.spark, lake.root, "restore").restore(NUMBERS, landed)
    assert made(run_on(lake), [SUMS_RECIPE]) == "in full (bronze.numbers was replaced as a whole): silver.sums"


def test_where_more_of_bronze_is_new_than_the_knob_says_the_table_is_made_in_full(lake: Lake) -> None:
    made(run_on(lake))
    land(lake, (4, "bob", 2))
    full = "in full (25% of bronze.numbers is new (build.max_changed_share)): silver.sums"
    assert planned(run_on(lake, share=0.2), [SUMS_RECIPE]) == full
    assert planned(run_on(lake, share=0.3), [SUMS_RECIPE]) == "in part: silver.sums"


def test_a_fitted_model_is_an_input_like_a_table(lake: Lake) -> None:
    by_model = {version: replace(SUMS_RECIPE, models=lambda work, v=version: {"m": v}) for version in ("m/1", "m/2")}
    made(run_on(lake), [by_model["m/1"]])
    assert planned(run_on(lake), [by_model["m/1"]]) == ""
    assert planned(run_on(lake), [by_model["m/2"]]) == "in full (m is m/2): silver.sums"
    assert planned(run_on(lake), [SUMS_RECIPE]) == "in full (m is gone): silver.sums"


def test_what_earlier_steps_would_write_makes_the_tables_after_it_stale(lake: Lake) -> None:
    made(run_on(lake))
    update = TableUpdate(run_on(lake), RECIPES)
    assert in_words(update.plan({NUMBERS: ""})) == "in part: silver.sums; in full (silver.sums is updated): gold.counts"
    assert in_words(update.plan({SUMS: "asked for"})) == "in full (silver.sums is made in full): gold.counts"


def test_a_table_of_a_day_holds_the_slice_of_each_day_until_it_expires(lake: Lake) -> None:
    daily = replace(COUNTS, name="daily", key=("as_of",), columns=(*COUNTS.columns, Column("as_of", "date", "day")))
    recipe = replace(
        COUNTS_RECIPE,
        table=daily,
        build=lambda work: COUNTS_RECIPE.build(work).withColumn("as_of", F.lit(work.run.as_of)),
        is_of_day=True,
        slice=lambda work: f"as_of = DATE'{work.run.as_of}'",
        expired=lambda work: f"as_of < DATE'{work.run.as_of}' - INTERVAL 2 DAYS",
    )
    made(run_on(lake), [SUMS_RECIPE])

    def days_after(*days: int) -> list[date]:
        for day in days:
            made(replace(run_on(lake), as_of=date(2026, 3, day)), [recipe])
        rows = Lake(lake.spark, lake.root, "look").read(daily).orderBy("as_of").collect()
        return [row["as_of"] for row in rows]

    assert days_after(28, 29) == [date(2026, 3, 28), date(2026, 3, 29)]
    assert planned(replace(run_on(lake), as_of=date(2026, 3, 29)), [recipe]) == ""
    assert (
        planned(replace(run_on(lake), as_of=date(2026, 3, 31)), [recipe]) == "in full (as_of is 2026-03-31): gold.daily"
    )
    assert days_after(31) == [date(2026, 3, 29), date(2026, 3, 31)]
