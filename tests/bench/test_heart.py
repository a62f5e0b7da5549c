"""The benchmark of the build's core: its two implementations, in Spark and in DuckDB's SQL, make the same rows."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from jobs.settings import load_settings

BENCH = Path(__file__).parents[2] / "bench"
EVENTS = 2_000


@pytest.fixture(scope="module")
def measured(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    sys.path.insert(0, str(BENCH))
    folder = tmp_path_factory.mktemp("heart")
    return importlib.import_module("bench").measure(spark, load_settings(), EVENTS, folder), folder


def test_both_sides_make_the_same_rows_so_the_ratios_are_reported(measured: tuple[dict[str, Any], Path]) -> None:
    figures, _ = measured

    assert figures["failures"] == {}
    assert set(figures["differing_rows"].values()) == {0}
    assert set(figures["ratios"]) == {"ours / floor", "ours / floor, heart's columns", "ours / duckdb"}


def test_the_events_are_like_those_of_a_shop(measured: tuple[dict[str, Any], Path]) -> None:
    figures, _ = measured
    rows = figures["rows"]

    assert 0.9 < figures["events"] / EVENTS < 1.1
    assert 4 < figures["events"] / rows["silver.sessions"] < 6
    assert 0.03 < rows["silver.orders"] / rows["silver.sessions"] < 0.07
    assert rows["silver.identities"] > 0
    assert rows["gold.attribution_credits"] > 7 * rows["silver.conversions"] / 2


def test_with_a_differing_credit_no_ratio_is_reported(measured: tuple[dict[str, Any], Path]) -> None:
    _, folder = measured
    credits = folder / "duckdb" / "credits.parquet"
    with duckdb.connect() as db:
        db.execute(f"CREATE TABLE changed AS FROM read_parquet('{credits}')")
        db.execute("UPDATE changed SET credit = credit - 2e-9 WHERE rowid = 0")
        db.execute(f"COPY changed TO '{credits}' (FORMAT parquet)")

    differ = importlib.import_module("heart_duckdb").differences(folder, folder / "duckdb")

    assert differ["gold.attribution_credits"] == 1
    runs = {"ours": {"seconds": 2.0}, "duckdb": {"seconds": 1.0}}
    assert importlib.import_module("bench")._ratios(runs, "seconds", is_same=not any(differ.values())) == {}
