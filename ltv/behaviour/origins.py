"""On which days churn is looked at: of a horizon the newest period, and the earlier ones that a model learns from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

HORIZON_DAYS = (7, 14, 30, 60, 90)
CYCLE = "cycle"
CYCLE_DAYS = 30  # the longest own cycle
STEP_DAYS = 7  # from one origin to the next: another week, the same weekday
ORIGINS = 3  # origins that a model learns from, at most
LEAST_RECORD_DAYS = 30  # of visits before the first origin


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """A horizon of churn: its name, and the days after an origin that must have passed to know the outcome."""

    name: str
    days: int

    @property
    def is_cycle(self) -> bool:
        """Whether the horizon is each person's own cycle, of at most `days`."""
        return self.name == CYCLE


HORIZONS = (*(Horizon(name=f"{days}d", days=days) for days in HORIZON_DAYS), Horizon(name=CYCLE, days=CYCLE_DAYS))


@dataclass(frozen=True, kw_only=True)
class Origins:
    """The origins of a horizon, newest first: days at whose end features are known.

    `newest` is the last day whose outcome is known; a model is judged there. It has learned from `earlier`, whose
    outcomes were known by then. `final` are those that the model which is served learns from.
    """

    newest: dt.date
    earlier: tuple[dt.date, ...]
    final: tuple[dt.date, ...]

    @property
    def all(self) -> tuple[dt.date, ...]:
        """Each origin once, newest first."""
        return tuple(sorted({self.newest, *self.earlier, *self.final}, reverse=True))


def origins_of(horizon: Horizon, *, until: dt.date, first_visit: dt.date) -> Origins | None:
    """The origins of a horizon where data ends with `until` and visits are on record from `first_visit` on.

    None where the record is too short: there must be two horizons, and LEAST_RECORD_DAYS before.

    >>> import datetime as dt
    >>> from ltv.behaviour.origins import Horizon, origins_of
    >>> found = origins_of(Horizon(name="14d", days=14), until=dt.date(2026, 4, 29), first_visit=dt.date(2026, 3, 1))
    >>> str(found.newest), [str(day) for day in found.earlier], [str(day) for day in found.final]
    ('2026-04-15', ['2026-04-01'], ['2026-04-15', '2026-04-08', '2026-04-01'])
    """
    oldest = first_visit + dt.timedelta(days=LEAST_RECORD_DAYS)
    newest = until - dt.timedelta(days=horizon.days)

    def back_from(day: dt.date) -> tuple[dt.date, ...]:
        days = (day - dt.timedelta(days=STEP_DAYS * number) for number in range(ORIGINS))
        return tuple(day for day in days if day >= oldest)

    earlier = back_from(newest - dt.timedelta(days=horizon.days))
    return Origins(newest=newest, earlier=earlier, final=back_from(newest)) if earlier else None
