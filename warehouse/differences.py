"""What must be written so that a table's standing rows become other rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from warehouse.contracts import Table
from warehouse.staging import Stage

IS_KNOWN, IS_GONE, BEFORE = "_is_known", "_is_gone", "_before"


@dataclass(frozen=True)
class Differences:
    """The stored `rows` of `differences`, how many of them have a known and a new key, and the range of known rows.

    `first` and `last`, as text: what stood in the column the table is ordered by; None where no row is known.
    """

    table: Table
    rows: DataFrame
    known: int
    new: int
    first: str | None
    last: str | None

    @property
    def known_rows(self) -> DataFrame:
        """The rows that change or remove a row of the table; columns as of `differences`."""
        return self.rows.where(F.col(IS_KNOWN))

    @property
    def new_rows(self) -> DataFrame:
        """The rows to add, in the table's columns."""
        return self.rows.where(~F.col(IS_KNOWN)).select(*self.table.column_names)


def same_key(table: Table, one: str, other: str) -> Column:
    """Whether two rows have the same key; `one` and `other` are what their columns' names begin with."""
    pairs = (F.col(f"{one}{name}").eqNullSafe(F.col(f"{other}{name}")) for name in table.key)
    return reduce(Column.__and__, pairs)


def differences(table: Table, rows: DataFrame, standing: DataFrame) -> DataFrame:
    """One row per key whose row in `rows` differs from the one in `standing`: the table's columns and

    - _is_known: the key stands in the table already;
    - _is_gone: `rows` have it no longer (the columns are then those that stood);
    - _before: what stood in the column the table is ordered by; null for a new key.
    """
    names = table.column_names
    new = rows.select(F.struct(*names).alias("new"), *(F.col(name).alias(f"new_{name}") for name in table.key))
    old = standing.select(F.struct(*names).alias("old"), *(F.col(name).alias(f"old_{name}") for name in table.key))
    joined = new.join(old, same_key(table, "new_", "old_"), how="full").where(~F.col("new").eqNullSafe(F.col("old")))
    chosen = F.coalesce("new", "old")
    before = F.col(f"old.{table.ordered_by}") if table.ordered_by else F.lit(None).cast("string")
    return joined.select(
        chosen.alias("chosen"),
        F.col("old").isNotNull().alias(IS_KNOWN),
        F.col("new").isNull().alias(IS_GONE),
        before.alias(BEFORE),
    ).select(*(F.col(f"chosen.{name}").alias(name) for name in names), IS_KNOWN, IS_GONE, BEFORE)


def staged_differences(table: Table, rows: DataFrame, standing: DataFrame, stage: Stage) -> Differences:
    """`differences`, computed once and stored, counted on the way."""
    seen = Observation()
    found = differences(table, rows, standing).observe(
        seen,
        F.count_if(F.col(IS_KNOWN)).alias("known"),
        F.count_if(~F.col(IS_KNOWN)).alias("new"),
        F.min(BEFORE).cast("string").alias("first"),
        F.max(BEFORE).cast("string").alias("last"),
    )
    stored = stage("changed", found)
    return Differences(table, stored, **seen.get)
