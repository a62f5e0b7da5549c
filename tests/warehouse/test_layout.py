"""Files by time: a change in one period leaves the files of the others as they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse import layout
from warehouse.conform import conform
from warehouse.contracts import Column, Table
from warehouse.layout import by_period, event_periods
from warehouse.store import Lake, Origin

ORIGIN, NEXT = Origin({"bronze.events": 1}, "k", "c"), Origin({"bronze.events": 2}, "k", "c")
DAYS = Table(
    layer="silver",
    name="days",
    grain="day",
    owner="operations",
    freshness="every test",
    key=("day",),
    ordered_by="day",
    columns=(Column("day", "date", "when"), Column("visits", "int", "how many")),
)


def micros(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1_000_000)


def days(spark: SparkSession, first: int, last: int, visits: int) -> DataFrame:
    rows = [(f"2026-03-{day:02d}", visits) for day in range(first, last + 1)]
    return conform(spark.createDataFrame(rows, "day string, visits int"), DAYS)


def test_rows_lie_in_the_partition_of_their_period_whose_first_moment_is_inside(spark: SparkSession) -> None:
    periods = [micros(f"2026-03-{day:02d}") for day in (3, 5, 8, 9)]
    placed = by_period(days(spark, 1, 10, 0), "day", periods).select(F.spark_partition_id(), F.dayofmonth("day"))
    found: dict[int, set[int]] = {}
    for partition, day in placed.collect():
        found.setdefault(partition, set()).add(day)
    assert found == {0: {1, 2}, 1: {3, 4}, 2: {5, 6, 7}, 3: {8}, 4: {9, 10}}


def test_a_change_rewrites_the_file_of_its_period_alone(
    spark: SparkSession, tmp_path: Path, small_change_rows: int
) -> None:
    lake = Lake(spark, str(tmp_path), "run-1", small_change_rows)
    periods = [micros("2026-03-04"), micros("2026-03-07")]
    lake.replace(DAYS, days(spark, 1, 9, 1), origin=ORIGIN, periods=periods)
    before = set(DeltaTable(lake.path(DAYS)).file_uris())
    assert len(before) == 3

    lake.update_rows(DAYS, days(spark, 8, 9, 2), stored=lake.read(DAYS).where("day >= '2026-03-08'"), origin=NEXT)
    after = set(DeltaTable(lake.path(DAYS)).file_uris())
    assert len(before & after) == 2
    assert [row["visits"] for row in lake.read(DAYS).orderBy("day").collect()] == [1] * 7 + [2] * 2

    # Where several files are rewritten at once each stays the file of its period.
    lake.update_rows(DAYS, days(spark, 1, 9, 3), stored=lake.read(DAYS), origin=ORIGIN)
    assert len(DeltaTable(lake.path(DAYS)).file_uris()) == 3


def test_periods_have_equal_numbers_of_events_and_few_events_have_no_periods(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "EVENTS_A_PERIOD", 100)
    first = datetime(2026, 3, 1, tzinfo=UTC)
    # Ten times as many in the second half of the time as in the first.
    minutes = [*range(0, 300, 10), *range(300, 600)]
    events = spark.createDataFrame([(first + timedelta(minutes=minute),) for minute in minutes], "event_at timestamp")
    cuts = [(cut - micros("2026-03-01")) // 60_000_000 for cut in event_periods(events)]
    assert cuts == [379, 489]
    assert event_periods(events.limit(199)) == []
