"""Orders that arrive twice; events are tested from their landed files in test_ingest.py."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import SparkSession

from intake.duplicates import classify_orders

# The columns of bronze.orders that it reads.
ORDERS = "order_id string, updated_at timestamp, payload_hash bigint, source_file string, source_line bigint"


def at(minute: int) -> datetime:
    return datetime(2026, 3, 1, 12, minute, tzinfo=UTC)


def test_a_version_is_kept_once_and_its_place_is_the_last_that_has_it(spark: SparkSession) -> None:
    known = [
        ("1", at(1), 11, "b", 2),
        ("3", at(1), 11, "b", 2),
    ]
    arrived = [
        # order, updated_at, hash of its content, file, line -> kept, superseding
        ("1", at(1), 11, "a", 9, False, False),  # known, from a later file
        ("1", at(1), 12, "c", 2, True, False),  # other content
        ("1", at(2), 11, "c", 3, True, False),  # the same content with a later updated_at
        ("2", at(1), 11, "c", 5, False, False),  # three times in the batch: the last place counts
        ("2", at(1), 11, "c", 4, False, False),
        ("2", at(1), 11, "d", 1, True, False),
        ("3", at(1), 11, "b", 10, False, False),  # known, and twice in the batch: the last place counts
        ("3", at(1), 11, "c", 1, False, True),
    ]
    rows = [(*row[:5], "new") for row in arrived]
    earlier = [(*row, "old") for row in known]

    classified = classify_orders(
        spark.createDataFrame(rows, f"{ORDERS}, batch_id string"),
        spark.createDataFrame(earlier, f"{ORDERS}, batch_id string"),
    ).collect()

    assert {
        (
            row["order_id"],
            row["updated_at"].astimezone(UTC),
            row["payload_hash"],
            row["source_file"],
            row["source_line"],
            row["is_kept"],
            row["is_superseding"],
        )
        for row in classified
    } == set(arrived)
    assert not any(row["is_conflicting"] for row in classified)
    # A version stays with the batch of its first row, so that every batch's rows can be counted again.
    assert [row["batch_id"] for row in classified if row["is_superseding"]] == ["old"]
