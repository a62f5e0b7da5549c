"""Rates: the day's own, otherwise the last one that is not too old."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bronze_rows import at, bronze, collected, frame
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from touchpoints.exchange_rates import build_daily_rates, in_report_currency, missing_rates, with_rate
from warehouse.tables import BRONZE_EXCHANGE_RATES

MONDAY = date(2026, 3, 2)
RATES: list[dict[str, Any]] = [
    {"currency": "EUR", "rate_date": MONDAY, "rate": Decimal("1.1")},
    {"currency": "EUR", "rate_date": MONDAY + timedelta(days=2), "rate": Decimal("1.3")},
    # Several for one date: the last export counts, in it the last file, in that the last line.
    {"currency": "GBP", "rate_date": MONDAY, "rate": Decimal("2.1"), "exported_at": at(0), "source_file": "z"},
    {"currency": "GBP", "rate_date": MONDAY, "rate": Decimal("2.2"), "exported_at": at(1), "source_file": "a"},
    {"currency": "GBP", "rate_date": MONDAY, "rate": Decimal("2.3"), "exported_at": at(1), "source_file": "b"},
    {"currency": "GBP", "rate_date": MONDAY, "rate": Decimal("2.4"), "exported_at": at(1), "source_file": "b"},
    # Into another currency, and one for the reporting currency itself.
    {"currency": "JPY", "rate_date": MONDAY, "rate": Decimal(9), "report_currency": "EUR"},
    {"currency": "USD", "rate_date": MONDAY, "rate": Decimal(7)},
]
WANTED: dict[tuple[str, int], str | None] = {
    # (currency, days after Monday) -> rate
    ("EUR", -1): None,
    ("EUR", 0): "1.1",
    ("EUR", 1): "1.1",
    ("EUR", 2): "1.3",
    ("EUR", 9): "1.3",  # 7 days old
    ("EUR", 10): None,
    ("GBP", 0): "2.4",
    ("GBP", 7): "2.4",
    ("GBP", 8): None,
    ("JPY", 0): None,
    ("USD", 0): "1",
    ("USD", 400): "1",
}


def test_a_rate_holds_on_its_day_and_the_seven_after_it_until_the_next(spark: SparkSession) -> None:
    daily = build_daily_rates(
        bronze(spark, BRONZE_EXCHANGE_RATES, RATES), report_currency="USD", max_age_days=7
    ).persist()
    wanted = [{"currency": currency, "day": MONDAY + timedelta(days=days)} for currency, days in WANTED]
    asked = frame(spark, "currency string, day date", wanted)

    rated = collected(with_rate(asked, daily, day=F.col("day"), report_currency="USD"))

    assert {(row["currency"], (row["day"] - MONDAY).days): row["rate"] for row in rated} == {
        key: None if rate is None else Decimal(rate) for key, rate in WANTED.items()
    }
    missing = collected(
        missing_rates(asked.unionByName(asked), daily, day="day", timezone="UTC", report_currency="USD")
    )
    assert sorted((row["currency"], (row["day"] - MONDAY).days) for row in missing) == sorted(
        key for key, rate in WANTED.items() if rate is None
    )


def test_which_rate_a_moment_needs_is_decided_by_its_reporting_day(spark: SparkSession) -> None:
    daily = build_daily_rates(bronze(spark, BRONZE_EXCHANGE_RATES, RATES), report_currency="USD", max_age_days=7)
    # The last microsecond of Sunday in Seoul, and the first moment of Monday there.
    moments = [datetime(2026, 3, 1, 14, 59, 59, 999999, tzinfo=UTC), datetime(2026, 3, 1, 15, tzinfo=UTC)]
    bought = frame(
        spark, "ordered_at timestamp, currency string", [{"ordered_at": m, "currency": "EUR"} for m in moments]
    )

    missing = collected(missing_rates(bought, daily, day="ordered_at", timezone="Asia/Seoul", report_currency="USD"))

    assert [(row["day"], row["currency"]) for row in missing] == [(date(2026, 3, 1), "EUR")]


def test_with_no_age_allowed_only_the_days_own_rate_holds(spark: SparkSession) -> None:
    rates = bronze(spark, BRONZE_EXCHANGE_RATES, RATES[:2])

    daily = collected(build_daily_rates(rates, report_currency="USD", max_age_days=0))

    assert sorted((row["rate_day"], row["rate"]) for row in daily) == [
        (MONDAY, Decimal("1.1")),
        (MONDAY + timedelta(days=2), Decimal("1.3")),
    ]


def test_amounts_are_rounded_half_up_to_six_decimals_and_the_greatest_still_fit(spark: SparkSession) -> None:
    amounts = [
        # amount, rate, in the reporting currency
        ("1", "1.00000050", "1.000001"),
        ("1", "1.00000049", "1.000000"),
        ("-1", "1.00000050", "-1.000001"),
        ("0.000001", "0.00050000", "0.000000"),
        ("1234567890.123456", "0.00075000", "925925.917593"),
        ("999999999999.999999", "1.00000000", "999999999999.999999"),
    ]
    rows = [{"number": n, "amount": Decimal(a), "rate": Decimal(r)} for n, (a, r, _) in enumerate(amounts)]
    schema = "number int, amount decimal(18,6), rate decimal(18,8)"

    priced = frame(spark, schema, rows).select("number", in_report_currency(F.col("amount")).alias("priced"))

    assert {row["number"]: row["priced"] for row in collected(priced)} == {
        number: Decimal(expected) for number, (_, _, expected) in enumerate(amounts)
    }
