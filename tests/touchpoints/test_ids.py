"""Ids composed of others."""

from __future__ import annotations

from bronze_rows import events, orders
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.ids import order_id_of_event


def test_an_order_id_that_looks_like_that_of_a_purchase_without_one_is_another(spark: SparkSession) -> None:
    purchases = [
        {"event_id": "x"},
        {"event_id": "1", "order_id": "event:x"},
        {"event_id": "2", "order_id": "order:event:x"},
        {"event_id": "3", "order_id": "order:x"},
        {"event_id": "4", "order_id": "x"},
    ]
    of_events = events(spark, ({"event_name": "purchase", **row} for row in purchases))
    in_feed = orders(spark, ({"order_id": row.get("order_id", "none")} for row in purchases))

    found = {row[0]: row[1] for row in of_events.select("event_id", order_id_of_event()).collect()}

    assert found == {
        "x": "event:x",
        "1": "order:event:x",
        "2": "order:order:event:x",
        "3": "order:x",
        "4": "x",
    }
    assert {row[0] for row in in_feed.select(F.col("order_id")).collect()} == {*found.values(), "none"} - {"event:x"}
