"""Newer new users, whose horizon is not over yet: what they have brought so far says whether a shop has moved.

As reserves for claims are estimated by development factors: what came by a day, beside what was expected by that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from ltv.behaviour.rows import Flags
from ltv.churn_scorer import Array, Columns
from ltv.early_value_model import Names, Prediction, TwoParts, predicted

ALL, NOT_YET, BOUGHT = "all", "not_yet", "bought"  # whose a development is: by the age, not or so
SHIFT = 0.05  # standard deviation of how far a total moves, as a share, from those learned from to the newest
CHANCE_ERRORS = 3.0  # standard errors of what was seen; what lies further off is a move, however large


@dataclass(frozen=True)
class NewerUsers:
    """New users of later first days than those learned from: features, channels, what they have brought after the age
    so far, and the share of the value within the horizon that those learned from had brought by that day."""

    columns: Columns
    channels: Names
    amount: Array
    came: Array

    def where(self, flags: Flags) -> Self:
        """Some of them."""
        columns = {name: values[flags] for name, values in self.columns.items()}
        return type(self)(columns, self.channels[flags], self.amount[flags], self.came[flags])


def development(days: Array, value: Array, horizon_days: int) -> Array:
    """The share of the value of all purchases that was made before each day 0 .. horizon after the first; 0 throughout
    where there is no value. `days` and `value` are of purchases within the horizon.

    >>> import numpy as np
    >>> from ltv.behaviour.newer_users import development
    >>> development(np.array([1, 1, 3]), np.array([10.0, 20.0, 10.0]), 4).tolist()
    [0.0, 0.0, 0.75, 0.75, 1.0]
    """
    by_day = np.bincount(days.astype(np.int64), weights=value, minlength=horizon_days)
    total = float(by_day.sum())
    return np.concatenate([[0.0], np.cumsum(by_day) / (total if total > 0 else 1.0)])


def movement(parts: TwoParts, learned: Prediction, newer: NewerUsers) -> float:
    """The factor by which newer new users bring more, or less, than `parts` expects of them; 1 where nothing is
    expected yet. `learned` is the prediction of those learned from, whose factor is 1.

    What they brought beside what was expected by then, drawn to 1 by its chance: the mean by inverse variances of it
    and of 1, whose variance is the chance of those learned from and that of a move: SHIFT squared, or by how much more
    than chance the two differ.
    """
    whole = parts.predict(newer.columns, newer.channels)
    so_far = predicted(whole.buys * newer.came, whole.amount, parts.spread)
    if so_far.value.sum() <= 0:
        return 1.0
    off = float(newer.amount.sum() / so_far.value.sum()) - 1
    seen, known = _variance(so_far), _variance(learned)
    before = known + max(SHIFT**2, off**2 - CHANCE_ERRORS**2 * (seen + known))
    return 1 + before / (before + seen) * off


def _variance(prediction: Prediction) -> float:
    """Of a total, as a share of it squared."""
    return float((prediction.deviation**2).sum() / prediction.value.sum() ** 2)
