"""bronze.events: each event once, whatever arrives twice, late or in another order."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

# Of two payloads of one event the smaller of these is kept; no time of receipt comes last.
RECEIPT_ORDER = "struct({0}.received_at IS NULL, {0}.received_at, {0}.payload_hash)"
SUPERSEDES = f"{RECEIPT_ORDER.format('s')} < {RECEIPT_ORDER.format('t')}"


def classify_events(arrived: DataFrame, known: DataFrame) -> DataFrame:
    """Every good row of a batch with what it is.

    `known` are the events of earlier batches (event_id, received_at, payload_hash, batch_id). Adds is_kept (brings
    a new event_id), is_conflicting (its payload is another than that of the row known before, else of the row kept),
    is_first_in_batch and is_superseding (its payload takes the place of a known one).
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
    )
    ranked = arrived.select(
        "*",
        (F.row_number().over(by_receipt) == 1).alias("is_first_in_batch"),
        F.first("payload_hash").over(so_far).alias("first_payload_hash"),
    )
    joined = ranked.join(known_payload, "event_id", how="left")
    is_new = F.col("known_payload_hash").isNull()
    standing = F.coalesce("known_payload_hash", "first_payload_hash")
    is_kept = is_new & F.col("is_first_in_batch")
    return joined.select(
        *(name for name in arrived.columns if name != "batch_id"),
        # The batch that brought the id first stays, so that every batch's account can be counted again.
        F.coalesce("known_batch_id", "batch_id").alias("batch_id"),
        "is_first_in_batch",
        is_kept.alias("is_kept"),
        (~is_kept & (F.col("payload_hash") != standing)).alias("is_conflicting"),
        (~is_new & F.col("is_first_in_batch") & _before_known()).alias("is_superseding"),
    )


def _before_known() -> Column:
    row = F.struct(F.col("received_at").isNull(), F.col("received_at"), F.col("payload_hash"))
    known = F.struct(F.col("known_received_at").isNull(), F.col("known_received_at"), F.col("known_payload_hash"))
    return row < known
