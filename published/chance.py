"""How far chance alone may have moved a figure that rests on few conversions."""

from __future__ import annotations

from math import inf, sqrt
from typing import NamedTuple

NORMAL_95 = 1.959963984540054


class Bounds(NamedTuple):
    """The ends of a 95% interval, both inclusive."""

    lower: float
    upper: float


def count_bounds(count: float) -> Bounds:
    """The 95% interval of the mean of a Poisson count, for credit too, which is no whole number.

    Byar's approximation to the exact (Garwood) interval: within 1% of it from a count of 5 on, within .02 below;
    Breslow and Day, Statistical Methods in Cancer Research II (1987), p. 69. A count of 0 gives 0 to 3.69.
    """
    if count <= 0:
        return Bounds(0.0, 3.688879454)
    more = count + 1
    return Bounds(
        max(count * (1 - 1 / (9 * count) - NORMAL_95 / (3 * sqrt(count))) ** 3, 0.0),
        more * (1 - 1 / (9 * more) + NORMAL_95 / (3 * sqrt(more))) ** 3,
    )


def ratio_bounds(ratio: float, count: float, *, counts_below: bool = False) -> Bounds | None:
    """The 95% interval of a ratio whose upper part is a sum over `count` conversions, such as ROAS, or, with
    `counts_below`, whose lower part is their number, such as CPA; None without any.

    It takes the values of conversions as alike: where few large orders make the sum, chance moves it further. The upper
    bound is infinite where the count may as well be 0.
    """
    if count <= 0:
        return None
    bounds = count_bounds(count)
    if counts_below:
        return Bounds(ratio * count / bounds.upper, ratio * count / bounds.lower if bounds.lower else inf)
    return Bounds(ratio * bounds.lower / count, ratio * bounds.upper / count)
