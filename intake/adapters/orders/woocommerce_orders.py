"""WooCommerce orders: the shop's own Analytics download, and the common export plugins, one row per order."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.orders import orders
from intake.parse import id_field

COLUMNS = (*orders.COLUMNS, "customer_id")


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """One order per row. The buyer is the e-mail, otherwise the shop's number of the customer; 0 is a guest.

    The refund amount of the exports is below 0 or above: its sign does not matter. Times are the shop's, without an
    offset: `timezone` of the input says whose.
    """
    customer = id_field("customer_id")
    number = F.when(customer != "0", customer)
    return orders.parse(rows.withColumn("user_id", F.coalesce(F.col("user_id"), number)), defaults, lookups)


ADAPTER = Adapter(
    table=orders.ADAPTER.table,
    columns=COLUMNS,
    required=("order_id", "order_ts", "value", "status"),
    parse=parse,
    names={
        "order_id": ("order_number", "order number", "order #", "order id", "order no."),
        "user_id": ("billing_email", "customer_email", "email (billing)", "billing email", "billing email address"),
        "order_ts": ("order_date", "order date", "date", "date_created", "date created"),
        "value": ("order_total", "order total amount", "order total", "total", "n. revenue", "net sales"),
        "currency": ("order_currency", "order currency", "currency code"),
        "status": ("order_status", "order status"),
        "refunded_value": ("refunded_total", "order refund amount", "refund amount", "order_refund_amount"),
        "items": ("items sold", "total items", "total_items"),
        "updated_at": ("date_modified", "modified_date", "order modified date", "last modified"),
        "customer_id": ("customer id", "customer user id", "customer_user", "user id"),
    },
)
