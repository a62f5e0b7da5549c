"""Purchase histories per customer: the four numbers that value models need, and the tables they are fitted on.

A purchase day is a calendar day in the reporting zone with at least one counted purchase. A fully refunded order still
makes its day a purchase day, with net value 0: the customer did buy, which is evidence that the customer is still
active; the value is a separate model. (Cancelled orders are no conversions and are not counted.) A refund reduces the
value of the day of its sale, whenever it happened, so a summary of an old as_of has the values as known today.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ltv.acquisition import acquisitions, with_attributes
from ltv.knobs import Retention, SummaryUnit
from ltv.mbg_cnbd_k import Gaps
from ltv.scorer import DAYS_PER_UNIT
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY_SUM
from warehouse.days import report_day
from warehouse.knobs import ReportingDay
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

LEAST_RHYTHM_DAYS = 10  # of two gaps together; below, whole days decide how even they are
BUCKETS = 1 << 20  # of a hash of person_id, by which customers are drawn


def build_customer_summary(
    conversions: DataFrame, acquisition: DataFrame, *, as_of: dt.date, timezone: str, unit: SummaryUnit
) -> DataFrame:
    """gold.customer_summary: one row per person with a purchase up to the end of as_of (inclusive, reporting zone).

    `conversions` is silver.conversions, `acquisition` the result of `acquisitions`; a person without a row there is
    '(unattributed)' in all attributes. frequency = distinct purchase days - 1; recency and T are date differences,
    divided by 7 and not rounded where time_unit is weeks; monetary_value is the mean net value of the purchase days
    after the first, 0 without any. Several orders on one day are one purchase day with the sum of their values.
    """
    days = purchase_days(conversions, timezone=timezone)
    histories = purchase_histories(days, as_of=as_of, time_unit=unit.time_unit)
    return conform(with_attributes(histories, acquisition).withColumn("as_of", F.lit(as_of)), GOLD_CUSTOMER_SUMMARY)


def purchase_days(conversions: DataFrame, *, timezone: str) -> DataFrame:
    """One row per person and purchase day: orders, net_value (reporting currency), first and last order of the day."""
    day = report_day("converted_at", timezone)
    return (
        conversions.where(F.col("conversion_type") == "purchase")
        .groupBy("person_id", day.alias("day"))
        .agg(
            F.count("*").alias("orders"),
            F.sum("report_value").cast(MONEY_SUM).alias("net_value"),
            F.max("report_currency").alias("report_currency"),
            F.min("converted_at").alias("first_order_at"),
            F.max("converted_at").alias("last_order_at"),
        )
    )


def purchase_histories(days: DataFrame, *, as_of: dt.date, time_unit: str) -> DataFrame:
    """One row per person with a purchase day up to as_of: the summary without as_of and attributes.

    `days` is the result of `purchase_days`.
    """
    first_day, last_day = F.min("day"), F.max("day")
    repeat_value = (F.col("net_value") - F.col("first_day_value")).cast(MONEY_SUM)
    # An engine's own quotient has 10 places or more: rounding it to the 6 of money is exact, cut off or not.
    mean_repeat_value = F.when(F.col("frequency") > 0, repeat_value / F.col("frequency")).otherwise(F.lit(0))
    return (
        days.where(F.col("day") <= F.lit(as_of))
        .groupBy("person_id")
        .agg(
            (F.count("*") - 1).alias("frequency"),
            _units(F.datediff(last_day, first_day), time_unit).alias("recency"),
            _units(F.datediff(F.lit(as_of), first_day), time_unit).alias("T"),
            F.sum("orders").alias("orders"),
            F.sum("net_value").cast(MONEY_SUM).alias("net_value"),
            F.min_by("net_value", "day").alias("first_day_value"),
            F.max("report_currency").alias("currency"),
            F.min("first_order_at").alias("first_order_at"),
            F.max("last_order_at").alias("last_order_at"),
        )
        .withColumn("monetary_value", mean_repeat_value.cast(MONEY_SUM))
        .drop("first_day_value")
    )


def count_holdout(
    histories: DataFrame, days: DataFrame, *, cutoff: dt.date, until: dt.date, covariates: Sequence[str] = ()
) -> DataFrame:
    """Purchases after `cutoff` of the customers known at it: one row per history and outcome, with its customers.

    `histories` are as of `cutoff`, `days` is the result of `purchase_days`. Columns: frequency, recency, T, covariates,
    holdout_purchases (purchase days in (cutoff, until]), customers (how many share all these), monetary_value (their
    mean) and holdout_value (net value of their purchase days in the period, summed). It is small enough for
    one machine: there is no row per customer.
    """
    in_holdout = (F.col("day") > F.lit(cutoff)) & (F.col("day") <= F.lit(until))
    outcome = (
        days.where(in_holdout)
        .groupBy("person_id")
        .agg(F.count("*").alias("purchases"), F.sum("net_value").alias("value"))
    )
    return (
        histories.join(outcome, on="person_id", how="left")
        .groupBy("frequency", "recency", "T", *covariates, F.coalesce("purchases", F.lit(0)).alias("holdout_purchases"))
        .agg(
            F.count("*").alias("customers"),
            F.avg(F.col("monetary_value").cast("double")).alias("monetary_value"),
            F.coalesce(F.sum(F.col("value").cast("double")), F.lit(0.0)).alias("holdout_value"),
        )
    )


def count_histories(histories: DataFrame, covariates: Sequence[str] = ()) -> DataFrame:
    """Distinct (frequency, recency, T, covariates) with the number of customers that share it: what a fit needs."""
    return histories.groupBy("frequency", "recency", "T", *covariates).agg(F.count("*").alias("customers"))


def count_spend(histories: DataFrame) -> DataFrame:
    """Distinct (frequency, monetary_value) with the number of customers, of customers with repeat purchases.

    Customers whose repeat purchases are worth nothing (all refunded) are left out: the Gamma-Gamma takes only
    positive values.
    """
    has_value = (F.col("frequency") > 0) & (F.col("monetary_value") > 0)
    return (
        histories.where(has_value)
        .groupBy("frequency", F.col("monetary_value").cast("double").alias("monetary_value"))
        .agg(F.count("*").alias("customers"))
    )


def daily_purchases(days: DataFrame, *, until: dt.date) -> DataFrame:
    """Per day up to `until`: how many customers bought for the first time, and how many bought again (days in order).

    `days` is the result of `purchase_days`. Columns day, first_purchases, repeat_purchases; a day without
    purchases has no row.
    """
    counted = days.where(F.col("day") <= F.lit(until))
    first = counted.groupBy("person_id").agg(F.min("day").alias("day")).groupBy("day").agg(F.count("*").alias("first"))
    first_purchases = F.coalesce("first", F.lit(0))
    return (
        counted.groupBy("day")
        .agg(F.count("*").alias("buyers"))
        .join(first, on="day", how="left")
        .select(
            "day",
            first_purchases.alias("first_purchases"),
            (F.col("buyers") - first_purchases).alias("repeat_purchases"),
        )
        .orderBy("day")
    )


def purchase_rhythm(days: DataFrame, *, until: dt.date) -> DataFrame:
    """One row: pairs, the customers whose last two gaps between purchase days are known, and how uneven these are.

    `days` is the result of `purchase_days`. `unevenness` is the mean of (g / (g + h) - 1/2)^2 for gaps g and h, null
    without any. Gaps of a few days are left out: whole days make them even.
    """
    newest = F.slice(F.sort_array(F.collect_list("day"), asc=False), 1, 3)
    of_person = days.where(F.col("day") <= F.lit(until)).groupBy("person_id").agg(newest.alias("newest"))
    last, second, third = (F.get("newest", F.lit(place)) for place in range(3))
    both = F.datediff(last, third).cast("double")
    share = F.datediff(last, second).cast("double") / both
    return (
        of_person.where(F.size("newest") == F.lit(3))
        .where(both >= F.lit(float(LEAST_RHYTHM_DAYS)))
        .agg(F.count("*").alias("pairs"), F.avg((share - F.lit(0.5)) ** 2).alias("unevenness"))
    )


def count_gaps(days: DataFrame, shares: Mapping[dt.date, float], *, seed: int, time_unit: str) -> dict[dt.date, Gaps]:
    """All gaps between purchase days up to each date, of the share of the persons that `draw_customers` draws.

    `days` is the result of `purchase_days`. One pass for all dates.
    """
    before = F.lag("day").over(Window.partitionBy("person_id").orderBy("day"))
    gaps = days.select("person_id", "day", F.log(_units(F.datediff("day", before), time_unit)).alias("log_gap"))
    counted = {
        date: F.when((F.col("day") <= F.lit(date)) & is_drawn(share=share, seed=seed), F.col("log_gap"))
        for date, share in shares.items()
    }
    found = gaps.agg(
        *(F.count(gap).alias(f"number_{date}") for date, gap in counted.items()),
        *(F.sum(gap).alias(f"log_total_{date}") for date, gap in counted.items()),
    ).collect()[0]
    return {date: Gaps(found[f"number_{date}"], found[f"log_total_{date}"] or 0.0) for date in shares}


def draw_customers(histories: DataFrame, *, share: float, seed: int) -> DataFrame:
    """The rows of about this share of the persons, always the same ones for a seed; all rows where share is 1."""
    return histories if share >= 1 else histories.where(is_drawn(share=share, seed=seed))


def is_drawn(*, share: float, seed: int) -> Column:
    """Whether a row's person is among this share of all."""
    return F.pmod(F.xxhash64("person_id", F.lit(seed)), F.lit(BUCKETS)) < F.lit(int(share * BUCKETS))


