"""Plain rows added and read without a session: Spark reads the same rows, and its own come back the same."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from warehouse.arrow.writer import append_rows
from warehouse.contracts import Column, Table
from warehouse.errors import InputError
from warehouse.small_tables import collected, rows_of
from warehouse.store import Lake

RUNS = Table(
    layer="ops",
    name="runs",
    grain="run",
    owner="operations",
    freshness="every test",
    key=("id",),
    columns=(
        Column("id", "string", "run", nullable=False),
        Column("at", "timestamp", "when", "UTC", nullable=False),
        Column("day", "date", "of which day"),
        Column("written", "map<string,bigint>", "tables and versions"),
        Column("cost", "decimal(18,6)", "what it cost", "USD"),
        Column("passed", "boolean", "whether it passed"),
    ),
)
SMALL = 1000  # rows that are written without Spark
AT = datetime(2026, 3, 8, 3, 29, 59, 999999, UTC)
ROWS: list[dict[str, Any]] = [
    {"id": "a", "at": AT, "day": date(2026, 3, 8), "written": {"gold.x": 3}, "cost": Decimal("1.500000")}
    | {"passed": True},
    {"id": "b", "at": AT, "day": None, "written": {}, "cost": None, "passed": None},
]
PLAIN = [{**row, "written": list(row["written"].items())} for row in ROWS]  # Arrow gives a map as pairs


def no_session() -> SparkSession:
    raise AssertionError("no session is needed")


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    """A lake that has the table, with a row that Spark wrote."""
    lake = Lake(spark, str(tmp_path), "run-1", SMALL)
    lake.append(RUNS, spark.createDataFrame([ROWS[0]], RUNS.ddl))
    return lake


def test_rows_are_added_and_read_without_a_session_and_are_the_same_for_spark(spark: SparkSession, lake: Lake) -> None:
    protocol = DeltaTable(lake.path(RUNS)).protocol()
    without = Lake(no_session, lake.root, "run-2", SMALL)
    without.append_rows(RUNS, ROWS[1:])
    assert without.written == {"ops.runs": (lake.version(RUNS) or 0) + 1}
    assert sorted(without.rows(RUNS), key=lambda row: str(row["id"])) == PLAIN

    later = Lake(spark, lake.root, "look")
    assert sorted(collected(later.read(RUNS)), key=lambda row: str(row["id"])) == ROWS
    table = DeltaTable(lake.path(RUNS))
    assert json.loads(table.history(1)[0]["userMetadata"]) == {"run_id": "run-2"}
    assert {field.name: field.metadata.get("comment") for field in table.schema().fields} == {
        column.name: column.comment for column in RUNS.columns
    }
    assert table.protocol() == protocol
    later.append(RUNS, spark.createDataFrame([{**ROWS[0], "id": "c"}], RUNS.ddl))
    assert later.read(RUNS).count() == 3


def test_a_table_that_does_not_exist_or_lacks_a_column_is_brought_to_its_contract_first(
    spark: SparkSession, tmp_path: Path
) -> None:
    older = Table(**{**vars(RUNS), "columns": RUNS.columns[:3]})
    lake = Lake(spark, str(tmp_path), "run-1", SMALL)
    assert lake.rows(older) == []
    lake.append_rows(older, [{name: ROWS[0][name] for name in ("id", "at", "day")}])
    later = Lake(spark, str(tmp_path), "run-2", SMALL)
    later.append_rows(RUNS, ROWS[1:])
    found = sorted(later.rows(RUNS), key=lambda row: str(row["id"]))
    assert found == [{**PLAIN[0], "written": None, "cost": None, "passed": None}, PLAIN[1]]


def test_spark_reads_a_log_of_which_hundreds_of_commits_are_of_the_other_writer(
    spark: SparkSession, lake: Lake
) -> None:
    checksum = Path(lake.path(RUNS), "_delta_log", "._last_checkpoint.crc")
    checksum.write_text("of an older file")
    for number in range(120):
        append_rows(lake.path(RUNS), [{**ROWS[1], "id": str(number)}], metadata="{}")
    assert not checksum.exists()
    later = Lake(spark, lake.root, "look")
    assert later.read(RUNS).count() == 121
    later.append(RUNS, spark.createDataFrame([{**ROWS[0], "id": "c"}], RUNS.ddl))
    assert len(Lake(no_session, lake.root, "look").rows(RUNS)) == 122


def test_a_file_that_is_gone_is_one_clear_error(lake: Lake) -> None:
    for file in Path(lake.path(RUNS)).glob("*.parquet"):
        file.unlink()
    with pytest.raises(InputError, match="ops/runs: the table cannot be read") as refusal:
        rows_of(Path(lake.path(RUNS)))
    assert "\n" not in str(refusal.value)
