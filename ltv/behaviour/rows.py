"""The rows that churn is learned from: customers at several moments, with features and what came after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv.behaviour.facts import Silver, active_of, purchases_of, visits_of
from ltv.behaviour.features import person_features
from ltv.behaviour.known import MOMENT, days_between
from ltv.behaviour.origins import HORIZONS, Horizon, Origins, origins_of
from ltv.customer_summary import count_histories, draw_customers, purchase_days, purchase_histories
from ltv.person_features import end_of, moments_of
from warehouse.tables.gold_person_features import BUILT

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class ChurnRows:
    """What a training of churn sees.

    `rows` has one row per customer and origin: person_id, origin (date), the features, and next_active_days, the days
    from the end of the origin to the next visit or purchase, NaN where none came. They are in order of origin and
    person. `origins` are those of each horizon with a record that is long enough. `histories` are the counted purchase
    histories of all customers at the oldest origin. `customers` is how many there are at the newest, of whom `share`
    were drawn.
    """

    until: dt.date
    first_visit: dt.date
    first_purchase: dt.date
    rows: pd.DataFrame
    origins: Mapping[str, Origins]
    histories: pd.DataFrame
    share: float

    def of(self, days: Sequence[dt.date]) -> pd.DataFrame:
        """The rows of some origins."""
        return self.rows[self.rows["origin"].isin(days)].reset_index(drop=True)


def has_left(rows: pd.DataFrame, horizon: Horizon) -> Flags:
    """Whether each customer neither visited nor bought within the horizon; one exactly at its end did."""
    limit = rows["cycle_days"].to_numpy() if horizon.is_cycle else float(horizon.days)
    came_back: Flags = rows["next_active_days"].to_numpy(dtype=np.float64) <= limit  # NaN compares false
    return ~came_back


def with_next_activity(moments: DataFrame, active: DataFrame) -> DataFrame:
    """The moments with next_active_days: from as_of to the person's first visit (its end) or purchase at or after it.

    Null where none came. What came later is known by all that is known now.
    """
    later = active.select("person_id", "at").join(moments.select(*MOMENT), "person_id", how="inner")
    following = later.where(F.col("at") >= F.col("as_of")).withColumn("ahead", days_between("as_of", "at"))
    first = following.groupBy(*MOMENT).agg(F.min("ahead").alias("next_active_days"))
    return moments.join(first, list(MOMENT), how="left")


def collect_churn_rows(
    silver: Silver, *, until: dt.date, timezone: str, seen_days: int, most_customers: int, seed: int
) -> ChurnRows | None:
    """The rows of every horizon with a record that is long enough; None where no horizon has one, or nobody bought.

    Data ends with `until` (inclusive). A customer is a person with a purchase that was known at the moment, who was
    seen in the `seen_days` before it. Of more than `most_customers` a share is drawn by seed and a hash of person_id.
    """
    firsts = _first_days(silver, timezone=timezone, until=until)
    if firsts is None:
        return None
    first_visit, first_purchase, buyers = firsts
    found = {one.name: origins_of(one, until=until, first_visit=first_visit) for one in HORIZONS}
    origins = {name: days for name, days in found.items() if days is not None}
    days = sorted({day for each in origins.values() for day in each.all})
    if not days:
        return None
    share = min(1.0, most_customers / buyers)
    drawn = _drawn(silver, share=share, seed=seed)
    moments = {end_of(day, timezone): day for day in days}
    rows = _customers(drawn, moments, timezone=timezone, seen_days=seen_days)
    purchases = purchase_days(silver.conversions, timezone=timezone)
    counted = count_histories(purchase_histories(purchases, as_of=days[0], time_unit="days")).toArrow().to_pandas()
    return ChurnRows(
        until=until,
        first_visit=first_visit,
        first_purchase=first_purchase,
        rows=rows,
        origins=origins,
        histories=counted.sort_values(list(counted.columns), ignore_index=True),
        share=share,
    )


def _first_days(silver: Silver, *, timezone: str, until: dt.date) -> tuple[dt.date, dt.date, int] | None:
    """The first day with a visit, the first with a purchase, and how many bought up to `until`."""
    end = F.lit(end_of(until, timezone))
    visits = silver.sessions.where(F.col("started_at") < end).agg(F.min("started_at").alias("first"))
    bought = silver.conversions.where((F.col("conversion_type") == F.lit("purchase")) & (F.col("converted_at") < end))
    purchases = bought.agg(F.min("converted_at").alias("first"), F.count_distinct("person_id").alias("buyers"))
    seconds = F.unix_micros("first").alias("first")
    (visit,), (purchase,) = visits.select(seconds).collect(), purchases.select(seconds, "buyers").collect()
    if visit["first"] is None or purchase["first"] is None:
        return None
    first_visit, first_purchase = (
        pd.Timestamp(one["first"], unit="us", tz="UTC").tz_convert(timezone).date() for one in (visit, purchase)
    )
    return first_visit, first_purchase, int(purchase["buyers"])


def _drawn(silver: Silver, *, share: float, seed: int) -> Silver:
    frames = {name: getattr(silver, name) for name in ("sessions", "activity", "touchpoints", "conversions", "orders")}
    drawn = {name: draw_customers(frame, share=share, seed=seed) for name, frame in frames.items()}
    return Silver(**drawn, identities=silver.identities)


def _customers(
    silver: Silver, moments: Mapping[dt.datetime, dt.date], *, timezone: str, seen_days: int
) -> pd.DataFrame:
    persons = moments_of(silver, *moments, timezone=timezone, seen_days=seen_days)
    features = person_features(persons, silver, timezone=timezone)
    customers = features.where(F.col("days_since_first_purchase").isNotNull())
    active = active_of(visits_of(silver, timezone=timezone), purchases_of(silver, timezone=timezone))
    moment = F.unix_micros("as_of").alias("moment")
    names = [column.name for column in BUILT]
    numbers = [F.col(name).cast("double").alias(name) for name in (*names, "next_active_days")]
    rows: pd.DataFrame = (
        with_next_activity(customers, active).select("person_id", moment, *numbers).toArrow().to_pandas()
    )
    micros = {round(at.timestamp() * 1e6): day for at, day in moments.items()}
    rows.insert(1, "origin", rows.pop("moment").map(micros))
    return rows.sort_values(["origin", "person_id"], ignore_index=True)
