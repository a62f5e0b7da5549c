"""Churn from behaviour as a page shows it: customers who were here lately and are likely not to come back, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from published.publication import Published
from warehouse.tables import GOLD_CHURN, GOLD_PERSON_FEATURES
from warehouse.tables.gold_churn import CHURN_HORIZONS, REASONS

LATELY_DAYS = 30  # who was not here for longer has left already, whatever a list says
SHOWN_HORIZONS = ("30d", "14d", "7d", "60d", "90d", "cycle")  # the first that was scored is shown


class Reason(NamedTuple):
    """A feature of gold.person_features and what it adds to the log-odds of leaving."""

    feature: str
    contribution: float


class LikelyLeaver(NamedTuple):
    """A customer with the probability of neither a visit nor a purchase within the horizon, and why."""

    person_id: str
    probability: float
    days_since_active: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class LikelyLeavers:
    """Those of the highest probability, of `customers` who were here within LATELY_DAYS; `expected` of all these leave.

    `served` is what predicts at the horizon (behaviour or recency), `base_rate` the share that left where it was
    learned. Of equal probabilities the smaller person_id comes first.
    """

    as_of: date
    horizon: str
    served: str
    model_version: str
    base_rate: float
    customers: int
    expected: float
    listed: tuple[LikelyLeaver, ...]


def read_likely_leavers(published: Published, *, most: int) -> LikelyLeavers | None:
    """The first `most` of the list; None where churn of the day is not published, or nobody was here lately."""
    if not (published.has(GOLD_CHURN) and published.has(GOLD_PERSON_FEATURES)):
        return None
    day = f"date '{published.as_of.isoformat()}'"
    scored = published.rows(f"select distinct horizon from gold_churn where as_of = {day}", GOLD_CHURN)
    known = {row["horizon"] for row in scored}
    horizon = next((name for name in SHOWN_HORIZONS if name in known & {*CHURN_HORIZONS}), None)
    if horizon is None:
        return None
    lately = f"""
        from gold_churn as churn
        join gold_person_features as person on person.person_id = churn.person_id and person.as_of = churn.as_of
        where churn.as_of = {day} and churn.horizon = '{horizon}' and person.days_since_active <= {LATELY_DAYS}
    """
    total = published.rows(
        f"""
        select count(*) as customers, sum(probability) as expected, max(served) as served,
               max(model_version) as model_version, max(base_rate) as base_rate {lately}
        """,
        GOLD_CHURN,
        GOLD_PERSON_FEATURES,
    )[0]
    if not total["customers"]:
        return None
    why = ", ".join(f"reason_{place}, contribution_{place}" for place in range(1, REASONS + 1))
    rows = published.rows(
        f"""
        select churn.person_id as person_id, probability, person.days_since_active as days_since_active, {why} {lately}
        order by probability desc, person_id limit {int(most)}
        """,
        GOLD_CHURN,
        GOLD_PERSON_FEATURES,
    )
    return LikelyLeavers(
        as_of=published.as_of,
        horizon=horizon,
        served=total["served"],
        model_version=total["model_version"],
        base_rate=total["base_rate"],
        customers=total["customers"],
        expected=total["expected"],
        listed=tuple(
            LikelyLeaver(row["person_id"], row["probability"], row["days_since_active"], _reasons(row)) for row in rows
        ),
    )


def _reasons(row: dict[str, object]) -> tuple[Reason, ...]:
    pairs = ((row[f"reason_{place}"], row[f"contribution_{place}"]) for place in range(1, REASONS + 1))
    return tuple(Reason(str(name), float(str(added))) for name, added in pairs if name)
