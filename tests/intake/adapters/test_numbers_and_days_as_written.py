"""Numbers, days and moments as people and their programs write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from pyspark.sql import Column, SparkSession
from pyspark.sql import functions as F

from intake.date_formats import date_format_of
from intake.knobs import Export
from intake.parse import count_field, given_but_unread, is_total, money_field, status_field
from intake.written_days import date_field, is_period, timestamp_field
from intake.written_numbers import has_sign_of_another


def read(spark: SparkSession, texts: Sequence[str | None], column: Column) -> list[object]:
    """The column's value for each text of the column `text`."""
    frame = spark.createDataFrame(list(enumerate(texts)), "at int, text string")
    return [row["read"] for row in frame.orderBy("at").select(column.alias("read")).collect()]


def money(spark: SparkSession, texts: list[str], export: Export) -> dict[str, str | None]:
    """Each text with the amount that it is read as, without the zeros at its end."""
    amounts = read(spark, texts, money_field("text", export).cast("string"))
    return {
        text: str(amount).rstrip("0").rstrip(".") if amount else None
        for text, amount in zip(texts, amounts, strict=True)
    }


def test_amounts_with_a_decimal_point(spark: SparkSession) -> None:
    cases = {
        "1234.50": "1234.5",
        "1,234.50": "1234.5",
        "1,234,567.89": "1234567.89",
        "12,34,567.89": "1234567.89",
        "1 234.50": "1234.5",
        "1\u00a0234\u202f567": "1234567",
        "1'234.50": "1234.5",
        "$1,234.50": "1234.5",
        "US$ 12.50": "12.5",
        "\u20a91,234,500": "1234500",
        "1,234,500원": "1234500",
        "12.50 USD": "12.5",
        "EUR 12.50": "12.5",
        "-$12.50": "-12.5",
        "$-12.50": "-12.5",
        "(12.50)": "-12.5",
        "($12.50)": "-12.5",
        "12.50-": "-12.5",
        "\u221212.50": "-12.5",
        "\u00a0 12.50 ": "12.5",
        # no numbers
        "1,5": None,
        "1,23.50": None,
        "1.234,50": None,
        "1.2.3": None,
        "--5": None,
        "(12.50": None,
        "12 apples": None,
        "twelve": None,
    }
    assert money(spark, list(cases), Export()) == cases


def test_amounts_with_a_decimal_comma_where_the_input_says_so(spark: SparkSession) -> None:
    cases = {
        "1.234,50": "1234.5",
        "1234,5": "1234.5",
        "12,50 \u20ac": "12.5",
        "1 234,50": "1234.5",
        "1.234": "1234",
        "-1.234.567,89": "-1234567.89",
        "12.50": None,
        "1,234.50": None,
    }
    assert money(spark, list(cases), Export(decimal=",")) == cases


@pytest.mark.parametrize("mark", ["-", " -", "--", " --", "\u2014", "N/A", "n/a", "", "\u00a0", "null"])
def test_a_mark_of_no_data_is_nothing_and_makes_no_row_bad(spark: SparkSession, mark: str) -> None:
    count = count_field("text")
    assert read(spark, [mark], count) == [None]
    assert read(spark, [mark], given_but_unread("text", count)) == [False]


def test_an_amount_with_the_sign_of_another_currency_than_its_row_is_noticed(spark: SparkSession) -> None:
    cases = {"\u20ac10": True, "$10": False, "10": False, "\u20a91,000": True}
    assert dict(
        zip(cases, read(spark, list(cases), has_sign_of_another(F.col("text"), F.lit("USD"))), strict=True)
    ) == (cases)


def test_a_day_is_read_where_it_can_mean_one_day_only(spark: SparkSession) -> None:
    first = date(2026, 3, 1)
    cases = {
        "2026-03-01": first,
        "2026-3-1": first,
        "2026-03-01 00:00:00": first,
        "2026-03-01T00:00:00": first,
        "2026/03/01": first,
        "2026.03.01.": first,
        "2026. 3. 1.": first,
        "2026년 3월 1일": first,
        "20260301": first,
        "Mar 1, 2026": first,
        "1 March 2026": first,
        "01/03/2026": None,
        "3/1/26": None,
        "2026-02-30": None,
        "2026-03": None,
        "2026": None,
        "202603": None,
        "March 2026": None,
        "2026-03-01 - 2026-03-31": None,
    }
    assert dict(zip(cases, read(spark, list(cases), date_field("text")), strict=True)) == cases


