"""gold.value_totals: the totals of all customers and of each channel, as the champion forecasts them on a day."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ltv.customer_summary import of_day, of_run_day
from ltv.customer_totals import CustomerTotal, customer_totals
from ltv.customer_value import champion_of, scorer, value_model_of
from ltv.intervals import Interval
from ltv.knobs import Scoring
from warehouse.checks import CheckResult, none_found
from warehouse.conform import conform
from warehouse.knobs import Registry, ValueModelName
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS
from warehouse.tables.gold_value_totals import GOLD_VALUE_TOTALS
from warehouse.terms import ALL_CHANNELS

if TYPE_CHECKING:
    from ltv.registry import Champion

SHARE_LOST = 1e-6  # of a total; more is no rounding


def build_value_totals(
    spark: SparkSession, totals: Sequence[CustomerTotal], *, as_of: dt.date, champion: Champion, scoring: Scoring
) -> DataFrame:
    """One row per total of `customer_totals`: its two intervals, and what they were made with."""
    rows = [
        (
            as_of,
            total.channel or ALL_CHANNELS,
            total.measure,
            total.days,
            float(total.interval.estimate),
            *(bound for interval in (total.interval, total.if_model_holds) for bound in _bounds(interval)),
            own.deviation,
            own.origins,
            scoring.interval_level,
            scoring.margin,
            scoring.annual_discount_rate,
            champion.model.currency,
            champion.version,
            champion.model.as_of,
        )
        for total in totals
        for own in (champion.backtest.own_error(total.measure),)
    ]
    return conform(spark.createDataFrame(rows, GOLD_VALUE_TOTALS.ddl), GOLD_VALUE_TOTALS)


def stored_totals(rows: DataFrame) -> list[CustomerTotal]:
    """The totals of rows of gold.value_totals (one as_of), in the order of `customer_totals`."""
    totals = [_stored(row.asDict()) for row in rows.collect()]
    return sorted(totals, key=lambda total: (total.channel is not None, total.channel, total.measure, total.days))


def check_value_totals(totals: DataFrame, *, as_of: dt.date) -> list[CheckResult]:
    """The channels of a day add up to all customers; the interval with the model's own error holds the other one."""
    of_all = F.col("acquisition_channel") == F.lit(ALL_CHANNELS)
    day = totals.where(F.col("as_of") == F.lit(as_of))
    sums = day.groupBy("measure", "days").agg(
        F.sum(F.when(of_all, F.col("predicted"))).alias("all"),
        F.sum(F.when(~of_all, F.col("predicted"))).alias("channels"),
    )
    lost = F.abs(F.coalesce("channels", F.lit(0.0)) - F.col("all")) > F.lit(SHARE_LOST) * F.greatest("all", F.lit(1.0))
    is_inside = (
        (F.col("lower") <= F.col("lower_if_model_holds"))
        & (F.col("lower_if_model_holds") <= F.col("predicted"))
        & (F.col("predicted") <= F.coalesce("upper_if_model_holds", F.lit(math.inf)))
        & (F.coalesce("upper_if_model_holds", F.lit(math.inf)) <= F.coalesce("upper", F.lit(math.inf)))
    )
    return [
        none_found("totals of channels that do not add up to those of all customers", sums.where(lost).count()),
        none_found("totals outside of their intervals", day.where(~is_inside).count()),
    ]


def _bounds(interval: Interval) -> tuple[float, float | None]:
    return float(interval.lower), float(interval.upper) if np.isfinite(interval.upper) else None


def _stored(row: dict[str, Any]) -> CustomerTotal:
    def interval(end: str) -> Interval:
        upper = row[f"upper{end}"]
        bounds = (row["predicted"], row[f"lower{end}"], math.inf if upper is None else upper)
        return Interval(*(np.asarray(bound) for bound in bounds))

    return CustomerTotal(
        channel=None if row["acquisition_channel"] == ALL_CHANNELS else row["acquisition_channel"],
        measure=row["measure"],
        days=row["days"],
        interval=interval(""),
        if_model_holds=interval("_if_model_holds"),
    )


def _build(work: Work) -> DataFrame:
    version = champion_of(work.run)
    assert version is not None, "made only where a model was trained"
    champion, scoring = scorer(work.run, version), work.knobs(Scoring)
    totals = customer_totals(
        work.read(GOLD_CUSTOMER_SUMMARY).where(of_day(work.run.as_of)),
        model=champion.model.on(work.run.as_of),
        days=VALUE_HORIZONS_DAYS,
        scoring=scoring,
        backtest=champion.backtest,
    )
    return build_value_totals(work.lake.spark, totals, as_of=work.run.as_of, champion=champion, scoring=scoring)


VALUE_TOTALS = Recipe(
    table=GOLD_VALUE_TOTALS,
    inputs=(GOLD_CUSTOMER_SUMMARY,),
    knobs=(Scoring,),
    registered=(Registry, ValueModelName),
    build=_build,
    is_of_day=True,
    models=value_model_of,
    slice=of_run_day,
    checks=lambda work: check_value_totals(work.read(GOLD_VALUE_TOTALS), as_of=work.run.as_of),
)
