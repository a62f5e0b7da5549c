"""The population stability index (PSI): how far what is counted lately lies from what was counted before a fit.

PSI = sum over bins of (p - q) log(p / q), p and q the shares of a bin. By convention .1 is worth a look and .25 is a
shift. It also grows by chance where counts are small, which is taken off here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from ltv.histories import Array

Counts = dict[float | str, int]  # by bin: numbers in order, or names

WATCH, SHIFT = 0.1, 0.25
BIN_SHARE = 0.1  # of the earlier counts, at the least, in each bin of numbers
NAME_SHARE = 0.02  # of either counts, at the least, of a name with a bin of its own
LEAST_COUNT = 100  # with fewer on a side nothing is compared


@dataclass(frozen=True, kw_only=True)
class Stability:
    """PSI less what chance alone makes of it on average (not below 0), and how often chance alone makes as much."""

    index: float
    p_value: float


def stability(before: Counts, lately: Counts) -> Stability | None:
    """PSI of counts by bin; None where one side has too few.

    Bins of numbers are fine ones: neighbours are joined until each has a tenth of the earlier counts. Of names the rare
    ones are joined.

    >>> from ltv.stability import stability
    >>> found = stability({1: 500, 2: 300, 3: 200}, {1: 350, 2: 300, 3: 350})
    >>> round(found.index, 3), found.p_value < 1e-6
    (0.133, True)
    """
    bins = sorted({*before, *lately}, key=lambda bin_: (isinstance(bin_, str), bin_))
    earlier, later = (np.array([counts.get(bin_, 0) for bin_ in bins], dtype=np.float64) for counts in (before, lately))
    if min(earlier.sum(), later.sum()) < LEAST_COUNT:
        return None
    groups = _of_names(earlier, later) if isinstance(bins[0], str) else _of_numbers(earlier)
    shares = [np.bincount(groups, counts) + 0.5 for counts in (earlier, later)]  # none is 0
    p, q = (counts / counts.sum() for counts in shares)
    index = float(np.sum((p - q) * np.log(p / q)))
    by_chance = 1 / earlier.sum() + 1 / later.sum()  # times chi-squared of one degree of freedom less than bins
    degrees = len(p) - 1
    return Stability(
        index=float(max(0.0, index - degrees * by_chance)),
        p_value=float(chdtrc(degrees, index / by_chance)) if degrees else 1.0,
    )


def _of_numbers(counts: Array) -> NDArray[np.intp]:
    """The group of each bin: neighbours together have BIN_SHARE of the counts, the last ones with what is left."""
    groups, group, held = [], 0, 0.0
    least, left = BIN_SHARE * counts.sum(), counts.sum()
    for count in counts:
        groups.append(group)
        held, left = held + count, left - count
        if held >= least and left >= least:
            group, held = group + 1, 0.0
    return np.array(groups, dtype=np.intp)


def _of_names(earlier: Array, later: Array) -> NDArray[np.intp]:
    """The group of each name: its own, or that of all rare ones."""
    is_rare = np.maximum(earlier / earlier.sum(), later / later.sum()) < NAME_SHARE
    own = np.cumsum(~is_rare) - 1
    return np.where(is_rare, own.max() + 1, own).astype(np.intp)
