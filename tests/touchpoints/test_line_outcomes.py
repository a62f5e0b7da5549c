"""What became of the lines of orders: with the other rows, the amounts add up to bronze and to silver."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from bronze_rows import RATES, Fields, at, bronze, collected, frame, orders, visits
from pyspark.sql import SparkSession

from touchpoints.line_outcomes import line_outcomes
from touchpoints.orders import build_orders
from warehouse.tables import BRONZE_ORDERS, BRONZE_QUARANTINE

KNOBS: dict[str, Any] = {"timezone": "UTC", "report_currency": "USD"}


def line(order_id: str, value: str, **fields: Any) -> Fields:
    """A line of an order of ann's; below 0 it is a credit."""
    part = "credit" if value.startswith("-") else "sale"
    row = {"order_id": order_id, "user_id": "ann", "value": Decimal(value), "part": part, "updated_at": at(0)}
    return {**row, "order_at": at(0), "source_file": "lines.csv", **fields}


# lines: what became of them, as outcome, amount and number of lines
CASES: dict[str, tuple[list[Fields], list[tuple[str, str, int]]]] = {
    "lines of an order count": ([line("1", "15.30"), line("1", "20.34")], [("counted", "35.64", 2)]),
    "a line that was paid back is credited": (
        [line("1", "15"), line("1", "-5")],
        [("counted", "15", 1), ("credited", "-5", 1)],
    ),
    "a credit note is credited as far as orders of its buyer cover it": (
        [line("1", "15"), line("C2", "-20"), line("C2", "-1")],
        [("counted", "15", 1), ("credited", "-15", 2), ("set_aside", "-6", 1)],
    ),
    "a credit note of a buyer without orders is set aside": ([line("C2", "-20")], [("set_aside", "-20", 1)]),
    "lines of an older version are replaced": (
        [line("1", "15"), line("1", "9", updated_at=at(1))],
        [("counted", "9", 1), ("replaced", "15", 1)],
    ),
    "cancelled, pending and deleted lines have their own outcome": (
        [
            line("1", "15"),
            line("1", "7", status="cancelled"),
            line("1", "6", status="pending"),
            line("1", "3", deleted=True),
        ],
        [("cancelled", "7", 1), ("counted", "15", 1), ("deleted", "3", 1), ("pending", "6", 1)],
    ),
    "discounts of more than the goods are a credit": (
        [line("1", "5"), line("1", "-8", part="sale"), line("2", "10")],
        [("counted", "10", 1), ("credited", "-3", 2)],
    ),
    "lines of an order that comes as a whole row later are replaced": (
        [line("1", "15"), line("1", "14", part=None, updated_at=at(1))],
        [("replaced", "15", 1)],
    ),
    "an order of a whole row is no line's": ([line("1", "15", part=None), line("2", "7")], [("counted", "7", 1)]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_became_of_lines(spark: SparkSession, case: str) -> None:
    rows, expected = CASES[case]
    nothing = bronze(spark, BRONZE_QUARANTINE, []), frame(spark, RATES, [])

    found = collected(line_outcomes(orders(spark, rows), *nothing, input_="orders", **KNOBS))

    assert sorted((row["outcome"], row["amount"], row["rows"]) for row in found) == [
        (outcome, Decimal(amount), number) for outcome, amount, number in expected
    ]
    of_lines = [row["value"] for row in rows if row["part"]]
    assert sum(row["amount"] for row in found) == sum(of_lines), "all amounts of bronze"
    assert {row["reason"] for row in found if row["outcome"] == "set_aside"} <= {
        "no order of its buyer covers the credit"
    }
    built = build_orders(
        orders(spark, rows), visits(spark, []), frame(spark, RATES, []), default_currency="USD", **KNOBS
    ).collect()
    counted = sum(row["amount"] for row in found if row["outcome"] == "counted")
    assert sum(row["value"] for row in built) == counted + sum(row["value"] for row in rows if not row["part"])


def test_an_order_with_a_line_in_quarantine_is_unsettled(spark: SparkSession) -> None:
    bad = {
        "table_name": BRONZE_ORDERS.full_name,
        "record_id": "1",
        "version_at": at(0),
        "file": "lines.csv",
        "line": 3,
        "reason": "quantity is not a decimal number",
    }
    rows = orders(spark, [line("1", "15"), line("2", "7")])
    quarantine = bronze(spark, BRONZE_QUARANTINE, [bad])

    found = collected(line_outcomes(rows, quarantine, frame(spark, RATES, []), input_="orders", **KNOBS))

    assert sorted((row["outcome"], row["amount"], row["reason"]) for row in found) == [
        ("counted", Decimal(7), ""),
        ("unsettled", Decimal(15), "a line of it was quarantined: quantity is not a decimal number"),
    ]
