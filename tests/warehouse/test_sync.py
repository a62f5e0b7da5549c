"""Rows that changed: writing only them, and reading only them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.contracts import Column, Table
from warehouse.differences import differences
from warehouse.store import Lake, Origin

VISITS = Table(
    layer="silver",
    name="visits",
    grain="visit",
    owner="operations",
    freshness="every test",
    key=("id", "place"),
    ordered_by="day",
    columns=(
        Column("id", "string", "its number", nullable=False),
        Column("place", "string", "where"),
        Column("day", "date", "when"),
        Column("path", "array<string>", "what was seen"),
    ),
)
ORIGIN, NEXT = Origin({"bronze.events": 1}, "s", "c"), Origin({"bronze.events": 2}, "s", "c")
STANDING = [
    ("a", None, "2026-03-01", ["x"]),
    ("b", "here", "2026-03-02", ["x", "y"]),
    ("c", "here", "2026-03-03", []),
    ("z", "elsewhere", "2026-03-01", None),
]
NEW = [
    ("a", None, "2026-03-01", ["x"]),  # as it was
    ("b", "here", "2026-03-05", ["x", "z"]),  # other
    ("d", None, "2026-03-04", None),  # new; c is gone
]


def visits(spark: SparkSession, rows: list[Any]) -> DataFrame:
    return conform(spark.createDataFrame(rows, "id string, place string, day string, path array<string>"), VISITS)


def held(frame: DataFrame) -> list[tuple[Any, ...]]:
    rows = frame.select("id", "place", F.col("day").cast("string"), "path").collect()
    return sorted((tuple(row) for row in rows), key=repr)


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    lake = Lake(spark, str(tmp_path), "run-1")
    lake.replace(VISITS, visits(spark, STANDING), origin=ORIGIN)
    return lake


def test_only_rows_that_say_something_else_differ(spark: SparkSession) -> None:
    found = differences(VISITS, visits(spark, NEW), visits(spark, STANDING[:3])).collect()
    assert {(row["id"], row["_is_known"], row["_is_gone"], str(row["_before"])) for row in found} == {
        ("b", True, False, "2026-03-02"),
        ("c", True, True, "2026-03-03"),
        ("d", False, False, "None"),
    }


def test_sync_leaves_other_rows_alone_and_the_change_feed_tells_what_it_did(lake: Lake, spark: SparkSession) -> None:
    before = lake.version(VISITS)
    assert before is not None
    lake.sync(
        VISITS, visits(spark, NEW), standing=lake.read(VISITS).where(~F.col("place").eqNullSafe("elsewhere")),
        origin=NEXT,
    )  # fmt: skip
    assert held(lake.read(VISITS)) == sorted([*NEW, STANDING[3]], key=repr)
    assert lake.is_current(VISITS, NEXT)
    changes = lake.changes(VISITS, before)
    assert changes is not None
    assert sorted((row["id"], row["_change_type"]) for row in changes.collect()) == [
        ("b", "update_postimage"),
        ("b", "update_preimage"),
        ("c", "delete"),
        ("d", "insert"),
    ]


def test_between_its_two_commits_a_sync_has_the_origin_that_it_had_before(lake: Lake, spark: SparkSession) -> None:
    before = lake.version(VISITS)
    assert before is not None
    lake.sync(VISITS, visits(spark, NEW), standing=lake.read(VISITS).where("id <> 'z'"), origin=NEXT)
    assert lake.version(VISITS) == before + 2
    between = Lake(spark, lake.root, "run-2")
    lake.restore(VISITS, before + 1)  # a run that was stopped there
    assert between.is_current(VISITS, ORIGIN)
    assert {row[0] for row in held(between.read(VISITS))} == {"a", "b", "z"}

    between.sync(VISITS, visits(spark, NEW), standing=between.read(VISITS).where("id <> 'z'"), origin=NEXT)
    assert held(between.read(VISITS)) == sorted([*NEW, STANDING[3]], key=repr)
    assert between.is_current(VISITS, NEXT)


def test_sync_at_once_is_one_commit(lake: Lake, spark: SparkSession) -> None:
    before = lake.version(VISITS)
    assert before is not None
    standing = lake.read(VISITS).where("id <> 'z'")
    lake.sync(VISITS, visits(spark, NEW), standing=standing, origin=NEXT, at_once=True)
    assert lake.version(VISITS) == before + 1
    assert held(lake.read(VISITS)) == sorted([*NEW, STANDING[3]], key=repr)
    assert lake.is_current(VISITS, NEXT)


def test_sync_of_the_same_rows_only_notes_the_origin(lake: Lake, spark: SparkSession) -> None:
    before = lake.version(VISITS)
    assert before is not None
    lake.sync(VISITS, visits(spark, STANDING), standing=lake.read(VISITS), origin=NEXT)
    assert lake.is_current(VISITS, NEXT)
    changes = lake.changes(VISITS, before)
    assert changes is not None and changes.isEmpty()


def test_new_rows_alone_are_appended(lake: Lake, spark: SparkSession) -> None:
    new = [("e", None, "2026-03-09", ["x"])]
    lake.sync(VISITS, visits(spark, new), standing=lake.read(VISITS).where("id = 'e'"), origin=NEXT)
    assert held(lake.read(VISITS)) == sorted([*STANDING, *new], key=repr)
    assert lake.is_current(VISITS, NEXT)


def test_a_table_that_was_replaced_or_restored_does_not_tell_its_changes(lake: Lake, spark: SparkSession) -> None:
    before = lake.version(VISITS)
    assert before is not None
    lake.replace(VISITS, visits(spark, NEW), origin=NEXT)
    assert lake.changes(VISITS, before) is None
    replaced = lake.version(VISITS)
    assert replaced is not None
    lake.restore(VISITS, before)
    assert lake.changes(VISITS, replaced) is None


def test_a_table_made_without_a_change_feed_gets_one_and_tells_changes_from_then_on(
    lake: Lake, spark: SparkSession
) -> None:
    spark.sql(f"ALTER TABLE delta.`{lake.path(VISITS)}` SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')")
    lake = Lake(spark, lake.root, "run-2")
    without = lake.version(VISITS)
    assert without is not None
    lake.append(VISITS, visits(spark, [("e", None, "2026-03-09", None)]))
    assert lake.changes(VISITS, without) is None
    with_feed = lake.version(VISITS)
    assert with_feed is not None
    lake.append(VISITS, visits(spark, [("f", None, "2026-03-09", None)]))
    changes = lake.changes(VISITS, with_feed)
    assert changes is not None
    assert [row["id"] for row in changes.collect()] == ["f"]
