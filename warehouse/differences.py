"""The differences between a table's stored rows and their new state: what must be written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from warehouse.arrow.changed import BEFORE, IS_GONE, IS_KNOWN
from warehouse.contracts import Table
from warehouse.staging import Staging


@dataclass(frozen=True)
class Differences:
    """The staged rows of `differences`, the number of known and of new keys among them, and the range of known rows.

    `first` and `last`, as text: the range of the stored values in the column that the table is ordered by; None where
    no key is known. `folder` holds the files of `rows`.
    """

    table: Table
    rows: DataFrame
    folder: str
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
    """Whether two rows have the same key; `one` and `other` are the prefixes of their columns' names."""
    pairs = (F.col(f"{one}{name}").eqNullSafe(F.col(f"{other}{name}")) for name in table.key)
    return reduce(Column.__and__, pairs)


def differences(table: Table, rows: DataFrame, stored: DataFrame) -> DataFrame:
    """One row per key whose row in `rows` differs from the one in `stored`: the table's columns and

    - _is_known: the table has the key already;
    - _is_gone: `rows` no longer has the key (the other columns are then the stored ones);
    - _before: the stored value of the column that the table is ordered by; null for a new key.
    """
    names = table.column_names
    new = rows.select(F.struct(*names).alias("new"), *(F.col(name).alias(f"new_{name}") for name in table.key))
    old = stored.select(F.struct(*names).alias("old"), *(F.col(name).alias(f"old_{name}") for name in table.key))
    joined = new.join(old, same_key(table, "new_", "old_"), how="full").where(~F.col("new").eqNullSafe(F.col("old")))
    chosen = F.coalesce("new", "old")
    return joined.select(
        chosen.alias("chosen"),
        F.col("old").isNotNull().alias(IS_KNOWN),
        F.col("new").isNull().alias(IS_GONE),
        _before(table, "old.").alias(BEFORE),
    ).select(*(F.col(f"chosen.{name}").alias(name) for name in names), IS_KNOWN, IS_GONE, BEFORE)


def merged(table: Table, frame: DataFrame, stored: DataFrame, update_when: str | None) -> DataFrame:
    """What a merge of `frame` into `stored` writes, as `differences` gives it; see `Lake.merge`."""
    joined = frame.alias("s").join(
        stored.withColumn(IS_KNOWN, F.lit(True)).alias("t"), same_key(table, "s.", "t."), how="left"
    )
    is_new = F.col(f"t.{IS_KNOWN}").isNull()
    written = joined.where(is_new if update_when is None else is_new | F.expr(update_when))
    return written.select(
        *(F.col(f"s.{name}") for name in table.column_names),
        (~is_new).alias(IS_KNOWN),
        F.lit(False).alias(IS_GONE),
        _before(table, "t.").alias(BEFORE),
    )


def updated(table: Table, stored: DataFrame, values: Mapping[str, Column]) -> DataFrame:
    """The rows of `stored` with `values`, by column, as `differences` gives them."""
    new = (values.get(name, F.col(name)).alias(name) for name in table.column_names)
    return stored.select(
        *new, F.lit(True).alias(IS_KNOWN), F.lit(False).alias(IS_GONE), _before(table, "").alias(BEFORE)
    )


def staged_differences(table: Table, changed: DataFrame, stage: Staging) -> Differences:
    """`changed`, rows as of `differences`, computed and staged once, and counted while they are written."""
    counts = Observation()
    observed = changed.observe(
        counts,
        F.count_if(F.col(IS_KNOWN)).alias("known"),
        F.count_if(~F.col(IS_KNOWN)).alias("new"),
        F.min(BEFORE).cast("string").alias("first"),
        F.max(BEFORE).cast("string").alias("last"),
    )
    staged = stage("changed", observed)
    return Differences(table, staged, stage.folder_of("changed"), **counts.get)


def _before(table: Table, prefix: str) -> Column:
    """The stored value of the column that the table is ordered by."""
    return F.col(f"{prefix}{table.ordered_by}") if table.ordered_by else F.lit(None).cast("string")
