"""How far chance alone may have moved a figure that rests on few conversions."""

from __future__ import annotations

from math import inf, sqrt
from statistics import NormalDist
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


def share_bounds(count: float, of: float) -> Bounds | None:
    """The 95% interval of the share `count` / `of` (Wilson); None of nothing.

    Wilson, Probable inference, JASA 22 (1927): it keeps within 0 and 1 and holds at few cases too.
    """
    if of <= 0:
        return None
    share, z2 = count / of, NORMAL_95**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = NORMAL_95 / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of**2))
    return Bounds(max(middle - half, 0.0), min(middle + half, 1.0))


def odds_bounds(count: int, against: int) -> Bounds | None:
    """The 95% interval of the ratio of two counts that exclude each other, `count` / `against`, by `share_bounds`; the
    upper end is infinite where nothing is against it. None of nothing.
    """
    share = share_bounds(count, count + against)
    if share is None:
        return None
    return Bounds(
        share.lower / (1 - share.lower) if share.lower < 1 else inf,
        share.upper / (1 - share.upper) if against else inf,
    )


def mean_bounds(mean: float, deviation: float | None, count: int) -> Bounds | None:
    """The 95% interval of a mean by its standard error (normal); None where no deviation is known.

    Below some thirty cases, and where few large values make the mean, it is too narrow.
    """
    if deviation is None or count < 2:
        return None
    half = NORMAL_95 * deviation / sqrt(count)
    return Bounds(mean - half, mean + half)


def is_beyond_chance(difference: float, error: float, *, compared: int = 1) -> bool:
    """Whether a difference is larger than chance lets the largest of `compared` ones be, 1 time in 20 (Bonferroni).

    `error` is its standard error. Nothing stands out where there is no error to compare with.
    """
    if error <= 0 or compared < 1:
        return False
    return abs(difference) / error > NormalDist().inv_cdf(1 - 0.025 / compared)
