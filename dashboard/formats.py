"""Figures as text: money by currency, shares, counts, days, durations.

Formats that differ by language take the language; panels call them through their `Words`.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from published.view import Language

# ISO 4217: currencies without a minor unit, and with a thousandth. All others have two decimals.
# fmt: off
NO_DECIMALS = frozenset({
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
})
# fmt: on
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
SYMBOLS = {"KRW": "₩", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "VND": "₫"}
MISSING = "–"
MINUS = "−"
Value = Decimal | float | int | str | date | datetime | None


class Figure(str):
    """A figure as text that keeps its value: a page shows the text, CSV and JSON give `value`, unrounded."""

    value: Value

    def __new__(cls, text: str, value: Value) -> Figure:
        """The text, and the value that it shows."""
        made = super().__new__(cls, text)
        made.value = value
        return made


def decimals_of(currency: str) -> int:
    """The number of decimals of an amount in this currency."""
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def amount(value: Decimal | float | None, currency: str) -> str:
    """The amount without its currency, e.g. 1,234,567 for KRW, 1,234.50 for USD; halves round to the even digit."""
    if value is None:
        return Figure(MISSING, None)
    exact = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    rounded = exact.quantize(Decimal(1).scaleb(-decimals_of(currency)), rounding=ROUND_HALF_EVEN)
    return Figure(f"{rounded + 0:,f}".replace("-", MINUS), value)  # + 0 turns a negative zero into zero


def money(value: Decimal | float | None, currency: str, language: Language) -> str:
    """The amount with its currency: ₩1,234,567 (in Korean 1,234,567원), $1,234.50, CHF 1,234.50."""
    text = amount(value, currency)
    if value is None:
        return text
    if language == "ko" and currency == "KRW":
        return Figure(f"{text}원", value)
    sign, digits = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    return Figure(f"{sign}{SYMBOLS.get(currency, currency + ' ')}{digits}", value)


def count(value: float | None, decimals: int = 0) -> str:
    """A number with thousands separators, rounded to `decimals`."""
    return Figure(MISSING if value is None else f"{value:,.{decimals}f}".replace("-", MINUS), value)


def figure(value: float | None) -> str:
    """A figure of any kind: whole numbers without decimals, others with six significant digits."""
    if value is None:
        return Figure(MISSING, None)
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"
    return Figure(text.replace("-", MINUS), value)


def roas(value: float | None, language: Language) -> str:
    """A return on ad spend: as `multiple`, in Korean as percent, e.g. 3.00 and 300%."""
    return share(value) if language == "ko" else multiple(value)


def multiple(value: float | None) -> str:
    """A multiple, e.g. 3.00: two decimals, one from 10 on, none from 100 on."""
    if value is None:
        return Figure(MISSING, None)
    size = abs(value)
    return count(value, 2 if size < 10 else 1 if size < 100 else 0)


def back(value: float | None, unit: str, language: Language) -> str:
    """Value per unit of spend: as `multiple`, in Korean with the unit, e.g. 3.00 and 3.00원."""
    text = multiple(value)
    return Figure(f"{text}{unit}" if language == "ko" and value is not None else text, value)


def share(value: float | None, decimals: int = 0) -> str:
    """A share of one as percent."""
    return Figure(MISSING if value is None else f"{value * 100:,.{decimals}f}%".replace("-", MINUS), value)


def change(value: float | None) -> str:
    """A relative change with its sign, e.g. +12% or −3%."""
    if value is None:
        return Figure(MISSING, None)
    percent = round(value * 100)
    return Figure("0%" if percent == 0 else f"{percent:+,d}%".replace("-", MINUS), value)


def day(value: date | datetime | None, language: Language) -> str:
    """A day, e.g. 5 March 2026, in Korean 2026년 3월 5일."""
    if value is None:
        return Figure(MISSING, None)
    text = f"{value.year}년 {value.month}월 {value.day}일" if language == "ko" else f"{value.day} {value:%B %Y}"
    return Figure(text, value)


def moment(value: datetime) -> str:
    """A moment to the minute, e.g. 2026-03-05 04:10 UTC."""
    return Figure(f"{value:%Y-%m-%d %H:%M} UTC", value)


def seconds(value: float, language: Language) -> str:
    """A duration: 0.4 s, 12.3 s, 3 min 05 s; in Korean 0.4초, 3분 5초."""
    whole = round(value)
    if language == "ko":
        return Figure(f"{value:.1f}초" if value < 60 else f"{whole // 60}분 {whole % 60}초", value)
    return Figure(f"{value:.1f} s" if value < 60 else f"{whole // 60} min {whole % 60:02d} s", value)


def listed(names: list[str], language: Language) -> str:
    """A, B and C; in Korean A, B, C."""
    if len(names) < 2 or language == "ko":
        return ", ".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
