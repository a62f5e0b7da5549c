"""Amounts that another row took out of the figures, in the situations of real files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from bronze_rows import RATES, Fields, at, bronze, collected, frame
from pyspark.sql import DataFrame, SparkSession

from touchpoints.order_outcomes import event_outcomes, order_outcomes
from touchpoints.rate_outcomes import rate_outcomes
from touchpoints.set_aside import build_set_aside, check_set_aside
from touchpoints.spend_versions import spend_outcomes, valid_spend
from warehouse.contracts import Table
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_ORDERS,
    BRONZE_QUARANTINE,
    SILVER_MONEY_LEDGER,
    SILVER_SET_ASIDE,
)

IN_DOLLARS: dict[str, Any] = {"timezone": "UTC", "report_currency": "USD"}
ROUNDED = "450001"  # what a spreadsheet left of three order numbers


def nothing_else(spark: SparkSession) -> tuple[DataFrame, DataFrame]:
    """No row in quarantine, and no exchange rate."""
    return bronze(spark, BRONZE_QUARANTINE, []), frame(spark, RATES, [])


def fed(order_id: str, user: str, value: str, *, days: float = 0, **fields: Any) -> Fields:
    """A row of the orders feed without updated_at, unless it is given."""
    order_at = at(days=days)
    row = {"order_id": order_id, "user_id": user, "value": Decimal(value), "order_at": order_at, "updated_at": order_at}
    return {**row, "source_file": "orders.csv", **fields}


# rows of the feed: the amounts that are set aside, each with its reason
FEEDS: dict[str, tuple[list[Fields], list[tuple[int, str]]]] = {
    "three orders of three users at three times whose numbers a spreadsheet made one": (
        [fed(ROUNDED, "ann", "10"), fed(ROUNDED, "bob", "20", days=1), fed(ROUNDED, "cy", "30", days=2)],
        [
            (10, "same order_id, other buyer and order_ts and value"),
            (20, "same order_id, other buyer and order_ts and value"),
        ],
    ),
    "another value at the same updated_at": (
        [fed("o", "ann", "10"), fed("o", "ann", "12", source_file="p.csv")],
        [(10, "same order_id, other value")],
    ),
    "another buyer with the same value": (
        [fed("o", "ann", "10"), fed("o", "bob", "10", source_file="p.csv")],
        [(10, "same order_id, other buyer")],
    ),
    "a value corrected by a newer updated_at is no other order": (
        [fed("o", "ann", "10"), fed("o", "ann", "12", updated_at=at(days=1))],
        [],
    ),
    "a number used again, with an updated_at that is only the order's own time": (
        [fed("o", "ann", "10"), fed("o", "ann", "12", days=30)],
        [(10, "same order_id, other order_ts and value")],
    ),
    "two shops that number alike, each with an updated_at of its own": (
        [fed("1001", "ann", "10", updated_at=at(days=1)), fed("1001", "bob", "12", days=3, updated_at=at(days=4))],
        [(10, "same order_id, other buyer and order_ts and value")],
    ),
    "a buyer corrected by a newer updated_at is no other order": (
        [fed("o", "ann", "10"), fed("o", "bob", "10", updated_at=at(days=1))],
        [],
    ),
    "paid, then refunded without updated_at": (
        [fed("o", "ann", "10"), fed("o", "ann", "10", status="refunded", refunded_value=Decimal(4), source_line=9)],
        [],
    ),
    "a login that a later row adds is no other buyer": (
        [fed("o", "ann", "10", user_id=None, anonymous_id="d"), fed("o", "ann", "10", anonymous_id="d", source_line=9)],
        [],
    ),
}


@pytest.mark.parametrize("feed", FEEDS)
def test_a_row_that_replaces_another_order_without_a_newer_updated_at_is_counted_with_its_amount(
    spark: SparkSession, feed: str
) -> None:
    rows, expected = FEEDS[feed]
    found = collected(
        build_set_aside(order_outcomes(bronze(spark, BRONZE_ORDERS, rows), *nothing_else(spark), **IN_DOLLARS))
    )
    assert sorted((int(row["amount"]), row["reason"]) for row in found) == expected
    last = max(rows, key=lambda row: (row["updated_at"], row["source_file"], row.get("source_line", 0)))
    assert {row["other_amount"] for row in found} <= {last["value"]}
    assert {row["record_id"] for row in found} <= {row["order_id"] for row in rows}


def event(name: str, value: str | None, *, days: float = 0, **fields: Any) -> Fields:
    row = {"event_name": name, "value": Decimal(value) if value else None, "event_at": at(days=days)}
    return {"event_id": f"{name}-{days}", "order_id": "cart-77", "currency": "USD", **row, **fields}


# events of order cart-77: the amounts that are set aside, each with its reason
EVENTS: dict[str, tuple[list[Fields], list[tuple[int, str]]]] = {
    "a cart's number used again on another day": (
        [event("purchase", "100", days=5), event("purchase", "60", days=20)],
        [(60, "same order_id, other day and value")],
    ),
    "a thank-you page opened again a day later": ([event("purchase", "100"), event("purchase", "100", days=1)], []),
    "another value within the day": (
        [event("purchase", "100"), event("purchase", "60", days=0.1)],
        [(60, "same order_id, other value")],
    ),
    "another currency": (
        [event("purchase", "100"), event("purchase", "100", days=0.1, currency="EUR")],
        [(100, "same order_id, other currency")],
    ),
    "purchases without an order number are orders of their own": (
        [event("purchase", "100", order_id=None), event("purchase", "60", days=1, order_id=None)],
        [],
    ),
    "a refund of more than is left": (
        [event("purchase", "100"), event("refund", "80", days=1), event("refund", "50", days=2)],
        [(30, "more than the order's value")],
    ),
    "a refund of an order that nobody placed": (
        [event("refund", "80", days=1)],
        [(80, "no order of this order_id is known")],
    ),
}


@pytest.mark.parametrize("events", EVENTS)
def test_purchases_and_refunds_of_one_order_number(spark: SparkSession, events: str) -> None:
    rows, expected = EVENTS[events]
    outcomes = event_outcomes(
        bronze(spark, BRONZE_EVENTS, rows),
        bronze(spark, BRONZE_ORDERS, []),
        *nothing_else(spark),
        default_currency="USD",
        **IN_DOLLARS,
    )
    found = collected(build_set_aside(outcomes))
    assert [(int(row["amount"]), row["reason"]) for row in found] == expected


def test_a_purchase_event_whose_order_the_feed_has_is_not_set_aside(spark: SparkSession) -> None:
    outcomes = event_outcomes(
        bronze(spark, BRONZE_EVENTS, [event("purchase", "100"), event("purchase", "60", days=9)]),
        bronze(spark, BRONZE_ORDERS, [fed("cart-77", "ann", "95")]),
        *nothing_else(spark),
        default_currency="USD",
        **IN_DOLLARS,
    )
    assert [row["outcome"] for row in collected(outcomes)] == ["in_feed", "in_feed"]


def spent(spend: str, campaign: str, file: str, **fields: Any) -> Fields:
    row = {"spend": Decimal(spend), "campaign_name": campaign, "source_file": file, "spend_date": date(2026, 3, 15)}
    return {"platform": "tiktok", "currency": "USD", **row, **fields}


def in_account(*rows: Fields) -> list[Fields]:
    return [{**row, "account_id": "1"} for row in rows]


LACKS = "a later file of this platform, account and day lacks the campaign or its hour"
# rows of two exports: the spend that counts, and the amounts that are left out
EXPORTS: dict[str, tuple[list[Fields], int, list[tuple[int, str]]]] = {
    "two exports of one day without account, each with a campaign of its own": (
        [spent("1000", "alpha", "a.csv"), spent("10", "beta", "b.csv")],
        1010,
        [],
    ),
    "an export without account that restates a campaign": (
        [spent("1000", "alpha", "a.csv"), spent("1100", "Alpha", "b.csv"), spent("10", "beta", "b.csv")],
        1110,
        [],
    ),
    "with an account a later file replaces the day, and what it lacks is shown": (
        in_account(spent("300", "alpha", "a.csv"), spent("700", "beta", "a.csv"), spent("310", "alpha", "b.csv")),
        310,
        [(700, LACKS)],
    ),
    "a later export with only some hours of the day": (
        in_account(
            spent("300", "alpha", "a.csv", spend_at=at(0)),
            spent("200", "alpha", "a.csv", spend_at=at(60)),
            spent("310", "alpha", "b.csv", spend_at=at(0)),
        ),
        310,
        [(200, LACKS)],
    ),
    "a campaign renamed between two exports is known by its id": (
        in_account(spent("300", "alpha", "a.csv", campaign_id="7"), spent("300", "new", "b.csv", campaign_id="7")),
        300,
        [],
    ),
}


@pytest.mark.parametrize("exports", EXPORTS)
def test_a_later_export_replaces_what_it_restates_and_what_it_lacks_is_shown(spark: SparkSession, exports: str) -> None:
    rows, counted, left_out = EXPORTS[exports]
    spend = bronze(spark, BRONZE_AD_SPEND, rows)
    found = collected(build_set_aside(spend_outcomes(spend, *nothing_else(spark), platforms={}, **IN_DOLLARS)))
    assert [(int(row["amount"]), row["reason"]) for row in found] == left_out
    assert sum(row["spend"] for row in collected(valid_spend(spend, timezone="UTC"))) == counted
    assert {row["other_file"] for row in found} <= {"b.csv"}


def test_another_rate_of_a_day_is_set_aside_unless_it_is_newer(spark: SparkSession) -> None:
    def rate(value: str, file: str, **fields: Any) -> Fields:
        row = {"rate_date": date(2026, 3, 1), "currency": "EUR", "rate": Decimal(value), "source_file": file}
        return {"exported_at": at(0), **row, **fields}

    rows = [rate("1.1", "a"), rate("1.2", "b"), rate("1.2", "c"), rate("1.0", "d", exported_at=at(-9))]
    outcomes = collected(rate_outcomes(bronze(spark, BRONZE_EXCHANGE_RATES, rows)))
    assert {row["source_file"]: row["outcome"] for row in outcomes} == {
        "a": "set_aside",
        "b": "same_again",
        "c": "counted",
        "d": "replaced",
    }


def unread(table: Table, record_id: str, *, days: float | None = 0, **fields: Any) -> Fields:
    """A row in quarantine, of another file than those that could be read."""
    row = {
        "table_name": table.full_name,
        "record_id": record_id,
        "file": "z.csv",
        "line": 3,
        "reason": "not understood",
    }
    return {**row, "version_at": None if days is None else at(days=days), **fields}


# rows of order x1 in the feed and in quarantine: whether it is unsettled
UNREAD: dict[str, tuple[list[Fields], list[Fields], bool]] = {
    "its newest row was not understood": ([fed("x1", "ann", "500")], [unread(BRONZE_ORDERS, "x1", days=1)], True),
    "the same time in a later file": ([fed("x1", "ann", "500")], [unread(BRONZE_ORDERS, "x1")], True),
    "no time, in a later file": ([fed("x1", "ann", "500")], [unread(BRONZE_ORDERS, "x1", days=None)], True),
    "no time, in an earlier file": (
        [fed("x1", "ann", "500")],
        [unread(BRONZE_ORDERS, "x1", days=None, file="a.csv")],
        False,
    ),
    "an older row was not understood": ([fed("x1", "ann", "500")], [unread(BRONZE_ORDERS, "x1", days=-1)], False),
    "another order's": ([fed("x1", "ann", "500")], [unread(BRONZE_ORDERS, "x2", days=1)], False),
    "a row of another table": ([fed("x1", "ann", "500")], [unread(BRONZE_AD_SPEND, "x1", days=1)], False),
    "a newer row settles it": (
        [fed("x1", "ann", "500"), fed("x1", "ann", "500", updated_at=at(days=2), status="cancelled")],
        [unread(BRONZE_ORDERS, "x1", days=1)],
        False,
    ),
}


@pytest.mark.parametrize("rows", UNREAD)
def test_an_order_whose_newest_row_could_not_be_read_counts_and_is_unsettled(spark: SparkSession, rows: str) -> None:
    feed, bad, is_unsettled = UNREAD[rows]
    outcomes = order_outcomes(
        bronze(spark, BRONZE_ORDERS, feed),
        bronze(spark, BRONZE_QUARANTINE, bad),
        frame(spark, RATES, []),
        **IN_DOLLARS,
    )
    found = [row for row in collected(build_set_aside(outcomes)) if row["outcome"] == "unsettled"]
    shown = ("x1", Decimal(500), "a newer row was quarantined: not understood", "z.csv", 3)
    columns = ("record_id", "amount", "reason", "other_file", "other_line")
    assert [tuple(row[name] for name in columns) for row in found] == ([shown] if is_unsettled else [])


def test_a_purchase_with_a_refund_that_could_not_be_read_is_unsettled_until_it_is_sent_again(
    spark: SparkSession,
) -> None:
    bad = bronze(spark, BRONZE_QUARANTINE, [unread(BRONZE_EVENTS, "cart-77", days=2)])

    def outcomes(*rows: Fields) -> list[str]:
        found = event_outcomes(
            bronze(spark, BRONZE_EVENTS, rows),
            bronze(spark, BRONZE_ORDERS, []),
            bad,
            frame(spark, RATES, []),
            default_currency="USD",
            **IN_DOLLARS,
        )
        return sorted(row["outcome"] for row in collected(found))

    assert outcomes(event("purchase", "100")) == ["unsettled"]
    assert outcomes(event("purchase", "100"), event("refund", "30", days=2)) == ["counted", "counted"]


def test_a_day_of_spend_whose_newest_export_could_not_be_read_counts_and_is_unsettled(spark: SparkSession) -> None:
    rows = in_account(spent("300", "alpha", "a.csv"), spent("9", "alpha", "a.csv", spend_date=date(2026, 3, 16)))
    bad = bronze(spark, BRONZE_QUARANTINE, [unread(BRONZE_AD_SPEND, "tiktok 1 2026-03-15")])
    spend = bronze(spark, BRONZE_AD_SPEND, rows)
    found = spend_outcomes(spend, bad, frame(spark, RATES, []), platforms={}, **IN_DOLLARS)
    assert sorted((int(row["amount"]), row["outcome"]) for row in collected(found)) == [
        (9, "counted"),
        (300, "unsettled"),
    ]


def purchases(spark: SparkSession, **values: int) -> DataFrame:
    schema = "order_id string, conversion_type string, report_gross_value decimal(18,6)"
    return spark.createDataFrame([(name, "purchase", Decimal(value)) for name, value in values.items()], schema)


@pytest.mark.parametrize(("limit", "holds"), [(0.04, False), (0.05, True)])
def test_unsettled_orders_of_more_than_the_knobs_share_of_the_value_fail_a_check_that_names_the_rows(
    spark: SparkSession, limit: float, holds: bool
) -> None:
    row = {"input": "orders", "record_id": "x1", "outcome": "unsettled", "amount": Decimal(500), "other_file": "z.csv"}
    set_aside = frame(spark, SILVER_SET_ASIDE.ddl, [{**row, "other_line": 3}])
    ledger = frame(spark, SILVER_MONEY_LEDGER.ddl, [{"outcome": "unsettled", "rows": 1, "amount": Decimal(500)}])
    checks = check_set_aside(set_aside, ledger, purchases(spark, x1=500, x2=9500), max_unsettled_share=limit)
    failed = [(check.name, check.actual, check.detail) for check in checks if not check.passed]
    name = "share of the value of orders whose newest row is in quarantine (quality.max_unsettled_share)"
    assert failed == ([] if holds else [(name, 0.05, "z.csv:3")])


def test_an_amount_that_does_not_fit_into_the_reporting_currency_is_set_aside(spark: SparkSession) -> None:
    to_krw = {"timezone": "UTC", "report_currency": "KRW"}
    rates = frame(spark, RATES, [{"rate_day": at(0).date(), "rate_currency": "USD", "rate": Decimal(1400)}])
    nothing_bad = bronze(spark, BRONZE_QUARANTINE, [])
    orders = bronze(spark, BRONZE_ORDERS, [fed("o1", "ann", "999999999"), fed("o2", "bob", "10", source_line=9)])
    spend = [spent("999999999", "alpha", "a.csv", spend_date=at(0).date())]
    for outcomes in (
        order_outcomes(orders, nothing_bad, rates, **to_krw),
        spend_outcomes(bronze(spark, BRONZE_AD_SPEND, spend), nothing_bad, rates, platforms={}, **to_krw),
    ):
        found = [(row["outcome"], row["reason"]) for row in collected(build_set_aside(outcomes))]
        assert found == [("too_large", "more than an amount in the reporting currency can be")]
