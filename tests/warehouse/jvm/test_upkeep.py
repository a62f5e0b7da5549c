"""Restoring an older version and deleting rows: commits that name their run."""

from __future__ import annotations

import json
from pathlib import Path

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from tests.warehouse.example_tables import THINGS, THINGS_ORIGIN, things, things_in, version_of
from warehouse.store import Lake, Origin


def test_a_restored_table_has_the_rows_and_the_origin_that_it_had_then(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run-1")
    lake.replace(THINGS, things(spark, ("a", "x", 1)), origin=THINGS_ORIGIN)
    first = version_of(lake, THINGS)
    lake.replace(THINGS, things(spark, ("b", "y", 2)), origin=Origin({"silver.a": 9}, "k", "c"))

    again = Lake(spark, str(tmp_path), "run-2")
    again.restore(THINGS, first)
    assert things_in(again) == [("a", "x", 1)]
    assert again.is_current(THINGS, THINGS_ORIGIN)
    assert again.written == {"gold.things": first + 2}
    (newest,) = DeltaTable(again.path(THINGS)).history(1)
    assert json.loads(newest["userMetadata"])["run_id"] == "run-2"


def test_deleting_rows_leaves_the_others_and_no_origin(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run-1")
    lake.replace(THINGS, things(spark, ("a", "x", 1), ("b", "y", 2)), origin=THINGS_ORIGIN)
    lake.delete(THINGS, "cost < 2")
    assert things_in(lake) == [("b", "y", 2)]
    assert lake.origin(THINGS) is None
    assert lake.written == {"gold.things": version_of(lake, THINGS)}
