"""Which new users early value is learned from and judged on: ranges of first days."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

NEW_AFTER_DAYS = 14  # of visits on record before a first visit: who came sooner may have been here before the record
JUDGED_DAYS = (7, 28)  # first days of the newest period, at least and at most
LEARNED_DAYS = 7  # first days that a model needs at least
LEARNED_AT_MOST_DAYS = 92  # first days that a model learns from: older ones say less of today's channels
LANDING_DAYS = 3  # at the end of the record, whose purchases may not all have landed
JUDGED_PART = 3  # the newest period is a third of what there is


class Days(NamedTuple):
    """A range of first days, both ends included."""

    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        """Both ends."""
        return f"{self.first} to {self.last}"


class Newer(NamedTuple):
    """First days, and the last day of what they brought that counts."""

    days: Days
    until: dt.date


@dataclass(frozen=True, kw_only=True)
class Periods:
    """The first days of a horizon: `judged`, the newest whose outcome is known; `earlier`, which the judged model has
    learned from; `final`, which the served one learns from.

    `is_ahead`: the outcome of `earlier` was known before the first day that is judged. Where the record is too short
    for that, other persons of earlier days are learned from, whose outcome is known now.

    `newer_than_earlier` and `newer_than_final` are later first days, a part of whose outcome was known: before the
    first day that is judged, and now. None where it is not ahead: what cannot be judged is not served.
    """

    judged: Days
    earlier: Days
    final: Days
    newer_than_earlier: Newer | None
    newer_than_final: Newer | None
    is_ahead: bool

    @property
    def all_days(self) -> list[Days]:
        """Every range of first days that is read."""
        newer = (self.newer_than_earlier, self.newer_than_final)
        return [self.earlier, self.judged, self.final, *(one.days for one in newer if one is not None)]


def periods_of(horizon_days: int, *, until: dt.date, first_visit: dt.date) -> Periods | None:
    """The periods of a horizon where data ends with `until` and visits are on record from `first_visit` on; None where
    the record is too short: there must be the horizon, NEW_AFTER_DAYS before it and 14 first days.

    >>> import datetime as dt
    >>> from ltv.behaviour.early_periods import periods_of
    >>> found = periods_of(30, until=dt.date(2026, 4, 29), first_visit=dt.date(2026, 3, 1))
    >>> str(found.judged), str(found.earlier), found.is_ahead
    ('2026-03-25 to 2026-03-31', '2026-03-15 to 2026-03-24', False)
    """
    oldest = new_since(first_visit)
    newest = until - dt.timedelta(days=horizon_days - 1)
    known = (newest - oldest).days + 1
    least, most = JUDGED_DAYS
    is_ahead = known - (horizon_days - 1) >= least + LEARNED_DAYS
    if not is_ahead and known < least + LEARNED_DAYS:
        return None
    room = known - (horizon_days - 1 if is_ahead else 0)
    judged = min(max(room // JUDGED_PART, least), most)
    first_judged = newest - dt.timedelta(days=judged - 1)
    last = first_judged - dt.timedelta(days=horizon_days if is_ahead else 1)

    def back_from(day: dt.date, days: int) -> Days:
        return Days(max(oldest, day - dt.timedelta(days=days - 1)), day)

    def newer_than(learned: Days, last_known: dt.date) -> Newer | None:
        first, until = learned.last + dt.timedelta(days=1), last_known - dt.timedelta(days=LANDING_DAYS)
        last = min(until, learned.last + dt.timedelta(days=LEARNED_AT_MOST_DAYS))
        return Newer(Days(first, last), until) if is_ahead and first <= last else None

    earlier = back_from(last, LEARNED_AT_MOST_DAYS)
    final = back_from(newest, LEARNED_AT_MOST_DAYS + judged)
    return Periods(
        judged=Days(first_judged, newest),
        earlier=earlier,
        final=final,
        newer_than_earlier=newer_than(earlier, first_judged - dt.timedelta(days=1)),
        newer_than_final=newer_than(final, until),
        is_ahead=is_ahead,
    )


def new_since(first_visit: dt.date) -> dt.date:
    """The first day whose new users are new: who came sooner may have been here before the record of visits."""
    return first_visit + dt.timedelta(days=NEW_AFTER_DAYS)
