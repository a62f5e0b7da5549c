"""Orders: the newest version of each, with what purchase and refund events add."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from bronze_rows import RATES, Fields, at, collected, frame, orders, visits
from pyspark.sql import SparkSession

from touchpoints.orders import build_orders
from touchpoints.repriced import refunds_elsewhere
from warehouse.tables import SILVER_ORDERS

# order: its rows in the feed, its events, and its row in silver (only the named fields matter)
Case = tuple[list[Fields], list[Fields], Fields | None]


def fed_row(value: str = "10", **fields: Any) -> Fields:
    common = {"value": Decimal(value), "refunded_value": Decimal(0), "currency": "EUR"}
    return {**common, "user_id": "ann", "order_at": at(0), **fields}


def purchase(minute: float = 0, value: str | None = "10", **fields: Any) -> Fields:
    common = {"event_name": "purchase", "event_at": at(minute), "person_id": "device:d", "currency": "EUR"}
    return {**common, "value": Decimal(value) if value else None, **fields}


def refund(value: str | None, minute: float = 60, **fields: Any) -> Fields:
    return {**purchase(minute, value, **fields), "event_name": "refund"}


def order(**fields: Any) -> Fields:
    """The row of an anonymous order among the visits, with its buyer."""
    return {"event_name": "order", "row_kind": 1, "event_at": None, **fields}


CASES: dict[str, Case] = {
    "the newest updated_at wins, wherever it landed": (
        [fed_row("3", updated_at=at(3), source_file="a"), fed_row("2", updated_at=at(2), source_file="b")],
        [],
        {"value": Decimal(3)},
    ),
    "at one updated_at the later file wins": (
        [fed_row("2", source_file="b", source_line=1), fed_row("1", source_file="a", source_line=2)],
        [],
        {"value": Decimal(2)},
    ),
    "in one file the later line wins": (
        [fed_row("1", source_line=10), fed_row("2", source_line=9)],
        [],
        {"value": Decimal(1)},
    ),
    "a cancelled order does not count, even with a purchase event": (
        [fed_row(updated_at=at(1)), fed_row(updated_at=at(2), status="cancelled")],
        [purchase()],
        None,
    ),
    "a deleted order does not count either": (
        [fed_row(updated_at=at(1)), fed_row(updated_at=at(2), deleted=True)],
        [purchase(), refund("1")],
        None,
    ),
    "an order that was cancelled and then paid counts": (
        [fed_row(updated_at=at(1), status="cancelled"), fed_row(updated_at=at(2))],
        [],
        {"status": "paid"},
    ),
    "a pending order does not count until it is paid, even with a purchase event": (
        [fed_row(updated_at=at(1), status="pending")],
        [purchase()],
        None,
    ),
    "an order that was pending and then paid counts": (
        [fed_row(updated_at=at(1), status="pending"), fed_row(updated_at=at(2))],
        [],
        {"status": "paid"},
    ),
    "the lines of an order add up, in whatever files they are": (
        [
            fed_row("15.30", part="sale", items=6, source_file="a", updated_at=at(1), order_at=at(1)),
            fed_row("20.34", part="sale", items=6, source_file="b", updated_at=at(1)),
            fed_row("20.34", part="sale", items=6, source_file="b", updated_at=at(1)),
        ],
        [],
        {"value": Decimal("55.98"), "items": 18, "ordered_at": at(0), "status": "paid"},
    ),
    "a line that is taken back is a refund of its order": (
        [fed_row("15", part="sale"), fed_row("-5", part="credit", items=-1)],
        [],
        {"value": Decimal(15), "refunded_value": Decimal(5), "status": "refunded"},
    ),
    "a discount line lowers the value": (
        [fed_row("15", part="sale"), fed_row("-5", part="sale")],
        [],
        {"value": Decimal(10), "refunded_value": Decimal(0)},
    ),
    "lines of a newer version replace all lines of the older one": (
        [
            fed_row("15", part="sale", updated_at=at(1)),
            fed_row("7", part="sale", updated_at=at(1)),
            fed_row("9", part="sale", updated_at=at(2)),
        ],
        [],
        {"value": Decimal(9)},
    ),
    "cancelled and deleted lines do not count beside others": (
        [
            fed_row("15", part="sale"),
            fed_row("7", part="sale", status="cancelled"),
            fed_row("3", part="sale", deleted=True),
        ],
        [],
        {"value": Decimal(15), "status": "paid"},
    ),
    "an order whose lines are all cancelled does not count": (
        [fed_row("15", part="sale", status="cancelled"), fed_row("7", part="sale", status="cancelled")],
        [purchase()],
        None,
    ),
    "a credit note that names no order is none, even where no order covers it": (
        [fed_row("-5", part="credit", user_id="zoe")],
        [],
        None,
    ),
    "more credited than the order's own value leaves 0 of it": (
        [fed_row("15", part="sale", user_id="yan"), fed_row("-20", part="credit", user_id="yan")],
        [],
        {"value": Decimal(15), "refunded_value": Decimal(15)},
    ),
    "the feed wins over the purchase event": (
        [fed_row("10", currency="KRW", items=2, order_at=at(5))],
        [purchase(value="99")],
        {
            "value": Decimal(10),
            "currency": "KRW",
            "items": 2,
            "ordered_at": at(5),
            "origin": "orders",
            "person_id": "user:ann",
        },
    ),
    "without a feed the earliest purchase event makes the order": (
        [],
        [purchase(2, "20", event_id="1"), purchase(1, "12", event_id="3"), purchase(1, "11", event_id="2")],
        {
            "value": Decimal(11),
            "currency": "EUR",
            "items": None,
            "ordered_at": at(1),
            "origin": "events",
            "person_id": "device:d",
            "status": "paid",
        },
    ),
    "a robot's purchase is an order": ([], [purchase(is_bot=True)], {"value": Decimal(10)}),
    "a purchase without value counts with 0 in conf's currency": (
        [],
        [purchase(value=None, currency=None)],
        {"value": Decimal(0), "currency": "USD"},
    ),
    "a refund without a purchase is no order": ([], [refund("5")], None),
    "a refund in both feed and events is one refund": (
        [fed_row("10", refunded_value=Decimal(4), status="refunded")],
        [refund("4")],
        {"refunded_value": Decimal(4), "status": "refunded"},
    ),
    "where they differ the greater counts": (
        [fed_row("10", refunded_value=Decimal(4))],
        [refund("6")],
        {"refunded_value": Decimal(6)},
    ),
    "refund events of an order add up": (
        [],
        [purchase(), refund("3"), refund("4", 90)],
        {"refunded_value": Decimal(7), "value": Decimal(10), "status": "refunded"},
    ),
    "no more than the value is refunded": ([fed_row("10")], [refund("30")], {"refunded_value": Decimal(10)}),
    "a fully refunded order is an order": (
        [fed_row("10", refunded_value=Decimal(10), status="refunded")],
        [],
        {"value": Decimal(10), "refunded_value": Decimal(10), "status": "refunded"},
    ),
    "a refund without value refunds nothing": ([], [purchase(), refund(None)], {"refunded_value": Decimal(0)}),
    # On 1 March a euro is worth 1.2 US dollars, a won 0.0008; a day later a euro is worth 2.
    "a refund in another currency is converted at the rates of the order's day": (
        [],
        [purchase(), refund("3000", 24 * 60, currency="KRW")],
        {"value": Decimal(10), "currency": "EUR", "refunded_value": Decimal(2)},
    ),
    "a refund in the reporting currency too": (
        [fed_row("10", currency="KRW")],
        [refund("0.004", currency="USD")],
        {"refunded_value": Decimal(5)},
    ),
    "an order in the reporting currency takes refunds in others": (
        [fed_row("10", currency="USD", order_at=at(days=1))],
        [refund("3", currency="EUR"), refund("1", currency="USD")],
        {"refunded_value": Decimal(7)},
    ),
    "a converted refund is rounded half up to a millionth": (
        [fed_row("10", currency="EUR")],
        [refund("0.000009", currency="KRW"), refund("0.1", currency="USD")],
        {"refunded_value": Decimal("0.083333")},
    ),
    "a refund without currency is in its order's": (
        [fed_row("10", currency="KRW")],
        [refund("4", currency=None)],
        {"refunded_value": Decimal(4)},
    ),
    "a refund without a rate refunds nothing": (
        [fed_row("10", currency="EUR")],
        [refund("4", currency="GBP"), refund("1")],
        {"refunded_value": Decimal(1)},
    ),
    "of a nameless order the buyer is the purchase event's": (
        [fed_row(user_id=None, anonymous_id="tablet")],
        [purchase(person_id="user:bob"), order(person_id="user:cat")],
        {"person_id": "user:bob"},
    ),
    "otherwise the person of the device at the time": (
        [fed_row(user_id="guest", anonymous_id="tablet")],
        [order(person_id="user:cat")],
        {"person_id": "user:cat"},
    ),
    "an event that a client calls order is none": (
        [fed_row(user_id=None, anonymous_id="tablet")],
        [{"event_name": "order", "person_id": "user:abe"}, order(person_id="user:cat")],
        {"person_id": "user:cat"},
    ),
    "otherwise the device": ([fed_row(user_id="guest", anonymous_id="tablet")], [], {"person_id": "device:tablet"}),
    "a device that stands for nobody is none": (
        [fed_row(user_id=None, anonymous_id="null")],
        [],
        {"person_id": "order:a device that stands for nobody is none"},
    ),
    "otherwise a person of its own": (
        [fed_row(user_id="guest")],
        [],
        {"person_id": "order:otherwise a person of its own"},
    ),
}


DAILY_RATES = [
    {"rate_day": date(2026, 3, 1), "rate_currency": "EUR", "rate": Decimal("1.2")},
    {"rate_day": date(2026, 3, 1), "rate_currency": "KRW", "rate": Decimal("0.0008")},
    {"rate_day": date(2026, 3, 2), "rate_currency": "EUR", "rate": Decimal(2)},
]


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> dict[str, dict[str, Any]]:
    feed = [{"order_id": case, **row} for case, (rows, _, _) in CASES.items() for row in rows]
    event_rows = [
        {"order_id": case, "event_id": f"{case}/{number}", **row}
        for case, (_, rows, _) in CASES.items()
        for number, row in enumerate(rows)
    ]
    # Without order_id each purchase is an order of its own, and a refund belongs to no order.
    event_rows += [{**purchase(value="7"), "event_id": "x"}, {**purchase(value="7"), "event_id": "y"}]
    event_rows += [{**refund("7"), "event_id": "z"}]
    rows = collected(
        build_orders(
            orders(spark, feed),
            visits(spark, event_rows),
            frame(spark, RATES, DAILY_RATES),
            default_currency="USD",
            timezone="UTC",
            report_currency="USD",
        )
    )
    assert len({row["order_id"] for row in rows}) == len(rows)
    return {row["order_id"]: row for row in rows}


@pytest.mark.parametrize("case", CASES)
def test_of_orders(case: str, built: dict[str, dict[str, Any]]) -> None:
    expected = CASES[case][2]

    if expected is None:
        assert case not in built
    else:
        assert {name: built[case][name] for name in expected} == expected


def test_a_purchase_without_order_id_is_named_after_its_event(built: dict[str, dict[str, Any]]) -> None:
    assert {name for name in built if name not in CASES} == {"event:x", "event:y"}
    assert built["event:x"]["value"] == 7
    assert built["event:x"]["refunded_value"] == 0


def test_refunds_in_another_currency_than_their_orders_are_listed_with_the_time_of_the_order(
    spark: SparkSession,
) -> None:
    sold = [
        {"order_id": "1", "person_id": "ann", "ordered_at": at(1), "currency": "EUR"},
        {"order_id": "2", "person_id": "bob", "ordered_at": at(2), "currency": "USD"},
    ]
    refunds = [
        refund("3", order_id="1", currency="GBP"),
        refund("3", order_id="1", currency="EUR"),  # as the order
        refund("3", order_id="2", currency=None),  # as the order
        refund(None, order_id="2", currency="GBP"),  # without a value
        refund("3", order_id="unknown", currency="GBP"),
        purchase(order_id="2", currency="GBP"),
    ]

    listed = refunds_elsewhere(visits(spark, refunds), frame(spark, SILVER_ORDERS.ddl, sold))

    assert collected(listed) == [{"order_id": "1", "person_id": "ann", "ordered_at": at(1), "currency": "GBP"}]
