"""Shopify's orders export (Admin, Orders, Export): one row per line item, the order's fields on its first row alone."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.orders import orders
from intake.parse import decimal_field, id_field
from intake.reasons import A_CUT_ORDER
from intake.written_days import timestamp_field
from intake.written_numbers import given, plain_number

FIELDS = ("order_id", "user_id", "order_ts", "value", "currency", "status", "refunded_value")
COLUMNS = (*FIELDS, "phone", "paid_at", "fulfilled_at", "cancelled_at", "quantity")
QUANTITY = "decimal(18,6)"


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """One order per record: its first row and the rows of its other line items, which have no amount of their own.

    The row with Total is the order's: of the other fields some are repeated in rows of items, such as Created at. Where
    no row has a Total, the record's first row is the order's if it has a Financial Status.

    The buyer is the e-mail, otherwise the phone number. An order with Cancelled at is cancelled, whatever its
    Financial Status; one that waits for its money (pending, authorized, partially_paid) does not count yet. Its
    version is as new as its latest time. `raw` is the whole record.
    """
    record = Window.partitionBy("file", id_field("order_id")).orderBy("line")
    of_record = record.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    has_total = given(F.col("value")).isNotNull()
    has_none = F.count_if(has_total).over(of_record) == 0
    is_begin = (F.row_number().over(record) == 1) & given(F.col("status")).isNotNull()
    is_first = F.col("is_first")
    quantity = decimal_field(plain_number(F.col("quantity"), defaults.export), QUANTITY)
    first_rows = rows.withColumn("is_first", has_total | (has_none & is_begin)).withColumns(
        {
            "row_in_record": F.row_number().over(record),
            "first_rows": F.count_if(is_first).over(of_record),
            "items": F.sum(quantity).over(of_record),
            "record": F.concat_ws("\n", F.collect_list("raw").over(of_record)),
        }
    )
    # A name that two orders share has two records, whose rows below cannot be kept apart.
    is_one = F.col("first_rows") == 1
    stays_alone = F.col("problem").isNotNull() | F.col("order_id").isNull()
    is_cut = (F.col("first_rows") == 0) & (F.col("row_in_record") == 1)
    records = first_rows.where(stays_alone | is_first | is_cut).withColumns(
        {
            "raw": F.when(stays_alone | ~is_one, F.col("raw")).otherwise(F.col("record")),
            "items": F.when(is_one, F.col("items")).cast("string"),
            "problem": F.coalesce(
                F.col("problem"),
                F.when(is_cut, F.lit(A_CUT_ORDER)),
                F.when(is_first & ~has_total, F.lit("value is missing or not a decimal number")),
            ),
            "user_id": F.coalesce(given(F.col("user_id")), given(F.col("phone"))),
            "status": F.when(given(F.col("cancelled_at")).isNotNull(), F.lit("cancelled")).otherwise(F.col("status")),
            "updated_at": _latest("order_ts", "paid_at", "fulfilled_at", "cancelled_at", defaults=defaults),
            "anonymous_id": F.lit(None).cast("string"),
            "deleted": F.lit(None).cast("string"),
        }
    )
    return orders.parse(records, defaults, lookups)


def _latest(*names: str, defaults: Defaults) -> Column:
    """The text of the latest of these times: what is known of when the version was written."""
    moments = F.greatest(*(timestamp_field(name, defaults.export) for name in names))
    return F.concat(F.date_format(moments, "yyyy-MM-dd HH:mm:ss"), F.lit("Z"))


ADAPTER = Adapter(
    table=orders.ADAPTER.table,
    columns=COLUMNS,
    required=("order_id", "order_ts", "value", "status"),
    parse=parse,
    names={
        "order_id": ("name",),
        "user_id": ("email",),
        "order_ts": ("created at",),
        "value": ("total",),
        "status": ("financial status",),
        "refunded_value": ("refunded amount",),
        "paid_at": ("paid at",),
        "fulfilled_at": ("fulfilled at",),
        "cancelled_at": ("cancelled at",),
        "quantity": ("lineitem quantity",),
    },
)
