"""Which of an order's versions is valid."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def newest_versions(orders: DataFrame) -> DataFrame:
    """One row per order of bronze.orders: the newest by (updated_at, source_file, source_line)."""
    newest = Window.partitionBy("order_id").orderBy(
        F.col("updated_at").desc(), F.col("source_file").desc(), F.col("source_line").desc()
    )
    return orders.select("*", F.row_number().over(newest).alias("rank")).where(F.col("rank") == 1).drop("rank")
