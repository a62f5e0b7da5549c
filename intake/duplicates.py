"""Rows that arrive twice: which of a batch are new, and which replace the stored one."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from warehouse.contracts import Table
from warehouse.file_order import file_order, file_order_sql
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS

# Of two payloads of one event the smaller one by this order is kept; no time of receipt comes last.
RECEIPT_ORDER = "struct({0}.received_at IS NULL, {0}.received_at, {0}.payload_hash)"
EARLIER_RECEIPT = f"{RECEIPT_ORDER.format('s')} < {RECEIPT_ORDER.format('t')}"
# Of several places (file, line) with the same version of an order, the last counts.
PLACE = "struct({0}, {1}.source_line)"
LATER_PLACE = " > ".join(PLACE.format(file_order_sql(f"{one}.source_file"), one) for one in "st")


def classify_events(arrived: DataFrame, known: DataFrame) -> DataFrame:
    """One row per good row of a batch, with its verdict.

    `known` are the events of earlier batches (event_id, received_at, payload_hash, batch_id, and what is carried of the
    known one as `known_row`: event_name, value and currency). Adds is_kept (has a new
    event_id), is_conflicting (its payload differs from the known one, or from the first so far where none is known),
    is_first_in_batch and is_superseding (its payload replaces the known one).
    """
    by_receipt = Window.partitionBy("event_id").orderBy(
        F.col("received_at").asc_nulls_last(), F.col("payload_hash"), F.col("source_file"), F.col("line_hash")
    )
    so_far = by_receipt.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    known_payload = known.select(
        "event_id",
        F.col("received_at").alias("known_received_at"),
        F.col("payload_hash").alias("known_payload_hash"),
        F.col("batch_id").alias("known_batch_id"),
        F.struct("event_name", "value", "currency").alias("known_row"),
    )
    ranked = arrived.select(
        "*",
        (F.row_number().over(by_receipt) == 1).alias("is_first_in_batch"),
        F.first("payload_hash").over(so_far).alias("first_payload_hash"),
    )
    joined = ranked.join(known_payload, "event_id", how="left")
    is_new = F.col("known_payload_hash").isNull()
    payload_so_far = F.coalesce("known_payload_hash", "first_payload_hash")
    is_kept = is_new & F.col("is_first_in_batch")
    return joined.select(
        *(name for name in arrived.columns if name != "batch_id"),
        # The batch with the first row of an id stays recorded, so that every batch's rows can be counted again.
        F.coalesce("known_batch_id", "batch_id").alias("batch_id"),
        "is_first_in_batch",
        is_kept.alias("is_kept"),
        (~is_kept & (F.col("payload_hash") != payload_so_far)).alias("is_conflicting"),
        (~is_new & F.col("is_first_in_batch") & _before_known()).alias("is_superseding"),
        "known_row",
    )


def _before_known() -> Column:
    """Whether a row comes before the known one in the order of receipt."""
    row = F.struct(F.col("received_at").isNull(), F.col("received_at"), F.col("payload_hash"))
    known = F.struct(F.col("known_received_at").isNull(), F.col("known_received_at"), F.col("known_payload_hash"))
    return row < known


def classify_orders(arrived: DataFrame, known: DataFrame) -> DataFrame:
    """One row per good row of a batch, with is_kept (a new version of an order, by the key of bronze.orders),
    is_conflicting (never: the key holds the hash of the payload) and is_superseding.

    The place of a version is the last (source_file, source_line) that has it, by `file_order`, in any order of arrival:
    a row that moves a known version to a later place is superseding, so that paid, cancelled and paid again ends as
    paid.
    """
    key = BRONZE_ORDERS.key
    of_version = Window.partitionBy(*key).orderBy(file_order("source_file").desc(), F.col("source_line").desc())
    known_versions = known.select(
        *key,
        F.struct(*_place()).alias("known_place"),
        F.col("batch_id").alias("known_batch_id"),
    )
    ranked = arrived.select("*", (F.row_number().over(of_version) == 1).alias("is_last_in_batch"))
    is_known = F.col("known_place").isNotNull()
    is_later = F.struct(*_place()) > F.col("known_place")
    return ranked.join(known_versions, list(key), how="left").select(
        *(name for name in arrived.columns if name != "batch_id"),
        # The batch with the first row of a version stays recorded, so that every batch's rows can be counted again.
        F.coalesce("known_batch_id", "batch_id").alias("batch_id"),
        (~is_known & F.col("is_last_in_batch")).alias("is_kept"),
        F.lit(False).alias("is_conflicting"),
        (is_known & F.col("is_last_in_batch") & is_later).alias("is_superseding"),
    )


def _place() -> tuple[Column, Column]:
    return file_order("source_file").alias("file_order"), F.col("source_line")


# How the good rows of a batch are classified against those of earlier batches, for tables whose rows may arrive twice.
CLASSIFIED_BY: dict[Table, Callable[[DataFrame, DataFrame], DataFrame]] = {
    BRONZE_EVENTS: classify_events,
    BRONZE_ORDERS: classify_orders,
}
# When a re-delivered row replaces the stored one: SQL over s, the row, and t, the table.
REPLACES_STORED = {BRONZE_EVENTS: EARLIER_RECEIPT, BRONZE_ORDERS: LATER_PLACE}
