"""What early value is learned from: new users at their ages, with features as known then and what came after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
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
from ltv.customer_summary import draw_customers
from ltv.person_features import end_of
from warehouse.person_ids import is_login
from warehouse.tables.gold_early_value import AGES_DAYS, EARLY_HORIZONS_DAYS
from warehouse.tables.gold_person_features import BUILT
from warehouse.terms import UNATTRIBUTED

TOUCH = ("channel", "source", "medium", "campaign", "campaign_id")


@dataclass(frozen=True, kw_only=True)
class EarlyRows:
    """What a training of early value sees.

    `rows` has one row per new user and age: person_id, first_day, age_days, acquisition_channel, is_known, the
    features, and for each horizon value_<h> and purchases_<h>: gross value and number of purchases after the age and
    within the horizon. They are in order of age, person and first day. `periods` are those of each horizon with a
    record that is long enough. `share` of the new users were drawn.
    """

    until: dt.date
    first_visit: dt.date
    rows: pd.DataFrame
    periods: Mapping[int, Periods]
    share: float

    def of(self, age_days: int, days: Days) -> pd.DataFrame:
        """The rows of an age, of new users of these first days."""
        rows = self.rows[(self.rows["age_days"] == age_days) & self.rows["first_day"].between(*days)]
        return rows.reset_index(drop=True)


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


def with_outcomes(looked: DataFrame, purchases: DataFrame) -> DataFrame:
    """Rows of `looked_at` with value_<h> and purchases_<h>; `purchases` is the result of `purchases_of_new_users`."""
    moment = F.unix_micros("as_of")
    later = purchases.join(looked.select(*NEW_USER, "age_days", "first_day", "as_of"), list(NEW_USER), how="inner")
    within = {h: F.col("day") < F.date_add("first_day", h) for h in EARLY_HORIZONS_DAYS}
    counted = (
        later.where(F.col("at") >= moment)
        .groupBy(*NEW_USER, "age_days")
        .agg(
            *(F.sum(F.when(is_in, F.col("value").cast("double"))).alias(f"value_{h}") for h, is_in in within.items()),
            *(F.count_if(is_in).alias(f"purchases_{h}") for h, is_in in within.items()),
        )
    )
    return looked.join(counted, [*NEW_USER, "age_days"], how="left")


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
    wanted = _within([days for one in periods.values() for days in (one.earlier, one.judged, one.final)])
    new_users = new_users_of(sightings).where(wanted)
    share = min(1.0, most / max(1, new_users.select(*NEW_USER).distinct().count()))
    drawn = draw_customers(new_users, share=share, seed=seed)
    looked = keep(looked_at(drawn, AGES_DAYS, timezone=timezone, until=end))
    aged = at_ages(looked, as_seen(silver, looked, timezone=timezone, keep=keep), timezone=timezone)
    outcomes = with_outcomes(looked, purchases_of_new_users(sightings, new_users))
    rows = _collected(aged, outcomes)
    return EarlyRows(until=until, first_visit=first_visit, rows=rows, periods=periods, share=share)


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


def _collected(aged: DataFrame, outcomes: DataFrame) -> pd.DataFrame:
    key = [*NEW_USER, "age_days"]
    names = [f"{what}_{h}" for what in ("value", "purchases") for h in EARLY_HORIZONS_DAYS]
    numbers = [F.col(column.name).cast("double").alias(column.name) for column in BUILT]
    facts = aged.select(
        *key,
        "first_day",
        F.coalesce("channel", F.lit(UNATTRIBUTED)).alias("acquisition_channel"),
        F.col("is_known").cast("double").alias("is_known"),
        *numbers,
    )
    after = outcomes.select(*key, *(F.coalesce(F.col(name).cast("double"), F.lit(0.0)).alias(name) for name in names))
    rows: pd.DataFrame = facts.join(after, key, how="inner").toArrow().to_pandas()
    return rows.sort_values(["age_days", "person_id", "first_at"], ignore_index=True).drop(columns="first_at")