def test_a_month_is_no_day_and_is_known_as_what_it_is(spark: SparkSession) -> None:
    periods = ["2026-03", "2026/3", "202603", "03/2026", "2026", "March 2026", "Mar-26", "2026년 3월", "Q1 2026"]
    periods += ["2026-W10", "2026-03-01 - 2026-03-31", "2026-03-01~2026-03-31"]
    days = ["2026-03-01", "20260301", "Mar 1, 2026", "01/03/2026", "Total", ""]
    assert read(spark, periods, is_period("text")) == [True] * len(periods)
    assert read(spark, days, is_period("text")) == [False] * len(days)


def test_days_and_moments_in_the_format_and_zone_of_the_input(spark: SparkSession) -> None:
    german = Export(date_format="dd.MM.yyyy HH:mm", timezone="Europe/Berlin")
    american = Export(date_format="M/d/yyyy", timezone="America/New_York")

    assert read(spark, ["01.03.2026 09:30", "2026-03-01"], date_field("text", german)) == [date(2026, 3, 1)] * 2
    assert read(spark, ["3/1/2026", "12/31/2026 23:59:59"], date_field("text", american)) == [
        date(2026, 3, 1),
        date(2026, 12, 31),
    ]
    moments = {
        "01.03.2026 09:30": "2026-03-01 08:30:00",
        "01.07.2026 09:30": "2026-07-01 07:30:00",
        "2026-03-01T09:30:00Z": "2026-03-01 09:30:00",
        "2026-03-01 09:30": "2026-03-01 08:30:00",
        "2026-03-01 9:30:15": "2026-03-01 08:30:15",
        "01/03/2026 09:30": None,
    }
    assert dict(zip(moments, read(spark, list(moments), in_utc(german)), strict=True)) == moments
    halves = {"3/1/2026 12:05:00 AM": "2026-03-01 05:05:00", "3/1/2026 1:05 PM": "2026-03-01 18:05:00"}
    assert dict(zip(halves, read(spark, list(halves), in_utc(american)), strict=True)) == halves


def test_a_moment_without_offset_is_none_unless_the_input_names_a_zone(spark: SparkSession) -> None:
    texts = ["2026-03-01 09:30:00", "2026-03-01 09:30:00 +0900", "2026-03-01 09:30:00 +09:00"]
    assert read(spark, texts, in_utc(Export())) == [None, *["2026-03-01 00:30:00"] * 2]


def in_utc(export: Export) -> Column:
    """The moment as text."""
    return F.date_format(timestamp_field("text", export), "yyyy-MM-dd HH:mm:ss")


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("dd.MM", "needs a year"),
        ("YYYY-MM-dd", "has 'YYYY'"),
        ("dd/MM/yyyy dd", "has the day twice"),
        ("%d.%m", "'d'|'m'|needs"),
    ],
)
def test_a_format_that_cannot_be_is_refused_with_what_is_wrong(written: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        date_format_of(written)


def test_a_row_that_says_total_and_has_no_day_is_a_sum_of_others(spark: SparkSession) -> None:
    totals = ["Total", "TOTALS", "Total: account", "Total: Campaigns", "Grand total", "합계", "총계"]
    totals += ["Summe", "총 합계", "Total of 12 results", " Total "]
    others = ["Total brand", "totally", "summer sale", "합계장", "2026-03-01"]
    no_day = is_total(["text"], unless=F.lit(False))
    assert read(spark, totals, no_day) == [True] * len(totals)
    assert read(spark, others, no_day) == [False] * len(others)
    assert read(spark, ["Total"], is_total(["text"], unless=F.lit(True))) == [False], "a campaign may be called Total"


def test_the_words_of_shops_for_the_state_of_an_order(spark: SparkSession) -> None:
    cases = {
        **dict.fromkeys(["paid", "PAID", "wc-completed", "processing", "partially_refunded", None, "배송완료"], "paid"),
        **dict.fromkeys(["pending", "on-hold", "wc-on-hold", "Authorized", "partially_paid", "입금대기"], "pending"),
        **dict.fromkeys(["refunded", "Refunded", "환불완료"], "refunded"),
        **dict.fromkeys(["canceled", "Cancelled", "CANCELED", "Voided", "wc-failed", "expired", "취소"], "cancelled"),
        "Lost": "lost",
    }
    assert dict(zip(cases, read(spark, list(cases), status_field("text")), strict=True)) == cases
