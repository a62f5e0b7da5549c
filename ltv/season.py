"""The season of a shop: how much more or less customers buy in each month of the year.

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


@dataclass(frozen=True)
class Season:
    """The factors of January to December, and the standard errors of their logarithms.

    Their mean over the purchases that the fit saw is 1: the rate of a fit is that of the months in its data.
    """

    factors: tuple[float, ...]
    log_errors: tuple[float, ...]

    def pace(self, after: dt.date, days: float) -> Pace:
        """The mean factor of the `days` days that follow a day."""
        months = months_of(np.datetime64(after) + np.arange(1, int(days) + 1))
        share = np.bincount(months, minlength=MONTHS) / max(len(months), 1)
        factors = share * self.factors
        factor = float(factors.sum())
        return Pace(factor, float(np.linalg.norm(factors * self.log_errors)) / factor) if len(months) else NO_SEASON

    def to_dict(self) -> dict[str, Sequence[float]]:
        """Plain data for JSON; `from_dict` reads it back."""
        return {"factors": list(self.factors), "log_errors": list(self.log_errors)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any] | None) -> Self | None:
        """The season that `to_dict` wrote; None for none."""
        return None if plain is None else cls(tuple(plain["factors"]), tuple(plain["log_errors"]))


def months_of(days: Any) -> np.ndarray:
    """The month of each day, January as 0."""
    return np.asarray(days).astype("datetime64[M]").astype(np.int64) % MONTHS
