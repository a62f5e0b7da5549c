"""Figures as text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from dashboard import formats


@pytest.mark.parametrize(
    ("value", "currency", "written"),
    [
        (Decimal("1234567.500000"), "KRW", "₩1,234,568"),
        (Decimal("1234567.500000"), "USD", "$1,234,567.50"),
        (Decimal("0.125"), "EUR", "€0.12"),  # halves go to the even digit
        (Decimal("1234.5678"), "KWD", "KWD 1,234.568"),
        (Decimal("99.995"), "CHF", "CHF 100.00"),
        (Decimal("-20"), "KRW", "−₩20"),
        (Decimal("-0.4"), "KRW", "₩0"),  # no negative zero
        (0.1 + 0.2, "USD", "$0.30"),
        (Decimal("999999999999999999.999999"), "KRW", "₩1,000,000,000,000,000,000"),
        (None, "KRW", "–"),
    ],
)
def test_money_has_the_decimals_of_its_currency(value: Decimal | float | None, currency: str, written: str) -> None:
    assert formats.money(value, currency, "en") == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, "–"), (0.0, "0.00"), (2.925, "2.92"), (14.06, "14.1"), (123.4, "123"), (-1.5, "−1.50")],
)
def test_roas_has_fewer_decimals_the_larger_it_is(value: float | None, written: str) -> None:
    assert formats.roas(value, "en") == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.123, "+12%"), (-0.031, "−3%"), (0.001, "0%"), (-0.001, "0%"), (12.0, "+1,200%"), (None, "–")],
)
def test_a_change_carries_its_sign(value: float | None, written: str) -> None:
    assert formats.change(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.04, "0.0 s"), (59.9, "59.9 s"), (64.7, "1 min 05 s"), (119.8, "2 min 00 s")]
)
def test_a_duration_is_in_seconds_then_in_minutes(value: float, written: str) -> None:
    assert formats.seconds(value, "en") == written


@pytest.mark.parametrize(
    ("value", "written"), [(3.0, "3"), (1234567.0, "1,234,567"), (0.333333333, "0.333333"), (-2.0, "−2"), (None, "–")]
)
def test_a_whole_figure_of_a_check_has_no_decimals(value: float | None, written: str) -> None:
    assert formats.figure(value) == written


def test_days_and_moments_are_unambiguous() -> None:
    assert formats.day(date(2026, 3, 5), "en") == "5 March 2026"
    assert formats.moment(datetime(2026, 3, 5, 4, 10, 59, tzinfo=UTC)) == "2026-03-05 04:10 UTC"


def test_lists_end_with_and() -> None:
    assert [formats.listed(names, "en") for names in ([], ["A"], ["A", "B"], ["A", "B", "C"])] == [
        "",
        "A",
        "A and B",
        "A, B and C",
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formats.money(Decimal("1234567.5"), "KRW", "ko"), "1,234,568원"),
        (formats.money(Decimal(-20), "KRW", "ko"), "−20원"),
        (formats.money(Decimal("1234.5"), "USD", "ko"), "$1,234.50"),
        (formats.money(None, "KRW", "ko"), "–"),
        (formats.roas(2.925, "ko"), "292%"),
        (formats.roas(None, "ko"), "–"),
        (formats.back(2.925, "원", "ko"), "2.92원"),
        (formats.back(2.925, "KRW", "en"), "2.92"),
        (formats.back(None, "원", "ko"), "–"),
        (formats.day(date(2026, 3, 5), "ko"), "2026년 3월 5일"),
        (formats.day(None, "ko"), "–"),
        (formats.seconds(59.9, "ko"), "59.9초"),
        (formats.seconds(64.7, "ko"), "1분 5초"),
        (formats.listed(["A", "B", "C"], "ko"), "A, B, C"),
    ],
)
def test_figures_have_their_korean_formats(written: str, expected: str) -> None:
    assert written == expected
