"""Frames put together so that every engine finds the same types."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def stacked(upper: DataFrame, lower: DataFrame) -> DataFrame:
    """The rows of both, by column name; a column that one of them lacks is null in its rows.

    Nulls get their type here: of a column of untyped nulls, Sail makes no sum.
    """
    return _with_columns_of(upper, lower).unionByName(_with_columns_of(lower, upper))


def _with_columns_of(frame: DataFrame, other: DataFrame) -> DataFrame:
    lacking = [field for field in other.schema if field.name not in frame.columns]
    return frame.select("*", *(F.lit(None).cast(field.dataType).alias(field.name) for field in lacking))
