"""Challenger against champion: which of the two scores customers from now on.

The challenger wins unless its RMSE of purchases, on periods that neither had seen, is more than 1% worse.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ltv.origins import FittedOrigin, pooled_rmse

if TYPE_CHECKING:
    from ltv.registry import Champion

METRIC = "rmse"
# A challenger may be this much worse and still win: it has newer data, and smaller differences are chance.
TOLERANCE = 0.01


class Contest(NamedTuple):
    """RMSE of both models over all customers of the origins on which they meet."""

    origins: int
    challenger: float
    champion: float


def meet(champion: Champion, fitted: Sequence[FittedOrigin]) -> Contest:
    """Both models on the newest period, and at the origins that do not lie before the champion's own cutoff.

    The champion knows what came after an earlier one, so there it would be flattered.
    """
    *earlier, newest = fitted
    unseen = [one for one in earlier if champion.at_cutoff.as_of <= one.origin.cutoff]
    met = [*unseen, newest]
    return Contest(
        origins=len(met),
        challenger=pooled_rmse(lambda one: one.model, met),
        champion=pooled_rmse(lambda one: champion.at_cutoff, met),
    )


def lost_because(as_of: dt.date, champion: Champion | None, contest: Contest | None) -> str | None:
    """Why the champion stays, or None when the challenger, fitted on data up to `as_of`, wins."""
    if champion is None or contest is None:
        return None
    if champion.model.as_of > as_of:
        return f"the champion {champion.version} is of {champion.model.as_of}, this fit of {as_of} is older"
    if contest.challenger > contest.champion * (1 + TOLERANCE):
        return (
            f"{METRIC} on {_where(contest)} is {contest.challenger:.4g}, more than {TOLERANCE:.0%} above the "
            f"{contest.champion:.4g} of the champion {champion.version}"
        )
    return None


def won_because(champion: Champion | None, contest: Contest | None) -> str:
    """Why the challenger wins."""
    if champion is None or contest is None:
        return "there was no champion"
    return (
        f"{METRIC} on {_where(contest)} is {contest.challenger:.4g}; "
        f"{contest.champion:.4g} of the former champion {champion.version}"
    )


def _where(contest: Contest) -> str:
    return "the holdout" if contest.origins == 1 else f"the {contest.origins} newest periods"
