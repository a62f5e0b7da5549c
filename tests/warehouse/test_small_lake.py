"""Small lakes get settings for short queries; their size follows from their logs and from the size of new files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from warehouse.knobs import Spark
from warehouse.local_files import FoundFile
from warehouse.small_lake import IsSmall, rows_in_bronze, rows_of_files, session_conf
from warehouse.store import Lake
from warehouse.tables import BRONZE_AD_SPEND

KNOBS = Spark(
    master=None,
    conf={"spark.driver.extraJavaOptions": "-Da=1", "spark.sql.shuffle.partitions": "8", "spark.ui.enabled": "false"},
    small_lake_rows=100,
    small_lake_conf={"spark.driver.extraJavaOptions": "-Db=2", "spark.sql.shuffle.partitions": "2"},
)
SMALL = {
    "spark.driver.extraJavaOptions": "-Da=1 -Db=2",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}


@pytest.mark.parametrize("rows", [0, 99])
def test_a_lake_with_fewer_rows_has_the_settings_of_small_lakes_besides(rows: int) -> None:
    assert session_conf(KNOBS, rows) == SMALL


@pytest.mark.parametrize("rows", [100, 10**9, None])
def test_a_larger_one_and_one_of_unknown_size_has_those_of_all(rows: int | None) -> None:
    assert session_conf(KNOBS, rows) == KNOBS.conf


def test_no_lake_is_small_where_the_limit_is_zero() -> None:
    assert session_conf(KNOBS.model_copy(update={"small_lake_rows": 0}), 0) == KNOBS.conf


def test_new_files_are_taken_for_as_many_rows_as_they_may_have() -> None:
    files = [FoundFile("events/a.jsonl", "", 1_600, 0), FoundFile("events/b.jsonl.gz", "", 600, 0)]
    assert rows_of_files(files) == 20 + 20


def test_rows_in_bronze_are_those_of_its_tables(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run-1")
    is_small = IsSmall(fewer_than=3)
    assert rows_in_bronze(lake) == 0
    assert is_small(lake)
    values = {"string": "x", "date": "2026-03-01", "timestamp": "2026-03-01"}
    columns = [
        F.lit(values.get(column.type, "1")).cast(column.type).alias(column.name) for column in BRONZE_AD_SPEND.columns
    ]
    lake.append(BRONZE_AD_SPEND, spark.range(3).select(*columns))
    assert rows_in_bronze(lake) == 3
    assert not is_small(lake)
    assert IsSmall(fewer_than=4)(lake)
    assert not IsSmall(fewer_than=0)(lake)
