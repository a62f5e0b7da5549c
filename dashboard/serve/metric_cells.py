"""Metrics as cells of tables: labels, definitions on hover, formats by unit, and chance beside small numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import inf
from typing import NamedTuple

from dashboard import formats
from dashboard.formats import Figure
from dashboard.panels import Column, linked
from dashboard.words import Label, Words
from published.chance import ratio_bounds
from published.delta_files import Row
from published.metrics import Metric

NO_BREAK = "\u00a0"


class RestsOn(NamedTuple):
    """The count that makes a ratio chance where it is small, and whether it stands below the line."""

    conversions: str
    is_below: bool


RESTS_ON = {
    "roas": RestsOn("credited_conversions", is_below=False),
    "cpa": RestsOn("credited_conversions", is_below=True),
    "new_customer_cpa": RestsOn("new_customers", is_below=True),
}


def metric_label(metric: Metric, words: Words) -> Label:
    """What the metric is called in the reader's language; in CSV and JSON it has its own name."""
    return Label(metric.label.ko if words.language == "ko" else metric.label.en, metric.name)


def metric_sentence(metric: Metric, words: Words) -> str:
    """What one number of the metric is, in the reader's language."""
    return metric.sentence.ko if words.language == "ko" else metric.sentence.en


def metric_column(metric: Metric, words: Words) -> Column:
    """The column of a metric, with its definition on hover."""
    return Column(metric_label(metric, words), hint=metric_sentence(metric, words))


def metric_text(
    metric: Metric, value: Decimal | float | None, currency: str, words: Words, *, unit: bool = False
) -> str:
    """A figure of the metric in its unit; with `unit`, an amount has its currency."""
    match metric.unit:
        case "money":
            return words.money(value, currency) if unit else formats.amount(value, currency)
        case "share":
            return formats.share(None if value is None else float(value), 1)
        case "ratio":
            return words.roas(None if value is None else float(value))
        case "days":
            return formats.count(None if value is None else float(value), 1)
    number = None if value is None else round(float(value), 6)  # sums of credit are doubles
    return formats.count(number, 0 if number is None or number.is_integer() or abs(number) >= 1000 else 1)


def with_chance(metric: Metric, row: Row, currency: str, words: Words, *, smallest: int, unit: bool = False) -> str:
    """A ratio over fewer than `smallest` conversions with its 95% interval and their number; others as they are.

    `unit` as for `metric_text`.
    """
    value = row[metric.name]
    text = metric_text(metric, value, currency, words, unit=unit)
    rests_on = RESTS_ON.get(metric.name)
    if not value or rests_on is None:
        return text
    number = float(row[rests_on.conversions])
    bounds = ratio_bounds(float(value), number, counts_below=rests_on.is_below)
    if number >= smallest or bounds is None:
        return text
    low = metric_text(metric, bounds.lower, currency, words, unit=unit)
    counted = formats.count(number, 0 if number.is_integer() else 1)
    if bounds.upper == inf:
        return Figure(_breaking_once(words("few.open", figure=text, low=low, number=counted)), value)
    high = metric_text(metric, bounds.upper, currency, words, unit=unit)
    return Figure(_breaking_once(words("few.figure", figure=text, low=low, high=high, number=counted)), value)


def _breaking_once(text: str) -> str:
    """The text with a break before its brackets alone: an interval stands under its figure in a narrow column."""
    figure, _, interval = text.partition(" (")
    return f"{figure} ({interval.replace(' ', NO_BREAK)}"


def metric_row(
    wanted: Mapping[str, Metric],
    row: Row,
    currency: str,
    words: Words,
    *,
    smallest: int,
    address: Callable[[str], str] | None = None,
) -> tuple[str, ...]:
    """The cells of a row of metrics; with `address`, each leads to that of its metric."""
    cells = (with_chance(metric, row, currency, words, smallest=smallest) for metric in wanted.values())
    if address is None:
        return tuple(cells)
    return tuple(linked(cell, address(name)) for name, cell in zip(wanted, cells, strict=True))
