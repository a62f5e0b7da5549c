"""silver.journeys: the touches that led to each conversion, and those that led to none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

MICROS_PER_DAY = 86_400_000_000
TOUCH = ("touched_at", "touchpoint_id", "channel", "source", "medium", "campaign")


def build_journeys(
    conversions: DataFrame,
    touchpoints: DataFrame,
    *,
    lookback_days: Mapping[str, int],
    interactions: Sequence[str],
    report_currency: str,
) -> DataFrame:
    """One row per conversion of a type in `lookback_days` (type: days), and per journey without one.

    A conversion's path holds the person's touches with converted_at - N days <= touched_at <= converted_at, both
    inclusive, days of 86,400 s; it does not restart after an earlier conversion. A journey without conversion is the
    person's touches after the last conversion of the type, split where a gap is longer than N days. Only touches
    with one of `interactions` take part.
    """
    touches = touchpoints.where(F.col("interaction").isin(list(interactions))).select(
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
    converting = _converting(wanted, touches, lookback_days)
    others = _not_converting(wanted, touches, lookback_days, report_currency)
    return conform(converting.unionByName(others), SILVER_JOURNEYS)


def _lookback_micros(lookback_days: Mapping[str, int]) -> Column:
    windows = {name: F.lit(days * MICROS_PER_DAY).cast("bigint") for name, days in lookback_days.items()}
    return F.coalesce(*(F.when(F.col("conversion_type") == name, window) for name, window in windows.items()))


def _micros_since(earlier: Column, later: Column) -> Column:
    return F.unix_micros(later) - F.unix_micros(earlier)


def _converting(wanted: DataFrame, touches: DataFrame, lookback_days: Mapping[str, int]) -> DataFrame:
    conversion, touch = wanted.alias("c"), touches.alias("t")
    age = _micros_since(F.col("t.touched_at"), F.col("c.converted_at"))
    in_window = age.between(F.lit(0), _lookback_micros(lookback_days))
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
            }
        )
        .drop("first_touchpoint_id")
    )
