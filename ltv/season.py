"""The season of a shop: how much more or less customers buy in each month of the year, and on its holidays.

A season multiplies the rate at which living customers buy; whether they are alive it leaves to the fit. This file goes
with every registered model (see `ltv.pyfunc`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from .histories import Array

MONTHS = 12


class Pace(NamedTuple):
    """The season of a period: how many times the rate of the fit customers buy at, and its logarithm's error."""

    factor: float
    log_error: float

    @property
    def theta(self) -> Array:
        """The logarithm of the factor: in a total's interval it counts as one more parameter."""
        return np.array([np.log(self.factor)])

    def fitted_covariance(self) -> Array:
        """The covariance of `theta`."""
        return np.array([[self.log_error**2]])


NO_SEASON = Pace(1.0, 0.0)


class Holiday(NamedTuple):
    """Days that return on other dates each year: how many times the rate of its month customers buy at on them.

    `dates` are the first and the last day of each time. `log_error` is the standard error of the factor's logarithm.
    """

    name: str
    dates: tuple[tuple[dt.date, dt.date], ...]
    factor: float = 1.0
    log_error: float = 0.0


@dataclass(frozen=True)
class Season:
    """The factors of January to December and of holidays, and the standard errors of their logarithms.

    On a holiday the factor of its month counts, too. The mean of all over the purchases that the fit saw is 1: the rate
    of a fit is that of the days in its data.
    """

    factors: tuple[float, ...]
    log_errors: tuple[float, ...]
    holidays: tuple[Holiday, ...] = ()

    def of(self, days: Any) -> Array:
        """The factor of each day."""
        of_holidays = np.array([*(holiday.factor for holiday in self.holidays), 1.0])
        return np.asarray(np.asarray(self.factors)[months_of(days)] * of_holidays[holiday_of(days, self.holidays)])

    def pace(self, after: dt.date, days: float) -> Pace:
        """The mean factor of the `days` days that follow a day."""
        dates = np.datetime64(after) + np.arange(1, int(days) + 1)
        if not len(dates):
            return NO_SEASON
        factors = self.of(dates)
        by_month = np.bincount(months_of(dates), factors, MONTHS)
        by_holiday = np.bincount(holiday_of(dates, self.holidays) + 1, factors, len(self.holidays) + 1)[1:]
        errors = [*(by_month * self.log_errors), *(by_holiday * [holiday.log_error for holiday in self.holidays])]
        total = factors.sum()
        return Pace(float(total / len(dates)), float(np.linalg.norm(errors) / total))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        holidays = [
            holiday._asdict() | {"dates": [[first.isoformat(), last.isoformat()] for first, last in holiday.dates]}
            for holiday in self.holidays
        ]
        return {"factors": list(self.factors), "log_errors": list(self.log_errors), "holidays": holidays}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any] | None) -> Self | None:
        """The season that `to_dict` wrote; None for none."""
        if plain is None:
            return None
        holidays = (
            Holiday(**holiday | {"dates": tuple((_date(first), _date(last)) for first, last in holiday["dates"])})
            for holiday in plain.get("holidays", ())
        )
        return cls(tuple(plain["factors"]), tuple(plain["log_errors"]), tuple(holidays))


def months_of(days: Any) -> np.ndarray:
    """The month of each day, January as 0."""
    return np.asarray(days).astype("datetime64[M]").astype(np.int64) % MONTHS


def holiday_of(days: Any, holidays: Sequence[Holiday]) -> np.ndarray:
    """The place of each day's holiday among these, -1 for none."""
    dates = np.asarray(days).astype("datetime64[D]")
    found = np.full(len(dates), -1)
    for place, holiday in enumerate(holidays):
        for first, last in holiday.dates:
            found[(dates >= np.datetime64(first)) & (dates <= np.datetime64(last))] = place
    return found


def _date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
