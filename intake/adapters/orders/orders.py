"""Orders in the project's own contract: CSV or JSON Lines."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.knobs import Export
from intake.parse import (
    IMPOSSIBLE,
    content_hash,
    count_field,
    first_problem,
    given_but_unread,
    impossible_time,
    is_currency_code,
    is_header,
    is_total,
    money_field,
    order_id_field,
    person_id_field,
    rounded_ids,
    status_field,
)
from intake.reasons import A_REPEATED_HEADER, A_TOTALS_ROW
from intake.written_days import date_field, is_moment, timestamp_field
from intake.written_numbers import given, has_sign_of_another
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
STATUSES = ("paid", "pending", "refunded", "cancelled")
# updated_at is when a version was written, not its content.
NOT_CONTENT = ("updated_at",)
NOON = "INTERVAL 12 HOURS"


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of the orders contract.

    A refunded order without refunded_value is refunded in full; the sign of refunded_value does not matter.
    """
    export = defaults.export
    # Fields are read first and checked afterwards, so that each is read once for all conditions.
    read = with_buyer(rows, defaults).withColumns(
        {
            "read_value": money_field("value", export),
            "read_refunded": F.abs(money_field("refunded_value", export)),
            "read_items": count_field("items", export),
        }
    )
    value, refunded = F.coalesce("read_value", F.lit(0)), F.col("read_refunded")
    status, currency, deleted = (F.col(f"read_{name}") for name in ("status", "currency", "deleted"))
    is_partial = F.lower("status").rlike("partial[a-z]*[_ -]+refund")
    reason = first_problem(
        *buyer_problems(export),
        (given_but_unread("value", F.col("read_value")), "value is not a decimal number"),
        (value < 0, "value is negative"),
        (given_but_unread("refunded_value", refunded), "refunded_value is not a decimal number"),
        *currency_problems(currency, "value", "refunded_value"),
        (~status.isin(*STATUSES), "status is not paid, refunded or cancelled"),
        (is_partial & refunded.isNull(), "a partial refund without refunded_value"),
        (~deleted.isin("true", "false", "1", "0"), "deleted is neither true nor false"),
    )
    in_full = (status == "refunded") & (F.coalesce(refunded, F.lit(0)) == 0)
    parsed = read.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        F.col("read_order_id").alias("order_id"),
        F.col("read_user_id").alias("user_id"),
        F.col("read_anonymous_id").alias("anonymous_id"),
        "order_at",
        value.alias("value"),
        currency.alias("currency"),
        status.alias("status"),
        F.when(in_full, value).otherwise(F.coalesce(refunded, F.lit(0))).alias("refunded_value"),
        F.col("read_items").alias("items"),
        F.coalesce("read_updated_at", "order_at").alias("updated_at"),
        deleted.isin("true", "1").alias("deleted"),
    )
    content = [name for name in parsed.columns if name in BRONZE_ORDERS.column_names and name not in NOT_CONTENT]
    hashed = parsed.withColumn("payload_hash", content_hash(*(F.col(name) for name in content)))
    return hashed.withColumn("part", F.lit(None).cast("string"))


def with_buyer(rows: DataFrame, defaults: Defaults) -> DataFrame:
    """`rows` with what orders and lines of orders have in common, read: order_at and the columns read_<field>."""
    return rows.withColumns(
        {
            "read_order_id": order_id_field("order_id", defaults),
            "read_user_id": person_id_field("user_id", defaults),
            "read_anonymous_id": person_id_field("anonymous_id", defaults),
            "order_at": order_moment("order_ts", defaults.export),
            "read_updated_at": timestamp_field("updated_at", defaults.export),
            "read_status": status_field("status"),
            "read_currency": F.upper(F.coalesce(given(F.col("currency")), F.lit(defaults.currency))),
            "read_deleted": F.lower(F.coalesce(F.col("deleted"), F.lit("false"))),
        }
    )


def order_moment(name: str, export: Export) -> Column:
    """When it was ordered. Where only the day is given, and `export.timezone` says whose day, it is noon there."""
    moment = timestamp_field(name, export)
    if not export.timezone:
        return moment
    noon = date_field(name, export).cast("timestamp") + F.expr(NOON)
    return F.coalesce(moment, F.when(~is_moment(name), F.to_utc_timestamp(noon, export.timezone)))


def buyer_problems(export: Export) -> tuple[tuple[Column, str], ...]:
    """What makes every order unusable, in rows of `with_buyer`: no id, nobody who bought, no time. A sum below the rows
    is no order."""
    order_at, updated_at = F.col("order_at"), F.col("read_updated_at")
    no_buyer = F.col("read_user_id").isNull() & F.col("read_anonymous_id").isNull()
    headers = {name: [export.columns.get(name, name)] for name in ("order_id", "order_ts")}
    return (
        (is_header(headers), A_REPEATED_HEADER),
        (is_total(("order_id", "user_id", "order_ts", "status"), unless=order_at.isNotNull()), A_TOTALS_ROW),
        (F.col("read_order_id").isNull(), "order_id is missing"),
        *rounded_ids("order_id", "user_id", "anonymous_id"),
        (no_buyer, "neither anonymous_id nor user_id is given"),
        (order_at.isNull(), "order_ts is missing or not ISO 8601 with an offset"),
        (impossible_time(order_at), f"order_ts {IMPOSSIBLE}"),
        (given_but_unread("updated_at", updated_at), "updated_at is not ISO 8601 with an offset"),
    )


def currency_problems(currency: Column, *amounts: str) -> tuple[tuple[Column, str], ...]:
    """No currency, none that is known, or an amount with the sign of another."""
    return (
        (currency.isNull(), "a value without currency"),
        (~is_currency_code(currency), "currency is not an ISO 4217 code"),
        *((has_sign_of_another(F.col(name), currency), f"{name} has the sign of another currency") for name in amounts),
    )


ADAPTER = Adapter(
    table=BRONZE_ORDERS,
    columns=COLUMNS,
    required=("order_id", "order_ts", "value"),
    parse=parse,
)
