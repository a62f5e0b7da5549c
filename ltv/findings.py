"""What the monitor of a champion finds, each check in a sentence, and whether it is an alarm.

A false alarm in a run has at most the probability `level`: each of the four checks has a quarter of it, each of the
things that a check looks at an equal part of that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import NamedTuple

from scipy.special import bdtrc

from ltv.drift import WEEK, Followed, Tested, purchases_test, score_left_out, score_test, standing, windows
from ltv.stability import SHIFT, WATCH, Stability
from ltv.value_model import ValueModel
from warehouse.tables.ops_model_monitor import CHECKS

PURCHASES, SCORE, CALIBRATION, INPUTS = CHECKS


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row of ops.model_monitor: what a check found in (since, until] of one thing that it looks at.

    `limit` is the p-value below which it is an alarm, if `change` is large enough too. statistic, p_value and limit are
    None where there was too little to look at, or nothing is; `detail` says why.
    """

    check: str
    subject: str
    since: dt.date
    until: dt.date
    detail: str
    statistic: float | None = None
    p_value: float | None = None
    limit: float | None = None
    change: float | None = None
    is_alarm: bool = False


class DueForecast(NamedTuple):
    """A past forecast of the champion that has come due: its period, and whether the interval held what came."""

    measure: str
    days: int
    as_of: dt.date
    until: dt.date
    held: bool


def judge_followed(model: ValueModel, followed: Followed, *, level: float, least_change: float) -> list[Finding]:
    """Purchases and score in all windows since the fit, the newest first."""
    until = followed.dates[-1]
    starts = windows(model.as_of, until)
    limit = level / len(CHECKS) / max(len(starts), 1)
    found: list[Finding] = []
    at = cache(partial(standing, model, followed))
    for since in starts:
        of_window = Finding(
            check=PURCHASES, subject=_window(since, until, model), since=since, until=until, limit=limit, detail=""
        )
        if not followed.known(since).any():
            found.append(replace(of_window, limit=None, detail=f"nobody had bought by {since}"))
            continue
        tested = purchases_test(model, followed, since)
        detail = (
            f"{tested.actual:,.0f} purchase days came, {tested.expected:,.0f} were expected ({tested.change:+.0%}, "
            f"{abs(tested.statistic):.1f} standard deviations)"
        )
        found.append(judged(of_window, tested, detail, least_change))
        score = score_test(model, followed, since, at)
        of_score = replace(of_window, check=SCORE)
        if score is None:
            reason = score_left_out(model, followed, since)
            found.append(replace(of_score, limit=None, detail=reason or ""))
        else:
            detail = f"chi-squared {score.statistic:.1f}, as of a change of all purchases by {score.change:.0%}"
            found.append(judged(of_score, score, detail, least_change))
    return sorted(found, key=lambda finding: CHECKS.index(finding.check))


def too_early(model: ValueModel, as_of: dt.date) -> Finding:
    """The one row of a run in the first week after the fit."""
    detail = f"the fit is of {model.as_of}: nothing is looked at in its first {WEEK} days"
    return Finding(check=PURCHASES, subject="since the fit", since=model.as_of, until=as_of, detail=detail)


def judge_inputs(
    found: Mapping[str, Stability | None], *, since: dt.date, until: dt.date, level: float
) -> list[Finding]:
    """PSI of each input: an alarm from .25 on, a word from .1 on."""
    limit = level / len(CHECKS) / max(len(found), 1)
    return [judged_input(INPUTS, name, stable, limit, since=since, until=until) for name, stable in found.items()]


def judged_input(
    check: str, name: str, stable: Stability | None, limit: float, *, since: dt.date, until: dt.date
) -> Finding:
    """The row of one input, by the PSI less chance: an alarm from .25 on, a word from .1 on."""
    common = Finding(check=check, subject=name, since=since, until=until, detail="too few to compare")
    if stable is None:
        return common
    is_alarm = stable.index >= SHIFT and stable.p_value < limit
    meaning = "has shifted" if is_alarm else "worth a look" if stable.index >= WATCH else "as before the fit"
    return replace(
        common,
        statistic=stable.index,
        p_value=stable.p_value,
        limit=limit,
        is_alarm=is_alarm,
        detail=f"PSI {stable.index:.2f}: {meaning}",
    )


def judged(finding: Finding, tested: Tested, detail: str, least_change: float) -> Finding:
    """The row of a test; `finding` has its limit. What is beyond chance and large is an alarm, and `detail` says so."""
    assert finding.limit is not None
    is_beyond_chance = tested.p_value < finding.limit
    is_large = abs(tested.change) >= least_change
    if is_beyond_chance:
        detail += ": beyond chance" if is_large else ": beyond chance, but below drift.least_change"
    return replace(
        finding,
        statistic=float(tested.statistic),
        p_value=tested.p_value,
        change=float(tested.change),
        is_alarm=is_beyond_chance and is_large,
        detail=detail,
    )


def judge_calibration(due: Sequence[DueForecast], *, interval_level: float, level: float) -> list[Finding]:
    """Per measure and horizon, whether more forecasts missed what came than chance allows.

    Forecasts of one horizon whose periods overlap share what came: from the newest back, the next one that ended before
    the last one was made counts.
    """
    groups: dict[tuple[str, int], list[DueForecast]] = {}
    for forecast in sorted(due, key=lambda one: one.until, reverse=True):
        apart = groups.setdefault((forecast.measure, forecast.days), [])
        if not apart or forecast.until <= apart[-1].as_of:
            apart.append(forecast)
    limit = level / len(CHECKS) / max(len(groups), 1)
    found = []
    for (measure, days), apart in sorted(groups.items()):
        missed = sum(not forecast.held for forecast in apart)
        p_value = float(bdtrc(missed - 1, len(apart), 1 - interval_level)) if missed else 1.0
        found.append(
            Finding(
                check=CALIBRATION,
                subject=f"{measure} of {days} days",
                since=apart[-1].as_of,
                until=apart[0].until,
                statistic=float(missed),
                p_value=p_value,
                limit=limit,
                is_alarm=p_value < limit,
                detail=f"{missed} of {len(apart)} forecasts lie outside of their {interval_level:.0%} intervals",
            )
        )
    return found


def _window(since: dt.date, until: dt.date, model: ValueModel) -> str:
    return "since the fit" if since == model.as_of else f"newest {(until - since).days} days"
