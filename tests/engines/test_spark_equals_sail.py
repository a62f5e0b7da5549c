"""Random worlds, with odd texts among them: from landed rows to gold, Spark and Sail make the same rows."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from world_frames import bronze_of, land_worlds, quarantined, settings_of

from warehouse.contracts import Table
from warehouse.engine import using
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_CLICK_VIEWS,
    BRONZE_EVENTS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_ORDERS,
    BRONZE_SKAN_POSTBACKS,
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_UNATTRIBUTED_CONVERSIONS,
    SILVER_AD_SPEND,
    SILVER_ORDERS,
    SILVER_SOURCE_FINDINGS,
)

BENCH = Path(__file__).parents[2] / "bench"
WORLDS = 200
SEED = 20260301
AS_OF = date(2026, 4, 30)


@pytest.fixture(scope="module")
def tables() -> Any:
    sys.path.insert(0, str(BENCH))
    return importlib.import_module("engine_tables")


def build_on_both(
    spark: SparkSession, sail: SparkSession, folder: Path, worlds: int, tables: Any
) -> dict[Table, tuple[Path, Path]]:
    """Each table's folder on Spark and on Sail, bronze among them."""
    land_worlds(folder / "landed", worlds, seed=SEED)
    made: list[Mapping[Table, Path]] = []
    for session, engine in ((spark, "spark"), (sail, "sail")):
        with using(session):
            for name, value in tables.CONF.items():
                session.conf.set(name, value)
            lake = tables.FrameLake(session, folder / engine)
            quarantine = lake.stored("quarantine", quarantined(session, folder / "landed"))
            assert quarantine.where("reason is not null").count() > worlds / 2
            bronze = {
                table: lake.stored(f"bronze/{table.name}", rows)
                for table, rows in bronze_of(session, folder / "landed").items()
            }
            built = tables.build_tables(session, folder / engine, bronze, settings_of(folder), as_of=AS_OF)
            made.append({**{table: folder / engine / "bronze" / table.name for table in bronze}, **built})
    return {table: (made[0][table], made[1][table]) for table in made[0]}


@pytest.fixture(scope="module")
def built(
    spark_session: SparkSession, sail_session: SparkSession, tables: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[Table, tuple[Path, Path]]:
    return build_on_both(spark_session, sail_session, tmp_path_factory.mktemp("both"), WORLDS, tables)


def differences(built: Mapping[Table, tuple[Path, Path]], tables: Any) -> dict[str, Any]:
    found = {table: tables.difference(table, *folders) for table, folders in built.items()}
    return {table.full_name: one for table, one in found.items() if not one.is_same}


@pytest.mark.system
def test_the_tables_of_200_worlds_are_the_same_on_both(built: dict[Table, tuple[Path, Path]], tables: Any) -> None:
    assert differences(built, tables) == {}


@pytest.mark.system
def test_every_table_has_rows_to_compare(built: dict[Table, tuple[Path, Path]], tables: Any) -> None:
    rows = {table: tables.difference(table, *folders).rows for table, folders in built.items()}

    assert set(rows) == {
        *(recipe.table for recipe in tables.RECIPES),
        *(BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_CLICK_VIEWS),
        *(BRONZE_SKAN_POSTBACKS, BRONZE_EXCHANGE_RATES),
    }
    # One row per conversion type and cause: few in any shop.
    assert rows.pop(GOLD_UNATTRIBUTED_CONVERSIONS) > 2
    # One per kind of loss and source: the worlds have few sources of no list.
    assert rows.pop(SILVER_SOURCE_FINDINGS) > 5
    assert min(rows.values()) > 10
    assert rows[SILVER_ORDERS] > WORLDS
    assert rows[GOLD_ATTRIBUTION_CREDITS] > 10 * WORLDS


@pytest.mark.system
def test_a_row_that_differs_is_found(built: dict[Table, tuple[Path, Path]], tables: Any, tmp_path: Path) -> None:
    one, other = built[SILVER_AD_SPEND]
    with tables.duckdb.connect() as db:
        db.execute(f"CREATE TABLE changed AS FROM read_parquet('{other}/*.parquet')")
        db.execute("UPDATE changed SET report_spend = report_spend + 0.000001 WHERE rowid = 0")
        db.execute("UPDATE changed SET platform_conversions = platform_conversions + 2e-9 WHERE rowid = 1")
        db.execute("DELETE FROM changed WHERE rowid = 2")
        db.execute(f"COPY changed TO '{tmp_path}/changed.parquet' (FORMAT parquet)")

    found = tables.difference(SILVER_AD_SPEND, one, tmp_path)

    assert (found.other_value, found.other_double, found.missing) == (1, 1, 1)
    assert not found.is_same


@pytest.mark.long
def test_the_tables_of_2000_worlds_are_the_same_on_both(
    spark_session: SparkSession, sail_session: SparkSession, tables: Any, tmp_path: Path
) -> None:
    assert differences(build_on_both(spark_session, sail_session, tmp_path, 2000, tables), tables) == {}
