"""What must be written so that a table's standing rows become other rows."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.contracts import Table

IS_KNOWN, IS_GONE, BEFORE = "_is_known", "_is_gone", "_before"


def same_key(table: Table, one: str, other: str) -> Column:
    """Whether two rows have the same key; `one` and `other` are what their columns' names begin with."""
    pairs = (F.col(f"{one}{name}").eqNullSafe(F.col(f"{other}{name}")) for name in table.key)
    return reduce(Column.__and__, pairs)


def differences(table: Table, rows: DataFrame, standing: DataFrame) -> DataFrame:
    """One row per key that `rows` and `standing` do not say the same of: the table's columns and

    - _is_known: the key stands in the table already;
    - _is_gone: `rows` no longer have it (the columns then are those that stood);
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
