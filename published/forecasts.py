"""Forecasts of all customers: the newest totals with their intervals, and what became of those that have come due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from published.publication import Published
from warehouse.tables import GOLD_FORECAST_ACCURACY, GOLD_VALUE_TOTALS
from warehouse.terms import ALL_CHANNELS

MOST_PAST = 10


@dataclass(frozen=True)
class Forecast:
    """A total of all customers within `days` days, with the interval that holds the model's own error.

    `measure`: purchases (purchase days) or value (discounted margin). upper is None where there is no finite bound.
    """

    measure: Literal["purchases", "value"]
    days: int
    predicted: float
    lower: float
    upper: float | None


@dataclass(frozen=True)
class PastForecast(Forecast):
    """A forecast of the day `as_of` whose period ended with `until`, and what came."""

    as_of: date
    until: date
    actual: float
    held: bool


@dataclass(frozen=True)
class ForecastFigures:
    """The totals of the newest scored day, and the forecasts that came due last, newest first; `held` of all
    `compared` lay in their interval."""

    as_of: date
    currency: str
    level: float
    totals: tuple[Forecast, ...]
    past: tuple[PastForecast, ...]
    compared: int
    held: int


def read_forecasts(published: Published) -> ForecastFigures | None:
    """The forecasts up to the publication's day; None if gold.value_totals is not published or empty.

    No field of a view applies: forecasts are of all customers as of a day.
    """
    if not published.has(GOLD_VALUE_TOTALS):
        return None
    until = f"date '{published.as_of.isoformat()}'"
    rows = published.rows(
        f"""
        select as_of, currency, interval_level, measure, days, predicted, lower, upper from gold_value_totals
        where acquisition_channel = '{ALL_CHANNELS}'
          and as_of = (select max(as_of) from gold_value_totals where as_of <= {until})
        order by measure, days
        """,
        GOLD_VALUE_TOTALS,
    )
    if not rows:
        return None
    past, compared, held = _past(published, until)
    return ForecastFigures(
        as_of=rows[0]["as_of"],
        currency=rows[0]["currency"],
        level=rows[0]["interval_level"],
        totals=tuple(
            Forecast(**{name: row[name] for name in ("measure", "days", "predicted", "lower", "upper")}) for row in rows
        ),
        past=past,
        compared=compared,
        held=held,
    )


def _past(published: Published, until: str) -> tuple[tuple[PastForecast, ...], int, int]:
    """The forecasts that came due last, and of how many the interval held how many."""
    if not published.has(GOLD_FORECAST_ACCURACY):
        return (), 0, 0
    due = f"from gold_forecast_accuracy where acquisition_channel = '{ALL_CHANNELS}' and until <= {until}"
    (counted,) = published.rows(
        f"select count(*) as compared, coalesce(sum(case when held then 1 else 0 end), 0) as held {due}",
        GOLD_FORECAST_ACCURACY,
    )
    rows = published.rows(
        f"""
        select as_of, until, measure, days, predicted, lower, upper, actual, held {due}
        order by until desc, days, measure limit {MOST_PAST}
        """,
        GOLD_FORECAST_ACCURACY,
    )
    return tuple(PastForecast(**row) for row in rows), int(counted["compared"]), int(counted["held"])
