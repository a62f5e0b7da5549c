"""The CDNOW transaction lists of the customer-base literature: words in fixed order, one line per order."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.orders import orders
from intake.flat_export import in_own_format
from warehouse.patterns import SPACE, portable

LINE = portable(r"^\d+(\s+\d+)?\s+\d{8}\s+\d+\s+\d+\.\d+$")


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """One order per line: customer, [number in the sample,] date as YYYYMMDD, CDs, dollars.

    The lists have no order number: the order_id is file and line. An order is dated at noon of its day, UTC.
    """
    words = F.split(F.col("raw_line"), f"[{SPACE}]+")
    count = F.size(words)
    day = F.regexp_replace(F.get(words, count - 3), portable(r"^(\d{4})(\d{2})(\d{2})$"), "$1-$2-$3")
    noon = F.concat(day, F.lit("T12:00:00Z"))
    checked_rows = rows.withColumn("problem", F.when(~F.col("raw_line").rlike(LINE), F.lit("not a CDNOW line")))
    as_orders = in_own_format(
        checked_rows,
        orders.ADAPTER,
        {
            "order_id": F.concat_ws(":", "file", "line"),
            "user_id": F.get(words, F.lit(0)),
            "order_ts": noon,
            "value": F.get(words, count - 1),
            "currency": F.lit("USD"),
            "status": F.lit("paid"),
            "items": F.get(words, count - 2),
        },
    )
    return orders.parse(as_orders, defaults, lookups)


ADAPTER = Adapter(
    table=orders.ADAPTER.table,
    columns=("raw_line",),
    required=(),
    parse=parse,
)
