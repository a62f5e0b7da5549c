"""Rows that changed: reading only them, where the change feed has them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.warehouse.example_tables import (
    NEW_VISITS,
    NEXT_ORIGIN,
    VISITS,
    lake_of_visits,
    version_of,
    visits,
)
from warehouse.change_feed import change_sign
from warehouse.store import Lake


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path, small_change_rows: int) -> Lake:
    return lake_of_visits(spark, str(tmp_path), small_change_rows)


def test_a_new_state_of_a_row_counts_plus_one_and_an_old_state_minus_one(spark: SparkSession) -> None:
    types = [("insert",), ("update_postimage",), ("delete",), ("update_preimage",)]
    signed = spark.createDataFrame(types, "_change_type string").select("_change_type", change_sign())
    assert [tuple(row) for row in signed.collect()] == [
        ("insert", 1),
        ("update_postimage", 1),
        ("delete", -1),
        ("update_preimage", -1),
    ]


def test_rows_that_were_added_changed_and_deleted_can_be_followed(lake: Lake, spark: SparkSession) -> None:
    before = version_of(lake, VISITS)
    lake.append(VISITS, visits(spark, [("e", None, "2026-03-09", None)]))
    lake.update(VISITS, F.col("id") == "e", {"place": F.lit("here")})
    lake.delete(VISITS, "id = 'a'")
    lake.confirm(VISITS, NEXT_ORIGIN)
    assert version_of(lake, VISITS) == before + 4
    assert not lake.replaced_since(VISITS, before)
    changes = lake.changes(VISITS, before)
    assert changes is not None
    assert changes.columns == [*VISITS.column_names, "_change_type"]
    found = changes.select("id", "place", "_change_type").collect()
    assert sorted((tuple(row) for row in found), key=repr) == [
        ("a", None, "delete"),
        ("e", "here", "update_postimage"),
        ("e", None, "insert"),
        ("e", None, "update_preimage"),
    ]


def test_a_table_that_was_only_appended_to_can_be_followed_from_its_first_commit(
    spark: SparkSession, tmp_path: Path, small_change_rows: int
) -> None:
    lake = Lake(spark, str(tmp_path), "run-1", small_change_rows)
    lake.append(VISITS, visits(spark, [("e", None, "2026-03-09", None)]))
    assert not lake.replaced_since(VISITS, -1)
    changes = lake.changes(VISITS, -1)
    assert changes is not None
    assert [(row["id"], row["_change_type"]) for row in changes.collect()] == [("e", "insert")]


def test_a_part_of_a_table_that_was_replaced_cannot_be_followed(lake: Lake, spark: SparkSession) -> None:
    before = version_of(lake, VISITS)
    lake.replace(VISITS, visits(spark, [("a", None, "2026-03-02", None)]), origin=NEXT_ORIGIN, where="id = 'a'")
    assert lake.replaced_since(VISITS, before)
    assert lake.changes(VISITS, before) is None


def test_without_commits_after_a_version_there_are_no_changes(lake: Lake, spark: SparkSession) -> None:
    now = version_of(lake, VISITS)
    assert not lake.replaced_since(VISITS, now)
    unchanged = lake.changes(VISITS, now)
    assert unchanged is not None and unchanged.isEmpty()


def test_a_table_that_does_not_exist_was_not_replaced_and_has_no_changes(
    spark: SparkSession, tmp_path: Path, small_change_rows: int
) -> None:
    lake = Lake(spark, str(tmp_path), "run-1", small_change_rows)
    assert not lake.replaced_since(VISITS, -1)
    changes = lake.changes(VISITS, -1)
    assert changes is not None and changes.isEmpty()
    assert changes.columns == [*VISITS.column_names, "_change_type"]


def test_a_version_that_the_table_has_not_reached_cannot_be_followed(lake: Lake) -> None:
    later = version_of(lake, VISITS) + 1
    assert lake.replaced_since(VISITS, later)
    assert lake.changes(VISITS, later) is None


def test_changes_whose_part_of_the_log_is_gone_cannot_be_followed(lake: Lake, spark: SparkSession) -> None:
    before = version_of(lake, VISITS)
    for id_ in ("e", "f"):
        lake.append(VISITS, visits(spark, [(id_, None, "2026-03-09", None)]))
    # As after delta.logRetentionDuration.
    (Path(lake.path(VISITS)) / "_delta_log" / f"{before + 1:020d}.json").unlink()
    assert lake.replaced_since(VISITS, before)
    assert lake.changes(VISITS, before) is None
    assert not lake.replaced_since(VISITS, before + 1)


def test_changes_of_a_table_that_was_replaced_or_restored_cannot_be_followed(lake: Lake, spark: SparkSession) -> None:
    before = version_of(lake, VISITS)
    lake.replace(VISITS, visits(spark, NEW_VISITS), origin=NEXT_ORIGIN)
    assert lake.changes(VISITS, before) is None
    assert lake.replaced_since(VISITS, before)
    replaced = version_of(lake, VISITS)
    lake.restore(VISITS, before)
    assert lake.changes(VISITS, replaced) is None
    assert lake.replaced_since(VISITS, replaced)
    assert not lake.replaced_since(VISITS, version_of(lake, VISITS))


def test_a_table_made_without_a_change_feed_gets_one_and_is_followed_from_then_on(
    lake: Lake, spark: SparkSession, small_change_rows: int
) -> None:
    spark.sql(f"ALTER TABLE delta.`{lake.path(VISITS)}` SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')")
    lake = Lake(spark, lake.root, "run-2", small_change_rows)
    without = version_of(lake, VISITS)
    lake.append(VISITS, visits(spark, [("e", None, "2026-03-09", None)]))
    assert lake.changes(VISITS, without) is None
    assert lake.replaced_since(VISITS, without)
    with_feed = version_of(lake, VISITS)
    lake.append(VISITS, visits(spark, [("f", None, "2026-03-09", None)]))
    assert not lake.replaced_since(VISITS, with_feed)
    changes = lake.changes(VISITS, with_feed)
    assert changes is not None
    assert [row["id"] for row in changes.collect()] == ["f"]


def test_the_log_counts_the_rows_of_the_feed_where_every_commit_records_them(lake: Lake, spark: SparkSession) -> None:
    before = version_of(lake, VISITS)
    lake.append(VISITS, visits(spark, [("e", None, "2026-03-09", None), ("f", None, "2026-03-09", None)]))
    lake.update(VISITS, F.col("id") == "e", {"place": F.lit("here")})
    known = visits(spark, [("f", "there", "2026-03-09", None), ("g", None, "2026-03-10", None)])
    lake.merge(VISITS, known, update_when="true")
    lake.confirm(VISITS, NEXT_ORIGIN)
    for since in range(before, version_of(lake, VISITS) + 1):
        changes = lake.changes(VISITS, since)
        assert changes is not None
        assert lake.changed_rows_counted(VISITS, since) == changes.count()
    assert lake.rows_counted(VISITS) == lake.read(VISITS).count()
    lake.delete(VISITS, "id = 'a'")
    assert lake.changed_rows_counted(VISITS, before) is None, "left to a query"
    assert Lake(spark, f"{lake.root}/nothing", "look").rows_counted(VISITS) == 0
