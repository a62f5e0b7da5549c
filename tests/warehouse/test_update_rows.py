"""Lake.update_rows writes only the rows that differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.warehouse.example_tables import (
    NEW_VISITS,
    NEXT_ORIGIN,
    STORED_VISITS,
    VISITS,
    VISITS_ORIGIN,
    lake_of_visits,
    version_of,
    visits,
    visits_in,
)
from warehouse.store import Lake


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path, small_change_rows: int) -> Lake:
    return lake_of_visits(spark, str(tmp_path), small_change_rows)


def test_sync_leaves_other_rows_alone_and_the_change_feed_has_what_it_did(lake: Lake, spark: SparkSession) -> None:
    before = version_of(lake, VISITS)
    lake.update_rows(
        VISITS, visits(spark, NEW_VISITS), stored=lake.read(VISITS).where(~F.col("place").eqNullSafe("elsewhere")),
        origin=NEXT_ORIGIN,
    )  # fmt: skip
    assert visits_in(lake) == sorted([*NEW_VISITS, STORED_VISITS[3]], key=repr)
    assert lake.is_current(VISITS, NEXT_ORIGIN)
    changes = lake.changes(VISITS, before)
    assert changes is not None
    assert sorted((row["id"], row["_change_type"]) for row in changes.collect()) == [
        ("b", "update_postimage"),
        ("b", "update_preimage"),
        ("c", "delete"),
        ("d", "insert"),
    ]


def test_between_sparks_two_commits_a_sync_has_the_origin_that_it_had_before(
    spark: SparkSession, tmp_path: Path
) -> None:
    lake = lake_of_visits(spark, str(tmp_path), small_change_rows=0)
    before = version_of(lake, VISITS)
    lake.update_rows(VISITS, visits(spark, NEW_VISITS), stored=lake.read(VISITS).where("id <> 'z'"), origin=NEXT_ORIGIN)
    assert lake.version(VISITS) == before + 2
    between = Lake(spark, lake.root, "run-2")
    lake.restore(VISITS, before + 1)  # a run that was stopped there
    assert between.is_current(VISITS, VISITS_ORIGIN)
    assert {row[0] for row in visits_in(between)} == {"a", "b", "z"}

    between.update_rows(
        VISITS, visits(spark, NEW_VISITS), stored=between.read(VISITS).where("id <> 'z'"), origin=NEXT_ORIGIN
    )
    assert visits_in(between) == sorted([*NEW_VISITS, STORED_VISITS[3]], key=repr)
    assert between.is_current(VISITS, NEXT_ORIGIN)


def test_a_small_change_is_one_commit(spark: SparkSession, tmp_path: Path) -> None:
    lake = lake_of_visits(spark, str(tmp_path), small_change_rows=4)
    before = version_of(lake, VISITS)
    lake.update_rows(VISITS, visits(spark, NEW_VISITS), stored=lake.read(VISITS).where("id <> 'z'"), origin=NEXT_ORIGIN)
    assert lake.version(VISITS) == before + 1
    assert visits_in(lake) == sorted([*NEW_VISITS, STORED_VISITS[3]], key=repr)
    assert lake.is_current(VISITS, NEXT_ORIGIN)


def test_sync_at_once_is_one_commit(lake: Lake, spark: SparkSession) -> None:
    before = version_of(lake, VISITS)
    stored = lake.read(VISITS).where("id <> 'z'")
    lake.update_rows(VISITS, visits(spark, NEW_VISITS), stored=stored, origin=NEXT_ORIGIN, at_once=True)
    assert lake.version(VISITS) == before + 1
    assert visits_in(lake) == sorted([*NEW_VISITS, STORED_VISITS[3]], key=repr)
    assert lake.is_current(VISITS, NEXT_ORIGIN)


def test_sync_of_the_same_rows_only_records_the_origin(lake: Lake, spark: SparkSession) -> None:
    before = version_of(lake, VISITS)
    lake.update_rows(VISITS, visits(spark, STORED_VISITS), stored=lake.read(VISITS), origin=NEXT_ORIGIN)
    assert lake.is_current(VISITS, NEXT_ORIGIN)
    changes = lake.changes(VISITS, before)
    assert changes is not None and changes.isEmpty()


def test_new_rows_alone_are_appended(lake: Lake, spark: SparkSession) -> None:
    new = [("e", None, "2026-03-09", ["x"])]
    lake.update_rows(VISITS, visits(spark, new), stored=lake.read(VISITS).where("id = 'e'"), origin=NEXT_ORIGIN)
    assert visits_in(lake) == sorted([*STORED_VISITS, *new], key=repr)
    assert lake.is_current(VISITS, NEXT_ORIGIN)
