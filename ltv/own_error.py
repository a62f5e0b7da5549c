"""The model's own error: how far its totals are off beyond the uncertainty of its parameters and chance.

The interval of `total_interval` holds the actual total where customers behave as the model has it. Seasons, sales and
a shop that changes are not in it. How much they move a total is seen at rolling origins: the error of each past
forecast, relative to what was predicted, less what parameters and chance explain. A shop has few origins, and at first
none, so the errors of four public shops count beside its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from ltv.intervals import Interval
from ltv.model_totals import Measure

# actual / predicted - 1 of the holdout's totals, of a model fitted to the days before: CDNOW (sample and all customers,
# 39 weeks), groceries (52 weeks), apparel (207 weeks). Each counts as one origin. Of the last two shops' value nothing
# is known, so their purchases stand in for it.
PUBLIC_ERRORS: dict[Measure, tuple[float, ...]] = {
    "purchases": (0.130, 0.148, -0.151, -0.095),
    "value": (0.174, 0.188, -0.151, -0.095),
}
PUBLIC_SHOPS = 4


class PastForecast(NamedTuple):
    """A total that was predicted for a period, its variance by parameters and chance, and what came."""

    predicted: float
    variance: float
    actual: float

    @property
    def error(self) -> float:
        """actual / predicted - 1."""
        return self.actual / self.predicted - 1


@dataclass(frozen=True)
class OwnError:
    """The standard deviation of the model's own error, relative to a predicted total, and its mean.

    `origins` of the shop's own past forecasts, beside those of the public shops, are behind it.
    """

    deviation: float
    mean: float
    origins: int


def own_error(measure: Measure, past: Sequence[PastForecast]) -> OwnError:
    """What past forecasts of a measure show of the model's own error.

    Forecasts of nothing, or without a finite variance, do not count.
    The variance is the mean of the squared errors of all origins, less the variance that parameters and chance explain
    (not below 0). The mean draws towards 0 where there are few origins: it is the sum of the errors over the number of
    own and public origins.

    >>> from ltv.own_error import PastForecast, own_error
    >>> own = own_error("purchases", [PastForecast(1000, 40**2, 1100), PastForecast(1000, 40**2, 850)])
    >>> round(own.deviation, 3), round(own.mean, 3), own.origins
    (0.129, -0.008, 2)
    """
    counted = [one for one in past if one.predicted > 0 and np.isfinite(one.variance)]
    beyond_chance = sum(one.error**2 - one.variance / one.predicted**2 for one in counted)
    origins = PUBLIC_SHOPS + len(counted)
    variance = (sum(error**2 for error in PUBLIC_ERRORS[measure]) + max(beyond_chance, 0.0)) / origins
    return OwnError(float(np.sqrt(variance)), float(sum(one.error for one in counted) / origins), len(counted))


def with_own_error(interval: Interval, own: OwnError, *, level: float) -> Interval:
    """The predictive interval of a total, widened by the model's own error; cut at 0. It holds the one it is given.

    The own error is taken in proportion to the total, at every horizon. Its quantile is Student's, of as many degrees
    of freedom as there are origins, own and public.
    """
    deviations = stdtrit(PUBLIC_SHOPS + own.origins, (1 + level) / 2) * own.deviation
    half_width = np.hypot(interval.upper - interval.estimate, deviations * interval.estimate)
    return Interval(interval.estimate, np.maximum(interval.estimate - half_width, 0.0), interval.estimate + half_width)


def recalibration(own: OwnError) -> float:
    """The factor that takes the mean error of past forecasts off the next total."""
    return 1 + own.mean
