from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.contracts import MONEY, Column, Table
from warehouse.store import Lake, Origin

THINGS = Table(
    layer="gold",
    name="things",
    grain="thing",
    owner="operations",
    freshness="every test",
    key=("id", "place"),
    columns=(
        Column("id", "string", "its number", nullable=False),
        Column("place", "string", "where it stands"),
        Column("cost", MONEY, "what it cost", "USD"),
    ),
)
ORIGIN = Origin(inputs={"silver.b": 2, "silver.a": 1}, settings="s", code="c")


def things(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    return conform(spark.createDataFrame(list(rows), "id string, place string, cost int"), THINGS)


def held(lake: Lake, version: int | None = None) -> list[tuple[Any, ...]]:
    rows = lake.read(THINGS, version).selectExpr("id", "place", "cast(cost as int)").collect()
    return sorted((tuple(row) for row in rows), key=repr)


def test_a_table_is_empty_before_it_is_written_and_then_what_was_written(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run-1")
    assert (lake.version(THINGS), lake.exists(THINGS), lake.origin(THINGS), lake.versions([THINGS])) == (
        None,
        False,
        None,
        {},
    )
    assert lake.read(THINGS).columns == list(THINGS.column_names)
    assert held(lake) == []

    lake.replace(THINGS, things(spark, ("a", "x", 1), ("b", None, 2)), origin=ORIGIN)
    first = lake.version(THINGS)
    assert first is not None
    assert lake.written == {"gold.things": first}
    assert held(lake) == [("a", "x", 1), ("b", None, 2)]
    assert lake.is_current(THINGS, Origin(inputs={"silver.a": 1, "silver.b": 2}, settings="s", code="c"))
    assert not lake.is_current(THINGS, Origin(inputs={"silver.a": 1, "silver.b": 3}, settings="s", code="c"))

    # A merge inserts new keys, nulls included, and leaves known ones unless told otherwise.
    lake.merge(THINGS, things(spark, ("a", "x", 9), ("b", None, 9), ("c", None, 3)))
    assert held(lake) == [("a", "x", 1), ("b", None, 2), ("c", None, 3)]
    lake.merge(THINGS, things(spark, ("a", "x", 0), ("b", None, 9)), update_when="s.cost > t.cost")
    assert held(lake) == [("a", "x", 1), ("b", None, 9), ("c", None, 3)]
    assert lake.origin(THINGS) is None, "rows were added since: the origin no longer says where all come from"
    assert spark.conf.get("spark.databricks.delta.commitInfo.userMetadata", "") == "", "of this write alone"

    lake.merge(THINGS, things(spark, ("b", None, 8)), update_when="s.cost < t.cost", all_are_known=True)
    lake.update(THINGS, F.col("place").isNull() & (F.col("cost") < 5), {"cost": F.col("cost") + 1})
    assert held(lake) == [("a", "x", 1), ("b", None, 8), ("c", None, 4)]

    lake.replace(THINGS, things(spark, ("b", None, 5)), origin=ORIGIN, where="id = 'b'")
    assert held(lake) == [("a", "x", 1), ("b", None, 5), ("c", None, 4)]
    lake.append(THINGS, things(spark, ("a", "x", 1)))
    assert held(lake).count(("a", "x", 1)) == 2, "append does not look at keys"
    lake.delete(THINGS, "id = 'a'")
    assert held(lake) == [("b", None, 5), ("c", None, 4)]

    assert held(lake, first) == [("a", "x", 1), ("b", None, 2)]
    lake.restore(THINGS, first)
    assert held(lake) == [("a", "x", 1), ("b", None, 2)]
    assert lake.is_current(THINGS, ORIGIN), "a restored table is made from what it was made from then"

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


def test_a_table_without_rows_says_too_what_it_was_made_from(spark: SparkSession, tmp_path: Path) -> None:
    # A shop nobody logs in to has no identities: that must not make every run build everything anew.
    lake = Lake(spark, str(tmp_path), "run-1")
    lake.replace(THINGS, lake.read(THINGS), origin=ORIGIN)
    assert held(lake) == []
    assert lake.is_current(THINGS, ORIGIN)
    later = Origin(inputs={"silver.a": 2}, settings="s", code="c")
    lake.replace(THINGS, lake.read(THINGS).limit(0), origin=later, where="id = 'a'")
    assert lake.is_current(THINGS, later)
    assert lake.written == {"gold.things": lake.version(THINGS)}


@pytest.mark.parametrize("where", [None, "id = 'a'"])
def test_a_table_of_an_older_contract_gets_the_columns_it_lacks_with_their_comments(
    spark: SparkSession, tmp_path: Path, where: str | None
) -> None:
    older = replace(THINGS, columns=THINGS.columns[:2])
    newer = replace(THINGS, columns=(*THINGS.columns, Column("owner", "array<string>", "whose it 'is' now")))
    lake = Lake(spark, str(tmp_path), "run-1")
    lake.replace(older, conform(spark.createDataFrame([("a", "x")], "id string, place string"), older), origin=ORIGIN)

    rows = spark.createDataFrame([("a", "y", 1, ["z"])], "id string, place string, cost int, owner array<string>")
    lake.replace(newer, conform(rows, newer), origin=ORIGIN, where=where)
    read = lake.read(newer)
    assert [(row["place"], int(row["cost"]), row["owner"]) for row in read.collect()] == [("y", 1, ["z"])]
    assert [field.metadata["comment"] for field in read.schema] == [column.comment for column in newer.columns]


def test_conform_orders_casts_and_drops_and_a_missing_column_is_an_error(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, "x", 7, "a")], "extra int, place string, cost int, id string")
    conformed = conform(frame, THINGS)
    assert [(field.name, field.dataType.simpleString()) for field in conformed.schema] == [
        ("id", "string"),
        ("place", "string"),
        ("cost", "decimal(18,6)"),
    ]
    with pytest.raises(Exception, match="cost"):
        conform(frame.drop("cost"), THINGS)


def test_a_relative_lake_is_made_below_the_working_folder(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Lake(spark, "lake/", "run").path(THINGS) == f"{tmp_path}/lake/gold/things"
    assert Lake(spark, "s3a://bucket/lake/", "run").path(THINGS) == "s3a://bucket/lake/gold/things"
