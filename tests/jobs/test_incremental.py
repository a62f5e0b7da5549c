"""Incremental equals full, row for row, for any order and any cut of the input (docs: late data)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from random import Random

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import attribute, build, check, ingest, score
from tests.jobs.places import Place
from tests.jobs.worlds import Cut, cut_worlds
from touchpoints.ids import identified
from touchpoints.order_versions import newest_versions
from warehouse.contracts import Table
from warehouse.store import Lake
from warehouse.tables import (
    ALL_TABLES,
    BRONZE_EVENTS,
    BRONZE_LANDED_MONEY,
    BRONZE_ORDERS,
    BRONZE_REFUSED_ROWS,
    GOLD_CHANNEL_EFFECTS,
    GOLD_CHANNEL_TRANSITIONS,
    GOLD_CHURN,
    GOLD_CHURN_RELIABILITY,
    GOLD_CUSTOMER_VALUE,
    GOLD_EARLY_VALUE,
    GOLD_FORECAST_ACCURACY,
    GOLD_RETENTION_LIST,
    GOLD_RETENTION_PROFIT,
    GOLD_VALUE_BACKTEST,
    GOLD_VALUE_TOTALS,
    SILVER_ALIASES,
    SILVER_IDENTITIES,
    SILVER_JOURNEYS,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_SET_ASIDE,
    SILVER_TOUCHPOINTS,
)

# Their rows follow from a fitted model, and the worlds fit none.
BY_FITTED_MODELS = (
    GOLD_CHANNEL_EFFECTS,
    GOLD_CHANNEL_TRANSITIONS,
    GOLD_CHURN,
    GOLD_CHURN_RELIABILITY,
    GOLD_CUSTOMER_VALUE,
    GOLD_EARLY_VALUE,
    GOLD_VALUE_TOTALS,
    GOLD_FORECAST_ACCURACY,
    GOLD_VALUE_BACKTEST,
    GOLD_RETENTION_LIST,
    GOLD_RETENTION_PROFIT,
)
# Those of ops are about runs, which differ, and no input of the worlds is refused. Of equal rows that carry money the
# one that arrives first is kept.
NOT_THE_SAME = (*BY_FITTED_MODELS, BRONZE_LANDED_MONEY, BRONZE_REFUSED_ROWS)
TABLES = tuple(table for table in ALL_TABLES if table.layer != "ops" and table not in NOT_THE_SAME)
# Facts about the arrival of a row, not about the row.
ABOUT_THE_BATCH = {"batch_id", "modified_at", "quarantined_at", "rows_kept", "rows_duplicate", "rows_conflicting"}
# Of equal copies of an event the first is kept.
NOT_COMPARED = dict.fromkeys(TABLES, ABOUT_THE_BATCH) | {
    BRONZE_EVENTS: ABOUT_THE_BATCH | {"source_file"},
    SILVER_SET_ASIDE: ABOUT_THE_BATCH | {"source_file", "other_file"},
}
TO_CREDITS = (ingest.STEP, build.STEP, attribute.STEP)
TO_THE_END = (score.STEP, check.PUBLISH)
IN_PART = "in part: silver.aliases, silver.identities, silver.sessions, "
SEED = int(os.environ.get("WORLDS_SEED", "20260301"))
WORLDS = int(os.environ.get("WORLDS", "200"))
SHOWN = 40
TO_THE_MICROSECOND = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"}

OF_PERSONS = (SILVER_IDENTITIES, SILVER_SESSIONS, SILVER_TOUCHPOINTS, SILVER_ORDERS, SILVER_JOURNEYS)

Read = Callable[[Table], DataFrame]


@dataclass(frozen=True)
class Grown:
    """A lake that took the worlds batch by batch, and one that took them at once and undisturbed."""

    step_by_step: Lake
    at_once: Lake
    messages: Sequence[Sequence[str]]  # of each run: the messages of the build and the attribute step


def take_in(place: Place, spark: SparkSession) -> list[str]:
    """A run up to the credits; the messages of its build and attribute step."""
    return [step.message for step in place.run_here(spark, TO_CREDITS).steps if step.name in ("build", "attribute")]


def grow(cut: Cut, spark: SparkSession, folder: Path, at_once: Lake) -> Grown:
    """The batches one by one, each in a run of its own."""
    place, messages = replace(Place.new(folder), features=True), []
    for batch in range(len(cut.files)):
        land(cut, place, batch)
        messages.append(take_in(place, spark))
    place.run_here(spark, TO_THE_END)
    return Grown(lake_of(place, spark), at_once, messages)


def take_in_at_once(cut: Cut, spark: SparkSession, folder: Path) -> Lake:
    """All batches in one run, which leaves every table to Spark and Delta."""
    place = replace(Place.new(folder), small_change_rows=0, features=True)
    land(cut, place, *range(len(cut.files)))
    place.run_here(spark, (*TO_CREDITS, score.STEP))
    return lake_of(place, spark)


def land(cut: Cut, place: Place, *batches: int) -> None:
    """The batches' files, and with each a line that no adapter reads, so that there is a row to quarantine."""
    cut.land(place.landing, *batches)
    for batch in batches:
        (place.landing / "events" / f"bad-{batch}.jsonl").write_text("no event\n")


