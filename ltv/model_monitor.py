"""ops.model_monitor: what customers did since the champion's fit, counted on Spark, and what the checks find in it.

Of a large shop a sample of its customers is looked at, always the same one: it shows every change that matters, and
what is collected does not grow with the shop.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ltv.acquisition import with_attributes
from ltv.customer_summary import draw_customers, purchase_days
from ltv.drift import MONTH, Followed, joint_dates, windows
from ltv.findings import (
    DueForecast,
    Finding,
    judge_calibration,
    judge_followed,
    judge_inputs,
    too_early,
)
from ltv.knobs import Drift
from ltv.scorer import DAYS_PER_UNIT
from ltv.stability import Counts, Stability, stability
from warehouse.terms import ALL_CHANNELS

if TYPE_CHECKING:
    from ltv.registry import Champion

MOST_CUSTOMERS = 100_000
# Of a fine bin: an eighth or a quarter of a doubling.
VALUE_STEPS, GAP_STEPS = 8, 4
GAP, VALUE, FIRST, CHANNEL = "gaps between purchases", "value of a purchase day", "first purchases", "channels of new"
INPUTS = (GAP, VALUE, FIRST, CHANNEL)
ORDERED = (GAP, VALUE)
BEFORE, LATELY = "before", "lately"
INPUT_COUNTS = ("period", "input", "bin")


def find_drift(
    champion: Champion,
    *,
    conversions: DataFrame,
    summary: DataFrame,
    accuracy: DataFrame,
    as_of: dt.date,
    timezone: str,
    interval_level: float,
    seed: int,
    drift: Drift,
) -> list[Finding]:
    """What all checks of a champion find on a day.

    `conversions` is silver.conversions, `summary` gold.customer_summary of the day, `accuracy` gold.forecast_accuracy.
    """
    model, level = champion.model, drift.alarm_level
    due = due_forecasts_of(accuracy, champion.version, as_of=as_of)
    calibration = judge_calibration(due, interval_level=interval_level, level=level)
    dates = joint_dates(model.as_of, as_of)
    if not windows(model.as_of, as_of):
        return [too_early(model, as_of), *calibration]
    share = min(1.0, MOST_CUSTOMERS / max(summary.count(), 1))
    days = purchase_days(draw_customers(conversions, share=share, seed=seed), timezone=timezone).persist()
    try:
        attributes = summary.select("person_id", *model.attributes) if model.attributes else None
        followed = follow_customers(days, dates, attributes)
        lately = as_of - dt.timedelta(days=min(MONTH, (as_of - model.as_of).days))
        counted = count_inputs(days, summary, fitted=model.as_of, lately=lately, as_of=as_of, unit=model.time_unit)
        compared = compared_inputs(counted)
    finally:
        days.unpersist()
    return [
        *judge_followed(model, followed, level=level, least_change=drift.least_change),
        *calibration,
        *judge_inputs(compared, since=lately, until=as_of, level=level),
    ]


def follow_customers(days: DataFrame, dates: Sequence[dt.date], attributes: DataFrame | None = None) -> Followed:
    """The customers of the last of the dates as they were known on each; `days` is the result of `purchase_days`.

    `attributes` are texts by person_id that the champion asks for; customers of one course share a row where these are
    the same, too.
    """
    last = dates[-1]
    by_date = [F.col("day") <= F.lit(date) for date in dates]
    person = (
        days.where(F.col("day") <= F.lit(last))
        .groupBy("person_id")
        .agg(
            F.min("day").alias("first_day"),
            *(F.count_if(known).alias(f"purchases_{i}") for i, known in enumerate(by_date)),
            *(F.max(F.when(known, F.col("day"))).alias(f"last_{i}") for i, known in enumerate(by_date)),
        )
    )
    columns: dict[str, Column] = {"age": F.datediff(F.lit(last), "first_day")}
    for i in range(len(dates)):
        columns[f"purchases_{i}"] = F.col(f"purchases_{i}")
        columns[f"span_{i}"] = F.coalesce(F.datediff(f"last_{i}", "first_day"), F.lit(0))
    names = [name for name in attributes.columns if name != "person_id"] if attributes is not None else []
    known = with_attributes(person, attributes)
    courses = known.select(*(column.alias(name) for name, column in columns.items()), *names)
    rows = courses.groupBy(*columns, *names).agg(F.count("*").alias("customers")).toPandas()
    # Sums of floats depend on their order.
    rows = rows.sort_values([*columns, *names], ignore_index=True)
    rows = rows.astype(dict.fromkeys([*columns, "customers"], np.float64))
    return Followed(
        dates=tuple(dates),
        age=rows["age"].to_numpy(),
        purchases=rows[[f"purchases_{i}" for i in range(len(dates))]].to_numpy(),
        span=rows[[f"span_{i}" for i in range(len(dates))]].to_numpy(),
        customers=rows["customers"].to_numpy(),
        attributes={name: rows[name].to_numpy(object) for name in names},
    )


def count_inputs(
    days: DataFrame, summary: DataFrame, *, fitted: dt.date, lately: dt.date, as_of: dt.date, unit: str
) -> DataFrame:
    """Rows of `input` per fine `bin` in the four weeks up to the fit and after `lately`: INPUT_COUNTS and `rows`.

    Gaps that ended then and values of purchase days, in steps of a logarithm; first and later purchases; the
    acquisition channels of first purchases.
    """
    before = fitted - dt.timedelta(days=MONTH)

    def period(day: Column) -> Column:
        is_before = (day > F.lit(before)) & (day <= F.lit(fitted))
        is_lately = (day > F.lit(lately)) & (day <= F.lit(as_of))
        return F.when(is_before, F.lit(BEFORE)).when(is_lately, F.lit(LATELY)).alias("period")

    of_person = Window.partitionBy("person_id").orderBy("day")
    dated = days.select("day", "net_value", F.lag("day").over(of_person).alias("former"))
    gap, value = F.datediff("day", "former"), F.col("net_value").cast("double")
    bins = {
        GAP: _step(F.when(gap > 0, gap.cast("double")), GAP_STEPS),
        VALUE: _step(F.when(value > 0, value), VALUE_STEPS),
        # Nullable as the others, although no row has a null: Sail takes no array of structs of several types.
        FIRST: F.when(F.col("former").isNull(), F.lit("first")).when(F.col("former").isNotNull(), F.lit("later")),
    }
    entries = [F.struct(F.lit(name).alias("input"), bin_.alias("bin")) for name, bin_ in bins.items()]
    of_days = dated.select(period(F.col("day")), F.explode(F.array(*entries)).alias("entry"))
    age = F.floor(F.col("T") * F.lit(float(DAYS_PER_UNIT[unit])) + F.lit(0.5)).cast("int")
    first_day = F.date_sub(F.lit(as_of), age)
    of_new = summary.select(period(first_day), F.lit(CHANNEL).alias("input"), F.col("acquisition_channel").alias("bin"))
    counted = (
        of_days.select("period", "entry.input", "entry.bin")
        .unionByName(of_new)
        .where(F.col("period").isNotNull() & F.col("bin").isNotNull())
    )
    return counted.groupBy(*INPUT_COUNTS).agg(F.count("*").alias("rows"))


def compared_inputs(counted: DataFrame) -> dict[str, Stability | None]:
    """The PSI of each input of `count_inputs`."""
    found: Mapping[tuple[str, str], Counts] = defaultdict(dict)
    for row in counted.collect():
        name = row["input"]
        found[name, row["period"]][float(row["bin"]) if name in ORDERED else row["bin"]] = row["rows"]
    return {name: stability(found[name, BEFORE], found[name, LATELY]) for name in INPUTS}


def due_forecasts_of(accuracy: DataFrame, version: str, *, as_of: dt.date) -> list[DueForecast]:
    """The forecasts of all customers by a version that have come due by as_of."""
    of_all = (F.col("acquisition_channel") == F.lit(ALL_CHANNELS)) & (F.col("until") <= F.lit(as_of))
    rows = accuracy.where(of_all & (F.col("model_version") == F.lit(version))).select(*DueForecast._fields)
    return [DueForecast(**row.asDict()) for row in rows.collect()]


def _step(figure: Column, steps: int) -> Column:
    """Which step of a doubling a number falls in; on an edge it falls in the one above, whatever the last digit."""
    return F.floor(F.log2(figure) * F.lit(float(steps)) + F.lit(1e-9)).cast("bigint").cast("string")
