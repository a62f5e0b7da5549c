"""Does a champion of early value still hold? What new users have brought since the fit, beside what was expected.

Most champions are replaced before a horizon is over, so nothing waits for its end: a version says which share of the
value of those learned from had come by each day (`ltv.behaviour.newer_users.development`), and so much of each
prediction is expected by now. A few large amounts make much of a total: its chance is taken to be that of a gamma
distribution, as in the intervals of view first_week_value_by_campaign.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc

from ltv.behaviour.newer_users import ALL, BOUGHT, NOT_YET, SHIFT
from ltv.behaviour.rows import Flags
from ltv.churn_scorer import Array
from ltv.drift import Tested
from ltv.findings import Finding, judged
from warehouse.tables.ops_model_monitor import EARLY_CHECKS

(TOTAL,) = EARLY_CHECKS
LEAST_BUYERS = 10.0  # expected so far; the total of fewer is no gamma distribution: nobody may come


@dataclass(frozen=True, kw_only=True)
class BroughtSoFar:
    """New users who reached an age after the fit, and what they have brought since then and within the horizon.

    One row per group of persons of whom the same share of the value is expected by now (`came`): how many `users`, and
    their sums: of the predictions of the whole horizon the probability of a purchase (`buyers`), the `value` after the
    age, its square and its `variance` by chance; and the gross value that was `brought` by now. `model_error` is the
    relative error of the model's totals, as a standard deviation.
    """

    age_days: int
    horizon_days: int
    model_error: float
    came: Array
    users: Array
    buyers: Array
    value: Array
    value_squared: Array
    variance: Array
    brought: Array

    @property
    def subject(self) -> str:
        """Age and horizon, as metrics of a training name them."""
        return f"{self.age_days}d_of_{self.horizon_days}d"

    @property
    def expected_buyers(self) -> float:
        """How many should have bought by now."""
        return float(self.came @ self.buyers)

    @property
    def expected(self) -> float:
        """What they should have brought by now."""
        return float(self.came @ self.value)

    @property
    def chance(self) -> float:
        """The variance of that by chance of persons, each of whom buys by now with the share `came` of the probability:
        p c E[amount^2] - (p c E[amount])^2, where p E[amount^2] is variance + value^2."""
        return float(self.came @ (self.variance + self.value_squared) - self.came**2 @ self.value_squared)


def expected_by_now(came: Mapping[str, Array], has_bought: Flags, days: NDArray[np.int64]) -> Array:
    """Which share of the value of new users is expected so many days after the first (0 .. horizon): that of those
    learned from, by whether they had bought by the age, or one of all. `came` is what a version has stored.

    >>> import numpy as np
    >>> from ltv.early_drift import expected_by_now
    >>> came = {"bought": np.array([0.0, 0.5, 1.0]), "not_yet": np.array([0.0, 0.2, 1.0])}
    >>> expected_by_now(came, np.array([True, False, False]), np.array([1, 1, 2])).tolist()
    [0.5, 0.2, 1.0]
    """
    if ALL in came:
        return came[ALL][days]
    return np.where(has_bought, came[BOUGHT][days], came[NOT_YET][days])


def judge_early_value(
    found: Sequence[BroughtSoFar], *, fitted: dt.date, as_of: dt.date, level: float, least_change: float
) -> list[Finding]:
    """What new users brought since the champion was `fitted`, of each age and horizon; one row that says so where
    nobody has reached an age since.

    Those of whom enough is expected share the level.
    """
    if not found:
        detail = f"the fit is of {fitted}: no new user has reached an age since"
        return [Finding(check=TOTAL, subject="since the fit", since=fitted, until=as_of, detail=detail)]
    limit = level / max(sum(one.expected_buyers >= LEAST_BUYERS for one in found), 1)
    empty = Finding(check=TOTAL, subject="", since=fitted, until=as_of, detail="")
    return [_judged(one, replace(empty, subject=one.subject), limit, least_change) for one in found]


def total_test(so_far: BroughtSoFar) -> Tested:
    """What was brought beside what was expected by now: a gamma distribution of that mean, whose variance is chance,
    the model's own error and a move of SHIFT, which is no drift. The p-value is two-sided."""
    expected, brought = so_far.expected, float(so_far.brought.sum())
    variance = so_far.chance + (so_far.model_error**2 + SHIFT**2) * expected**2
    shape, scale = expected**2 / variance, variance / expected
    tails = gammainc(shape, brought / scale), gammaincc(shape, brought / scale)
    return Tested(
        statistic=(brought - expected) / float(np.sqrt(variance)),
        p_value=min(1.0, 2 * float(min(tails))),
        change=brought / expected - 1,
        expected=expected,
        actual=brought,
    )


def _judged(so_far: BroughtSoFar, finding: Finding, limit: float, least_change: float) -> Finding:
    users = f"{so_far.users.sum():,.0f} new users"
    if so_far.expected_buyers < LEAST_BUYERS:
        return replace(
            finding, detail=f"of {users} {so_far.expected_buyers:,.1f} buyers are expected by now: too few to compare"
        )
    tested = total_test(so_far)
    detail = (
        f"{users} brought {tested.actual:,.0f} after day {so_far.age_days}, {tested.expected:,.0f} were expected by "
        f"now ({tested.change:+.0%}, {abs(tested.statistic):.1f} standard deviations)"
    )
    return judged(replace(finding, limit=limit), tested, detail, least_change)
