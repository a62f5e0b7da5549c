"""silver.journeys: the touches that led to each conversion, and those that led to none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.tables.silver_journeys import MILESTONES, SILVER_JOURNEYS

MICROS_PER_DAY = 86_400_000_000
TOUCH = ("touched_at", "touchpoint_id", "channel", "source", "medium", "campaign")


@dataclass(frozen=True)
class JourneyKnobs:
    """What makes a journey: days that each conversion type looks back (types that are not named have none) and the
    interactions that are touches.

    first_only: of a person's conversions of a type only the first, by (converted_at, conversion_id), ends a journey.
    restart: a path holds only touches after the person's conversion of the type before. milestones: types of auxiliary
    conversions that the model w_shape gives credit for.
    """

    lookback_days: Mapping[str, int]
    interactions: Sequence[str]
    first_only: bool = False
    restart: bool = False
    milestones: Sequence[str] = ()


def build_journeys(
    conversions: DataFrame,
    touchpoints: DataFrame,
    knobs: JourneyKnobs,
    *,
    report_currency: str,
) -> DataFrame:
    """One row per conversion of a type that `knobs` name, and per journey without one.

    A conversion's path holds the person's touches with converted_at - N days <= touched_at <= converted_at, both
    inclusive, days of 86,400 s; unless `knobs` say so it does not restart after an earlier conversion. A journey
    without conversion is the person's touches after the last conversion of the type, split where a gap is longer than
    N days.
    """
    lookback_days = knobs.lookback_days
    touches = touchpoints.where(F.col("interaction").isin(list(knobs.interactions))).select(
        # The 64-bit key keeps the shuffle narrow; equality of the full id is asked as well.
        F.xxhash64("person_id").alias("person_key"),
        "person_id",
        *TOUCH,
    )
    wanted = conversions.where(F.col("conversion_type").isin(list(lookback_days))).select(
        F.xxhash64("person_id").alias("person_key"),
        "person_id",
        "conversion_id",
        "conversion_type",
        "converted_at",
        "report_value",
        "report_gross_value",
        "report_currency",
        "is_first_purchase",
    )
    converting = _with_milestones(_converting(_chosen(wanted, knobs), touches, lookback_days), conversions, knobs)
    others = _not_converting(wanted, touches, lookback_days, report_currency)
    return conform(converting.unionByName(others), SILVER_JOURNEYS)


def _chosen(wanted: DataFrame, knobs: JourneyKnobs) -> DataFrame:
    """The conversions that end a journey, with `since`, after which their paths begin; null = no such bound."""
    if not (knobs.first_only or knobs.restart):
        return wanted.withColumn("since", F.lit(None).cast("timestamp"))
    order = Window.partitionBy("person_key", "person_id", "conversion_type").orderBy("converted_at", "conversion_id")
    before = F.lag("converted_at").over(order)
    numbered = wanted.select("*", F.row_number().over(order).alias("number"), before.alias("before"))
    chosen = numbered.where(F.col("number") == 1) if knobs.first_only else numbered
    since = F.col("before") if knobs.restart else F.lit(None).cast("timestamp")
    return chosen.withColumn("since", since).drop("number", "before")


def _with_milestones(journeys: DataFrame, conversions: DataFrame, knobs: JourneyKnobs) -> DataFrame:
    """`journeys` with the first conversion of each milestone's type in the window, in order of time."""
    if not knobs.milestones:
        return journeys.withColumn("milestones", F.array().cast(MILESTONES)).drop("since")
    reached = conversions.where(F.col("conversion_type").isin(list(knobs.milestones))).select(
        "person_id", F.col("conversion_type").alias("milestone"), F.col("converted_at").alias("reached_at")
    )
    in_window = _micros_since(F.col("reached_at"), F.col("ended_at")).between(
        F.lit(0), _lookback_micros(knobs.lookback_days)
    ) & F.coalesce(F.col("reached_at") > F.col("since"), F.lit(True))
    firsts = (
        journeys.select("journey_id", "person_id", "conversion_type", "ended_at", "since")
        .join(reached, "person_id", how="inner")
        .where(in_window & (F.col("milestone") != F.col("conversion_type")))
        .groupBy("journey_id", "milestone")
        .agg(F.min("reached_at").alias("reached_at"))
        .groupBy("journey_id")
        .agg(F.collect_list(F.struct("reached_at", "milestone")).alias("firsts"))
    )
    ordered = F.transform(
        F.array_sort("firsts"),
        lambda first: F.struct(first["milestone"].alias("conversion_type"), first["reached_at"].alias("converted_at")),
    )
    told = firsts.select("journey_id", ordered.alias("milestones"))
    milestones = F.coalesce("milestones", F.array().cast(MILESTONES))
    return journeys.join(told, "journey_id", how="left").withColumn("milestones", milestones).drop("since")


