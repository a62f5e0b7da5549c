"""Features of a person at a moment, from what was known before it. See warehouse/tables/gold_person_features.py."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ltv.behaviour.facts import (
    CART_ADD,
    CHECKOUT,
    PRODUCT_VIEW,
    Silver,
    active_of,
    activity_of,
    purchases_of,
    sign_ups_of,
    touches_of,
    visits_of,
)
from ltv.behaviour.known import MOMENT, last_whole_day, seen_from
from warehouse.tables.gold_person_features import BUILT

CYCLE_DAYS = (7.0, 30.0)  # the shortest and the longest own cycle
GAPS_A_CYCLE = 2.0


def person_features(moments: DataFrame, silver: Silver, *, timezone: str) -> DataFrame:
    """One row per row of `moments` (person_id, as_of): the columns of `BUILT`, each as its contract says.

    as_of is a timestamp and may differ from row to row; each pair occurs once. Nothing at or after it counts, and no
    visit, touch or purchase on a device that was tied to the person at or after it. A window of n days is
    [as_of - n days, as_of); days of silver.activity are calendar days in `timezone` and count when they had ended by
    as_of. A visit counts from its end on. Counts are 0 and other features null for a person without rows.
    """
    visits = visits_of(silver, timezone=timezone)
    purchases = purchases_of(silver, timezone=timezone)
    parts = (
        _of_visits(seen_from(visits, moments)),
        _of_activity(activity_of(silver), moments, timezone=timezone),
        _of_touches(seen_from(touches_of(silver), moments)),
        _of_purchases(seen_from(purchases, moments), timezone=timezone),
        _of_sign_ups(seen_from(sign_ups_of(silver), moments)),
        _of_active_days(seen_from(active_of(visits, purchases), moments)),
    )
    joined = moments.select(*MOMENT)
    for part in parts:
        joined = joined.join(part, list(MOMENT), how="left")
    counts = [column.name for column in BUILT if not column.nullable]
    zeros = {name: F.coalesce(F.col(name), F.lit(0)) for name in counts}
    whole = joined.withColumns(zeros).withColumn("cycle_days", F.coalesce("cycle_days", F.lit(CYCLE_DAYS[1])))
    return whole.select(*MOMENT, *(F.col(column.name).cast(column.type).alias(column.name) for column in BUILT))


def _of_visits(visits: DataFrame) -> DataFrame:
    recent = _within(30)
    seen = visits.groupBy(*MOMENT).agg(
        *(F.count_if(_within(days)).alias(f"visits_{days}d") for days in (7, 30, 90)),
        *_two_fortnights("visit", F.lit(1)),
        F.count_distinct(F.when(recent, F.col("day"))).alias("visit_days_30d"),
        F.sum(F.when(recent, F.col("page_views")).otherwise(F.lit(0))).alias("page_views_30d"),
        F.min("age").alias("days_since_visit"),
        F.max("age").alias("days_since_first_visit"),
        *_first_and_last_day(_within(90)),
        F.count_if(_within(90) & F.col("is_app")).alias("app_visits"),
        F.count_if(_within(90) & F.col("is_direct")).alias("direct_visits"),
        F.count_distinct(F.when(_within(90), F.col("anonymous_id"))).alias("devices_90d"),
    )
    return (
        seen.withColumn("visit_gap_days", _mean_gap())
        .withColumns(
            {
                "page_views_per_visit_30d": _ratio("page_views_30d", "visits_30d"),
                "visit_trend": _trend("visit"),
                "silence_in_visit_gaps": _ratio("days_since_visit", "visit_gap_days"),
                "app_share_90d": _ratio("app_visits", "visits_90d"),
                "direct_share_90d": _ratio("direct_visits", "visits_90d"),
            }
        )
        .drop(*SCRATCH)
    )


def _of_activity(activity: DataFrame, moments: DataFrame, *, timezone: str) -> DataFrame:
    """Of whole days: the age of the last one that had ended by as_of is 1."""
    ended = moments.select(*MOMENT, last_whole_day(timezone).alias("last_day"))
    age = (F.datediff("last_day", "activity_date") + F.lit(1)).cast("double")
    seen = (
        activity.join(ended, "person_id", how="inner")
        .where((F.col("activity_date") <= F.col("last_day")) & (F.col("known_on") <= F.col("last_day")))
        .withColumn("age", age)
    )

    def events(name: str) -> Column:
        is_one = _within(30) & (F.col("event_name") == F.lit(name))
        return F.sum(F.when(is_one, F.col("events")).otherwise(F.lit(0)))

    counted = seen.groupBy(*MOMENT).agg(
        events(PRODUCT_VIEW).alias("product_views_30d"),
        events(CART_ADD).alias("cart_adds_30d"),
        events(CHECKOUT).alias("checkouts_30d"),
        F.count_distinct(F.when(_within(30), F.col("page_group"))).alias("page_groups_30d"),
        *_two_fortnights("activity", F.col("events")),
    )
    return counted.withColumns(
        {
            "cart_adds_per_product_view_30d": _ratio("cart_adds_30d", "product_views_30d"),
            "activity_trend": _trend("activity"),
        }
    ).drop(*SCRATCH)


def _of_touches(touches: DataFrame) -> DataFrame:
    def of_kind(interaction: str) -> Column:
        return F.count_if(_within(30) & (F.col("interaction") == F.lit(interaction)))

    return touches.groupBy(*MOMENT).agg(
        of_kind("click").alias("clicks_30d"),
        of_kind("impression").alias("impressions_30d"),
        F.count_distinct(F.when(_within(90), F.col("channel"))).alias("channels_90d"),
        F.count_if(_within(90) & (F.col("channel") == F.lit("Email"))).alias("email_touches_90d"),
        F.count_if(_within(90) & F.col("is_retargeting")).alias("retargeting_touches_90d"),
    )


def _of_purchases(purchases: DataFrame, *, timezone: str) -> DataFrame:
    last = last_whole_day(timezone)
    # At midnight last_whole_day is the day that just ended; within a day, today's purchases are 0 days old.
    since = {name: F.greatest(F.datediff(last, F.col(day)), F.lit(0)).cast("double") for name, day in SINCE.items()}
    seen = purchases.groupBy(*MOMENT).agg(
        *(F.count_if(_within(days)).alias(f"purchases_{days}d") for days in (90, 365)),
        *_first_and_last_day(F.lit(True)),
        F.sum(F.when(_within(365), F.col("gross_value"))).alias("gross_value_365d"),
        F.avg("gross_value").alias("mean_order_value"),
        F.avg(F.col("items").cast("double")).alias("items_per_order"),
    )
    return (
        seen.withColumns(
            {
                **since,
                "repeat_purchase_days": F.col("active_days") - F.lit(1),
                "purchase_span_days": F.datediff("last_active", "first_active").cast("double"),
                "purchase_gap_days": _mean_gap(),
            }
        )
        .withColumn("silence_in_purchase_gaps", _ratio("days_since_purchase", "purchase_gap_days"))
        .drop(*SCRATCH)
    )


def _of_sign_ups(sign_ups: DataFrame) -> DataFrame:
    return sign_ups.groupBy(*MOMENT).agg(F.min("age").alias("days_since_sign_up"))


def _of_active_days(active: DataFrame) -> DataFrame:
    seen = active.groupBy(*MOMENT).agg(F.min("age").alias("days_since_active"), *_first_and_last_day(_within(90)))
    shortest, longest = map(F.lit, CYCLE_DAYS)
    cycle = F.least(F.greatest(F.lit(GAPS_A_CYCLE) * _mean_gap(), shortest), longest)
    # The greatest of null and a number is the number.
    return seen.withColumn("cycle_days", F.when(F.col("active_days") > F.lit(1), cycle)).drop(*SCRATCH)


SINCE = {"days_since_first_purchase": "first_active", "days_since_purchase": "last_active"}
SCRATCH: Sequence[str] = (
    *("first_active", "last_active", "active_days", "app_visits", "direct_visits"),
    *(f"{name}_{part}" for name in ("visit", "activity") for part in ("newer", "older")),
)


def _within(days: int) -> Column:
    return F.col("age") <= F.lit(float(days))


def _two_fortnights(name: str, number: Column) -> list[Column]:
    """What is counted in the last 14 days, and in the 14 before."""
    older = (F.col("age") > F.lit(14.0)) & _within(28)
    return [
        F.sum(F.when(_within(14), number).otherwise(F.lit(0))).alias(f"{name}_newer"),
        F.sum(F.when(older, number).otherwise(F.lit(0))).alias(f"{name}_older"),
    ]


def _trend(name: str) -> Column:
    newer, older = (F.col(f"{name}_{part}").cast("double") + F.lit(1.0) for part in ("newer", "older"))
    return F.log(newer / older)


def _first_and_last_day(counted: Column) -> list[Column]:
    day = F.when(counted, F.col("day"))
    return [
        F.min(day).alias("first_active"),
        F.max(day).alias("last_active"),
        F.count_distinct(day).alias("active_days"),
    ]


def _mean_gap() -> Column:
    """Mean of the days from one active day to the next; null below two."""
    span = F.datediff("last_active", "first_active").cast("double")
    gaps = (F.col("active_days") - F.lit(1)).cast("double")
    return F.when(F.col("active_days") > F.lit(1), span / gaps)


def _ratio(above: str, below: str) -> Column:
    return F.when(F.col(below) > F.lit(0), F.col(above).cast("double") / F.col(below).cast("double"))
