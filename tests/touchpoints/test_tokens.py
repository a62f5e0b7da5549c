"""Ids of bronze as tokens: the same id has the same token in every table, on either engine."""

from __future__ import annotations

import hmac
from typing import Any

from bronze_rows import bronze, collected
from pyspark.sql import SparkSession

from touchpoints.usable import usable_events, usable_orders
from warehouse.knobs import AnalyticsUse
from warehouse.tables import BRONZE_EVENTS, BRONZE_ORDERS

KEY = b"a key for tests that is long enough"
ALL = AnalyticsUse(consent_analytics_missing=True, without_analytics_consent="all")
IDS = {"event_id": "e1", "anonymous_id": "기기 1", "user_id": "ann@mail.example", "session_id": "s1", "order_id": "o1"}


def token(text: str) -> str:
    return hmac.new(KEY, text.encode(), "sha256").hexdigest()[:32]


def test_ids_of_events_and_orders_are_the_same_tokens(spark: SparkSession) -> None:
    [event] = collected(usable_events(bronze(spark, BRONZE_EVENTS, [IDS]), ALL, KEY))
    of_order = {name: IDS[name] for name in ("order_id", "anonymous_id", "user_id")}
    [order] = collected(usable_orders(bronze(spark, BRONZE_ORDERS, [of_order]), KEY))

    assert {name: event[name] for name in IDS} == {name: token(text) for name, text in IDS.items()}
    assert {name: order[name] for name in of_order} == {name: token(text) for name, text in of_order.items()}


def test_who_is_nobody_stays_nobody_and_has_no_token(spark: SparkSession) -> None:
    rows: list[dict[str, Any]] = [{"event_id": "1", "user_id": "guest", "anonymous_id": "undefined"}]

    [event] = collected(usable_events(bronze(spark, BRONZE_EVENTS, rows), ALL, KEY))

    assert (event["user_id"], event["anonymous_id"], event["order_id"]) == (None, None, None)


def test_without_a_key_ids_are_as_they_landed(spark: SparkSession) -> None:
    [event] = collected(usable_events(bronze(spark, BRONZE_EVENTS, [IDS]), ALL, None))

    assert {name: event[name] for name in IDS} == IDS
