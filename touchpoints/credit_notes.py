"""Credits that name no order: from which orders of their buyer they are taken.

A credit is taken from the buyer's latest order at or before it that is not yet refunded in full, then from the one
before, as returns mostly are of the latest purchase. What earlier orders do not cover is taken from the next ones, as
a shop sets a credit off against the next invoice. What no order covers stays with the credit and is shown.

Seen over time, orders raise the level of what a buyer has paid for, and credits lower it, never below 0. An order keeps
of its value what the level never falls into again after it.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from touchpoints.order_versions import NOT_COUNTED

SUM = "decimal(38,6)"
STEPS = (
    "buyer", "free", "credit", "sum", "debt", "level", "kept", "owed", "kept_before", "kept_of_all", "owed_before",
    "owed_of_all",
)  # fmt: skip


def buyer_of_order() -> Column:
    """Who the feed names as the buyer; an order that names nobody has a buyer of its own."""
    return F.coalesce("user_id", "anonymous_id", F.concat(F.lit("order:"), F.col("order_id")))


def with_credits(orders: DataFrame) -> DataFrame:
    """`orders`, the frame of `newest_versions`, with credited_value, what credits of the buyer take from the order, and
    uncovered_value, what of the row's own credits no order covers.

    A buyer is who the feed names: the login, otherwise the device. Credits are lines' alone: where they exceed their
    own order, or name none. Cancelled, pending and deleted orders take no part. By buyer and currency, the credits to
    be taken from other orders are the sum of credited_value and uncovered_value.
    """
    counts = ~F.col("status").isin(*NOT_COUNTED) & ~F.col("deleted")
    by_time = Window.partitionBy("buyer", "currency").orderBy("order_at", "is_credit", "order_id")
    so_far = by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    before = by_time.rowsBetween(Window.unboundedPreceding, -1)
    from_here = by_time.rowsBetween(Window.currentRow, Window.unboundedFollowing)
    all_rows = by_time.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    nothing = F.lit(0).cast(SUM)

    def within(amount: Column, most: Column) -> Column:
        return F.greatest(F.least(amount, most), nothing).cast(SUM)

    def total(name: str, frame: WindowSpec) -> Column:
        return F.coalesce(F.sum(name).over(frame), nothing).cast(SUM)

    left = F.when(counts, F.col("value") - F.col("refunded_value")).otherwise(F.lit(0)).cast(SUM)
    with_free = orders.withColumns(
        {
            "buyer": buyer_of_order(),
            "free": F.greatest(left, nothing),
            "credit": F.when(F.col("part").isNotNull(), F.greatest(-left, nothing)).otherwise(nothing),
        }
    )
    step = with_free.withColumn("sum", (F.col("free") - F.col("credit")).cast(SUM))
    with_sums = step.withColumn("sum", total("sum", so_far))
    with_levels = with_sums.withColumn("debt", F.least(F.min("sum").over(so_far), nothing).cast(SUM)).withColumn(
        "level", (F.col("sum") - F.col("debt")).cast(SUM)
    )
    lowest = F.min("level").over(from_here)
    kept = within(lowest - (F.col("level") - F.col("free")), F.col("free"))
    # How much of this row's credit found the level at 0.
    owed = (F.coalesce(F.lag("debt").over(by_time), nothing) - F.col("debt")).cast(SUM)
    with_kept = with_levels.withColumns({"kept": kept, "owed": owed})
    # Whatever is kept lies after every credit that is owed: before it the level was at 0.
    with_totals = with_kept.withColumns(
        {
            "kept_before": total("kept", before),
            "kept_of_all": total("kept", all_rows),
            "owed_before": total("owed", before),
            "owed_of_all": total("owed", all_rows),
        }
    )
    taken_later = within(F.col("owed_of_all") - F.col("kept_before"), F.col("kept"))
    covered_later = within(F.col("kept_of_all") - F.col("owed_before"), F.col("owed"))
    return with_totals.withColumns(
        {
            "credited_value": (F.col("free") - F.col("kept") + taken_later).cast(SUM),
            "uncovered_value": (F.col("owed") - covered_later).cast(SUM),
        }
    ).drop(*STEPS)
