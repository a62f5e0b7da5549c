"""Incremental equals full, row for row, for any order and any cut of the input (docs: late data)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from random import Random

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.credit import attribute
from jobs.intake import intake
from jobs.publish import check_and_publish
from jobs.silver import build_silver
from jobs.value import score
from tests.jobs.places import Place
from tests.jobs.worlds import Cut, cut_worlds
from warehouse.contracts import Table
from warehouse.store import Lake
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_LANDED_FILES,
    BRONZE_ORDERS,
    BRONZE_QUARANTINE,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_CUSTOMER_SUMMARY,
    GOLD_PATH_SUMMARY,
    SILVER_ACTIVITY,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_IDENTITIES,
    SILVER_JOURNEYS,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

TABLES = (
    SILVER_IDENTITIES,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
    SILVER_ACTIVITY,
    SILVER_ORDERS,
    SILVER_CONVERSIONS,
    SILVER_AD_SPEND,
    SILVER_JOURNEYS,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_PATH_SUMMARY,
    GOLD_CHANNEL_PERFORMANCE,
)
BRONZE = (BRONZE_LANDED_FILES, BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES)
TO_CREDITS = (intake, build_silver, attribute)
TO_VALUE = (*TO_CREDITS, score)
SEED = int(os.environ.get("WORLDS_SEED", "20260301"))
SHOWN = 20
TO_THE_MICROSECOND = {"timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"}

Read = Callable[[Table], DataFrame]


@dataclass(frozen=True)
class Grown:
    """A lake that took the worlds batch by batch, and one that took them at once."""

    step_by_step: Lake
    at_once: Lake
    said: Sequence[Sequence[str]]  # of each batch: what the build and the attribute step say they did
    before_last: Place  # when the last batch had landed and nothing of it was taken in
    seconds: float  # that the last batch took


def grow(cut: Cut, spark: SparkSession, folder: Path) -> Grown:
    place, said = Place.new(folder / "step_by_step"), []
    for batch in range(len(cut.files)):
        cut.land(place.landing, batch)
        # A line that no adapter reads, so that there is something to set aside.
        (place.landing / "events" / f"bad-{batch}.jsonl").write_text("no event\n")
        is_last = batch == len(cut.files) - 1
        before = place.copy(folder / "before_last") if is_last else place
        begun = time.monotonic()
        run = place.run_here(spark, TO_VALUE if is_last else TO_CREDITS)
        seconds = time.monotonic() - begun
        said.append([step.message for step in run.steps if step.name in ("build", "attribute")])
    at_once = Place.new(folder / "at_once")
    cut.land(at_once.landing)
    at_once.run_here(spark, TO_CREDITS)
    return Grown(lake_of(place, spark), lake_of(at_once, spark), said, before, seconds)


def lake_of(place: Place, spark: SparkSession) -> Lake:
    return Lake(spark, str(place.lake), "look")


def differences(one: Read, other: Read, tables: Sequence[Table] = TABLES) -> list[str]:
    """The first rows that stand more often in one than in the other, null-safe; [] where all tables are equal.

    Doubles are compared to 9 decimals: sums of them depend on the order of the addends. One query for all tables.
    """

    def signed(table: Table, read: Read, sign: int) -> DataFrame:
        columns = [
            F.round(column.name, 9).alias(column.name) if column.type == "double" else F.col(column.name)
            for column in table.columns
        ]
        # Every table has its columns, so what to_json leaves out is null and nothing else.
        return read(table).select(
            F.lit(table.full_name).alias("table"),
            F.to_json(F.struct(*columns), TO_THE_MICROSECOND).alias("row"),
            F.lit(sign).alias("surplus"),
        )

    rows = reduce(DataFrame.unionAll, (signed(table, *side) for table in tables for side in ((one, 1), (other, -1))))
    surplus = rows.groupBy("table", "row").agg(F.sum("surplus").alias("surplus")).where(F.col("surplus") != 0)
    found = surplus.orderBy("table", "row").limit(SHOWN).collect()
    return [f"{row['table']} {row['surplus']:+d}: {row['row']}" for row in found]


@pytest.fixture(scope="module")
def grown(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Grown:
    count = int(os.environ.get("WORLDS", "200"))
    return grow(cut_worlds(count, seed=SEED, batches=5), spark, tmp_path_factory.mktemp("worlds"))


def test_200_worlds_in_5_batches_end_as_when_all_came_at_once(grown: Grown) -> None:
    assert differences(grown.step_by_step.read, grown.at_once.read) == []


def test_every_batch_after_the_first_was_built_from_the_affected_persons_only(grown: Grown) -> None:
    for build, attributed in grown.said[1:]:
        assert build == "affected persons only"
        assert "in full" not in attributed


def test_no_table_is_empty_and_one_row_more_or_less_in_any_is_noticed(grown: Grown) -> None:
    def with_one_twice(table: Table) -> DataFrame:
        right = grown.at_once.read(table)
        return right.unionByName(right.orderBy(*table.key).limit(1))

    names = sorted(table.full_name for table in TABLES)
    for one, other, surplus in (
        (grown.at_once.read, with_one_twice, "-1"),
        (with_one_twice, grown.at_once.read, "+1"),
    ):
        noticed = [line.split(":", maxsplit=1)[0] for line in differences(one, other)]
        assert noticed == [f"{name} {surplus}" for name in names]


def test_an_update_killed_twice_and_run_again_ends_as_an_undisturbed_one(
    grown: Grown, spark: SparkSession, tmp_path: Path
) -> None:
    # The long form, with 30 kills, is in test_faults.py.
    place, random = grown.before_last.copy(tmp_path / "killed"), Random(SEED)
    for with_jvm in (True, False):
        # A process that must first warm up is slower than the session here.
        moment = random.uniform(0.3, 1.0) * grown.seconds
        assert place.kill_after(moment, with_jvm=with_jvm), "it had ended before"
    place.run_here(spark, (*TO_VALUE, check_and_publish))
    assert place.is_published()
    again, undisturbed = lake_of(place, spark), grown.step_by_step
    assert differences(again.read, undisturbed.read, (*BRONZE, *TABLES, GOLD_CUSTOMER_SUMMARY)) == []
    assert set_aside(again) == set_aside(undisturbed) != []


def set_aside(lake: Lake) -> list[str]:
    """The quarantined rows; when one was set aside is a fact about the run, not about the row."""
    return sorted(map(repr, lake.read(BRONZE_QUARANTINE).drop("quarantined_at").collect()))


@pytest.mark.long
def test_5000_worlds_in_7_batches_end_as_when_all_came_at_once(spark: SparkSession, tmp_path: Path) -> None:
    grown = grow(cut_worlds(5000, seed=SEED + 1, batches=7), spark, tmp_path)
    assert differences(grown.step_by_step.read, grown.at_once.read) == []
