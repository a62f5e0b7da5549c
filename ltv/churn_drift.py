"""Does a churn champion still hold? What became of its predictions that have come due, each horizon's newest.

Customers of one day are not independent: a holiday, a sale or a broken shop moves all of them. So the share that left
is not compared with the chance of persons alone. What all of them share from one period to another is learned from the
predictions that came due before, by former champions, as ops.model_monitor has them; while there are few, it is taken
to be TYPICAL.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, stdtr

from ltv.churn_scorer import Array, expit, logit
from ltv.drift import Tested
from ltv.findings import Finding, judged, judged_input
from ltv.stability import Stability
from warehouse.tables.ops_model_monitor import CHURN_CHECKS

SHARE, BRIER, INPUTS = CHURN_CHECKS
TYPICAL = 0.1  # standard deviation of the log-odds of all, from one period to another; a tenth more or fewer odds
TYPICAL_PERIODS = 10  # as many as it counts for
MOST_PERIODS = 12  # of the past, the newest: a shop changes
LEAST_VARIANCE = 10.0  # of how many leave by chance: below, a count is too skewed
MOST_SHIFT = 5.0  # log-odds; where all left, there is no end
HALVINGS = 50  # of the shifts that it may be, to the last digit
LEAST_WORSE = 0.01  # of the Brier score: two predictions of nothing differ by a few thousandths


@dataclass(frozen=True, kw_only=True)
class DueChurn:
    """The predictions of one day and horizon that have come due, and who had left.

    One row per probability: how many `customers` had it, and how many of them `left`. `base_rate` is the share that
    left where `model_version` had learned, which made these predictions.
    """

    horizon: str
    as_of: dt.date
    until: dt.date
    model_version: str
    base_rate: float
    probability: Array
    customers: Array
    left: Array

    @property
    def expected(self) -> float:
        """How many should have left."""
        return float(self.customers @ self.probability)

    @property
    def variance(self) -> float:
        """That of the number by chance, were customers independent; also how much the number moves per log-odds."""
        return float(self.customers @ (self.probability * (1 - self.probability)))

    @property
    def shift(self) -> float:
        """By how much the log-odds of all are off: added to them, as many are expected as left."""
        log_odds, left = logit(self.probability), float(self.left.sum())
        low, high = -MOST_SHIFT, MOST_SHIFT
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if float(self.customers @ expit(log_odds + middle)) < left:
                low = middle
            else:
                high = middle
        return (low + high) / 2


class PastShift(NamedTuple):
    """The shift that an earlier run found for one horizon: predictions of the day `since`, due on `until`."""

    horizon: str
    since: dt.date
    until: dt.date
    shift: float


def judge_churn(
    due: Sequence[DueChurn],
    past: Iterable[PastShift],
    *,
    version: str,
    fitted: dt.date,
    level: float,
    least_change: float,
) -> list[Finding]:
    """Share that left and Brier score of each horizon's newest predictions that have come due.

    Only those of the champion, `version`, can be an alarm. Those of a former one are on record for later runs: a
    horizon of 90 days outlives most champions. `past` are the shifts that earlier runs found; those of predictions
    made before the champion was `fitted` say what is usual.
    """
    limit = level / len(CHURN_CHECKS) / max(sum(one.model_version == version for one in due), 1)
    former = tuple(one for one in past if one.since < fitted)
    found = [_share(one, former_shifts(former, one), limit, least_change) for one in due]
    found += [_brier(one, limit) for one in due]
    return [
        finding if one.model_version == version else _of_former(finding, one.model_version)
        for finding, one in zip(found, (*due, *due), strict=True)
    ]


def judge_churn_inputs(
    found: Mapping[str, Stability | None], *, since: dt.date, until: dt.date, level: float
) -> list[Finding]:
    """PSI of each feature that the champion reads: an alarm from .25 on, a word from .1 on."""
    limit = level / len(CHURN_CHECKS) / max(len(found), 1)
    return [judged_input(INPUTS, name, stable, limit, since=since, until=until) for name, stable in found.items()]


def nothing_due(fitted: dt.date, as_of: dt.date) -> Finding:
    """The one row of a run that had nothing to look at."""
    detail = f"the fit is of {fitted}: no prediction has come due"
    return Finding(check=SHARE, subject="since the fit", since=fitted, until=as_of, detail=detail)


def former_shifts(past: Iterable[PastShift], due: DueChurn) -> list[float]:
    """The shifts of a horizon in periods before that of `due`, apart from each other: the newest, and so on back."""
    of_horizon = (one for one in past if one.horizon == due.horizon)
    apart: list[PastShift] = []
    for one in sorted(of_horizon, key=lambda one: (one.until, one.since, one.shift), reverse=True):
        if one.until <= (apart[-1].since if apart else due.as_of):
            apart.append(one)
    return [one.shift for one in apart[:MOST_PERIODS]]


def shift_test(due: DueChurn, former: Sequence[float]) -> Tested:
    """The shift beside what it usually is: chance of persons, and what all of them share. A former shift has both.

    Student's t, with a degree of freedom for each former period and TYPICAL_PERIODS of them for what is assumed.
    """
    degrees, by_chance = TYPICAL_PERIODS + len(former), 1 / due.variance
    typical = TYPICAL_PERIODS * (TYPICAL**2 + by_chance)
    variance = max((typical + float(np.square(former).sum())) / degrees, by_chance)
    shift = due.shift
    statistic = shift / float(np.sqrt(variance))
    p_value = float(2 * stdtr(degrees, -abs(statistic)))
    return Tested(statistic=statistic, p_value=p_value, change=float(np.expm1(shift)))


def _share(due: DueChurn, former: Sequence[float], limit: float, least_change: float) -> Finding:
    finding = Finding(check=SHARE, subject=due.horizon, since=due.as_of, until=due.until, detail="")
    customers, left = float(due.customers.sum()), float(due.left.sum())
    if due.variance < LEAST_VARIANCE:
        return replace(finding, detail=f"{left:,.0f} of {customers:,.0f} customers left: too few to compare")
    tested = shift_test(due, former)
    detail = (
        f"{left / customers:.1%} of {customers:,.0f} customers left, {due.expected / customers:.1%} were expected "
        f"(odds {tested.change:+.0%}, {abs(tested.statistic):.1f} standard deviations)"
    )
    return judged(replace(finding, limit=limit), tested, detail, least_change)


def _brier(due: DueChurn, limit: float) -> Finding:
    finding = Finding(check=BRIER, subject=due.horizon, since=due.as_of, until=due.until, detail="too few to compare")
    if due.variance < LEAST_VARIANCE:
        return finding
    p, b, n, left = due.probability, due.base_rate, due.customers, due.left
    scores = [float(left @ (q - 1) ** 2 + (n - left) @ q**2) / n.sum() for q in (p, np.full_like(p, b))]
    worse = [(p - 1) ** 2 - (b - 1) ** 2, p**2 - b**2]  # of who left, of who came back
    mean = scores[0] - scores[1]
    spread = float(left @ (worse[0] - mean) ** 2 + (n - left) @ (worse[1] - mean) ** 2) / float(n.sum())
    p_value = float(ndtr(-mean / np.sqrt(spread / n.sum()))) if spread > 0 else 1.0
    change = scores[0] / scores[1] - 1 if scores[1] > 0 else 0.0
    is_alarm = p_value < limit and change >= LEAST_WORSE
    verdict = ": worse beyond chance" if is_alarm else ""
    return replace(
        finding,
        statistic=scores[0],
        p_value=p_value,
        limit=limit,
        change=change,
        is_alarm=is_alarm,
        detail=f"Brier score {scores[0]:.4f}, {scores[1]:.4f} with the base rate {b:.1%} for all{verdict}",
    )


def _of_former(finding: Finding, version: str) -> Finding:
    return replace(finding, limit=None, is_alarm=False, detail=f"by {version}, champion then: {finding.detail}")
