"""Which of an order's versions is valid, and what the lines of an order add up to."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from warehouse.contracts import MONEY
from warehouse.file_order import file_order

# An order that waits for its money is no sale yet.
NOT_COUNTED = ("cancelled", "pending")


def newest_first() -> WindowSpec:
    """The versions of an order, the valid one first."""
    position = F.col("updated_at").desc(), file_order("source_file").desc(), F.col("source_line").desc()
    return Window.partitionBy("order_id").orderBy(*position)


def newest_versions(orders: DataFrame) -> DataFrame:
    """One row per order of bronze.orders: the newest by (updated_at, source_file, source_line), by `file_order`.

    Where that row is a line of its order (`part`), the order is the sum of all lines with its updated_at: value is the
    sum of the sale lines, refunded_value adds up the credit lines, in whatever files they came; order_at is that of the
    first line. Cancelled, pending and deleted lines count only where the order has no others. is_credit: the order has
    credit lines alone, it is a credit note that names no order.
    """
    # A lake of before the column holds whole orders alone.
    part = F.col("part") if "part" in orders.columns else F.lit(None).cast("string")
    newest = newest_first()
    # With the same order of rows, so that they are sorted once.
    all_rows = newest.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    counts = part.isNotNull() & ~F.col("status").isin(*NOT_COUNTED) & ~F.col("deleted")
    ranked = orders.withColumns(
        {
            "part": part,
            "rank": F.row_number().over(newest),
            "is_of_newest": F.col("updated_at") == F.max("updated_at").over(all_rows),
            "counts": counts,
        }
    )
    is_line = F.col("is_of_newest") & F.col("part").isNotNull()

    def summed(of_line: Column) -> Column:
        return F.coalesce(F.sum(F.when(is_line & F.col("counts"), of_line)).over(all_rows), F.lit(0)).cast(MONEY)

    is_sale, is_whole = F.col("part") == "sale", F.col("part").isNull()
    sales, credits = summed(F.when(is_sale, F.col("value"))), summed(F.when(~is_sale, -F.col("value")))
    nothing = F.lit(0).cast(MONEY)
    # Discounts that exceed the goods are as a credit.
    value, refunded = F.greatest(sales, nothing), (credits + F.greatest(-sales, nothing)).cast(MONEY)
    any_counts = F.max(F.when(is_line, F.col("counts"))).over(all_rows)
    items = F.sum(F.when(is_line & F.col("counts") & is_sale, F.col("items"))).over(all_rows)
    first_at = F.min(F.when(is_line, F.col("order_at"))).over(all_rows)
    has_sale = F.max(F.when(is_line, is_sale)).over(all_rows)
    return (
        ranked.withColumns(
            {
                "value": F.when(is_whole, F.col("value")).otherwise(value),
                "refunded_value": F.when(is_whole, F.col("refunded_value")).otherwise(refunded),
                "items": F.when(is_whole, F.col("items")).otherwise(items),
                "order_at": F.when(is_whole, F.col("order_at")).otherwise(first_at),
                "status": F.when(is_whole | ~any_counts, F.col("status")).otherwise(F.lit("paid")),
                "deleted": F.when(is_whole | ~any_counts, F.col("deleted")).otherwise(F.lit(False)),
                "is_credit": ~is_whole & ~F.coalesce(has_sale, F.lit(False)),
            }
        )
        .where(F.col("rank") == 1)
        .drop("rank", "is_of_newest", "counts")
    )
