"""A commit records the origin of its rows, and it reads back the same."""

from __future__ import annotations

import json
from pathlib import Path

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from tests.warehouse.example_tables import THINGS, things
from warehouse.origin import Origin
from warehouse.store import Lake

ORIGIN = Origin(
    inputs={"silver.b": 2, "silver.a": 1, "model": "channel-attribution/3", "as_of": "2026-03-01"}, knobs="k", code="c"
)


def test_an_origin_is_stored_with_its_inputs_by_name_and_reads_back() -> None:
    plain = ORIGIN.as_dict()
    assert json.dumps(plain) == (
        '{"inputs": {"as_of": "2026-03-01", "model": "channel-attribution/3", "silver.a": 1, "silver.b": 2}, '
        '"knobs": "k", "code": "c"}'
    )
    assert Origin.from_dict(json.loads(json.dumps(plain))) == ORIGIN


def test_a_table_has_the_origin_that_it_was_replaced_with(
    spark: SparkSession, tmp_path: Path, small_change_rows: int
) -> None:
    Lake(spark, str(tmp_path), "run-1", small_change_rows).replace(THINGS, things(spark, ("a", "x", 1)), origin=ORIGIN)
    lake = Lake(spark, str(tmp_path), "run-2", small_change_rows)
    assert lake.origin(THINGS) == ORIGIN
    assert lake.is_current(THINGS, ORIGIN)
    assert not lake.is_current(THINGS, Origin({**ORIGIN.inputs, "model": "channel-attribution/4"}, "k", "c"))
    assert not lake.is_current(THINGS, Origin(ORIGIN.inputs, "other", "c"))
    (newest,) = DeltaTable(lake.path(THINGS)).history(1)
    assert json.loads(newest["userMetadata"]) == {"run_id": "run-1", "origin": ORIGIN.as_dict()}


def test_an_origin_of_the_older_form_differs_from_every_wanted_one(
    spark: SparkSession, tmp_path: Path, small_change_rows: int
) -> None:
    lake = Lake(spark, str(tmp_path), "run-1", small_change_rows)
    older = json.dumps({"run_id": "run-0", "origin": {"inputs": {"silver.a": 1}, "settings": "k", "code": "c"}})
    things(spark, ("a", "x", 1)).write.format("delta").option("userMetadata", older).save(lake.path(THINGS))
    assert lake.origin(THINGS) == Origin({"silver.a": 1}, "", "c")
    assert not lake.is_current(THINGS, Origin({"silver.a": 1}, "k", "c"))