def _units(days: Column, time_unit: str) -> Column:
    return days / F.lit(float(DAYS_PER_UNIT[time_unit]))


def check_customer_summary(
    summary: DataFrame, conversions: DataFrame, *, as_of: dt.date, timezone: str
) -> list[CheckResult]:
    """The customers of as_of have every purchase up to it, with its value. A day without rows is not checked."""
    customers = summary.where(F.col("as_of") == F.lit(as_of))
    known = (F.col("conversion_type") == "purchase") & (report_day("converted_at", timezone) <= F.lit(as_of))
    found = side_by_side(
        customers.agg(
            F.count(F.lit(1)).alias("rows"), F.sum("orders").alias("orders"), F.sum("net_value").alias("net")
        ),
        conversions.where(known).agg(F.count(F.lit(1)).alias("purchases"), F.sum("report_value").alias("value")),
    )
    if not found["rows"]:
        return []
    return [
        equal("orders of customers are the purchases up to as_of", found["purchases"], found["orders"]),
        equal("net value of customers is that of the purchases up to as_of", found["value"], found["net"]),
    ]


def of_day(as_of: dt.date) -> str:
    """SQL of the rows of a day in a table of customers."""
    return f"as_of = DATE'{as_of}'"


def of_run_day(work: Work) -> str:
    """SQL of the rows of the run's day."""
    return of_day(work.run.as_of)


def expired_days(work: Work) -> str:
    """SQL of the rows that are older than ltv.keep_days, except those of the last day of a month."""
    oldest = work.run.as_of - dt.timedelta(days=work.run.knobs(Retention).keep_days)
    return f"as_of < DATE'{oldest}' AND as_of <> last_day(as_of)"


def _build(work: Work) -> DataFrame:
    return build_customer_summary(
        work.read(SILVER_CONVERSIONS),
        acquisitions(work.read(SILVER_JOURNEYS)),
        as_of=work.run.as_of,
        timezone=work.knobs(ReportingDay).timezone,
        unit=work.knobs(SummaryUnit),
    )


CUSTOMER_SUMMARY = Recipe(
    table=GOLD_CUSTOMER_SUMMARY,
    inputs=(SILVER_CONVERSIONS, SILVER_JOURNEYS),
    knobs=(SummaryUnit, ReportingDay),
    build=_build,
    is_of_day=True,
    slice=of_run_day,
    expired=expired_days,
    checks=lambda work: check_customer_summary(
        work.read(GOLD_CUSTOMER_SUMMARY),
        work.read(SILVER_CONVERSIONS),
        as_of=work.run.as_of,
        timezone=work.knobs(ReportingDay).timezone,
    ),
)