def lake_of(place: Place, spark: SparkSession) -> Lake:
    return Lake(spark, str(place.lake), "look")


def differences(one: Read, other: Read) -> list[str]:
    """The first rows that occur more often in one than in the other, null-safe; [] where all tables are equal.

    Doubles are compared to 9 decimals: sums of them depend on the order of the addends. One query for all tables.
    """

    def signed(table: Table, read: Read, sign: int) -> DataFrame:
        columns = [
            F.round(column.name, 9).alias(column.name) if column.type == "double" else F.col(column.name)
            for column in table.columns
            if column.name not in NOT_COMPARED[table]
        ]
        # Rows of a table have the same columns, so a column that to_json leaves out is null.
        return read(table).select(
            F.lit(table.full_name).alias("table"),
            F.to_json(F.struct(*columns), TO_THE_MICROSECOND).alias("row"),
            F.lit(sign).alias("surplus"),
        )

    rows = reduce(DataFrame.unionAll, (signed(table, *side) for table in TABLES for side in ((one, 1), (other, -1))))
    surplus = rows.groupBy("table", "row").agg(F.sum("surplus").alias("surplus")).where(F.col("surplus") != 0)
    found = surplus.orderBy("table", "row").limit(SHOWN).collect()
    return [f"{row['table']} {row['surplus']:+d}: {row['row']}" for row in found]


@pytest.fixture(scope="module")
def cut() -> Cut:
    return cut_worlds(WORLDS, seed=SEED, batches=5)