def _lookback_micros(lookback_days: Mapping[str, int]) -> Column:
    windows = {name: F.lit(days * MICROS_PER_DAY).cast("bigint") for name, days in lookback_days.items()}
    return F.coalesce(*(F.when(F.col("conversion_type") == name, window) for name, window in windows.items()))


def _micros_since(earlier: Column, later: Column) -> Column:
    return F.unix_micros(later) - F.unix_micros(earlier)


def _converting(wanted: DataFrame, touches: DataFrame, lookback_days: Mapping[str, int]) -> DataFrame:
    conversion, touch = wanted.alias("c"), touches.alias("t")
    age = _micros_since(F.col("t.touched_at"), F.col("c.converted_at"))
    in_window = age.between(F.lit(0), _lookback_micros(lookback_days)) & F.coalesce(
        F.col("t.touched_at") > F.col("c.since"), F.lit(True)
    )
    same_person = (F.col("c.person_key") == F.col("t.person_key")) & (F.col("c.person_id") == F.col("t.person_id"))
    fields = F.struct(*(F.col(f"t.{name}") for name in TOUCH))
    joined = conversion.join(touch, same_person & in_window, how="left").select(
        "c.*", F.when(F.col("t.touchpoint_id").isNotNull(), fields).alias("touch")
    )
    return (
        joined.groupBy(*wanted.columns)
        .agg(F.array_sort(F.collect_list("touch")).alias("path"))
        .withColumnRenamed("converted_at", "ended_at")
        .withColumn("journey_id", F.col("conversion_id"))
    )


def _not_converting(
    wanted: DataFrame, touches: DataFrame, lookback_days: Mapping[str, int], report_currency: str
) -> DataFrame:
    last = wanted.groupBy("person_key", "person_id", "conversion_type").agg(
        F.max("converted_at").alias("last_converted_at")
    )
    types = F.explode(F.array(*(F.lit(name) for name in lookback_days))).alias("conversion_type")
    after = (
        touches.select("*", types)
        .join(last, ["person_key", "person_id", "conversion_type"], how="left")
        .where(F.col("last_converted_at").isNull() | (F.col("touched_at") > F.col("last_converted_at")))
    )
    walk = Window.partitionBy("person_key", "person_id", "conversion_type").orderBy("touched_at", "touchpoint_id")
    gap = _micros_since(F.lag("touched_at").over(walk), F.col("touched_at"))
    starts = F.coalesce(gap > _lookback_micros(lookback_days), F.lit(True))
    first = F.last(F.when(F.col("starts"), F.col("touchpoint_id")), ignorenulls=True).over(
        walk.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    parts = after.select("*", starts.alias("starts")).select("*", first.alias("first_touchpoint_id"))
    return (
        parts.groupBy("person_key", "person_id", "conversion_type", "first_touchpoint_id")
        .agg(F.array_sort(F.collect_list(F.struct(*TOUCH))).alias("path"), F.max("touched_at").alias("ended_at"))
        .withColumns(
            {
                "journey_id": F.md5(F.concat_ws("|", F.lit("no conversion"), "conversion_type", "first_touchpoint_id")),
                "conversion_id": F.lit(None).cast("string"),
                "report_value": F.lit(0),
                "report_gross_value": F.lit(0),
                "report_currency": F.lit(report_currency),
                "is_first_purchase": F.lit(False),
                "milestones": F.array().cast(MILESTONES),
            }
        )
        .drop("first_touchpoint_id")
    )
