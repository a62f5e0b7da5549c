"""How far the chances of the churn model came true on the period where it was judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from published.chance import Bounds, share_bounds
from published.churn import SHOWN_HORIZONS, shown_horizon
from published.publication import Published, quoted
from warehouse.tables import GOLD_CHURN, GOLD_CHURN_RELIABILITY


@dataclass(frozen=True)
class Tenth:
    """A tenth of the customers in rising order of their chance of leaving: its mean, and the share that left."""

    tenth: int
    customers: float
    predicted: float
    actual: float

    @property
    def bounds(self) -> Bounds:
        """The 95% interval of the share: how far chance alone may have moved it."""
        return share_bounds(self.actual * self.customers, self.customers) or Bounds(0.0, 1.0)

    @property
    def is_within_chance(self) -> bool:
        """Whether the share may be the predicted one."""
        return self.bounds.lower <= self.predicted <= self.bounds.upper

    @property
    def off(self) -> float:
        """Share that left less the predicted one."""
        return self.actual - self.predicted


@dataclass(frozen=True)
class Reliability:
    """The tenths of a horizon by what is served there, `served`; `cutoff` is the last day that the predictions knew."""

    horizon: str
    served: str
    cutoff: date
    tenths: tuple[Tenth, ...]

    @property
    def customers(self) -> int:
        """All customers."""
        return round(sum(one.customers for one in self.tenths))

    @property
    def within_chance(self) -> int:
        """Tenths whose share that left may be the predicted one."""
        return sum(one.is_within_chance for one in self.tenths)

    @property
    def furthest(self) -> Tenth:
        """The tenth that is furthest off, of equals the first."""
        return max(self.tenths, key=lambda one: (abs(one.off), -one.tenth))

    @property
    def mean_distance(self) -> float:
        """Mean distance of the share that left from the predicted one."""
        return sum(abs(one.off) for one in self.tenths) / len(self.tenths)


@dataclass(frozen=True)
class Reliabilities:
    """The horizon that is shown, then the others, of the version that scored the publication's day."""

    model_version: str
    horizons: tuple[Reliability, ...]


def read_reliability(published: Published) -> Reliabilities | None:
    """How far the served chances came true; None where churn of the day or its reliability is not published."""
    shown = shown_horizon(published)
    if shown is None or not published.has(GOLD_CHURN_RELIABILITY):
        return None
    day = published.as_of.isoformat()
    scored = published.rows(f"select max(model_version) as used from gold_churn where as_of = date '{day}'", GOLD_CHURN)
    version = scored[0]["used"]
    rows = published.rows(
        f"""
        select horizon, predictor as served, cutoff, tenth, customers, predicted, actual from gold_churn_reliability
        where is_served and model_version = {quoted(version)} order by horizon, tenth
        """,
        GOLD_CHURN_RELIABILITY,
    )
    order = [shown, *(name for name in SHOWN_HORIZONS if name != shown)]
    by_horizon = {name: [row for row in rows if row["horizon"] == name] for name in order}
    found = tuple(
        Reliability(
            name,
            of[0]["served"],
            of[0]["cutoff"],
            tuple(Tenth(row["tenth"], row["customers"], row["predicted"], row["actual"]) for row in of),
        )
        for name, of in by_horizon.items()
        if of
    )
    return Reliabilities(version, found) if found else None
