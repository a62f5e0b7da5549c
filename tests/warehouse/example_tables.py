"""Two small tables: things with a cost, and visits whose files are ordered by day."""

from __future__ import annotations

from typing import Any

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
        Column("place", "string", "where it is"),
        Column("cost", MONEY, "what it cost", "USD"),
    ),
)
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
THINGS_ORIGIN = Origin(inputs={"silver.b": 2, "silver.a": 1}, knobs="k", code="c")
VISITS_ORIGIN, NEXT_ORIGIN = Origin({"bronze.events": 1}, "k", "c"), Origin({"bronze.events": 2}, "k", "c")
STORED_VISITS = [
    ("a", None, "2026-03-01", ["x"]),
    ("b", "here", "2026-03-02", ["x", "y"]),
    ("c", "here", "2026-03-03", []),
    ("z", "elsewhere", "2026-03-01", None),
]
NEW_VISITS = [
    ("a", None, "2026-03-01", ["x"]),  # as it was
    ("b", "here", "2026-03-05", ["x", "z"]),  # changed
    ("d", None, "2026-03-04", None),  # new; c is gone
]


def things(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    return conform(spark.createDataFrame(list(rows), "id string, place string, cost int"), THINGS)


def things_in(lake: Lake, version: int | None = None) -> list[tuple[Any, ...]]:
    rows = lake.read(THINGS, version).selectExpr("id", "place", "cast(cost as int)").collect()
    return sorted((tuple(row) for row in rows), key=repr)


def visits(spark: SparkSession, rows: list[Any]) -> DataFrame:
    return conform(spark.createDataFrame(rows, "id string, place string, day string, path array<string>"), VISITS)


def visits_in(lake: Lake) -> list[tuple[Any, ...]]:
    rows = lake.read(VISITS).select("id", "place", F.col("day").cast("string"), "path").collect()
    return sorted((tuple(row) for row in rows), key=repr)


def lake_of_visits(spark: SparkSession, root: str, small_change_rows: int) -> Lake:
    lake = Lake(spark, root, "run-1", small_change_rows)
    lake.replace(VISITS, visits(spark, STORED_VISITS), origin=VISITS_ORIGIN)
    return lake


def version_of(lake: Lake, table: Table) -> int:
    version = lake.version(table)
    assert version is not None
    return version
