"""Line items: one row per line of an order, credit notes with or without the order that they credit."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.orders.orders import STATUSES, buyer_problems, currency_problems, with_buyer
from intake.parse import (
    amount_field,
    content_hash,
    count_field,
    first_problem,
    given_but_unread,
    id_field,
    is_rounded_id,
    money_field,
    order_id_field,
)
from intake.reasons import ROUNDED
from warehouse.contracts import MONEY
from warehouse.tables.bronze_orders import BRONZE_ORDERS

COLUMNS = (
    "order_id",
    "credited_order_id",
    "line_id",
    "product_id",
    "user_id",
    "anonymous_id",
    "order_ts",
    "quantity",
    "price",
    "line_value",
    "currency",
    "status",
    "updated_at",
    "deleted",
)
# What makes two lines of an order the same line. When it was written is no content.
CONTENT = ("line_id", "product_id", "user_id", "anonymous_id", "order_at", "quantity", "value", "currency", "status")
# The version of an order whose lines carry no updated_at: all its lines are of this one.
NO_VERSION = "TIMESTAMP'1970-01-01 00:00:00Z'"
QUANTITY = "decimal(18,6)"


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of bronze.orders that are each a part of their order; silver sums them (touchpoints.order_versions).

    A line is worth line_value, otherwise quantity × price. It is a credit where its quantity (or line_value) is below
    0, or its status is refunded: its value is then below 0, whatever its sign in the file. A credit is of the order in
    credited_order_id where that is given. A line that is the same as one of its order in another file is that line
    again; equal lines of one order within a file are several.
    """
    export = defaults.export
    read = with_buyer(rows, defaults).withColumns(
        {
            "read_credited_id": order_id_field("credited_order_id", defaults),
            "read_quantity": amount_field("quantity", QUANTITY, export),
            "read_price": money_field("price", export),
            "read_line_value": money_field("line_value", export),
            "read_items": count_field("quantity", export),
        }
    )
    quantity, line_value = F.col("read_quantity"), F.col("read_line_value")
    with_amount = read.withColumn("amount", F.coalesce(line_value, (quantity * F.col("read_price")).try_cast(MONEY)))
    amount, status, currency, deleted = (
        F.col(name) for name in ("amount", "read_status", "read_currency", "read_deleted")
    )
    below_zero = F.coalesce(quantity < 0, amount < 0, F.lit(False))
    is_credit = below_zero | (status == "refunded")
    reason = first_problem(
        *buyer_problems(export),
        (is_rounded_id("credited_order_id"), f"credited_order_id: {ROUNDED}"),
        *(
            (given_but_unread(name, F.col(f"read_{name}")), f"{name} is not a decimal number")
            for name in ("quantity", "price", "line_value")
        ),
        (amount.isNull(), "line_value is missing or not a decimal number"),
        *currency_problems(currency, "price", "line_value"),
        (~status.isin(*STATUSES), "status is not paid, refunded or cancelled"),
        (~deleted.isin("true", "false", "1", "0"), "deleted is neither true nor false"),
    )
    lines = with_amount.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        F.coalesce(F.when(is_credit, F.col("read_credited_id")), F.col("read_order_id")).alias("order_id"),
        F.col("read_user_id").alias("user_id"),
        F.col("read_anonymous_id").alias("anonymous_id"),
        "order_at",
        F.when(is_credit, -F.abs(amount)).otherwise(amount).cast(MONEY).alias("value"),
        currency.alias("currency"),
        F.when(status == "refunded", F.lit("paid")).otherwise(status).alias("status"),
        F.lit(0).cast(MONEY).alias("refunded_value"),
        F.col("read_items").alias("items"),
        F.coalesce(F.col("read_updated_at"), F.expr(NO_VERSION)).alias("updated_at"),
        deleted.isin("true", "1").alias("deleted"),
        F.when(is_credit, F.lit("credit")).otherwise(F.lit("sale")).alias("part"),
        id_field("line_id").alias("line_id"),
        id_field("product_id").alias("product_id"),
        quantity.alias("quantity"),
    )
    hashed = lines.withColumn("line_content", content_hash(*(F.col(name) for name in CONTENT)))
    same_line = Window.partitionBy("file", "order_id", "line_content").orderBy("line")
    counted = hashed.withColumn("occurrence", F.row_number().over(same_line))
    versioned = (F.col(name) for name in ("order_id", "deleted", "line_content", "occurrence"))
    return counted.withColumn("payload_hash", content_hash(*versioned)).drop(
        "line_id", "product_id", "quantity", "line_content", "occurrence"
    )


ADAPTER = Adapter(
    table=BRONZE_ORDERS,
    columns=COLUMNS,
    required=("order_id", "order_ts"),
    parse=parse,
)
