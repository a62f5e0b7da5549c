"""Newer new users, whose horizon is not over yet: what they have brought so far says whether a shop has moved.

As reserves for claims are estimated by development factors: what came by a day, beside what was expected by that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from ltv.behaviour.rows import Flags
from ltv.churn_scorer import Array, Columns
from ltv.early_value_model import Names, Prediction, predicted

ALL, NOT_YET, BOUGHT = "all", "not_yet", "bought"  # whose a development is: by the age, not or so
SHIFT = 0.05  # standard deviation of how far a total moves, as a share, from those learned from to the newest
CHANCE_ERRORS = 3.0  # standard errors of what was seen: no chance beyond them, however far off
LEAST_BUYERS = 30  # expected so far, for that: the sum of fewer is too skewed
MOST = 2.0  # times more, or less: beyond it is a fault of the data and no shop that moved


@dataclass(frozen=True)
class NewerUsers:
    """New users of later first days than those learned from: features, channels, what they have brought after the age
    so far, and the share of the value within the horizon that had come by such a day from those learned from, of the
    same state (have bought by the age, or not) and of all."""

    columns: Columns
    channels: Names
    amount: Array
    came: Array
    came_of_all: Array

    def where(self, flags: Flags) -> Self:
        """Some of them."""
        columns = {name: values[flags] for name, values in self.columns.items()}
        amount, came, of_all = (values[flags] for values in (self.amount, self.came, self.came_of_all))
        return type(self)(columns, self.channels[flags], amount, came, of_all)


class Movement(NamedTuple):
    """By which factor newer new users bring more than those learned from, or less, and the relative standard deviation
    of a total that follows it, by chance."""

    factor: float
    error: float


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


def unmoved(learned: Prediction) -> Movement:
    """That of nobody newer: the chance of those learned from, whose prediction is given."""
    return Movement(1.0, float(np.sqrt(_variance(learned))))


def movement(learned: Prediction, newer: Prediction, came: Array, amount: Array, *, spread: float) -> Movement:
    """What newer ones have brought (`amount`) beside what was expected by then, drawn to 1 by chance.

    `learned` and `newer` are predictions of what both bring within the horizon, that of `learned` right in total, and
    `came` is the share that comes by what was seen. The factor is the mean by inverse variances of the ratio and of 1.
    The ratio has the chance of what was expected (each buyer taken to have brought all by then, or nothing) and that of
    `came`, which was learned from those of `learned` who had bought by then. 1 has the chance of the others, and that
    of a move: SHIFT squared, or where enough buyers were expected by how much more than CHANCE_ERRORS the ratio is off.
    """
    so_far = predicted(newer.buys * came, newer.amount, spread)
    expected = float(so_far.value.sum())
    if expected <= 0:
        return unmoved(learned)
    share, known = expected / float(newer.value.sum()), _variance(learned)
    seen = _variance(so_far) + known * (1 / share - 1)
    off, move = float(amount.sum()) / expected - 1, SHIFT**2
    if min(so_far.buys.sum(), learned.buys.sum() * share) >= LEAST_BUYERS:
        move = max(move, off**2 - CHANCE_ERRORS**2 * (seen + known))
    before = known + move
    factor = min(max(1 + before / (before + seen) * off, 1 / MOST), MOST)
    return Movement(factor, float(np.sqrt(before * seen / (before + seen))) / factor)


def _variance(prediction: Prediction) -> float:
    """Of a total, as a share of it squared; 0 of nobody."""
    total = float(prediction.value.sum())
    return float((prediction.deviation**2).sum()) / total**2 if total > 0 else 0.0
