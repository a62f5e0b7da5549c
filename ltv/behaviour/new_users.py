"""New users: who was seen for the first time when, and as whom they were known at each age.

Before a login a visitor is known as the device. Seen from a later day the visits are those of the login, and the device
is in no table any more: rows of visitors without a login would lack exactly those who came to buy. So a new user is a
first fact (a visit or a purchase, the earliest that was known of somebody), and is looked at as what was known at the
moment: the device until the login that ties it, from then on the person, if no earlier fact of the person is known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ltv.behaviour.facts import Silver, purchases_of, visits_of
from ltv.behaviour.known import with_known_at
from warehouse.contracts import MONEY_SUM
from warehouse.person_ids import person_of_device

NEW_USER = ("person_id", "first_at")  # what a new user is known by: the person, as is known now, and the first fact


Keep = Callable[[DataFrame], DataFrame]


def as_it_is(frame: DataFrame) -> DataFrame:
    """The frame, for readers of few rows, who can make it again."""
    return frame


def sightings_of(silver: Silver, *, timezone: str) -> DataFrame:
    """One row per visit or purchase and as whom it was seen: the person from known_at on, the device before a login.

    `seen_as` is that id, `person_id` whose it is by all that is known now; `at` and `known_at` are microseconds;
    `value` is the gross value of a purchase, null for a visit; `tied_at` is when a device's fact became a person's.
    `first_at` is the earliest fact that was known of seen_as at known_at.
    """
    names = ("person_id", "anonymous_id", "day")
    micros = [F.unix_micros(F.col(name)).alias(name) for name in ("at", "known_at")]
    nothing, value = F.lit(None).cast(MONEY_SUM), F.col("report_gross_value").cast(MONEY_SUM)
    visits = visits_of(silver, timezone=timezone).select(*names, *micros, nothing.alias("value"))
    purchases = purchases_of(silver, timezone=timezone).select(*names, *micros, value.alias("value"))
    facts = visits.unionByName(purchases)
    never = F.lit(None).cast("bigint")
    as_person = facts.withColumns({"seen_as": F.col("person_id"), "tied_at": never})
    as_device = facts.where(F.col("known_at") > F.col("at")).withColumns(
        {"seen_as": person_of_device(F.col("anonymous_id")), "tied_at": F.col("known_at"), "known_at": F.col("at")}
    )
    until_then = Window.partitionBy("seen_as").orderBy("known_at")
    return as_person.unionByName(as_device).withColumn("first_at", F.min("at").over(until_then))


def new_users_of(sightings: DataFrame) -> DataFrame:
    """One row per new user and id as which it was known (seen_as), with the time in which it was: NEW_USER, seen_as,
    first_day, known_from and known_until (null = until now).

    It was known so at a moment m with known_from < m <= known_until. A device ends as a new user with the login that
    ties its first fact. Of two ids that saw one first fact at one instant each has a row.
    """
    is_first = F.col("at") == F.col("first_at")
    grouped = sightings.groupBy("seen_as", "first_at").agg(
        F.min("known_at").alias("known_from"),
        *(F.min(F.when(is_first, F.col(name))).alias(name) for name in ("person_id", "day", "tied_at")),
    )
    next_from = F.lead("known_from").over(Window.partitionBy("seen_as").orderBy("known_from"))
    return grouped.select(
        *NEW_USER,
        "seen_as",
        F.col("day").alias("first_day"),
        "known_from",
        F.least("tied_at", next_from).alias("known_until"),
    )


def looked_at(new_users: DataFrame, ages: Sequence[int], *, timezone: str, until: dt.datetime) -> DataFrame:
    """One row per new user and age whose end lies at or before `until`: NEW_USER, first_day, age_days, as_of (the end
    of local day first_day + age_days - 1) and seen_as, as whom it was known then."""
    age = F.explode(F.array(*map(F.lit, ages)).cast("array<int>")).alias("age_days")
    aged = new_users.select("*", age).withColumn("as_of", age_end(timezone)).where(F.col("as_of") <= F.lit(until))
    return (
        aged.where(known_at(F.unix_micros("as_of")))
        .groupBy(*NEW_USER, "age_days")
        .agg(F.min(F.struct("seen_as", "first_day", "as_of")).alias("known"))
        .select(*NEW_USER, "age_days", "known.seen_as", "known.first_day", "known.as_of")
    )


def age_end(timezone: str) -> Column:
    """The end of local day first_day + age_days - 1, of rows that have both."""
    return F.to_utc_timestamp(F.date_add("first_day", F.col("age_days")).cast("timestamp"), timezone)


def known_at(micros: Column) -> Column:
    """Whether the new user was known by this id at a moment."""
    return (F.col("known_from") < micros) & (F.col("known_until").isNull() | (micros <= F.col("known_until")))


def purchases_of_new_users(sightings: DataFrame, new_users: DataFrame) -> DataFrame:
    """NEW_USER, at (microseconds), day and gross value of each purchase of a new user.

    It counts once, for whom the buyer was known as when it was made. What a device turns out to belong to somebody who
    was known before brings nothing more: later purchases are those of the one who was known.
    """
    at_once = F.col("known_at") == F.col("at")
    bought = sightings.where(F.col("value").isNotNull() & at_once)
    made = bought.select("seen_as", "first_at", "at", "day", "value")
    known = new_users.select(*NEW_USER, "seen_as", "known_from", "known_until")
    # A purchase is among the facts that make its buyer known: it counts from its own instant on.
    in_time = (F.col("known_from") <= F.col("at")) & (
        F.col("known_until").isNull() | (F.col("at") < F.col("known_until"))
    )
    return made.join(known, ["seen_as", "first_at"], how="inner").where(in_time).select(*NEW_USER, "at", "day", "value")


def as_seen(silver: Silver, seen: DataFrame, *, timezone: str, keep: Keep = as_it_is) -> Silver:
    """The rows of silver that ids `seen` (seen_as) had, as person_id: those of devices until they were tied among them.

    Of silver.activity a device's are the events that were tied later, on the day of its tie alone. `keep` is given each
    frame, which is read several times, and gives the same rows back.
    """
    ids = seen.select(F.col("seen_as").alias("person_id")).distinct()
    visits = visits_of(silver, timezone=timezone)
    ties = silver.identities

    def both(frame: DataFrame, unseen: DataFrame) -> DataFrame:
        of_devices = unseen.withColumn("person_id", person_of_device(F.col("anonymous_id"))).select(*frame.columns)
        return keep(frame.unionByName(of_devices).join(ids, "person_id", how="left_semi"))

    def tied_later(frame: DataFrame, at: str) -> DataFrame:
        dated = with_known_at(frame.withColumn("at", F.col(at)), ties)
        return dated.where(F.col("known_at") > F.col("at"))

    late_visits = with_known_at(silver.sessions.withColumn("at", F.col("started_at")), ties).where(
        F.col("known_at") > F.col("ended_at")
    )
    orders = silver.orders.select("order_id", F.col("seen_on").alias("anonymous_id"))
    return replace(
        silver,
        sessions=both(silver.sessions, late_visits),
        touchpoints=both(silver.touchpoints, tied_later(silver.touchpoints, "touched_at")),
        conversions=both(
            silver.conversions,
            tied_later(silver.conversions.join(orders, "order_id", how="inner"), "converted_at"),
        ),
        activity=both(silver.activity, _activity_of_devices(silver.activity, visits)),
    )


def _activity_of_devices(activity: DataFrame, visits: DataFrame) -> DataFrame:
    """Rows of silver.activity that were tied later, with the anonymous_id of their device, whose they were at once.

    Of two devices of a person that were visited on one day and tied on one day it is not known which had what.
    """
    key = ["person_id", "activity_date", "known_on"]
    days = F.explode(F.array_distinct(F.array("first_day", "day"))).alias("activity_date")
    devices = (
        visits.where(F.col("known_at") > F.col("at"))
        .select("person_id", days, F.col("known_day").alias("known_on"), "anonymous_id")
        .groupBy(*key)
        .agg(F.min("anonymous_id").alias("anonymous_id"), F.count_distinct("anonymous_id").alias("devices"))
        .where((F.col("devices") == F.lit(1)) & (F.col("known_on") > F.col("activity_date")))
    )
    return activity.join(devices, key, how="inner").withColumn("known_on", F.col("activity_date"))
