"""The panel about forecasts: what all customers will buy and bring, and what earlier forecasts were worth."""

from __future__ import annotations

from dashboard import formats
from dashboard.panels import Column, PageTable, Panel, columns, table_rows
from dashboard.words import Words
from published.figures import Figures
from published.forecasts import Forecast, ForecastFigures, read_forecasts


def forecasts_panel(figures: Figures, words: Words) -> Panel | None:
    """Totals with their intervals, beside what came of earlier ones; None without forecasts."""
    found = read_forecasts(figures.published)
    if found is None:
        return None
    past = _past(found, words)
    return Panel(
        "forecasts",
        words("forecasts.title"),
        _sentence(found, words),
        table=_totals(found, words),
        note=words("forecasts.note", day=words.day(found.as_of), level=formats.share(found.level)),
        more=(past,) if past.rows else (),
    )


def _sentence(found: ForecastFigures, words: Words) -> str:
    values = [total for total in found.totals if total.measure == "value"]
    longest = max(values or found.totals, key=lambda total: total.days)
    sentence = words(
        "forecasts.sentence",
        days=str(longest.days),
        total=_amount(longest, longest.predicted, found, words, with_unit=True),
        interval=_interval(longest, found, words),
    )
    if not found.compared:
        return sentence + words("forecasts.none_due")
    return sentence + words("forecasts.held", held=formats.count(found.held), compared=formats.count(found.compared))


def _totals(found: ForecastFigures, words: Words) -> PageTable:
    return PageTable(
        caption=words("forecasts.caption", currency=words.currency(found.currency)),
        columns=columns(words("forecasts.what"), words("forecasts.predicted"), words("forecasts.interval")),
        rows=table_rows(
            [
                [_name(total, words), _amount(total, total.predicted, found, words), _interval(total, found, words)]
                for total in found.totals
            ]
        ),
    )


def _past(found: ForecastFigures, words: Words) -> PageTable:
    return PageTable(
        caption=words("forecasts.past_caption", currency=words.currency(found.currency)),
        columns=(
            Column(words("forecasts.what"), numeric=False),
            Column(words("forecasts.made"), numeric=False),
            Column(words("forecasts.predicted")),
            Column(words("forecasts.interval")),
            Column(words("forecasts.came")),
            Column(words("forecasts.held_it"), numeric=False),
        ),
        rows=table_rows(
            [
                [
                    _name(one, words),
                    one.as_of.isoformat(),
                    _amount(one, one.predicted, found, words),
                    _interval(one, found, words),
                    _amount(one, one.actual, found, words),
                    words("forecasts.inside" if one.held else "forecasts.outside"),
                ]
                for one in found.past
            ]
        ),
    )


def _name(total: Forecast, words: Words) -> str:
    if total.measure == "value":
        return words("forecasts.value", days=str(total.days))
    return words("forecasts.purchases", days=str(total.days))


def _interval(total: Forecast, found: ForecastFigures, words: Words) -> str:
    low = _amount(total, total.lower, found, words)
    if total.upper is None:
        return words("forecasts.from", low=low)
    return words.between(low, _amount(total, total.upper, found, words))


def _amount(total: Forecast, value: float, found: ForecastFigures, words: Words, *, with_unit: bool = False) -> str:
    if total.measure == "value":
        return words.money(value, found.currency) if with_unit else formats.amount(value, found.currency)
    return words.counted("purchase_day", value) if with_unit else formats.count(value)
