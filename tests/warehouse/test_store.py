"""A lake's tables: reading gives the rows that were written."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.warehouse.example_tables import THINGS, THINGS_ORIGIN, things, things_in
from warehouse.contracts import MONEY, MONEY_SUM, Column
from warehouse.store import Lake, Origin


def test_a_table_is_empty_before_it_is_written_and_then_what_was_written(
    spark: SparkSession, tmp_path: Path, small_change_rows: int
) -> None:
    lake = Lake(spark, str(tmp_path), "run-1", small_change_rows)
    assert (lake.version(THINGS), lake.exists(THINGS), lake.origin(THINGS), lake.versions([THINGS])) == (
        None,
        False,
        None,
        {},
    )
    assert lake.read(THINGS).columns == list(THINGS.column_names)
    assert things_in(lake) == []

    lake.replace(THINGS, things(spark, ("a", "x", 1), ("b", None, 2)), origin=THINGS_ORIGIN)
    first = lake.version(THINGS)
    assert first is not None
    assert lake.written == {"gold.things": first}
    assert things_in(lake) == [("a", "x", 1), ("b", None, 2)]
    assert lake.is_current(THINGS, Origin(inputs={"silver.a": 1, "silver.b": 2}, knobs="k", code="c"))
    assert not lake.is_current(THINGS, Origin(inputs={"silver.a": 1, "silver.b": 3}, knobs="k", code="c"))

    # A merge inserts new keys, nulls included, and leaves known ones as they are by default.
    lake.merge(THINGS, things(spark, ("a", "x", 9), ("b", None, 9), ("c", None, 3)))
    assert things_in(lake) == [("a", "x", 1), ("b", None, 2), ("c", None, 3)]
    lake.merge(THINGS, things(spark, ("a", "x", 0), ("b", None, 9)), update_when="s.cost > t.cost")
    assert things_in(lake) == [("a", "x", 1), ("b", None, 9), ("c", None, 3)]
    assert lake.origin(THINGS) is None, "rows were added since: no origin covers all of them"
    assert spark.conf.get("spark.databricks.delta.commitInfo.userMetadata", "") == "", "of this write alone"

    lake.merge(THINGS, things(spark, ("b", None, 8)), update_when="s.cost < t.cost", all_are_known=True)
    lake.update(THINGS, F.col("place").isNull() & (F.col("cost") < 5), {"cost": F.col("cost") + 1})
    assert things_in(lake) == [("a", "x", 1), ("b", None, 8), ("c", None, 4)]

    lake.replace(THINGS, things(spark, ("b", None, 5)), origin=THINGS_ORIGIN, where="id = 'b'")
    assert things_in(lake) == [("a", "x", 1), ("b", None, 5), ("c", None, 4)]
    lake.append(THINGS, things(spark, ("a", "x", 1)))
    assert things_in(lake).count(("a", "x", 1)) == 2, "append does not look at keys"
    lake.delete(THINGS, "id = 'a'")
    assert things_in(lake) == [("b", None, 5), ("c", None, 4)]

    assert things_in(lake, first) == [("a", "x", 1), ("b", None, 2)]
    lake.restore(THINGS, first)
    assert things_in(lake) == [("a", "x", 1), ("b", None, 2)]
    assert lake.is_current(THINGS, THINGS_ORIGIN), "a restored table is made from what it was made from then"

    _readers_find_plain_tables_with_comments_and_run_ids(lake)


def _readers_find_plain_tables_with_comments_and_run_ids(lake: Lake) -> None:
    """What a reader without Spark sees: reader version 1, comments, and the run behind every write of rows."""
    table = DeltaTable(lake.path(THINGS))
    assert table.protocol().min_reader_version == 1
    assert table.metadata().description == "One row per thing."
    fields = {field.name: field for field in table.schema().fields}
    assert fields["cost"].metadata["comment"] == "what it cost [USD]"
    assert (fields["id"].nullable, fields["place"].nullable) == (False, True)
    commits = [commit for commit in table.history() if commit["operation"] != "CREATE TABLE"]
    assert len(commits) == 9
    assert {json.loads(commit["userMetadata"])["run_id"] for commit in commits} == {"run-1"}


def test_a_table_without_rows_has_an_origin_too(spark: SparkSession, tmp_path: Path, small_change_rows: int) -> None:
    # A shop without logins has no identities: that must not make every run build all tables again.
    lake = Lake(spark, str(tmp_path), "run-1", small_change_rows)
    lake.replace(THINGS, lake.read(THINGS), origin=THINGS_ORIGIN)
    assert things_in(lake) == []
    assert lake.is_current(THINGS, THINGS_ORIGIN)
    later = Origin(inputs={"silver.a": 2}, knobs="k", code="c")
    lake.replace(THINGS, lake.read(THINGS).limit(0), origin=later, where="id = 'a'")
    assert lake.is_current(THINGS, later)
    assert lake.written == {"gold.things": lake.version(THINGS)}


def test_decimals_of_an_older_contract_get_room_before_the_next_rows_and_keep_theirs(
    spark: SparkSession, tmp_path: Path, small_change_rows: int
) -> None:
    """A shop that counts in dong or rupiah, whose lake an older version made."""
    Lake(spark, str(tmp_path), "run-1", small_change_rows).replace(
        THINGS, things(spark, ("a", "x", 1), ("b", None, 2)), origin=THINGS_ORIGIN
    )
    wider = replace(THINGS, columns=tuple(_with_room(column) for column in THINGS.columns))
    lake = Lake(spark, str(tmp_path), "run-2", small_change_rows)

    lake.append(wider, spark.createDataFrame([("c", "x", Decimal("1470544809690.123456"))], wider.ddl))

    assert [(row["id"], row["cost"]) for row in lake.read(wider).orderBy("id").collect()] == [
        ("a", Decimal(1)),
        ("b", Decimal(2)),
        ("c", Decimal("1470544809690.123456")),
    ]
    table = DeltaTable(lake.path(wider))
    fields = {field.name: field for field in table.schema().fields}
    assert fields["cost"].type.type == "decimal(28,6)"  # type: ignore[union-attr]
    assert fields["cost"].metadata["comment"] == "what it cost [USD]"
    assert table.protocol().min_reader_version == 1
    assert table.metadata().description == "One row per thing."
    before = table.version()
    more = spark.createDataFrame([("d", "x", Decimal(3))], wider.ddl)
    Lake(spark, str(tmp_path), "run-3", small_change_rows).append(wider, more)
    assert DeltaTable(lake.path(wider)).version() == before + 1, "it has room now"


def _with_room(column: Column) -> Column:
    return replace(column, type=MONEY_SUM) if column.type == MONEY else column


def test_a_relative_lake_is_made_below_the_working_folder(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Lake(spark, "lake/", "run").path(THINGS) == f"{tmp_path}/lake/gold/things"
    assert Lake(spark, "s3a://bucket/lake/", "run").path(THINGS) == "s3a://bucket/lake/gold/things"
