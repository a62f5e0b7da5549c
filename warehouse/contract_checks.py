"""Checks derived from contracts: unique keys, no null where none is allowed, values in their range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse import contracts
from warehouse.checks import CheckResult, none_found
from warehouse.contracts import Bound, Table

Read = Callable[[Table], DataFrame]
ROUNDING = 1e-9  # tolerance for doubles, relative above 1: sums of shares miss 1 by their last bits
KEYS, COLUMNS = "keys", "columns"  # the two kinds of counts


def check_contracts(read: Read, tables: Sequence[Table]) -> list[CheckResult]:
    """Two or three results per table: the numbers of duplicate keys, of nulls and of values out of range.

    The detail names the key, or the columns with their counts. Nulls in a key are equal, as they are in the builders'
    groupBy and in `Lake.update_rows`: two rows that have null in the same column of the key and agree in the others are
    duplicates. A null is in every range, NaN in none. A table whose contract names no range has no result for ranges.

    One query over all tables finds the tables with a fault; only these are counted exactly.
    """
    checked = [_Checked.of(table, read(table)) for table in tables]
    counts = _counted(_suspected(checked))
    return [result for one in checked for result in _results(one, counts)]


@dataclass(frozen=True)
class _Checked:
    """A table's rows, and the columns of its contract whose nulls, and whose range, must be checked."""

    table: Table
    rows: DataFrame
    nulls: Sequence[contracts.Column]
    ranged: Sequence[contracts.Column]

    @classmethod
    def of(cls, table: Table, frame: DataFrame) -> _Checked:
        # A table made by an older contract may lack columns.
        lacking = [column for column in table.columns if column.name not in frame.columns]
        rows = frame.withColumns({column.name: F.lit(None).cast(column.type) for column in lacking})
        # Delta refuses to write a null into a NOT NULL column, and Spark, which trusts that, answers 0 without reading.
        # Only columns of tables made by older contracts remain to be checked: those added later, and those that were
        # nullable then.
        may_be_null = {field.name for field in rows.schema if field.nullable}
        return cls(
            table=table,
            rows=rows,
            nulls=[column for column in table.columns if not column.nullable and column.name in may_be_null],
            ranged=[column for column in table.columns if column.range],
        )

    @property
    def faults(self) -> list[Column]:
        """Whether a row's value is wrong: one condition per column of `nulls`, then one per column of `ranged`."""
        return [*(F.col(column.name).isNull() for column in self.nulls), *map(_is_outside, self.ranged)]


Counts = dict[tuple[Table, str], list[int]]


def _suspected(checked: Sequence[_Checked]) -> list[tuple[_Checked, str]]:
    """The tables with possibly duplicate keys (KEYS) or a wrong value (COLUMNS).

    One scan per table, of the columns of key and checks only, and one shuffle of narrow rows: keys are compared by
    their 64-bit hash. Equal keys have equal hashes; where different keys share one, the exact count finds none.
    """
    if not checked:
        return []
    rows = reduce(DataFrame.unionByName, (_hashed(one) for one in checked))
    by_key = rows.groupBy("table", "key").agg(F.count(F.lit(1)).alias("rows"), F.max("is_wrong").alias("is_wrong"))
    by_table = by_key.groupBy("table").agg(
        F.max(F.col("rows") > 1).alias(KEYS), F.max(F.col("is_wrong")).alias(COLUMNS)
    )
    flags = {row["table"]: row for row in by_table.collect()}  # one row per table that is not empty
    return [
        (one, of)
        for one in checked
        for of in (KEYS, COLUMNS)
        if one.table.full_name in flags and flags[one.table.full_name][of]
    ]


def _hashed(one: _Checked) -> DataFrame:
    """One row per row: table, key (its hash) and is_wrong."""
    key = one.table.key
    # The hash skips nulls: without is_null, (a, null) and (null, a) would have the same one.
    is_null = [F.col(name).isNull() for name in key if one.table.column(name).nullable]
    is_wrong = reduce(Column.__or__, (F.coalesce(fault, F.lit(False)) for fault in one.faults), F.lit(False))
    return one.rows.select(
        F.lit(one.table.full_name).alias("table"),
        F.xxhash64(*key, *is_null).alias("key"),
        is_wrong.alias("is_wrong"),
    )


def _counted(suspected: Sequence[tuple[_Checked, str]]) -> Counts:
    """The exact counts for the tables of `_suspected`, from one query: duplicate keys (KEYS), and wrong values by
    `faults` (COLUMNS)."""
    if not suspected:
        return {}
    counts = reduce(DataFrame.unionByName, (_count(one, of) for one, of in suspected))
    by_name = {(row["table"], row["of"]): row["found"] for row in counts.collect()}  # at most two rows per table
    return {(one.table, of): by_name[one.table.full_name, of] for one, of in suspected}


def _count(one: _Checked, of: str) -> DataFrame:
    if of == KEYS:
        duplicates = one.rows.groupBy(*one.table.key).count().where(F.col("count") > 1)
        counted = duplicates.agg(F.array(F.count(F.lit(1))).alias("found"))
    else:
        counted = one.rows.agg(F.array(*map(F.count_if, one.faults)).alias("found"))
    return counted.select(F.lit(one.table.full_name).alias("table"), F.lit(of).alias("of"), "found")


def _results(one: _Checked, counts: Counts) -> list[CheckResult]:
    table = one.table
    (duplicates,) = counts.get((table, KEYS), [0])
    faults = counts.get((table, COLUMNS), [0] * (len(one.nulls) + len(one.ranged)))
    nulls = {column.name: count for column, count in zip(one.nulls, faults[: len(one.nulls)], strict=True)}
    outside = {
        f"{column.name}, which must be {column.range}": count
        for column, count in zip(one.ranged, faults[len(one.nulls) :], strict=True)
    }
    results = [
        none_found(f"keys that stand twice in {table.full_name}", duplicates, detail=f"key {', '.join(table.key)}"),
        none_found(f"nulls in {table.full_name}", sum(nulls.values()), detail=_listed(nulls)),
    ]
    if one.ranged:
        name = f"values out of range in {table.full_name}"
        results.append(none_found(name, sum(outside.values()), detail=_listed(outside)))
    return results


def _listed(counts: dict[str, int]) -> str:
    return "; ".join(f"{count:,} in {name}" for name, count in counts.items() if count)


def _is_outside(column: contracts.Column) -> Column:
    """Whether a value is out of the column's range; null for a null."""
    value = F.col(column.name)
    if column.values:
        return ~value.isin(*column.values)
    outside = []
    if column.minimum is not None:
        outside.append(value < _edge(column.minimum, column.type, -1))
    if column.maximum is not None:
        edge = _edge(column.maximum, column.type, 1)
        outside.append(value >= edge if column.type == "timestamp" else value > edge)
    if column.type == "double":
        outside.append(F.isnan(value))
    return reduce(Column.__or__, outside)


def _edge(bound: Bound, type_: str, side: int) -> Column:
    """The bound on the lower (-1) or upper (1) side as a literal that values are compared with.

    For timestamps, a lower bound is the first moment of its day, an upper one the first moment after its day.
    """
    if isinstance(bound, str):
        day = date.fromisoformat(bound)
        is_end_of_day = type_ == "timestamp" and side > 0
        return F.lit(day + timedelta(days=1) if is_end_of_day else day).cast(type_)
    if type_ == "double":
        number = float(bound)
        return F.lit(number + side * ROUNDING * max(1.0, abs(number)))
    return F.lit(bound)
