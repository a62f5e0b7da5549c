"""Credits that name no order: from which orders of their buyer they are taken.

A credit is taken from the buyer's latest order at or before it that is not yet refunded in full, then from the one
before, as returns mostly are of the latest purchase. What earlier orders do not cover is taken from the next ones, as
a shop sets a credit off against the next invoice. What no order covers stays with the credit and is shown.

Seen over time, orders raise the level of what a buyer has paid for, and credits lower it, never below 0. An order keeps
of its value what the level never falls into again after it.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

SUM = "decimal(38,6)"
STEPS = (
    "free", "step", "sum", "debt", "level", "kept", "owed", "kept_before", "kept_of_all", "owed_before", "owed_of_all",
)  # fmt: skip


def with_credits(orders: DataFrame) -> DataFrame:
    """The rows of `orders` with credited_value, what credits of the buyer take from the order, and uncovered_value,
    what of the row's own credit no order covers.

    `orders` has person_id, currency, ordered_at, order_id, is_credit, value, feed_refunded_value (at most the value is
    refunded already) and credit_value (what is to be taken from others). The sums of credit_value and of credited_value
    + uncovered_value are equal for every buyer and currency.
    """
    by_time = Window.partitionBy("person_id", "currency").orderBy("ordered_at", "is_credit", "order_id")
    so_far = by_time.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    before = by_time.rowsBetween(Window.unboundedPreceding, -1)
    from_here = by_time.rowsBetween(Window.currentRow, Window.unboundedFollowing)
    all_rows = by_time.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    nothing = F.lit(0).cast(SUM)

    def within(amount: Column, most: Column) -> Column:
        return F.greatest(F.least(amount, most), nothing).cast(SUM)

    def total(name: str, frame: object) -> Column:
        return F.coalesce(F.sum(name).over(frame), nothing).cast(SUM)  # type: ignore[arg-type]

    free = F.greatest(F.col("value") - F.col("feed_refunded_value"), nothing).cast(SUM)
    with_free = orders.withColumns({"free": free, "step": (free - F.col("credit_value")).cast(SUM)})
    with_sums = with_free.withColumn("sum", total("step", so_far))
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