@pytest.fixture(scope="module")
def at_once(spark: SparkSession, cut: Cut, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return take_in_at_once(cut, spark, tmp_path_factory.mktemp("worlds") / "at_once")


@dataclass(frozen=True)
class BeforeTheLast:
    """A lake that took in all batches but the last one."""

    place: Place
    messages: Sequence[Sequence[str]]
    seconds: float  # of the run that took in the newest batch


@pytest.fixture(scope="module")
def before_the_last(spark: SparkSession, cut: Cut, tmp_path_factory: pytest.TempPathFactory) -> BeforeTheLast:
    place = replace(Place.new(tmp_path_factory.mktemp("worlds") / "batches"), features=True)
    messages, seconds = [], 0.0
    for batch in range(len(cut.files) - 1):
        land(cut, place, batch)
        begun = time.monotonic()
        messages.append(take_in(place, spark))
        seconds = time.monotonic() - begun
    return BeforeTheLast(place, messages, seconds)


@pytest.fixture(scope="module")
def grown(
    spark: SparkSession,
    cut: Cut,
    at_once: Lake,
    before_the_last: BeforeTheLast,
    tmp_path_factory: pytest.TempPathFactory,
) -> Grown:
    place = before_the_last.place.copy(tmp_path_factory.mktemp("worlds") / "undisturbed")
    land(cut, place, len(cut.files) - 1)
    messages = [*before_the_last.messages, take_in(place, spark)]
    place.run_here(spark, (score.STEP,))
    return Grown(lake_of(place, spark), at_once, messages)


@pytest.mark.system
def test_200_worlds_in_5_batches_end_as_when_all_came_at_once(grown: Grown) -> None:
    assert differences(grown.step_by_step.read, grown.at_once.read) == []


@pytest.mark.system
def test_all_runs_but_the_first_were_built_from_the_affected_persons_only(grown: Grown) -> None:
    assert len(grown.messages) == 5
    for built, attributed in grown.messages[1:]:
        assert built.startswith(IN_PART)
        assert "in full" not in built + attributed


@pytest.mark.system
def test_no_two_buyers_of_the_feed_are_one_person_and_no_alias_is_left_to_itself(grown: Grown) -> None:
    lake = grown.step_by_step
    versions = newest_versions(identified(lake.read(BRONZE_ORDERS))).where(F.col("user_id").isNotNull())
    sold = versions.join(lake.read(SILVER_ORDERS), "order_id").select("user_id", "person_id").distinct()
    assert sold.count() > WORLDS / 4
    assert sold.where(F.col("person_id") != F.concat(F.lit("user:"), "user_id")).count() == 0
    ties = lake.read(SILVER_ALIASES)
    found = {row["outcome"]: row["ties"] for row in ties.groupBy("outcome").agg(F.count("*").alias("ties")).collect()}
    assert found["alias"] > WORLDS / 10
    assert {"several_buyers", "shared"} <= set(found)
    aliases = ties.where("outcome = 'alias'").select(F.concat(F.lit("user:"), "user_id").alias("person_id"))
    assert [table.full_name for table in OF_PERSONS if lake.read(table).join(aliases, "person_id").count()] == []


@pytest.mark.system
def test_no_table_is_empty_and_one_row_more_or_less_in_any_is_noticed(grown: Grown) -> None:
    def with_one_twice(tables: Sequence[Table]) -> Read:
        def read(table: Table) -> DataFrame:
            right = grown.at_once.read(table)
            return right.unionByName(right.orderBy(*table.key).limit(1)) if table in tables else right

        return read

    more, less = TABLES[::2], TABLES[1::2]
    noticed = [line.split(":", maxsplit=1)[0] for line in differences(with_one_twice(more), with_one_twice(less))]
    assert noticed == sorted([f"{table.full_name} +1" for table in more] + [f"{table.full_name} -1" for table in less])


@pytest.mark.system
def test_a_last_batch_whose_run_is_killed_twice_ends_as_when_all_came_at_once(
    spark: SparkSession, cut: Cut, at_once: Lake, before_the_last: BeforeTheLast, tmp_path: Path
) -> None:
    place, random = before_the_last.place.copy(tmp_path / "killed"), Random(SEED)
    land(cut, place, len(cut.files) - 1)
    # A process that must first warm up is slower than the session here.
    were_killed = [
        place.kill_after(random.uniform(0.3, 1.0) * before_the_last.seconds, with_jvm=with_jvm)
        for with_jvm in (True, False)
    ]
    # The tables are those of an update that was killed and run again. The long form is in test_faults.py.
    assert were_killed == [True, True], "one had ended before"
    # Tables that the killed runs had finished are not built again.
    assert "in full" not in " ".join(take_in(place, spark))
    place.run_here(spark, TO_THE_END)
    assert differences(lake_of(place, spark).read, at_once.read) == []
    assert place.is_published()


@pytest.mark.long
def test_5000_worlds_in_7_batches_end_as_when_all_came_at_once(spark: SparkSession, tmp_path: Path) -> None:
    worlds = cut_worlds(5000, seed=SEED + 1, batches=7)
    grown = grow(worlds, spark, tmp_path / "step_by_step", take_in_at_once(worlds, spark, tmp_path / "at_once"))
    assert differences(grown.step_by_step.read, grown.at_once.read) == []
