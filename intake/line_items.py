"""Lines of orders that are read as orders: each would replace the one before, and most of the money would be gone."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.errors import InputError
from warehouse.local_files import shown

# So many rows of one order, and such a share of a file's rows, are no corrections.
ROWS_AT_LEAST, SHARE_ABOVE = 3, 0.1
SAME_ORDER = ("file", "order_id", "order_at", "user_id", "anonymous_id", "currency", "status", "deleted")


def require_one_row_per_order(rows: DataFrame) -> None:
    """InputError for the first file of parsed order rows in which many rows of one order differ in value, none with an
    updated_at. Equal rows of such an order are lines too: two of one article."""
    # An updated_at that is the order's own time is none.
    has_no_version = (F.col("updated_at") == F.col("order_at")).alias("has_no_version")
    orders = (
        rows.where(F.col("reason").isNull())
        .groupBy(*SAME_ORDER, has_no_version)
        .agg(
            F.count(F.lit(1)).alias("rows"),
            (F.min("value") != F.max("value")).alias("differ"),
            F.min("line").alias("line"),
        )
    )
    are_lines = F.col("differ") & F.col("has_no_version") & (F.col("rows") > 1)
    files = orders.groupBy("file").agg(
        F.sum("rows").alias("all"),
        F.sum(F.when(are_lines, F.col("rows") - 1).otherwise(0)).alias("more"),
        F.max(F.when(are_lines, F.struct("rows", (-F.col("line")).alias("line")))).alias("most"),
    )
    is_lines = (F.col("more") > SHARE_ABOVE * F.col("all")) & (F.col("most.rows") >= ROWS_AT_LEAST)
    found = files.where(is_lines).orderBy("file").first()
    if found is not None:
        raise InputError(
            f"{shown(found['file'])}: {found['most']['rows']:,} rows, from line {-found['most']['line']:,} on, are of "
            "one order with different values, and none has an updated_at. Rows of orders replace each other. If these "
            "are the lines of orders, read them with the adapter order_lines, which adds them up (landing.inputs, "
            "docs/input.md); if they are versions, give each its updated_at. Nothing of the batch was taken in."
        )
