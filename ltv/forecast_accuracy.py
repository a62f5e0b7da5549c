"""gold.forecast_accuracy: forecasts whose period is over, beside what came."""

from __future__ import annotations

import datetime as dt
import math

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ltv.acquisition import acquisitions
from ltv.customer_summary import purchase_days
from ltv.knobs import Retention
from ltv.scorer import DAYS_PER_YEAR
from warehouse.checks import CheckResult, equal, row_count, side_by_side
from warehouse.conform import conform
from warehouse.knobs import ReportingDay
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_forecast_accuracy import GOLD_FORECAST_ACCURACY
from warehouse.tables.gold_value_totals import GOLD_VALUE_TOTALS
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS
from warehouse.terms import ALL_CHANNELS, UNATTRIBUTED

# Forecasts with all of these equal have one period, and their money is counted and discounted alike.
PERIOD = ("as_of", "until", "margin", "annual_discount_rate")


def build_forecast_accuracy(
    due: DataFrame, conversions: DataFrame, acquisition: DataFrame, *, timezone: str
) -> DataFrame:
    """One row per forecast of `due_forecasts`: the total that came, and whether the intervals held it.

    `conversions` is silver.conversions, `acquisition` the result of `acquisitions`. What came is what the
    customers who had bought by as_of bought in (as_of, until]. Orders, refunds and channels are those known today.
    """
    came = actual_totals(due.select(*PERIOD).distinct(), conversions, acquisition, timezone=timezone)
    actual = F.coalesce("actual", F.lit(0.0))
    compared = (
        due.join(came, on=[*PERIOD, "acquisition_channel", "measure"], how="left")
        .withColumn("actual", actual)
        .withColumn("total_error", F.when(F.col("actual") > 0, F.col("predicted") / F.col("actual") - 1))
        .withColumn("held", _held(""))
        .withColumn("held_if_model_holds", _held("_if_model_holds"))
    )
    return conform(compared, GOLD_FORECAST_ACCURACY)


def due_forecasts(totals: DataFrame, *, as_of: dt.date, since: dt.date) -> DataFrame:
    """The forecasts of gold.value_totals whose period ended after `since`, by as_of; with its last day as `until`.

    Without those of a model that was fitted to later days than the forecast's.
    """
    dated = totals.withColumn("until", F.date_add("as_of", F.col("days")))
    ended = (F.col("until") > F.lit(since)) & (F.col("until") <= F.lit(as_of))
    return dated.where(ended & (F.col("model_as_of") <= F.col("as_of")))


def actual_totals(periods: DataFrame, conversions: DataFrame, acquisition: DataFrame, *, timezone: str) -> DataFrame:
    """What came in each of `periods` (columns PERIOD): one row per period, acquisition channel or all, and measure.

    A total of nothing has no row. Columns PERIOD, acquisition_channel, measure, actual.
    """
    days = purchase_days(conversions, timezone=timezone)
    first = days.groupBy("person_id").agg(F.min("day").alias("first_day"))
    channel = F.coalesce("acquisition_channel", F.lit(UNATTRIBUTED)).alias("acquisition_channel")
    # Purchase days of customers with the same first day and channel are in the same periods.
    bought = (
        days.join(first, on="person_id", how="inner")
        .where(F.col("day") > F.col("first_day"))
        .join(acquisition, on="person_id", how="left")
        .groupBy("first_day", "day", channel)
        .agg(F.count("*").alias("purchases"), F.sum(F.col("net_value").cast("double")).alias("net_value"))
    )
    is_in_period = (
        (F.col("first_day") <= F.col("as_of")) & (F.col("day") > F.col("as_of")) & (F.col("day") <= F.col("until"))
    )
    years = F.datediff("day", "as_of") / F.lit(float(DAYS_PER_YEAR))
    discounted = F.col("margin") * F.col("net_value") * F.pow(1 + F.col("annual_discount_rate"), -years)
    by_channel = (
        bought.join(F.broadcast(periods), on=is_in_period, how="inner")
        .groupBy(*PERIOD, "acquisition_channel")
        .agg(F.sum("purchases").cast("double").alias("purchases"), F.sum(discounted).alias("value"))
    )
    of_each = F.explode(F.array("acquisition_channel", F.lit(ALL_CHANNELS))).alias("acquisition_channel")
    measures = F.explode(F.create_map(F.lit("purchases"), F.col("purchases"), F.lit("value"), F.col("value")))
    return (
        by_channel.select(*PERIOD, "purchases", "value", of_each)
        .select(*PERIOD, "acquisition_channel", measures.alias("measure", "actual"))
        .groupBy(*PERIOD, "acquisition_channel", "measure")
        .agg(F.sum("actual").alias("actual"))
    )


def check_forecast_accuracy(
    accuracy: DataFrame, totals: DataFrame, *, as_of: dt.date, since: dt.date
) -> list[CheckResult]:
    """Every forecast that has come due is compared with what came. A day without forecasts of its own is not checked:
    it was not scored yet."""
    compared = accuracy.where((F.col("until") > F.lit(since)) & (F.col("until") <= F.lit(as_of)))
    found = side_by_side(
        row_count(totals.where(F.col("as_of") == F.lit(as_of)), "of_day"),
        row_count(due_forecasts(totals, as_of=as_of, since=since), "due"),
        row_count(compared, "compared"),
    )
    if not found["of_day"]:
        return []
    return [equal("forecasts compared are those that have come due", found["due"], found["compared"])]


def _held(end: str) -> Column:
    upper = F.coalesce(f"upper{end}", F.lit(math.inf))
    return (F.col(f"lower{end}") <= F.col("actual")) & (F.col("actual") <= upper)


def _since(work: Work) -> dt.date:
    """Periods that ended by this day are compared no more."""
    return work.run.as_of - dt.timedelta(days=work.knobs(Retention).keep_days)


def _build(work: Work) -> DataFrame:
    due = due_forecasts(work.read(GOLD_VALUE_TOTALS), as_of=work.run.as_of, since=_since(work))
    if due.isEmpty():  # as on most days of a young lake: all purchases would be counted for nothing
        return work.lake.spark.createDataFrame([], GOLD_FORECAST_ACCURACY.ddl)
    return build_forecast_accuracy(
        due,
        work.read(SILVER_CONVERSIONS),
        acquisitions(work.read(SILVER_JOURNEYS), ["acquisition_channel"]),
        timezone=work.knobs(ReportingDay).timezone,
    )


FORECAST_ACCURACY = Recipe(
    table=GOLD_FORECAST_ACCURACY,
    inputs=(SILVER_CONVERSIONS, SILVER_JOURNEYS, GOLD_VALUE_TOTALS),
    knobs=(ReportingDay, Retention),
    build=_build,
    is_of_day=True,
    slice=lambda work: f"until > DATE'{_since(work)}' AND until <= DATE'{work.run.as_of}'",
    checks=lambda work: check_forecast_accuracy(
        work.read(GOLD_FORECAST_ACCURACY), work.read(GOLD_VALUE_TOTALS), as_of=work.run.as_of, since=_since(work)
    ),
)
