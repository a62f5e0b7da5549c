"""Rows that arrive twice; events are in test_ingest.py, as they land."""

from __future__ import annotations

from pyspark.sql import SparkSession

from intake.duplicates import classify_orders
from tests.touchpoints.bronze_rows import at, bronze, collected
from warehouse.tables import BRONZE_ORDERS


def test_a_version_is_kept_once_and_stands_where_it_was_said_last(spark: SparkSession) -> None:
    known = [
        {"order_id": "1", "updated_at": at(1), "payload_hash": 11, "source_file": "b", "source_line": 2},
        {"order_id": "3", "updated_at": at(1), "payload_hash": 11, "source_file": "b", "source_line": 2},
    ]
    arrived = [
        # order, updated_at, what it says, file, line -> kept, superseding
        ("1", at(1), 11, "a", 9, False, False),  # known, from a later file
        ("1", at(1), 12, "c", 2, True, False),  # says something else
        ("1", at(2), 11, "c", 3, True, False),  # says it again later
        ("2", at(1), 11, "c", 5, False, False),  # three times in the batch: the last place stays
        ("2", at(1), 11, "c", 4, False, False),
        ("2", at(1), 11, "d", 1, True, False),
        ("3", at(1), 11, "b", 10, False, False),  # known, and said later: twice, so the last of them
        ("3", at(1), 11, "c", 1, False, True),
    ]
    names = ("order_id", "updated_at", "payload_hash", "source_file", "source_line")
    rows = [{**dict(zip(names, row[:5], strict=True)), "batch_id": "new"} for row in arrived]
    old = [{**row, "batch_id": "old"} for row in known]

    told = collected(classify_orders(bronze(spark, BRONZE_ORDERS, rows), bronze(spark, BRONZE_ORDERS, old)))

    assert {(*(row[name] for name in names), row["is_kept"], row["is_superseding"]) for row in told} == set(arrived)
    assert not any(row["is_conflicting"] for row in told)
    # A batch's account can be counted again: the batch that brought a version first keeps it.
    assert [row["batch_id"] for row in told if row["is_superseding"]] == ["old"]
