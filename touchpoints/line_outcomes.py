"""What became of the lines of orders: sales that count, and credits, which lower what other rows count."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.credit_notes import buyer_of_order, with_credits
from touchpoints.exchange_rates import is_too_large, with_rate
from touchpoints.order_versions import newest_versions
from touchpoints.outcomes import (
    CANCELLED,
    COUNTED,
    CREDITED,
    DELETED,
    NO_ROOM,
    PENDING,
    REPLACED,
    SET_ASIDE,
    SHOWN,
    TOO_LARGE,
    UNSETTLED,
    as_outcomes,
)
from touchpoints.unsettled import newest_quarantined
from warehouse.contracts import MONEY
from warehouse.days import report_day
from warehouse.tables.bronze_orders import BRONZE_ORDERS

NOT_COVERED = "no order of its buyer covers the credit"
BAD_LINE = "a line of it was quarantined: "


def line_outcomes(
    orders: DataFrame,
    quarantine: DataFrame,
    daily_rates: DataFrame,
    *,
    input_: str,
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """One row per order, outcome and file of the lines in bronze.orders, `identified`; see `touchpoints.outcomes`.

    Credits are below 0. The part of them that no order of the buyer covers is set aside; sales and credits of an order
    with a line in `quarantine` are unsettled.
    """
    # Lines and the other orders of their buyers: where there are no lines, there is nothing more to do.
    with_buyer = orders.withColumn("line_buyer", buyer_of_order())
    buyers = with_buyer.where(F.col("part").isNotNull()).select("line_buyer").distinct()
    order_ids = with_buyer.join(buyers, "line_buyer", how="left_semi").select("order_id").distinct()
    orders = orders.join(order_ids, "order_id", how="left_semi")
    priced = with_rate(
        with_credits(newest_versions(orders)),
        daily_rates,
        day=report_day("order_at", timezone),
        report_currency=report_currency,
    )
    valid = priced.select(
        "order_id",
        "uncovered_value",
        is_too_large(F.col("value"), F.col("rate")).alias("is_too_large"),
        F.col("part").isNotNull().alias("newest_is_line"),
        F.col("updated_at").alias("newest_at"),
    )
    of_order = Window.partitionBy("order_id")
    unread = newest_quarantined(quarantine, BRONZE_ORDERS).withColumnRenamed("record_id", "order_id")
    lines = (
        orders.where(F.col("part").isNotNull())
        .join(valid, "order_id", how="inner")
        .join(unread, "order_id", how="left")
    )
    is_newest = F.col("newest_is_line") & (F.col("updated_at") == F.col("newest_at"))
    is_bad = F.coalesce(F.col("dated.version_at") >= F.col("newest_at"), F.lit(False)) | F.col("undated").isNotNull()
    state = (
        F.when(~is_newest, REPLACED)
        .when(F.col("deleted"), DELETED)
        .when(F.col("status") == "cancelled", CANCELLED)
        .when(F.col("status") == "pending", PENDING)
    )
    with_state = lines.withColumns({"state": state, "is_bad": is_bad}).withColumn(
        "sales", F.sum(F.when(F.col("state").isNull() & (F.col("part") == "sale"), F.col("value"))).over(of_order)
    )
    # Discounts of more than the goods are worth are as a credit.
    is_sale = (F.col("part") == "sale") & (F.col("sales") >= 0)
    outcome = (
        F.when(F.col("state").isNotNull(), F.col("state"))
        .when(~is_sale, CREDITED)
        .when(F.col("is_too_large"), TOO_LARGE)
        .when(F.col("is_bad"), UNSETTLED)
        .otherwise(COUNTED)
    )
    place = F.struct("source_file", "source_line")
    by_outcome = (
        with_state.withColumn("outcome", outcome)
        .groupBy("order_id", "currency", "outcome")
        .agg(
            F.count(F.lit(1)).cast("int").alias("rows"),
            F.sum("value").alias("amount"),
            F.min(place).alias("place"),
            F.first("uncovered_value").alias("uncovered_value"),
            F.first(F.coalesce("dated.reason", "undated.reason")).alias("bad_reason"),
        )
        .select("*", "place.source_file", "place.source_line", F.col("order_id").alias("record_id"))
    )
    is_credit, uncovered = F.col("outcome") == CREDITED, F.col("uncovered_value")
    has_rest = F.col("amount") + uncovered != 0
    whole = as_outcomes(
        by_outcome.where(~is_credit | (uncovered == 0) | has_rest),
        input_,
        # Where it is listed in silver.set_aside, an order is one row.
        rows=F.when(F.col("outcome").isin(*SHOWN), 1).otherwise(F.col("rows")),
        amount=F.when(is_credit, F.col("amount") + uncovered).otherwise(F.col("amount")).cast(MONEY),
        reason=F.when(F.col("outcome") == TOO_LARGE, NO_ROOM)
        .when(F.col("outcome") == UNSETTLED, F.concat(F.lit(BAD_LINE), F.col("bad_reason")))
        .otherwise(""),
    )
    rest = as_outcomes(
        by_outcome.where(is_credit & (uncovered > 0)),
        input_,
        outcome=F.lit(SET_ASIDE),
        amount=(-uncovered).cast(MONEY),
        rows=F.lit(1),
        reason=F.lit(NOT_COVERED),
    )
    return whole.unionByName(rest)
