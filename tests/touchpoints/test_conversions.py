"""Conversions: orders and the events that count as success, in the reporting currency."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from bronze_rows import RATES, Fields, at, collected, frame, visits
from pyspark.sql import DataFrame, SparkSession

from touchpoints.conversions import build_conversions
from touchpoints.knobs import ConversionTypes
from touchpoints.sessions import bot_sessions
from warehouse.tables import SILVER_ORDERS, SILVER_SESSIONS


def order(order_id: str, minute: float, value: str = "10", refunded: str = "0", **fields: Any) -> Fields:
    return {
        "order_id": order_id,
        "ordered_at": at(minute),
        "value": Decimal(value),
        "refunded_value": Decimal(refunded),
        "currency": "USD",
        "person_id": "ann",
        **fields,
    }


def event(event_id: str, name: str, minute: float, **fields: Any) -> Fields:
    return {"event_id": event_id, "event_name": name, "event_at": at(minute), "person_id": "ann", **fields}


# Seoul is nine hours ahead of UTC: at 15:00 UTC (180 minutes after noon) its 2 March begins.
ORDERS = [
    order("o1", 10, "20", "5"),
    order("o2", 100),
    order("refunded in full", 110, "8", "8"),
    order("on 1 March", 179, "10", "1", currency="EUR", person_id="bob"),
    order("on 2 March", 180, "10", "1", currency="EUR", person_id="bob"),
    order("without a rate", 0, currency="GBP", person_id="cat"),
    order("b of two at once", 0, person_id="dan"),
    order("a of two at once", 0, person_id="dan"),
]
EVENTS = [
    event("sign", "sign_up", 5),
    event("view before", "view_item", 4),
    event("view at the sign-up", "view_item", 5),
    event("cart after the sign-up", "add_to_cart", 6),
    event("view after all", "view_item", 111),
    event("view of another", "view_item", 1, person_id="eve"),
    event("install", "app_install", 300, person_id="eve", is_bot=False),
    event("in a visit", "app_install", 301, person_id="eve", session_id="a person's"),
    # None of these counts: a robot's or in its visit, a type that is not configured, and the events that make orders.
    event("robot", "sign_up", 1, is_bot=True, person_id="rob"),
    event("one of thousands", "sign_up", 2, person_id="rob", session_id="a robot's"),
    event("page", "page_view", 1),
    event("purchase", "purchase", 10),
    {"event_id": "order:o1", "event_name": "order", "row_kind": 1, "event_at": None, "person_id": "ann"},
]
SESSIONS = [{"session_id": "a person's", "is_bot": False}, {"session_id": "a robot's", "is_bot": True}]
EURO = [
    {"rate_day": date(2026, 3, 1), "rate_currency": "EUR", "rate": Decimal("1.1")},
    {"rate_day": date(2026, 3, 2), "rate_currency": "EUR", "rate": Decimal("1.2")},
]


def build(spark: SparkSession, final: list[str]) -> DataFrame:
    return build_conversions(
        frame(spark, SILVER_ORDERS.ddl, ORDERS),
        visits(spark, EVENTS),
        bot_sessions(frame(spark, SILVER_SESSIONS.ddl, SESSIONS)),
        frame(spark, RATES, EURO),
        types=ConversionTypes(final=final, auxiliary=["view_item", "add_to_cart"]),
        timezone="Asia/Seoul",
        report_currency="USD",
    )


def id_of(conversion_type: str, of: str) -> str:
    return hashlib.md5(f"{conversion_type}|{of}".encode(), usedforsecurity=False).hexdigest()


@pytest.fixture(scope="module")
def conversions(spark: SparkSession) -> dict[str, dict[str, Any]]:
    """By order or event: a conversion's id must be made of its type and the id of order or event alone."""
    names = {id_of("purchase", row["order_id"]): row["order_id"] for row in ORDERS}
    names |= {id_of(row["event_name"], row["event_id"]): row["event_id"] for row in EVENTS}
    rows = collected(build(spark, ["purchase", "sign_up", "app_install"]))
    assert len({row["conversion_id"] for row in rows}) == len(rows)
    return {names[row["conversion_id"]]: row for row in rows}


def test_every_order_and_every_event_of_a_counted_type_is_one_conversion(
    conversions: dict[str, dict[str, Any]],
) -> None:
    assert {name: row["conversion_type"] for name, row in conversions.items()} == {
        **{row["order_id"]: "purchase" for row in ORDERS},
        "sign": "sign_up",
        "view before": "view_item",
        "view at the sign-up": "view_item",
        "cart after the sign-up": "add_to_cart",
        "view after all": "view_item",
        "view of another": "view_item",
        "install": "app_install",
        "in a visit": "app_install",
    }
    assert {row["conversion_type"] for row in conversions.values() if not row["is_final"]} == {
        "view_item",
        "add_to_cart",
    }


@pytest.mark.parametrize(
    ("name", "net", "gross"),
    [
        ("o1", "15", "20"),
        ("refunded in full", "0", "8"),
        # Each at the rate of its own reporting day, refunds at that of their order.
        ("on 1 March", "9.9", "11"),
        ("on 2 March", "10.8", "12"),
        ("without a rate", None, None),
        ("sign", "0", "0"),
        ("view before", "0", "0"),
    ],
)
def test_revenue_is_net_of_refunds_in_the_reporting_currency_with_gross_beside_it(
    name: str, net: str | None, gross: str | None, conversions: dict[str, dict[str, Any]]
) -> None:
    row = conversions[name]

    assert row["report_value"] == (None if net is None else Decimal(net))
    assert row["report_gross_value"] == (None if gross is None else Decimal(gross))
    assert row["report_currency"] == "USD"


def test_a_conversion_keeps_the_orders_own_money(conversions: dict[str, dict[str, Any]]) -> None:
    row = conversions["on 2 March"]

    assert (row["value"], row["refunded_value"], row["currency"], row["order_id"], row["converted_at"]) == (
        *(Decimal(10), Decimal(1), "EUR", "on 2 March", at(180)),
    )
    assert (conversions["sign"]["order_id"], conversions["sign"]["currency"]) == (None, "USD")


def test_an_auxiliary_conversion_names_the_persons_next_final_one_at_that_moment_or_later(
    conversions: dict[str, dict[str, Any]],
) -> None:
    named = {row["conversion_id"]: name for name, row in conversions.items()}
    following = {
        name: named.get(row["next_final_conversion_id"]) for name, row in conversions.items() if not row["is_final"]
    }

    assert following == {
        "view before": "sign",
        "view at the sign-up": "sign",
        "cart after the sign-up": "o1",
        "view after all": None,
        "view of another": "install",
    }
    assert all(row["next_final_conversion_id"] is None for row in conversions.values() if row["is_final"])


def test_one_purchase_of_each_person_is_the_first(conversions: dict[str, dict[str, Any]]) -> None:
    at_once = min(("a of two at once", "b of two at once"), key=lambda order_id: id_of("purchase", order_id))

    assert {name for name, row in conversions.items() if row["is_first_purchase"]} == {
        "o1",
        "on 1 March",
        "without a rate",
        at_once,
    }


def test_without_purchases_among_the_final_types_orders_are_no_conversions(spark: SparkSession) -> None:
    rows = collected(build(spark, ["sign_up"]))

    assert {row["conversion_type"] for row in rows} == {"sign_up", "view_item", "add_to_cart"}
    assert sum(row["is_final"] for row in rows) == 1
