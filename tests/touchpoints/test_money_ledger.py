"""The ledger: what became of every amount of random orders, events and exports, beside a plain oracle."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from bronze_rows import NOON, RATES, Fields, bronze, collected
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from money_oracle import fates_of_events, fates_of_orders, fates_of_spend, summed
from pyspark.sql import DataFrame, SparkSession

from touchpoints.money_ledger import build_money_ledger, check_money_ledger, in_words
from touchpoints.order_outcomes import event_outcomes, order_outcomes
from touchpoints.outcomes import SHOWN
from touchpoints.spend_versions import spend_outcomes, valid_spend
from warehouse.tables import BRONZE_AD_SPEND, BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_QUARANTINE

few = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
RATES_TO_KRW = {"USD": Decimal(1400)}  # none for EUR: an amount without a rate is not too large
amounts = st.sampled_from([Decimal(0), Decimal(10), Decimal(20), Decimal("30.5"), Decimal(10**9), Decimal(4 * 10**8)])
moments = st.integers(0, 4).map(lambda hours: NOON + timedelta(hours=20 * hours))
currencies = st.sampled_from(["USD", "EUR"])


@st.composite
def an_order(draw: st.DrawFn) -> dict[str, Any]:
    order_at = draw(moments)
    return {
        "order_id": draw(st.sampled_from(["o1", "o2", "o3"])),
        "user_id": draw(st.sampled_from([None, "ann", "bob"])),
        "anonymous_id": draw(st.sampled_from([None, "d1", "d2"])),
        "order_at": order_at,
        "updated_at": draw(st.one_of(st.just(order_at), moments)),
        "value": draw(amounts),
        "currency": draw(currencies),
        "refunded_value": draw(amounts),
        "status": draw(st.sampled_from(["paid", "paid", "refunded", "cancelled"])),
        "deleted": draw(st.sampled_from([False, False, True])),
        "source_file": draw(st.sampled_from(["a.csv", "b.csv"])),
    }


@st.composite
def an_event(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "order_id": draw(st.sampled_from(["o1", "o2", "o3", "o4"])),
        "event_name": draw(st.sampled_from(["purchase", "purchase", "refund"])),
        "event_at": draw(moments),
        "value": draw(st.one_of(st.none(), amounts)),
        "currency": draw(st.one_of(st.none(), currencies)),
        "source_file": "e.jsonl",
    }


@st.composite
def a_spend_row(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "platform": draw(st.sampled_from(["meta", "tiktok"])),
        "account_id": draw(st.sampled_from([None, "1"])),
        "spend_date": NOON.date(),
        "spend_at": draw(st.sampled_from([None, None, NOON, NOON + timedelta(hours=1)])),
        "campaign_id": draw(st.sampled_from([None, "7", "8"])),
        "campaign_name": draw(st.sampled_from([None, "Spring", "SPRING", "Summer"])),
        "spend": draw(amounts),
        "currency": "USD",
        "exported_at": draw(moments),
        "source_file": draw(st.sampled_from(["a.csv", "b.csv", "c.csv"])),
    }


def numbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with a line, and an event_id by it, as their files have them."""
    return [{**row, "source_line": line, "event_id": f"e{line:02d}"} for line, row in enumerate(rows, start=1)]


def rates(spark: SparkSession) -> DataFrame:
    days = [NOON.date() + timedelta(days=number) for number in range(5)]
    rows = [(day, currency, rate) for day in days for currency, rate in RATES_TO_KRW.items()]
    return spark.createDataFrame(rows, RATES)


def no_bad_rows(spark: SparkSession) -> DataFrame:
    return bronze(spark, BRONZE_QUARANTINE, [])


def without(rows: list[dict[str, Any]], name: str) -> list[Fields]:
    return [{key: value for key, value in row.items() if key != name} for row in rows]


def ledger_of(outcomes: DataFrame) -> dict[tuple[str, str], Decimal]:
    rows = collected(build_money_ledger(outcomes))
    assert all(row["reason"] == "" for row in rows if row["outcome"] not in SHOWN)
    assert all(row["reason"] for row in rows if row["outcome"] in SHOWN)
    return summed((row["outcome"], row["currency"], row["amount"]) for row in rows)


