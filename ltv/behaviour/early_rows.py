"""What early value is learned from: new users at their ages, with features as known then and what came after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ltv.behaviour.early_periods import Days, Periods, periods_of
from ltv.behaviour.facts import Silver
from ltv.behaviour.features import person_features
from ltv.behaviour.known import MOMENT, seen_from, with_known_at
from ltv.behaviour.new_users import (
    NEW_USER,
    Keep,
    as_it_is,
    as_seen,
    looked_at,
    new_users_of,
    purchases_of_new_users,
    sightings_of,
)
from ltv.churn_scorer import Array
from ltv.customer_summary import draw_customers
from ltv.person_features import end_of
from warehouse.person_ids import is_login
from warehouse.tables.gold_early_value import AGES_DAYS, EARLY_HORIZONS_DAYS
from warehouse.tables.gold_person_features import BUILT
from warehouse.terms import UNATTRIBUTED

KEY = (*NEW_USER, "age_days")
TOUCH = ("channel", "source", "medium", "campaign", "campaign_id")


@dataclass(frozen=True, kw_only=True)
class EarlyRows:
    """What a training of early value sees.

    `rows` has one row per new user and age: person_id, first_day, age_days, acquisition_channel, is_known, the
    features. They are in order of age, person and first day. `later` has one row per purchase after the age: `row` (its
    position in `rows`), `days` (local days after first_day) and gross value. `periods` are those of each horizon with a
    record that is long enough. `share` of the new users were drawn.
    """

    until: dt.date
    first_visit: dt.date
    rows: pd.DataFrame
    later: pd.DataFrame
    periods: Mapping[int, Periods]
    share: float

    def of(self, age_days: int, days: Days) -> pd.DataFrame:
        """The rows of an age, of new users of these first days, by their positions in `rows`."""
        return self.rows[(self.rows["age_days"] == age_days) & self.rows["first_day"].between(*days)]

    def brought(self, rows: pd.DataFrame, days: int | NDArray[np.int64]) -> tuple[Array, Array]:
        """Gross value and number of the purchases of these rows after the age and before so many days after the first
        (one number for all, or each its own)."""
        before = np.zeros(len(self.rows))
        before[rows.index] = days
        made = self.later[self.later["days"].to_numpy() < before[self.later["row"].to_numpy()]]
        value, purchases = (
            np.bincount(made["row"], weights=weights, minlength=len(self.rows)).astype(np.float64)[rows.index]
            for weights in (made["value"], None)
        )
        return value, purchases


def first_touches(silver: Silver, moments: DataFrame) -> DataFrame:
    """MOMENT and the columns TOUCH of the first touch that was known of each person at each moment, impressions too.

    Of two at one instant the smaller touchpoint_id counts; touches that are ad abuse do not. No row without a touch.
    """
    touches = silver.touchpoints.where(~F.col("is_abuse")).select(
        "person_id", "anonymous_id", F.col("touched_at").alias("at"), "touchpoint_id", *TOUCH
    )
    known = seen_from(with_known_at(touches, silver.identities), moments)
    return (
        known.groupBy(*MOMENT)
        .agg(F.min(F.struct("at", "touchpoint_id", *TOUCH)).alias("first"))
        .select(*MOMENT, *(F.col(f"first.{name}").alias(name) for name in TOUCH))
    )


def at_ages(looked: DataFrame, silver: Silver, *, timezone: str) -> DataFrame:
    """Rows of `looked_at` with is_known (a login was), the features of BUILT and the first touch, as known then.

    `silver` is the result of `as_seen` for them.
    """
    moments = looked.select(F.col("seen_as").alias("person_id"), "as_of")
    features = person_features(moments, silver, timezone=timezone)
    known = features.join(first_touches(silver, moments), list(MOMENT), how="left")
    return looked.join(known.withColumnRenamed("person_id", "seen_as"), ["seen_as", "as_of"], how="inner").withColumn(
        "is_known", is_login(F.col("seen_as"))
    )


def bought_later(looked: DataFrame, purchases: DataFrame) -> DataFrame:
    """One row per purchase after the age of rows of `looked_at`, within the longest horizon: NEW_USER, age_days, days
    (local days after first_day) and value; `purchases` is the result of `purchases_of_new_users`."""
    aged = looked.select(*NEW_USER, "age_days", "first_day", "as_of")
    days = F.datediff("day", "first_day")
    return (
        purchases.join(aged, list(NEW_USER), how="inner")
        .where((F.col("at") >= F.unix_micros("as_of")) & (days < F.lit(max(EARLY_HORIZONS_DAYS))))
        .select(*NEW_USER, "age_days", days.alias("days"), F.col("value").cast("double").alias("value"))
    )


def collect_early_rows(
    silver: Silver, *, until: dt.date, timezone: str, most: int, seed: int, keep: Keep = as_it_is
) -> EarlyRows | None:
    """The rows of every horizon with a record that is long enough; None where no horizon has one.

    Data ends with `until` (inclusive). Of more than `most` new users a share is drawn by seed and a hash of person_id.
    `keep` is given frames that are read several times, and gives the same rows back.
    """
    end = end_of(until, timezone)
    sightings = sightings_of(silver, timezone=timezone)
    first_visit = _first_visit(silver, timezone=timezone, end=end)
    if first_visit is None:
        return None
    found = {h: periods_of(h, until=until, first_visit=first_visit) for h in EARLY_HORIZONS_DAYS}
    periods = {h: one for h, one in found.items() if one is not None}
    if not periods:
        return None
    wanted = _within([days for one in periods.values() for days in one.all_days])
    new_users = new_users_of(sightings).where(wanted)
    share = min(1.0, most / max(1, new_users.select(*NEW_USER).distinct().count()))
    drawn = draw_customers(new_users, share=share, seed=seed)
    looked = keep(looked_at(drawn, AGES_DAYS, timezone=timezone, until=end))
    aged = at_ages(looked, as_seen(silver, looked, timezone=timezone, keep=keep), timezone=timezone)
    rows = _collected(aged)
    later = _of_rows(rows, bought_later(looked, purchases_of_new_users(sightings, new_users)))
    rows = rows.drop(columns="first_at")
    return EarlyRows(until=until, first_visit=first_visit, rows=rows, later=later, periods=periods, share=share)


def _first_visit(silver: Silver, *, timezone: str, end: dt.datetime) -> dt.date | None:
    visits = silver.sessions.where(F.col("started_at") < F.lit(end)).agg(F.min("started_at").alias("first"))
    (found,) = visits.select(F.unix_micros("first").alias("first")).collect()
    if found["first"] is None:
        return None
    day: dt.date = pd.Timestamp(found["first"], unit="us", tz="UTC").tz_convert(timezone).date()
    return day


def _within(ranges: list[Days]) -> Column:
    day = F.col("first_day")
    found = F.lit(False)
    for first, last in sorted(set(ranges)):
        found |= (day >= F.lit(first)) & (day <= F.lit(last))
    return found


def _collected(aged: DataFrame) -> pd.DataFrame:
    numbers = [F.col(column.name).cast("double").alias(column.name) for column in BUILT]
    facts = aged.select(
        *KEY,
        "first_day",
        F.coalesce("channel", F.lit(UNATTRIBUTED)).alias("acquisition_channel"),
        F.col("is_known").cast("double").alias("is_known"),
        *numbers,
    )
    rows: pd.DataFrame = facts.toArrow().to_pandas()
    return rows.sort_values(["age_days", "person_id", "first_at"], ignore_index=True)


def _of_rows(rows: pd.DataFrame, later: DataFrame) -> pd.DataFrame:
    """Purchases after the age with the position of their row in `rows`."""
    found: pd.DataFrame = later.toArrow().to_pandas()
    named = found.merge(rows[list(KEY)].assign(row=rows.index), on=list(KEY), how="inner")
    return named.sort_values(["row", "days", "value"], ignore_index=True)[["row", "days", "value"]]
