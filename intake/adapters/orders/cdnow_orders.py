"""The CDNOW transaction lists of the customer-base literature: fixed words, a line an order."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.orders import orders
from warehouse.tables.bronze_orders import BRONZE_ORDERS


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """One order per line: customer, [number in the sample,] date as YYYYMMDD, CDs, dollars.

    The lists have no order number: file and line stand for it. A day's order is dated at its noon, UTC.
    """
    words = F.split(F.col("raw_line"), r"\s+")
    count = F.size(words)
    noon = F.regexp_replace(F.get(words, count - 3), r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3T12:00:00Z")
    as_orders = rows.select(
        "file",
        "line",
        "raw",
        F.when(~F.col("raw_line").rlike(r"^\d+(\s+\d+)?\s+\d{8}\s+\d+\s+\d+\.\d+$"), F.lit("not a CDNOW line")).alias(
            "problem"
        ),
        F.concat_ws(":", "file", "line").alias("order_id"),
        F.get(words, F.lit(0)).alias("user_id"),
        F.lit(None).cast("string").alias("anonymous_id"),
        noon.alias("order_ts"),
        F.get(words, count - 1).alias("value"),
        F.lit("USD").alias("currency"),
        F.lit("paid").alias("status"),
        F.lit(None).cast("string").alias("refunded_value"),
        F.get(words, count - 2).alias("items"),
        F.lit(None).cast("string").alias("updated_at"),
        F.lit(None).cast("string").alias("deleted"),
    )
    return orders.parse(as_orders, defaults, lookups)


ADAPTER = Adapter(
    table=BRONZE_ORDERS,
    columns=("raw_line",),
    required=(),
    parse=parse,
)
