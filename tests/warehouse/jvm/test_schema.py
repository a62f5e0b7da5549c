"""A table is created by its contract, and one of an older contract is brought to the present one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from tests.warehouse.example_tables import THINGS, THINGS_ORIGIN
from warehouse.arrow.log import STATS_COLUMNS
from warehouse.conform import conform
from warehouse.contracts import Column, Table
from warehouse.delta_log import LocalLog
from warehouse.jvm.schema import TABLE_PROPERTIES, bring_to_contract, create_table
from warehouse.store import Lake

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


def days(spark: SparkSession, first: int, last: int) -> DataFrame:
    rows = [(f"2026-03-{day:02d}", 1) for day in range(first, last + 1)]
    return conform(spark.createDataFrame(rows, "day string, visits int"), DAYS).coalesce(1)


def test_a_table_that_meets_its_contract_gets_no_commit(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "days")
    create_table(spark, path, DAYS)
    bring_to_contract(spark, path, DAYS)
    assert DeltaTable(path).version() == 0
    wanted = TABLE_PROPERTIES | {STATS_COLUMNS: "day"}
    held = LocalLog(Path(path)).newest()
    assert held is not None
    assert {name: held.properties[name] for name in wanted} == wanted


@pytest.mark.parametrize("where", [None, "id = 'a'"])
def test_a_table_of_an_older_contract_gets_the_columns_it_lacks_with_their_comments(
    spark: SparkSession, tmp_path: Path, where: str | None
) -> None:
    older = replace(THINGS, columns=THINGS.columns[:2])
    newer = replace(THINGS, columns=(*THINGS.columns, Column("owner", "array<string>", "whose it 'is' now")))
    lake = Lake(spark, str(tmp_path), "run-1")
    lake.replace(
        older, conform(spark.createDataFrame([("a", "x")], "id string, place string"), older), origin=THINGS_ORIGIN
    )

    rows = spark.createDataFrame([("a", "y", 1, ["z"])], "id string, place string, cost int, owner array<string>")
    lake.replace(newer, conform(rows, newer), origin=THINGS_ORIGIN, where=where)
    read = lake.read(newer)
    assert [(row["place"], int(row["cost"]), row["owner"]) for row in read.collect()] == [("y", 1, ["z"])]
    assert [field.metadata["comment"] for field in read.schema] == [column.comment for column in newer.columns]


def test_files_know_their_range_of_times_and_of_nothing_else(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run-1")
    lake.replace(DAYS, days(spark, 2, 4), origin=THINGS_ORIGIN)
    # As a version that stored the ranges of every column left it.
    spark.sql(f"ALTER TABLE delta.`{lake.path(DAYS)}` UNSET TBLPROPERTIES ('{STATS_COLUMNS}')")
    assert ranges(lake) == [("day", "2026-03-02", "2026-03-04")]
    older = Lake(spark, str(tmp_path), "run-2")
    older.append(DAYS, days(spark, 6, 7))
    assert ranges(older) == [("day", "2026-03-02", "2026-03-04"), ("day", "2026-03-06", "2026-03-07")]


def ranges(lake: Lake) -> list[tuple[str, str, str]]:
    """Column, least and greatest value of each range that a file of the table has."""
    files = pa.table(DeltaTable(lake.path(DAYS)).get_add_actions(flatten=True)).to_pylist()
    return sorted(
        (name.removeprefix("min."), str(file[name]), str(file[name.replace("min.", "max.", 1)]))
        for file in files
        for name in file
        if name.startswith("min.") and file[name] is not None
    )
