"""Brings a frame into its table's contract: the last line of every builder."""

from __future__ import annotations

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.contracts import Column, Table


def with_contract_columns(frame: DataFrame, table: Table) -> DataFrame:
    """A stored table with every column of its contract: null in those that an older version did not have."""
    lacking = [column for column in table.columns if column.name not in frame.columns]
    return frame.withColumns({column.name: F.lit(None).cast(column.type) for column in lacking}) if lacking else frame


def conform(frame: DataFrame, table: Table, *, with_comments: bool = False) -> DataFrame:
    """The contract's columns, in its order and types. A missing column is an error, an extra one is dropped.

    `with_comments` is for a table that takes its schema from the frame.
    """

    def named(column: Column) -> SparkColumn:
        value = F.col(column.name).cast(column.type)
        return (
            value.alias(column.name, metadata={"comment": column.comment})
            if with_comments
            else value.alias(column.name)
        )

    return frame.select(*map(named, table.columns))
