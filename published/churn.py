"""Churn from behaviour as a page shows it: customers who were here lately and are likely not to come back, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from published.publication import Published
from warehouse.contracts import Table
from warehouse.tables import GOLD_CHURN, GOLD_CUSTOMER_VALUE, GOLD_PERSON_FEATURES
from warehouse.tables.gold_churn import CHURN_HORIZONS, REASONS
from warehouse.tables.gold_person_features import FEATURES

LATELY_DAYS = 30  # who was not here for longer has left already, whatever a list says
SHOWN_HORIZONS = ("30d", "14d", "7d", "60d", "90d", "cycle")  # the first that was scored is shown


class Reason(NamedTuple):
    """A feature of gold.person_features, what it adds to the log-odds of leaving, and what it is of the customer; None
    where nothing is known, or an older release has no such feature."""

    feature: str
    contribution: float
    value: float | None


class LikelyLeaver(NamedTuple):
    """A customer with the probability of neither a visit nor a purchase within the horizon, and why.

    `segment` is that of customer value of the same day, a label beside the probability and no part of it; None where
    there is none.
    """

    person_id: str
    probability: float
    days_since_active: float
    reasons: tuple[Reason, ...]
    segment: str | None = None


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


def shown_horizon(published: Published) -> str | None:
    """The horizon whose churn is shown: the first of SHOWN_HORIZONS that was scored on the publication's day; None
    where none was."""
    if not published.has(GOLD_CHURN):
        return None
    day = published.as_of.isoformat()
    scored = published.rows(f"select distinct horizon from gold_churn where as_of = date '{day}'", GOLD_CHURN)
    known = {row["horizon"] for row in scored} & {*CHURN_HORIZONS}
    return next((name for name in SHOWN_HORIZONS if name in known), None)


def read_likely_leavers(published: Published, *, most: int) -> LikelyLeavers | None:
    """The first `most` of the list; None where churn of the day is not published, or nobody was here lately."""
    if not (published.has(GOLD_CHURN) and published.has(GOLD_PERSON_FEATURES)):
        return None
    horizon = shown_horizon(published)
    if horizon is None:
        return None
    day = f"date '{published.as_of.isoformat()}'"
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
    why = [name for place in range(1, REASONS + 1) for name in (f"reason_{place}", f"contribution_{place}")]
    known = published.columns(GOLD_PERSON_FEATURES)
    features = [column.name for column in FEATURES if column.name in known]
    kept = ", ".join([*why, *(f"person.{name} as {name}" for name in features)])
    segment, tables = _segments(published, day)
    rows = published.rows(
        f"""
        with listed as (
            select churn.person_id as person_id, probability, {kept}
            {lately} order by probability desc, churn.person_id limit {int(most)}
        )
        select listed.*, {segment} order by probability desc, listed.person_id
        """,
        GOLD_CHURN,
        GOLD_PERSON_FEATURES,
        *tables,
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
            LikelyLeaver(row["person_id"], row["probability"], row["days_since_active"], _reasons(row), row["segment"])
            for row in rows
        ),
    )


def _segments(published: Published, day: str) -> tuple[str, tuple[Table, ...]]:
    """The segments of the listed customers and where from, as SQL; an earlier release has none."""
    if not published.has_column(GOLD_CUSTOMER_VALUE, "segment"):
        return "cast(null as string) as segment from listed", ()
    # The listed ids stand inside, so that the large table is cut down before it is joined.
    of_listed = f"as_of = {day} and person_id in (select person_id from listed)"
    return (
        f"""worth.segment from listed
        left join (select person_id, segment from gold_customer_value where {of_listed}) as worth
          on worth.person_id = listed.person_id""",
        (GOLD_CUSTOMER_VALUE,),
    )


def _reasons(row: Mapping[str, Any]) -> tuple[Reason, ...]:
    pairs = ((row[f"reason_{place}"], row[f"contribution_{place}"]) for place in range(1, REASONS + 1))
    return tuple(Reason(name, added, row.get(name)) for name, added in pairs if name)
