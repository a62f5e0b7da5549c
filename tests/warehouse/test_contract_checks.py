"""Small tables with faults: the checks of a contract find and name each fault, and no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from warehouse.checks import CheckResult
from warehouse.contract_checks import check_contracts
from warehouse.contracts import MONEY, Column, Table
from warehouse.store import Lake, Origin
from warehouse.tables import ALL_TABLES

Row = dict[str, Any]
THINGS = Table(
    layer="silver",
    name="things",
    grain="thing and place",
    owner="operations",
    freshness="every test",
    key=("id", "place"),
    columns=(
        Column("id", "string", "its number", nullable=False),
        Column("place", "string", "where it is"),
        Column("kind", "string", "which one", values=("big", "small")),
        Column("share", "double", "its part", nullable=False, minimum=0, maximum=1),
        Column("size", "double", "how big", minimum=-100_000),
        Column("cost", MONEY, "what it cost", "USD", minimum=Decimal("0.000001"), maximum=100),
        Column("made_on", "date", "day", minimum="2026-03-01", maximum="2026-03-31"),
        Column("sold_at", "timestamp", "when", "UTC", minimum="2026-03-01", maximum="2026-03-31"),
        Column("colour", "string", "anything"),
    ),
)
GOOD: Row = {
    "id": "a",
    "place": "here",
    "kind": "big",
    "share": 0.5,
    "size": 3.0,
    "cost": Decimal(3),
    "made_on": date(2026, 3, 1),
    "sold_at": datetime(2026, 3, 31, 23, 59, 59, 999999, UTC),
    "colour": None,
}
KEYS, NULLS, RANGES = "keys that stand twice in", "nulls in", "values out of range in"


def frame(spark: SparkSession, table: Table, rows: Sequence[Row]) -> DataFrame:
    return spark.createDataFrame([tuple(row[name] for name in table.column_names) for row in rows], table.ddl)


def reader(spark: SparkSession, rows: Mapping[Table, Sequence[Row]]) -> Callable[[Table], DataFrame]:
    return lambda table: frame(spark, table, rows[table])


def of_things(spark: SparkSession, *rows: Row) -> dict[str, CheckResult]:
    found = check_contracts(reader(spark, {THINGS: [GOOD | row for row in rows]}), [THINGS])
    return {result.name.removesuffix(" silver.things"): result for result in found}


def failed(results: Mapping[str, CheckResult]) -> dict[str, tuple[float, str]]:
    return {name: (result.actual, result.detail) for name, result in results.items() if not result.passed}


def test_every_check_passes_for_rows_that_keep_the_contract(spark: SparkSession) -> None:
    results = of_things(spark, {}, {"id": "b"}, {"place": "there"}, {"place": None})
    assert list(results) == [KEYS, NULLS, RANGES]
    assert failed(results) == {}
    assert results[KEYS].detail == "key id, place"


def test_an_empty_table_keeps_its_contract_and_no_tables_have_no_checks(spark: SparkSession) -> None:
    results = of_things(spark)
    assert list(results) == [KEYS, NULLS, RANGES]
    assert failed(results) == {}
    assert check_contracts(reader(spark, {}), []) == []


def test_duplicate_keys_are_counted_once_each(spark: SparkSession) -> None:
    results = of_things(spark, {}, {"kind": "small"}, {}, {"id": "b"}, {"id": "b", "share": 0.1}, {"id": "c"})
    assert failed(results) == {KEYS: (2, "key id, place")}


def test_nulls_in_a_key_are_equal_and_a_null_is_no_blank_and_no_other_column(spark: SparkSession) -> None:
    assert failed(of_things(spark, {"place": None}, {"place": None})) == {KEYS: (1, "key id, place")}
    assert failed(of_things(spark, {"place": None}, {"place": ""}, {"place": "null"}, {"id": "", "place": "a"})) == {}
    # A hash of the key alone would skip nulls.
    mirrored = replace(THINGS, columns=tuple(replace(column, nullable=True) for column in THINGS.columns))
    rows = [GOOD | {"id": "a", "place": None}, GOOD | {"id": None, "place": "a"}]
    assert all(result.passed for result in check_contracts(reader(spark, {mirrored: rows}), [mirrored]))


def test_nulls_where_none_is_allowed_are_counted_by_column(spark: SparkSession) -> None:
    results = of_things(spark, {"id": None}, {"id": None, "place": "x", "share": None}, {"id": "b", "kind": None})
    assert failed(results) == {NULLS: (3, "2 in id; 1 in share")}


@pytest.mark.parametrize(
    ("column", "wrong", "must_be"),
    [
        ("kind", ["Big", "", "big "], "big or small"),
        ("share", [-0.001, 1.001, float("nan"), float("inf"), float("-inf")], "0 to 1"),
        ("size", [-100_000.001, float("nan")], "-100000 or more"),
        ("cost", [Decimal(0), Decimal(-1), Decimal("100.000001")], "0.000001 to 100"),
        ("made_on", [date(2026, 2, 28), date(2026, 4, 1)], "2026-03-01 to 2026-03-31"),
        (
            "sold_at",
            [datetime(2026, 2, 28, 23, 59, 59, 999999, UTC), datetime(2026, 4, 1, tzinfo=UTC)],
            "2026-03-01 to 2026-03-31",
        ),
    ],
)
def test_a_value_out_of_range_is_counted_and_named_with_its_range(
    spark: SparkSession, column: str, wrong: list[Any], must_be: str
) -> None:
    rows: list[Row] = [{"id": str(number), column: value} for number, value in enumerate(wrong)]
    expected = {RANGES: (len(wrong), f"{len(wrong)} in {column}, which must be {must_be}")}
    assert failed(of_things(spark, {}, *rows)) == expected


@pytest.mark.parametrize(
    ("column", "edges"),
    [
        ("kind", ["big", "small", None]),
        # The last bits of a sum of doubles are rounding.
        ("share", [0.0, -0.0, 1.0, 1.0000000000000002, -1e-16]),
        ("size", [-100_000.0, -100_000.00005, 1e300, float("inf"), None]),
        ("cost", [Decimal("0.000001"), Decimal(100), None]),
        ("made_on", [date(2026, 3, 1), date(2026, 3, 31), None]),
        ("sold_at", [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, 23, 59, 59, 999999, UTC), None]),
    ],
)
def test_bounds_are_in_the_range_and_so_is_null(spark: SparkSession, column: str, edges: list[Any]) -> None:
    rows: list[Row] = [{"id": str(number), column: value} for number, value in enumerate(edges)]
    assert failed(of_things(spark, *rows)) == {}


def test_all_faults_are_named_at_once(spark: SparkSession) -> None:
    wrong = {"id": "b", "kind": "Big", "share": -1.0}
    results = of_things(spark, {}, wrong, wrong, wrong | {"id": None, "kind": None})
    assert failed(results) == {
        KEYS: (1, "key id, place"),
        NULLS: (1, "1 in id"),
        RANGES: (5, "2 in kind, which must be big or small; 3 in share, which must be 0 to 1"),
    }


def test_a_table_without_ranges_has_no_check_of_ranges(spark: SparkSession) -> None:
    plain = replace(THINGS, key=("id",), columns=THINGS.columns[:2])
    names = [result.name for result in check_contracts(reader(spark, {plain: [GOOD]}), [plain])]
    assert names == [f"{KEYS} silver.things", f"{NULLS} silver.things"]


def test_nulls_are_found_in_columns_of_tables_made_by_older_contracts(spark: SparkSession, tmp_path: Path) -> None:
    lake = Lake(spark, str(tmp_path), "run")
    older = replace(
        THINGS,
        columns=tuple(
            replace(column, nullable=column.name != "id") for column in THINGS.columns if column.name != "cost"
        ),
    )
    rows = frame(spark, older, [GOOD | {"share": None}])
    lake.replace(older, rows, origin=Origin(inputs={}, knobs="s", code="c"))
    assert [field.name for field in lake.read(THINGS).schema if not field.nullable] == ["id"]
    newer = replace(THINGS, columns=tuple(replace(column, nullable=column.name != "cost") for column in THINGS.columns))
    for table, detail in ((THINGS, "1 in share"), (newer, "1 in cost")):
        results = {result.name: result for result in check_contracts(lake.read, [table])}
        assert failed(results) == {f"{NULLS} silver.things": (1, detail)}


def sample(table: Table, number: int) -> Row:
    """A row that keeps the contract, with null in every nullable column; another `number` gives another key."""
    return {
        column.name: None if column.nullable else _value(column, number if column.name in table.key else 0)
        for column in table.columns
    }


def _value(column: Column, number: int) -> Any:
    """A value that the column can have, the least one for 0, another one for each other `number`."""
    if column.values:
        return column.values[number % len(column.values)]
    if column.type in ("date", "timestamp"):
        day = date.fromisoformat(str(column.minimum or "2026-03-01")) + timedelta(days=number)
        return day if column.type == "date" else datetime(day.year, day.month, day.day, tzinfo=UTC)
    if column.type == "double":
        return float(column.minimum or 0)
    if column.type.startswith("decimal"):
        return Decimal(column.minimum or 0) + number
    if column.type in ("int", "bigint"):
        return int(column.minimum or 0) + number
    others = {"string": f"text {number}", "boolean": False, "array<string>": [str(number)], "map<string,bigint>": {}}
    return others.get(column.type, [])


def test_a_row_at_every_lower_bound_keeps_the_contract_of_every_table(spark: SparkSession) -> None:
    rows = {table: [sample(table, number) for number in range(2)] for table in ALL_TABLES}
    results = check_contracts(reader(spark, rows), ALL_TABLES)
    assert [result for result in results if not result.passed] == []
    assert {result.name for result in results if result.name.startswith(KEYS)} == {
        f"{KEYS} {table.full_name}" for table in ALL_TABLES
    }


def test_of_every_table_a_duplicate_key_is_found_also_with_null_in_it(spark: SparkSession) -> None:
    """`sample` has null in every nullable column of a key, e.g. account_id of silver.ad_spend."""
    rows = {table: [sample(table, 0), sample(table, 1), sample(table, 0)] for table in ALL_TABLES}
    twice = {result.name for result in check_contracts(reader(spark, rows), ALL_TABLES) if not result.passed}
    assert twice == {f"{KEYS} {table.full_name}" for table in ALL_TABLES}


def test_of_every_table_rows_that_differ_in_one_column_of_the_key_are_two_keys(spark: SparkSession) -> None:
    rows = {
        table: [
            sample(table, 0),
            *(sample(table, 0) | {name: _value(table.column(name), 1)} for name in table.key),
        ]
        for table in ALL_TABLES
    }
    results = check_contracts(reader(spark, rows), ALL_TABLES)
    assert [result.name for result in results if not result.passed] == []


def test_of_every_table_a_null_and_a_value_beyond_each_bound_are_found(spark: SparkSession) -> None:
    rows = {}
    for table in ALL_TABLES:
        nulls = [sample(table, 0) | {c.name: None} for c in table.columns if not c.nullable]
        beyond = [sample(table, 0) | {c.name: wrong} for c in table.columns for wrong in _beyond(c)]
        rows[table] = [*nulls, *beyond]
    found = {result.name: result for result in check_contracts(reader(spark, rows), ALL_TABLES)}
    for table in ALL_TABLES:
        must = [column.name for column in table.columns if not column.nullable]
        assert found[f"{NULLS} {table.full_name}"].detail == "; ".join(f"1 in {name}" for name in must)
        if ranged := [column for column in table.columns if column.range]:
            detail = found[f"{RANGES} {table.full_name}"].detail
            assert re.findall(r"(\d) in (\w+), which", detail) == [(str(len(_beyond(c))), c.name) for c in ranged]


def _beyond(column: Column) -> list[Any]:
    """The nearest value out of range at each end, or a text that is none of the values."""
    if column.values:
        return ["something other"]
    found: list[Any] = []
    for bound, side in ((column.minimum, -1), (column.maximum, 1)):
        if isinstance(bound, str):
            day = date.fromisoformat(bound) + timedelta(days=side)
            found.append(day if column.type == "date" else datetime(day.year, day.month, day.day, tzinfo=UTC))
        elif bound is not None and column.type == "double":
            found.append(float(bound) + side * 1e-6 * max(1.0, abs(float(bound))))
        elif bound is not None and "decimal" in column.type:
            places = int(column.type.rstrip(")").split(",")[1])
            found.append(Decimal(bound) + side * Decimal(1).scaleb(-places))
        elif bound is not None:
            found.append(int(bound) + side)
    return found
