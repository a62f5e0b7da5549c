"""Orders in the project's own contract: CSV or JSON Lines."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.parse import (
    IMPOSSIBLE,
    content_hash,
    count_field,
    first_problem,
    given_but_unread,
    impossible_time,
    is_currency_code,
    money_field,
    timestamp_field,
)
from warehouse.tables.bronze_orders import BRONZE_ORDERS

COLUMNS = (
    "order_id",
    "user_id",
    "anonymous_id",
    "order_ts",
    "value",
    "currency",
    "status",
    "refunded_value",
    "items",
    "updated_at",
    "deleted",
)
STATUSES = ("paid", "refunded", "cancelled")
# updated_at is when a version was written, not its content.
NOT_CONTENT = ("updated_at",)


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of the orders contract.

    A refunded order without refunded_value is refunded in full.
    """
    order_at = timestamp_field("order_ts")
    updated_at = timestamp_field("updated_at")
    value = F.coalesce(money_field("value"), F.lit(0))
    refunded = money_field("refunded_value")
    status = F.lower(F.coalesce(F.col("status"), F.lit("paid")))
    currency = F.upper(F.coalesce(F.col("currency"), F.lit(defaults.currency)))
    deleted = F.lower(F.coalesce(F.col("deleted"), F.lit("false")))
    reason = first_problem(
        (F.col("order_id").isNull(), "order_id is missing"),
        (F.col("user_id").isNull() & F.col("anonymous_id").isNull(), "neither anonymous_id nor user_id is given"),
        (order_at.isNull(), "order_ts is missing or not ISO 8601 with an offset"),
        (impossible_time(order_at), f"order_ts {IMPOSSIBLE}"),
        (given_but_unread("updated_at", updated_at), "updated_at is not ISO 8601 with an offset"),
        (given_but_unread("value", money_field("value")), "value is not a decimal number"),
        (value < 0, "value is negative"),
        (given_but_unread("refunded_value", refunded), "refunded_value is not a decimal number"),
        (refunded < 0, "refunded_value is negative"),
        (currency.isNull(), "a value without currency"),
        (~is_currency_code(currency), "currency is not an ISO 4217 code"),
        (~status.isin(*STATUSES), "status is not paid, refunded or cancelled"),
        (~deleted.isin("true", "false", "1", "0"), "deleted is neither true nor false"),
    )
    in_full = (status == "refunded") & (F.coalesce(refunded, F.lit(0)) == 0)
    parsed = rows.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        "order_id",
        "user_id",
        "anonymous_id",
        order_at.alias("order_at"),
        value.alias("value"),
        currency.alias("currency"),
        status.alias("status"),
        F.when(in_full, value).otherwise(F.coalesce(refunded, F.lit(0))).alias("refunded_value"),
        count_field("items").alias("items"),
        F.coalesce(updated_at, order_at).alias("updated_at"),
        deleted.isin("true", "1").alias("deleted"),
    )
    content = [name for name in parsed.columns if name in BRONZE_ORDERS.column_names and name not in NOT_CONTENT]
    return parsed.withColumn("payload_hash", content_hash(*(F.col(name) for name in content)))


ADAPTER = Adapter(
    table=BRONZE_ORDERS,
    columns=COLUMNS,
    required=("order_id", "order_ts", "value"),
    parse=parse,
)
