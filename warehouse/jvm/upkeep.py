"""Upkeep of a Delta table: bringing back an older version, removing old rows."""

from __future__ import annotations

from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from warehouse.jvm.spark_writer import committing


def restore(spark: SparkSession, path: str, version: int, *, metadata: str) -> None:
    """Brings back the rows of an older version as a new commit."""
    with committing(spark, metadata):
        DeltaTable.forPath(spark, path).restoreToVersion(version)


def delete_rows(spark: SparkSession, path: str, where: str, *, metadata: str) -> None:
    """Removes the rows that `where` (SQL) selects."""
    with committing(spark, metadata):
        DeltaTable.forPath(spark, path).delete(where)
