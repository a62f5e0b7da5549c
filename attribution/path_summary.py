"""gold.path_summary: journeys, conversions and value of each sequence of channels."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.change_feed import change_sign
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY_SUM
from warehouse.knobs import ReportingCurrency
from warehouse.numbers import rounded
from warehouse.recipes import Changes, Cut, Recipe, Work
from warehouse.tables.gold_path_summary import GOLD_PATH_SUMMARY
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

SECONDS_PER_DAY = 86_400
MICROSECOND = Decimal("0.000001")  # in seconds, decimal, so that sums are exact
PATH = ("conversion_type", "path")
MEASURES = ("conversions", "non_conversions", "value", "seconds_to_convert")


def build_path_summary(journeys: DataFrame, *, report_currency: str) -> DataFrame:
    """One row per conversion type and channel path of `journeys`, converting and not.

    days_to_convert is the mean time from the first touch to the conversion, of the conversions with a touch.
    """
    return _summed(_journey_measures(journeys.withColumn("sign", F.lit(1))), report_currency=report_currency)


def update_path_summary(stored: DataFrame, changes: DataFrame, *, report_currency: str) -> DataFrame:
    """`stored` (rows of path_summary) after `changes` (the change feed of silver.journeys); all sums are exact."""
    changed = _journey_measures(changes.withColumn("sign", change_sign()))
    before = stored.select(*PATH, *MEASURES, F.lit(1).alias("sign"))
    return _summed(before.unionByName(changed), report_currency=report_currency)


def paths_of_journeys(journeys: DataFrame) -> DataFrame:
    """conversion_type and path (of channels) of every journey."""
    return _journey_measures(journeys.withColumn("sign", F.lit(1))).select(*PATH)


def _journey_measures(journeys: DataFrame) -> DataFrame:
    converted = F.col("conversion_id").isNotNull()
    first = F.get("path", F.lit(0))["touched_at"]
    micros = F.when(converted, F.unix_micros("ended_at") - F.unix_micros(first))
    return journeys.select(
        "conversion_type",
        F.col("path.channel").alias("path"),
        converted.cast("bigint").alias("conversions"),
        (~converted).cast("bigint").alias("non_conversions"),
        F.col("report_value").alias("value"),
        (F.coalesce(micros, F.lit(0)).cast("decimal(20,0)") * F.lit(MICROSECOND))
        .cast(MONEY_SUM)
        .alias("seconds_to_convert"),
        "sign",
    )


def _summed(measured: DataFrame, *, report_currency: str) -> DataFrame:
    summed = measured.groupBy(*PATH).agg(*(F.sum(F.col(name) * F.col("sign")).alias(name) for name in MEASURES))
    has_time = (F.col("conversions") > 0) & (F.size("path") > 0)
    days = F.col("seconds_to_convert").cast("double") / SECONDS_PER_DAY / F.col("conversions")
    summary = summed.where(F.col("conversions") + F.col("non_conversions") > 0).withColumns(
        {"days_to_convert": F.when(has_time, rounded(days, 9)), "currency": F.lit(report_currency)}
    )
    return conform(summary, GOLD_PATH_SUMMARY)


def check_paths(journeys: DataFrame, paths: DataFrame) -> list[CheckResult]:
    """path_summary counts every journey once, with its value."""
    found = side_by_side(
        journeys.agg(
            F.count("conversion_id").alias("conversions"),
            F.count_if(F.col("conversion_id").isNull()).alias("others"),
            F.sum("report_value").alias("value"),
        ),
        paths.agg(
            F.sum("conversions").alias("path_conversions"),
            F.sum("non_conversions").alias("path_others"),
            F.sum("value").alias("path_value"),
        ),
    )
    return [
        equal("converting journeys in path_summary", found["conversions"], found["path_conversions"]),
        equal("journeys without conversion in path_summary", found["others"], found["path_others"]),
        equal("value of journeys in path_summary", found["value"], found["path_value"]),
    ]


def _changed_paths(work: Work) -> DataFrame:
    assert work.changes is not None
    return work.stage("paths", paths_of_journeys(work.changes[SILVER_JOURNEYS]).distinct())


def _of_changed_paths(work: Work) -> Cut:
    paths = work.once(_changed_paths)
    return lambda frame: frame.join(paths, list(PATH), how="left_semi")


def _build(work: Work) -> DataFrame:
    currency = work.knobs(ReportingCurrency).currency
    if work.changes is None:
        return build_path_summary(work.read(SILVER_JOURNEYS), report_currency=currency)
    stored = _of_changed_paths(work)(work.read(GOLD_PATH_SUMMARY))
    return update_path_summary(stored, work.changes[SILVER_JOURNEYS], report_currency=currency)


PATHS = Recipe(
    table=GOLD_PATH_SUMMARY,
    inputs=(SILVER_JOURNEYS,),
    knobs=(ReportingCurrency,),
    build=_build,
    # Its own base: changes that were already added must not be added again.
    changes=Changes(follows=(SILVER_JOURNEYS,)),
    scope=_of_changed_paths,
    adds_up=True,
    checks=lambda work: check_paths(work.read(SILVER_JOURNEYS), work.read(GOLD_PATH_SUMMARY)),
)
