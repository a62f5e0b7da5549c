"""The rule models on aggregated paths: credit by a touch's place in its path, without times.

Each rule gives one weight per touch; weights are normalised within each path. Path A > B > C with the defaults:

    first_touch          1, 0, 0
    last_touch           0, 0, 1
    last_non_direct      0, 0, 1     Direct > A > Direct: 0, 1, 0
    linear               1/3, 1/3, 1/3
    position_based       .4, .2, .4  also called U shape; two touches .5, .5; one touch 1
    j_shaped             .2, .2, .6  two touches .25, .75
    inverse_j_shaped     .6, .2, .2  two touches .75, .25
    time_decay_by_order  1/7, 2/7, 4/7
    last_paid            0, 1, 0     where B is a paid channel and C is not
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from attribution.paths import Flags, Floats, Paths, summed
from warehouse.errors import UsageError
from warehouse.terms import DIRECT


@dataclass(frozen=True, kw_only=True)
class PathRuleKnobs:
    """Shares of the first and last touch, ratio of a touch's weight to the next one's, and the paid channels.

    Shares: 0 to 1, together above 0 and at most 1; the ratio: above 0, at most 1. Else UsageError.
    """

    position_first: float = 0.4
    position_last: float = 0.4
    order_ratio: float = 0.5
    paid_channels: frozenset[str] = frozenset()
    direct: str = DIRECT

    def __post_init__(self) -> None:
        """Refuse shares and ratios that would make weights negative or all zero."""
        _check_shares(self.position_first, self.position_last)
        if not 0 < self.order_ratio <= 1:
            raise UsageError(f"order_ratio must be above 0 and at most 1, not {self.order_ratio}")


class Credit(NamedTuple):
    """Conversions and value by channel, in the order of the paths' channels; empty paths are not in it."""

    conversions: Floats
    value: Floats


Rule = Callable[[Paths, PathRuleKnobs], Floats]


def credit(paths: Paths, weights: Floats) -> Credit:
    """The conversions and value of each path divided over its touches by weight (one per touch, not negative).

    A path whose weights are all zero is divided equally.
    """
    path = paths.path_of_step
    total = summed(path, weights, len(paths))[path]
    share = np.where(total > 0, weights / np.where(total > 0, total, 1.0), 1.0 / paths.lengths[path])
    size = len(paths.channels)
    return Credit(
        summed(paths.steps, share * paths.conversions[path], size),
        summed(paths.steps, share * paths.value[path], size),
    )


def credit_by_rule(paths: Paths, model: str, knobs: PathRuleKnobs | None = None) -> Credit:
    """Credit by a rule of `RULES`; UsageError for another name."""
    if model not in RULES:
        raise UsageError(f"no rule is called {model!r}; there are {', '.join(RULES)}")
    return credit(paths, RULES[model](paths, knobs or PathRuleKnobs()))


def first_touch(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """All to the first touch."""
    return np.asarray(paths.position == 0, np.float64)


def last_touch(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """All to the last touch."""
    return np.asarray(paths.to_last == 0, np.float64)


def last_non_direct(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """All to the latest touch that is not Direct; to the last touch where all are."""
    return _latest(paths, paths.steps != paths.code_of(knobs.direct))


def last_paid(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """All to the latest touch of a paid channel; to the last touch where none is. UsageError without paid channels."""
    if not knobs.paid_channels:
        raise UsageError("last_paid needs the paid channels (paid_channels; --paid a,b)")
    return _latest(paths, np.isin(paths.steps, [paths.code_of(channel) for channel in sorted(knobs.paid_channels)]))


def linear(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """The same to every touch."""
    return np.ones(len(paths.steps))


def position_based(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """The ends get their shares, the middle touches divide the rest; two touches share as the ends do."""
    return _ends_and_rest(paths, knobs.position_first, knobs.position_last)


def j_shaped(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """20% to the first, 60% to the last touch, 20% to those between."""
    return _ends_and_rest(paths, 0.2, 0.6)


def inverse_j_shaped(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """60% to the first, 20% to the last touch, 20% to those between."""
    return _ends_and_rest(paths, 0.6, 0.2)


def time_decay_by_order(paths: Paths, knobs: PathRuleKnobs) -> Floats:
    """The last touch weighs 1, each earlier one `order_ratio` times the next."""
    return np.asarray(knobs.order_ratio ** paths.to_last.astype(np.float64))


def w_shaped(
    paths: Paths, milestones: Flags, *, first: float = 0.3, milestone: float = 0.3, last: float = 0.3
) -> Floats:
    """Shares for the first touch, the flagged ones (one flag per touch; several divide theirs), the last, and the rest.

    A touch in two roles has both shares. What has no touch (no milestone in a path, nothing between) falls away, and
    the other shares grow in proportion: a path without milestone is divided as by position. Paths do not know which
    touch brought a sign-up, so flags come from the caller.
    """
    _check_shares(first, last, milestone)
    milestones = np.asarray(milestones, bool)
    marked = summed(paths.path_of_step, milestones, len(paths))[paths.path_of_step]
    shared = np.where(milestones, milestone / np.maximum(marked, 1.0), 0.0)
    return _ends_and_rest(paths, first, last, shared, milestone)


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        first_touch,
        last_touch,
        last_non_direct,
        linear,
        position_based,
        time_decay_by_order,
        j_shaped,
        inverse_j_shaped,
        last_paid,
    )
}


def _ends_and_rest(
    paths: Paths, first: float, last: float, other: Floats | None = None, other_total: float = 0.0
) -> Floats:
    """Shares of the ends and `other` ones per touch; touches without any divide what is left of 1."""
    shares = first * (paths.position == 0) + last * (paths.to_last == 0)
    role = (paths.position == 0) | (paths.to_last == 0)
    if other is not None:
        shares, role = shares + other, role | (other > 0)
    rest = summed(paths.path_of_step, ~role, len(paths))[paths.path_of_step]
    return np.where(role, shares, max(0.0, 1.0 - first - last - other_total) / np.maximum(rest, 1.0))


def _latest(paths: Paths, eligible: Flags) -> Floats:
    """1 for the latest eligible touch of each path, or its last touch where none is."""
    chosen = paths.starts[1:] - 1
    candidates = np.flatnonzero(eligible)
    # Ascending, so that the latest one stays.
    chosen[paths.path_of_step[candidates]] = candidates
    weights = np.zeros(len(paths.steps))
    weights[chosen[paths.lengths > 0]] = 1.0
    return weights


def _check_shares(first: float, last: float, middle: float = 0.0) -> None:
    total = first + last + middle
    if not (first >= 0 and last >= 0 and middle >= 0 and first + last > 0 and total <= 1 + 1e-12):
        raise UsageError(f"shares of touches must be from 0 up and at most 1 together, not {first}, {last}, {middle}")
