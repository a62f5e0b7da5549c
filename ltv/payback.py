"""On which day of its age the average customer has brought what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from warehouse.tables.gold_channel_value import LIFETIME_DAYS
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

SLOPES = "array<struct<age:int, gained:double, daily:double>>"


def margin_by_age(days: DataFrame, customers: DataFrame, *, margin: float) -> DataFrame:
    """Where the margin of a customer rises: person_id, age (days since the first purchase day), gained on that day, and
    by how much the gain of every day from then on changes (daily). Ages end at LIFETIME_DAYS.

    `days` are purchase days (person_id, day, net_value); `customers` has person_id, first_day, age (as of today) and
    clv_<h>d, null without scores. Purchases are gained on their day. Predicted margin is spread evenly over the days
    between two horizons.
    """
    bought = days.join(customers.select("person_id", "first_day"), "person_id").select(
        "person_id",
        F.datediff("day", "first_day").alias("age"),
        (F.col("net_value").cast("double") * F.lit(margin)).alias("gained"),
        F.lit(0.0).alias("daily"),
    )
    predicted = customers.where(F.col(f"clv_{LIFETIME_DAYS}d").isNotNull()).select(
        "person_id", F.explode(F.array(*_changes()).cast(SLOPES)).alias("change")
    )
    rises = bought.unionByName(predicted.select("person_id", "change.age", "change.gained", "change.daily"))
    return rises.where(F.col("age") <= F.lit(LIFETIME_DAYS))


def predicted_within(days: Column) -> Column:
    """Margin that is expected of a customer within `days` days after today (0 to LIFETIME_DAYS), a double."""
    total: Column = F.lit(0.0)
    for start, end in pairwise((0, *VALUE_HORIZONS_DAYS)):
        total = total + F.least(F.greatest(days - F.lit(start), F.lit(0)), F.lit(end - start)) * _daily(start, end)
    return total


def with_payback(rises: DataFrame, costs: DataFrame, by: Sequence[str]) -> DataFrame:
    """`costs` (columns `by`, and spend) with payback_days: the first age at which the margin of the group has reached
    its spend; null where no age does.

    `rises` is one row per group and age: gained and daily, see `margin_by_age`, summed over its customers.
    """
    so_far = Window.partitionBy(*by).orderBy("age").rowsBetween(Window.unboundedPreceding, 0)
    gained, daily = F.sum("gained").over(so_far), F.sum("daily").over(so_far)
    # A daily gain that begins at age b has been had age - b + 1 times.
    from_start = F.sum(F.col("daily") * (F.col("age") - F.lit(1)).cast("double")).over(so_far)
    last = F.coalesce(F.lead("age").over(Window.partitionBy(*by).orderBy("age")) - 1, F.lit(LIFETIME_DAYS))
    levels = rises.select(
        *by,
        "age",
        last.alias("last"),
        (gained + daily * F.col("age").cast("double") - from_start).alias("margin"),
        daily.alias("pace"),
    )
    lacking = F.col("cost") - F.col("margin")
    days = F.when(lacking <= F.lit(0.0), F.lit(0)).when(
        F.col("pace") > F.lit(0.0), F.ceil(F.least(lacking / F.col("pace"), F.lit(float(LIFETIME_DAYS + 1))))
    )
    reached = (F.col("age") + days).cast("int")
    # Sums of doubles depend on their order in the last digits: what is short of the cost by so little has reached it.
    costs_of_groups = costs.select(*by, (F.col("spend").cast("double") * F.lit(1 - 1e-12)).alias("cost"))
    first = (
        levels.join(costs_of_groups.where(F.col("cost") > F.lit(0.0)), list(by))
        .where(reached <= F.col("last"))
        .groupBy(*by)
        .agg(F.min(reached).alias("payback_days"))
    )
    return costs.join(first, list(by), how="left")


def _changes() -> list[Column]:
    """The gain of a day changes on the day after today and on that after each horizon."""
    changes: list[Column] = []
    before: Column = F.lit(0.0)
    for start, end in pairwise((0, *VALUE_HORIZONS_DAYS)):
        daily = _daily(start, end)
        age = (F.col("age") + F.lit(start + 1)).cast("int")
        changes.append(F.struct(age.alias("age"), F.lit(0.0).alias("gained"), (daily - before).alias("daily")))
        before = daily
    return changes


def _daily(start: int, end: int) -> Column:
    """What each day between two horizons is expected to bring."""
    low = F.col(f"clv_{start}d").cast("double") if start else F.lit(0.0)
    return (F.col(f"clv_{end}d").cast("double") - low) / F.lit(float(end - start))
