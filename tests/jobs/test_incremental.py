"""Incremental equals full, row for row, for any order and any cut of the input (docs: late data)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from jobs.credit import attribute
from jobs.intake import intake
from jobs.run import Run, open_run
from jobs.silver import build_silver
from tests.jobs.worlds import FIRST_DAY, Cut, cut_worlds
from warehouse.contracts import Table
from warehouse.settings import Settings
from warehouse.settings_file import load_settings
from warehouse.store import Lake
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
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
SEED = int(os.environ.get("WORLDS_SEED", "20260301"))
SHOWN = 6

Read = Callable[[Table], DataFrame]


@dataclass(frozen=True)
class Grown:
    """A lake that took the worlds batch by batch, and one that took them at once."""

    step_by_step: Lake
    at_once: Lake
    said: Sequence[Sequence[str]]  # of each batch: what the build and the attribute step say they did


def settings_in(folder: Path) -> Settings:
    base = load_settings()
    changes = {
        "lake": str(folder / "lake"),
        "landing": base.landing.model_copy(update={"root": str(folder / "landing")}),
        # A zone in which a day of events has two dates.
        "report": base.report.model_copy(update={"timezone": "Asia/Seoul", "currency": "USD"}),
        "touchpoints": base.touchpoints.model_copy(update={"own_domains": ["shop.example"]}),
        "attribution": base.attribution.model_copy(update={"start_date": FIRST_DAY.date()}),
        # Each batch is a large part of so small a lake, and none may end in a full build.
        "build": base.build.model_copy(update={"max_changed_share": 1e9}),
    }
    return base.model_copy(update=changes)


def take_in(settings: Settings, spark: SparkSession) -> Run:
    run = open_run("pipeline", config=None, settings=settings, spark=spark, console=Console(quiet=True))
    for step in (intake, build_silver, attribute):
        step(run)
    return run


def grow(cut: Cut, spark: SparkSession, folder: Path) -> Grown:
    settings = settings_in(folder / "step_by_step")
    said = []
    for batch in range(len(cut.files)):
        cut.land(Path(settings.landing.root), batch)
        run = take_in(settings, spark)
        said.append([step.message for step in run.steps if step.name != "ingest"])
    at_once = settings_in(folder / "at_once")
    cut.land(Path(at_once.landing.root))
    take_in(at_once, spark)
    return Grown(Lake(spark, settings.lake, "look"), Lake(spark, at_once.lake, "look"), said)


def difference(table: Table, one: DataFrame, other: DataFrame) -> list[str]:
    """The first rows that stand more often in one than in the other, null-safe; [] where the two are equal.

    Doubles are compared to 9 decimals: sums of them depend on the order of the addends.
    """

    def signed(frame: DataFrame, sign: int) -> DataFrame:
        columns = [
            F.round(column.name, 9).alias(column.name) if column.type == "double" else F.col(column.name)
            for column in table.columns
        ]
        return frame.select(*columns, F.lit(sign).alias("surplus"))

    names = table.column_names
    surplus = signed(one, 1).unionByName(signed(other, -1)).groupBy(*names).agg(F.sum("surplus").alias("surplus"))
    rows = surplus.where(F.col("surplus") != 0).orderBy(*table.key).limit(SHOWN).collect()
    return [f"{table.full_name} {row['surplus']:+d}: {row.asDict(recursive=True)}" for row in rows]


def differences(one: Read, other: Read) -> list[str]:
    return [line for table in TABLES for line in difference(table, one(table), other(table))]


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


def test_no_table_is_empty_and_one_row_too_few_or_other_in_any_is_noticed(grown: Grown) -> None:
    for table in TABLES:
        right = grown.at_once.read(table)
        first = right.orderBy(*table.key).limit(1)
        assert first.count() == 1, table.full_name
        assert len(difference(table, right.exceptAll(first), right)) == 1, table.full_name
        assert len(difference(table, right.unionByName(first), right)) == 1, table.full_name


@pytest.mark.long
def test_5000_worlds_in_7_batches_end_as_when_all_came_at_once(spark: SparkSession, tmp_path: Path) -> None:
    grown = grow(cut_worlds(5000, seed=SEED + 1, batches=7), spark, tmp_path)
    assert differences(grown.step_by_step.read, grown.at_once.read) == []
