"""The checks that follow from a contract alone: unique keys, no null where none is allowed, values in their range."""

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
ROUNDING = 1e-9  # of a double, by its size from 1 up: sums of shares miss 1 by their last bits
KEYS, COLUMNS = "keys", "columns"


def check_contracts(read: Read, tables: Sequence[Table]) -> list[CheckResult]:
    """Of each of `tables`: keys that stand twice, nulls, and values out of range; from one query over all of them.

    Each figure is a number of keys or of values, and the detail names the columns. Nulls in key columns are equal, as
    they are to the builders' groupBy and to `Lake.sync`: two rows whose keys have a null in the same place and are the
    same otherwise are one key twice. A null is out of no range. NaN is out of every range. A table whose contract
    names no range has no result for it.
    """
    if not tables:
        return []
    frames = {table: _with_all_columns(read(table), table) for table in tables}
    nulls = {table: _may_hold_nulls(frame, table) for table, frame in frames.items()}
    counts = [
        *(_keys_twice(frame, table) for table, frame in frames.items()),
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
    table: Table, twice: Sequence[int], counted: Sequence[int], *, nulls: Sequence[contracts.Column]
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
        none_found(f"keys that stand twice in {table.full_name}", twice[0], detail=f"key: {key}"),
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
    """`frame` with null for columns that its table, made by an older contract, was not given yet."""
    lacking = [column for column in table.columns if column.name not in frame.columns]
    return frame.withColumns({column.name: F.lit(None).cast(column.type) for column in lacking})


def _may_hold_nulls(frame: DataFrame, table: Table) -> list[contracts.Column]:
    """The columns that must not be null, but whose table would take one.

    A column that Delta holds as NOT NULL cannot have one: every write of one fails, and Spark, which trusts that, would
    answer a count with 0 unread. Left to count are columns of tables made by older contracts: those that were added
    later, and those that could be null then.
    """
    may = {field.name for field in frame.schema if field.nullable}
    return [column for column in table.columns if not column.nullable and column.name in may]


def _keys_twice(frame: DataFrame, table: Table) -> DataFrame:
    twice = frame.groupBy(*table.key).count().where(F.col("count") > 1)
    return _named(twice.agg(F.array(F.count(F.lit(1))).alias("found")), table, KEYS)


def _counts(frame: DataFrame, table: Table, nulls: Sequence[contracts.Column]) -> DataFrame:
    """In one scan: how many nulls, and how many values out of range, by column."""
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
    """The last value that is in range, going up or down (`sign`); going up in time the first moment that is not."""
    if isinstance(bound, str):
        day = date.fromisoformat(bound)
        # The whole last day is in.
        next_day = day + timedelta(days=1) if type_ == "timestamp" and sign > 0 else day
        return F.lit(next_day).cast(type_)
    if type_ == "double":
        return F.lit(float(bound) + sign * ROUNDING * max(1.0, abs(float(bound))))
    return F.lit(bound)