@few
@given(rows=st.lists(an_order(), min_size=1, max_size=8).map(numbered))
def test_every_version_of_an_order_has_the_outcome_of_the_oracle(spark: SparkSession, rows: list[Any]) -> None:
    orders = bronze(spark, BRONZE_ORDERS, without(rows, "event_id"))
    found = order_outcomes(orders, no_bad_rows(spark), rates(spark), timezone="UTC", report_currency="KRW")
    assert ledger_of(found) == summed(fates_of_orders(rows, RATES_TO_KRW))


@few
@given(
    events=st.lists(an_event(), min_size=1, max_size=8).map(numbered),
    orders=st.lists(an_order(), max_size=3).map(numbered),
)
def test_every_purchase_and_refund_has_the_outcome_of_the_oracle(
    spark: SparkSession, events: list[Any], orders: list[Any]
) -> None:
    found = event_outcomes(
        bronze(spark, BRONZE_EVENTS, without(events, "source_line")),
        bronze(spark, BRONZE_ORDERS, without(orders, "event_id")),
        no_bad_rows(spark),
        rates(spark),
        default_currency="USD",
        timezone="UTC",
        report_currency="KRW",
    )
    assert ledger_of(found) == summed(fates_of_events(events, orders, RATES_TO_KRW, default="USD"))


@few
@given(rows=st.lists(a_spend_row(), min_size=1, max_size=8).map(numbered))
def test_every_row_of_spend_has_the_outcome_of_the_oracle_and_what_counts_is_valid(
    spark: SparkSession, rows: list[Any]
) -> None:
    spend = bronze(spark, BRONZE_AD_SPEND, without(rows, "event_id"))
    outcomes = spend_outcomes(
        spend, no_bad_rows(spark), rates(spark), platforms={}, timezone="UTC", report_currency="KRW"
    )
    found = ledger_of(outcomes)
    assert found == summed(fates_of_spend(rows, RATES_TO_KRW))
    valid = collected(valid_spend(spend, timezone="UTC"))
    of_valid = sum(found.get((outcome, "USD"), Decimal(0)) for outcome in ("counted", "too_large"))
    assert sum((row["spend"] for row in valid), Decimal(0)) == of_valid


def test_what_is_set_aside_is_reported_in_one_line_per_kind_the_largest_first() -> None:
    def row(input_: str, outcome: str, reason: str, rows: int, amount: str) -> dict[str, Any]:
        return {
            "input": input_,
            "currency": "USD",
            "outcome": outcome,
            "reason": reason,
            "rows": rows,
            "amount": Decimal(amount),
        }

    assert in_words(
        [
            row("orders", "counted", "", 900, "90000"),
            row("purchase_events", "set_aside", "same order_id, other day and value", 1, "60"),
            row("ad_spend", "left_out", "a later file lacks the campaign", 2, "1700.5"),
            row("exchange_rates", "set_aside", "same day and currencies, other rate", 1, "0"),
        ]
    ) == [
        "ad_spend: 1,700.50 USD of 2 rows left out: a later file lacks the campaign",
        "orders: 60.00 USD of 1 purchase set aside: same order_id, other day and value",
        "exchange_rates: 1 rate set aside: same day and currencies, other rate",
    ]


def test_an_amount_that_bronze_has_and_the_ledger_lacks_fails_the_check(spark: SparkSession) -> None:
    schema = "input string, currency string, outcome string, reason string, rows bigint, amount decimal(28,6)"
    ledger = spark.createDataFrame(
        [("orders", "USD", "counted", "", 1, Decimal(10)), ("orders", "USD", "replaced", "", 1, Decimal(5))], schema
    )

    def amount(*values: int) -> DataFrame:
        return spark.createDataFrame(
            [("USD", Decimal(value)) for value in values], "currency string, amount decimal(18,6)"
        )

    def failed(in_bronze: DataFrame, in_silver: DataFrame) -> list[str]:
        checks = check_money_ledger(ledger, {"orders": in_bronze}, {"orders": in_silver})
        return [check.name for check in checks if not check.passed]

    assert failed(amount(10, 5), amount(10)) == []
    assert failed(amount(10, 5, 3), amount(10)) == ["orders in USD: what became of the amounts adds up to bronze"]
    assert failed(amount(10, 5), amount(10, 5)) == ["orders in USD: the amounts that count are those of silver"]
