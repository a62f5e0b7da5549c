"""Segments of customers: centres of returning customers by k-means, what they are called, and what is stored of them.

A returning customer is four figures: how often, how long silent by the own pace, p_alive, and the value to come. They
are scaled by the shop's means and deviations and cut at `CUT`, since a few wholesale customers would draw a centre. One
typical customer per segment (`TYPICAL`) with a fifth of the shop's weight holds the centres where their names belong:
customers are a cloud without gaps, in which plain k-means finds other centres every week. How customers get a segment
is in `ltv.segment_columns`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from ltv.histories import Array
from ltv.scorer import DAYS_PER_UNIT
from ltv.value_model import ValueModel

FIGURES = ("frequency", "silence", "p_alive", "value")
VALUE_DAYS = 365
# A typical customer of each segment, in deviations from the mean of all returning customers, by FIGURES.
TYPICAL: dict[str, tuple[float, ...]] = {
    "loyal": (1.2, -0.7, 0.7, 1.2),
    "promising": (-0.5, -0.7, 0.6, 0.1),
    "sleeping": (-0.5, 0.5, 0.0, -0.4),
    "leaving": (0.8, 0.7, -0.8, -0.1),
    "lost": (-0.5, 1.3, -1.5, -1.1),
}
TYPICAL_WEIGHT = 0.2  # typical customers of each segment for every returning customer
CUT = 2.0  # deviations
LEAST_DEVIATION = 0.1  # of logarithms and of a probability; where customers hardly differ, that is no difference
DIGITS = 6  # that are stored; fewer than sums of floats agree to
# points (a row each), the centres to start from -> the centres in their order
Clusters = Callable[[Array, Array], Array]


@dataclass(frozen=True, kw_only=True)
class Segmentation:
    """Centres of the segments of returning customers, in deviations, and the shop's figures that they are scaled by.

    `pace` is the usual number of days between purchases and `typical_value` the usual value to come, both medians.
    `mean` and `deviation` are those of FIGURES.
    """

    pace: float
    typical_value: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    centres: Mapping[str, tuple[float, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` reads it back."""
        return {
            "pace": self.pace,
            "typical_value": self.typical_value,
            "mean": list(self.mean),
            "deviation": list(self.deviation),
            "centres": {name: list(centre) for name, centre in self.centres.items()},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The segmentation that `to_dict` wrote."""
        return cls(
            pace=plain["pace"],
            typical_value=plain["typical_value"],
            mean=tuple(plain["mean"]),
            deviation=tuple(plain["deviation"]),
            centres={name: tuple(centre) for name, centre in plain["centres"].items()},
        )


# For versions that were stored without one: the figures of CDNOW in round numbers. Money has no usual size, so the
# value to come does not count.
WITHOUT_FIT = Segmentation(
    pace=60.0,
    typical_value=1.0,
    mean=(1.3, 0.9, 0.65, 0.0),
    deviation=(0.6, 0.65, 0.35, 1e9),
    centres={name: (*typical[:3], 0.0) for name, typical in TYPICAL.items()},
)


def own_gap(frequency: Any, recency_days: Any, pace: Any) -> Any:
    """Days between purchases of a customer: the mean of the own gaps and one usual gap of the shop."""
    return (recency_days + pace) / (frequency + 1.0)


def figures(frequency: Any, silence: Any, p_alive: Any, value: Any, *, log: Callable[[Any], Any]) -> tuple[Any, ...]:
    """FIGURES of customers, of arrays (np.log) or of columns (F.ln).

    `silence` is the time since the last purchase in own gaps, `value` that to come, in typical ones.
    """
    return log(frequency + 1.0), log(silence + 1.0), p_alive, log(value + 1.0)


def fit_segments(
    returning: pd.DataFrame, model: ValueModel, *, annual_discount_rate: float, clusters: Clusters
) -> Segmentation:
    """The segmentation of returning customers: rows of frequency, recency, T and monetary_value, in the model's unit,
    and the attributes that the model asks for.

    With a season, the value to come is that of the days after the day that the model forecasts from. A centre has the
    name of the typical customer that the search for it starts from.
    """
    x, t_x, T, m = (returning[name].to_numpy(np.float64) for name in ("frequency", "recency", "T", "monetary_value"))
    predicted = model.predict(
        x,
        t_x,
        T,
        m,
        churn_days=(),
        value_days=(VALUE_DAYS,),
        margin=1.0,
        annual_discount_rate=annual_discount_rate,
        attributes=returning,
    )
    days = DAYS_PER_UNIT[model.time_unit]
    pace = float(np.median(t_x * days / x))
    silence = (T - t_x) * days / own_gap(x, t_x * days, pace)
    value = np.maximum(predicted[f"clv_{VALUE_DAYS}d"], 0.0)
    typical_value = float(np.median(value)) or 1.0
    rows = np.stack(figures(x, silence, predicted["p_alive"], value / typical_value, log=np.log), axis=1)
    mean, deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), LEAST_DEVIATION)
    points = np.clip((rows - mean) / deviation, -CUT, CUT)
    typical = np.array([*TYPICAL.values()])
    held = np.repeat(typical, math.ceil(TYPICAL_WEIGHT * len(points)), axis=0)
    centres = clusters(np.concatenate([points, held]), typical)
    return Segmentation(
        pace=_stored(pace),
        typical_value=_stored(typical_value),
        mean=tuple(map(_stored, mean)),
        deviation=tuple(map(_stored, deviation)),
        centres={name: tuple(map(_stored, centre)) for name, centre in zip(TYPICAL, centres, strict=True)},
    )


def _stored(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
