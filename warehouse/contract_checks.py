"""Checks derived from contracts: unique keys, no null where none is allowed, values in their range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse import contracts
from warehouse.checks import CheckResult, none_found
from warehouse.contracts import Bound, Table

Read = Callable[[Table], DataFrame]
ROUNDING = 1e-9  # tolerance for doubles, relative above 1: sums of shares miss 1 by their last bits
KEYS, COLUMNS = "keys", "columns"


def check_contracts(read: Read, tables: Sequence[Table]) -> list[CheckResult]:
    """Two or three results per table: duplicate keys, nulls and values out of range; one query over all `tables`.

    Each figure is a number of keys or of values, and the detail names the columns. Nulls in key columns are equal, as
    they are in the builders' groupBy and in `Lake.sync`: two rows whose keys have a null in the same column and agree
    in the others are duplicates. A null is never out of range, NaN always is. A table whose contract names no range
    has no result for ranges.
    """
    if not tables:
        return []
    frames = {table: _with_all_columns(read(table), table) for table in tables}
    nulls = {table: _may_hold_nulls(frame, table) for table, frame in frames.items()}
    counts = [
        *(_duplicate_keys(frame, table) for table, frame in frames.items()),
        *(_counts(frame, table, nulls[table]) for table, frame in frames.items()),
    ]
    rows = reduce(DataFrame.unionByName, counts).collect()  # two per table
    found = {(row["table"], row["of"]): row["found"] for row in rows}
    return [
        result
        for table in tables
        for result in _results(table, found[table.full_name, KEYS], found[table.full_name, COLUMNS], nulls=nulls[table])
    ]


def _results(
    table: Table, duplicates: Sequence[int], counted: Sequence[int], *, nulls: Sequence[contracts.Column]
) -> list[CheckResult]:
    """The results of one table; `counted` are the counts of `nulls`, then those of the columns with a range."""
    ranged = _ranged(table)
    missing = {column.name: count for column, count in zip(nulls, counted[: len(nulls)], strict=True) if count}
    outside = {
        f"{column.name} (must be {column.range})": count
        for column, count in zip(ranged, counted[len(nulls) :], strict=True)
        if count
    }
    key = ", ".join(table.key)
    results = [
        none_found(f"keys that stand twice in {table.full_name}", duplicates[0], detail=f"key: {key}"),
        none_found(f"nulls in {table.full_name}", sum(missing.values()), detail=_listed(missing)),
    ]
    if ranged:
        name = f"values out of range in {table.full_name}"
        results.append(none_found(name, sum(outside.values()), detail=_listed(outside)))
    return results


def _listed(counts: dict[str, int]) -> str:
    return "; ".join(f"{name}: {count:,}" for name, count in counts.items())


def _ranged(table: Table) -> list[contracts.Column]:
    return [column for column in table.columns if column.range]


def _with_all_columns(frame: DataFrame, table: Table) -> DataFrame:
    """`frame` with null in the columns that its table, made by an older contract, does not have yet."""
    lacking = [column for column in table.columns if column.name not in frame.columns]
    return frame.withColumns({column.name: F.lit(None).cast(column.type) for column in lacking})


def _may_hold_nulls(frame: DataFrame, table: Table) -> list[contracts.Column]:
    """The columns that must not be null by the contract, but can be in the stored table.

    Delta refuses to write a null into a NOT NULL column, and Spark, which trusts that, answers a count of nulls with 0
    without reading. Only columns of tables made by older contracts remain to be counted: those added later, and those
    that were nullable then.
    """
    nullable = {field.name for field in frame.schema if field.nullable}
    return [column for column in table.columns if not column.nullable and column.name in nullable]


def _duplicate_keys(frame: DataFrame, table: Table) -> DataFrame:
    duplicates = frame.groupBy(*table.key).count().where(F.col("count") > 1)
    return _named(duplicates.agg(F.array(F.count(F.lit(1))).alias("found")), table, KEYS)


def _counts(frame: DataFrame, table: Table, nulls: Sequence[contracts.Column]) -> DataFrame:
    """One row: the number of nulls and of values out of range, by column; one scan."""
    wrong = [*(F.col(column.name).isNull() for column in nulls), *map(_is_outside, _ranged(table))]
    counts = F.array(*(F.count_if(condition) for condition in wrong)).cast("array<bigint>")
    return _named(frame.agg(counts.alias("found")), table, COLUMNS)


def _named(counts: DataFrame, table: Table, of: str) -> DataFrame:
    return counts.select(F.lit(table.full_name).alias("table"), F.lit(of).alias("of"), "found")


def _is_outside(column: contracts.Column) -> Column:
    """Whether a value is out of the column's range; null for a null."""
    value = F.col(column.name)
    if column.values:
        return ~value.isin(*column.values)
    outside = []
    if column.minimum is not None:
        outside.append(value < _edge(column.minimum, column.type, -1))
    if column.maximum is not None:
        is_moment = column.type == "timestamp"
        edge = _edge(column.maximum, column.type, 1)
        outside.append(value >= edge if is_moment else value > edge)
    if column.type == "double":
        outside.append(F.isnan(value) & value.isNotNull())
    return reduce(Column.__or__, outside)


def _edge(bound: Bound, type_: str, sign: int) -> Column:
    """The last value in range, upwards or downwards (`sign`); for the maximum of a timestamp the first one outside."""
    if isinstance(bound, str):
        day = date.fromisoformat(bound)
        # The whole last day is in range.
        next_day = day + timedelta(days=1) if type_ == "timestamp" and sign > 0 else day
        return F.lit(next_day).cast(type_)
    if type_ == "double":
        return F.lit(float(bound) + sign * ROUNDING * max(1.0, abs(float(bound))))
    return F.lit(bound)
