"""gold.cohort_value: what the customers of each month and channel have brought since, and are expected to bring."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ltv.acquisition import with_attributes
from ltv.customer_summary import of_day, purchase_days
from ltv.customer_value import value_model_of
from ltv.knobs import Scoring
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY_SUM
from warehouse.days import report_day
from warehouse.knobs import Registry, ReportingDay, ValueModelName
from warehouse.numbers import decimal_of
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_cohort_value import GOLD_COHORT_VALUE
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import GOLD_CUSTOMER_VALUE, VALUE_HORIZONS_DAYS
from warehouse.tables.gold_value_totals import GOLD_VALUE_TOTALS
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS

COHORT = ("cohort", "acquisition_channel")
LONGEST = VALUE_HORIZONS_DAYS[-1]


def build_cohort_value(
    conversions: DataFrame,
    summary: DataFrame,
    value: DataFrame,
    totals: DataFrame,
    *,
    as_of: dt.date,
    timezone: str,
    scoring: Scoring,
) -> DataFrame:
    """One row per month of the first purchase, acquisition channel and month since, up to the month of as_of.

    Where customers are scored, months go on to that of the longest horizon. `conversions` is silver.conversions; the
    others are of as_of: `summary` is gold.customer_summary, which has the channels, `value` gold.customer_value and
    `totals` gold.value_totals, both empty without a model. A month without purchases is a row of 0.
    """
    days = purchase_days(conversions, timezone=timezone).where(F.col("day") <= F.lit(as_of))
    months = _months_of_customers(days, summary)
    scored = _scores_of_cohorts(months, value)
    known = _rows(months, scored, as_of).join(_observed(months), [*COHORT, "month"], how="left")
    forecast = known.join(scored, list(COHORT), how="left").join(_widths(totals), "acquisition_channel", how="left")
    return conform(_figures(forecast, as_of=as_of, scoring=scoring), GOLD_COHORT_VALUE)


def _months_of_customers(days: DataFrame, summary: DataFrame) -> DataFrame:
    """One row per customer and month with a purchase: cohort, channel, orders, value, and whether the second purchase
    day is in it."""
    by_day = Window.partitionBy("person_id").orderBy("day")
    numbered = days.select(
        "person_id",
        _first_of_month(F.col("day")).alias("month"),
        "orders",
        "net_value",
        "report_currency",
        _first_of_month(F.min("day").over(Window.partitionBy("person_id"))).alias("cohort"),
        (F.row_number().over(by_day) == F.lit(2)).cast("int").alias("is_second"),
    )
    monthly = numbered.groupBy("person_id", "cohort", "month").agg(
        F.sum("orders").alias("orders"),
        F.sum("net_value").cast(MONEY_SUM).alias("value"),
        F.max("is_second").alias("has_second"),
        F.max("report_currency").alias("currency"),
    )
    return with_attributes(monthly, summary.select("person_id", "acquisition_channel"))


def _observed(months: DataFrame) -> DataFrame:
    return months.groupBy(*COHORT, "month").agg(
        F.count(F.lit(1)).alias("active_customers"),
        F.sum("has_second").alias("second_customers"),
        F.sum("orders").alias("orders"),
        F.sum("value").cast(MONEY_SUM).alias("value"),
    )


def _scores_of_cohorts(months: DataFrame, value: DataFrame) -> DataFrame:
    """One row per cohort and channel with scores: the sums of its customers' clv, by horizon, and how wide the fitted
    parameters make the longest one, as a share of it: of the cohort and of its channel.

    The parameters move all customers together, so their errors add up.
    """
    customers = months.where(F.col("month") == F.col("cohort")).select("person_id", *COHORT)
    longest = F.col(_clv(LONGEST)).cast("double")
    width = F.when(longest > 0, longest * F.ln(F.col(f"{_clv(LONGEST)}_upper").cast("double") / longest))
    clv = value.select("person_id", "model_version", *map(_clv, VALUE_HORIZONS_DAYS), width.alias("width"))
    sums = (
        customers.join(clv, "person_id")
        .groupBy(*COHORT)
        .agg(
            F.max("model_version").alias("model_version"),
            F.coalesce(F.sum("width"), F.lit(0.0)).alias("width"),
            *(F.sum(_clv(days)).cast(MONEY_SUM).alias(_clv(days)) for days in VALUE_HORIZONS_DAYS),
        )
    )
    total, of_channel = F.col(_clv(LONGEST)).cast("double"), Window.partitionBy("acquisition_channel")
    shares = {
        "parameters": _share(F.col("width"), total),
        "channel_parameters": _share(F.sum("width").over(of_channel), F.sum(total).over(of_channel)),
    }
    return sums.withColumns(shares)


def _share(part: Column, whole: Column) -> Column:
    return F.when(whole > F.lit(0.0), part / whole).otherwise(F.lit(0.0))


def _rows(months: DataFrame, scored: DataFrame, as_of: dt.date) -> DataFrame:
    """One row per cohort, channel and age that the table has. Every customer is active at age 0."""
    sizes = (
        months.where(F.col("month") == F.col("cohort"))
        .groupBy(*COHORT)
        .agg(F.count(F.lit(1)).alias("customers"), F.max("currency").alias("currency"))
        .join(scored.select(*COHORT, F.lit(True).alias("is_scored")), list(COHORT), how="left")
    )
    ends = as_of + dt.timedelta(days=LONGEST)
    last = F.when(F.col("is_scored"), F.lit(_number(ends))).otherwise(F.lit(_number(as_of)))
    number = F.year("cohort") * F.lit(12) + F.month("cohort")
    aged = sizes.select("*", F.explode(F.sequence(F.lit(0), last - number)).alias("age")).drop("is_scored")
    return aged.withColumn("month", F.add_months("cohort", F.col("age")))


def _widths(totals: DataFrame) -> DataFrame:
    """One row per channel: by horizon its predicted value, the half width of its interval if the model holds, and the
    model's own error's part of the other interval, both null where there is no finite bound."""
    half, whole = F.col("upper_if_model_holds") - F.col("predicted"), F.col("upper") - F.col("predicted")
    own = F.sqrt(F.greatest(whole * whole - half * half, F.lit(0.0)))

    def at(days: int, figure: Column, name: str) -> Column:
        return F.max(F.when(F.col("days") == F.lit(days), figure)).alias(f"{name}_{days}d")

    return (
        totals.where(F.col("measure") == F.lit("value"))
        .groupBy("acquisition_channel")
        .agg(
            F.max("interval_level").alias("interval_level"),
            *(at(days, F.col("predicted"), "predicted") for days in VALUE_HORIZONS_DAYS),
            *(at(days, half, "half") for days in VALUE_HORIZONS_DAYS),
            *(at(days, own, "own") for days in VALUE_HORIZONS_DAYS),
        )
    )


def _figures(rows: DataFrame, *, as_of: dt.date, scoring: Scoring) -> DataFrame:
    """The columns of the table, of rows with what was observed in the month, and the cohort's and channel's scores."""
    to_date = Window.partitionBy(*COHORT).orderBy("age").rowsBetween(Window.unboundedPreceding, 0)
    before = Window.partitionBy(*COHORT).orderBy("age")
    has_begun, ahead = F.col("month") <= F.lit(as_of), F.datediff(F.last_day("month"), F.lit(as_of))
    # A month that is over has no forecast to wait for.
    predicted = F.when(F.col("ahead") <= F.lit(0), F.lit(0)).otherwise(_between(F.col("ahead"), "clv", places=6))
    rows = (
        rows.withColumn("ahead", F.least(ahead, F.lit(LONGEST)))
        .withColumn("predicted_to_date", predicted.cast(MONEY_SUM))
        .withColumn("value_to_date", F.sum(F.coalesce("value", F.lit(0).cast(MONEY_SUM))).over(to_date))
        .withColumn("seconds_to_date", F.sum(F.coalesce("second_customers", F.lit(0))).over(to_date))
    )
    observed = {name: F.when(has_begun, F.coalesce(name, F.lit(0))) for name in ("active_customers", "orders", "value")}
    margin = F.col("value_to_date").cast("double") * F.lit(scoring.margin)
    counted = rows.withColumns(
        {
            **observed,
            "is_complete": ahead <= F.lit(0),
            "repeat_customers": F.when(has_begun, F.col("seconds_to_date")),
            "predicted_value": F.col("predicted_to_date")
            - F.coalesce(F.lag("predicted_to_date").over(before), F.lit(0).cast(MONEY_SUM)),
            "expected_to_date": decimal_of(margin, places=6) + F.col("predicted_to_date"),
            "margin": F.lit(scoring.margin),
            "as_of": F.lit(as_of),
            "interval_level": F.when(F.col("model_version").isNotNull(), F.col("interval_level")),
        }
    )
    return counted.withColumns(_bounds(margin))


def _bounds(margin: Column) -> dict[str, Column]:
    """Both intervals of margin to date and predicted value. What the channel's interval has beyond parameters is
    chance, of whose variance the cohort has its share of predicted value; the model's own error is in proportion."""
    expected, ahead = F.col("predicted_to_date").cast("double"), F.col("ahead")
    of_channel, half = _between(ahead, "predicted"), _between(ahead, "half")
    share = _share(expected, of_channel)
    parameters, own = expected * F.col("parameters"), _between(ahead, "own") * share
    beyond = half * half - (of_channel * F.col("channel_parameters")) ** F.lit(2.0)
    # An endless interval is null, and greatest would pass over the null.
    chance = F.when(beyond > F.lit(0.0), beyond * share).when(beyond.isNotNull(), F.lit(0.0))
    if_holds = chance + parameters * parameters
    widths = {"_if_model_holds": F.sqrt(if_holds), "": F.sqrt(if_holds + own * own)}
    is_known = F.col("predicted_to_date").isNotNull() & F.col("model_version").isNotNull()
    bounds: dict[str, Column] = {}
    for name, ahead_width in widths.items():
        width = F.when(ahead <= F.lit(0), F.lit(0.0)).otherwise(ahead_width)
        lower = F.greatest(expected - F.coalesce(width, expected), F.lit(0.0))
        bounds[f"lower{name}"] = F.when(is_known, margin + lower)
        bounds[f"upper{name}"] = F.when(is_known, margin + expected + width)
    return bounds


def _between(ahead: Column, name: str, *, places: int | None = None) -> Column:
    """The figure `name` of `ahead` days after as_of: that of a horizon on its last day, and between two horizons on the
    line from one to the other. With `places` a decimal, otherwise a double."""
    figure: Column | None = None
    for start, end in pairwise((0, *VALUE_HORIZONS_DAYS)):
        kind = MONEY_SUM if places else "double"
        low = F.col(f"{name}_{start}d").cast(kind) if start else F.lit(0).cast(kind)
        rise = F.col(f"{name}_{end}d").cast(kind) - low
        part = rise.cast("double") * (ahead - F.lit(start)).cast("double") / F.lit(float(end - start))
        at = low + (decimal_of(part, places=places) if places else part)
        is_here = (ahead > F.lit(start)) & (ahead < F.lit(end))
        figure = F.when(is_here, at) if figure is None else figure.when(is_here, at)
        figure = figure.when(ahead == F.lit(end), F.col(f"{name}_{end}d").cast(kind))
    assert figure is not None, "there is a horizon"
    return figure


def _clv(days: int) -> str:
    return f"clv_{days}d"


def _first_of_month(day: Column) -> Column:
    return F.trunc(day, "month")


def _number(day: dt.date) -> int:
    """The months of the calendar up to a day's."""
    return day.year * 12 + day.month


def check_cohort_value(
    cohorts: DataFrame, conversions: DataFrame, value: DataFrame, *, as_of: dt.date, timezone: str
) -> list[CheckResult]:
    """All cohorts have the customers, purchases and net value of silver.conversions up to as_of, and the predicted
    value of gold.customer_value. A table of another day is not checked."""
    of_as_of = cohorts.where(of_day(as_of))
    known = (F.col("conversion_type") == "purchase") & (report_day("converted_at", timezone) <= F.lit(as_of))
    found = side_by_side(
        of_as_of.agg(
            F.count(F.lit(1)).alias("rows"),
            F.sum(F.when(F.col("age") == F.lit(0), F.col("customers"))).alias("customers"),
            F.sum("orders").alias("orders"),
            F.sum("value").alias("value"),
            F.sum("predicted_value").alias("predicted"),
        ),
        conversions.where(known).agg(
            F.count_distinct("person_id").alias("persons"),
            F.count(F.lit(1)).alias("purchases"),
            F.sum("report_value").alias("net_value"),
        ),
        value.where(of_day(as_of)).agg(F.sum(_clv(LONGEST)).alias("clv")),
    )
    if not found["rows"]:
        return []
    return [
        equal("customers of cohorts are the persons with a purchase up to as_of", found["persons"], found["customers"]),
        equal("orders of cohorts are the purchases up to as_of", found["purchases"], found["orders"]),
        equal("value of cohorts is that of the purchases up to as_of", found["net_value"], found["value"]),
        equal("predicted value of cohorts is that of the customers", found["clv"], found["predicted"]),
    ]


def _build(work: Work) -> DataFrame:
    as_of = of_day(work.run.as_of)
    return build_cohort_value(
        work.read(SILVER_CONVERSIONS),
        work.read(GOLD_CUSTOMER_SUMMARY).where(as_of),
        work.read(GOLD_CUSTOMER_VALUE).where(as_of),
        work.read(GOLD_VALUE_TOTALS).where(as_of),
        as_of=work.run.as_of,
        timezone=work.knobs(ReportingDay).timezone,
        scoring=work.knobs(Scoring),
    )


COHORT_VALUE = Recipe(
    table=GOLD_COHORT_VALUE,
    inputs=(SILVER_CONVERSIONS, GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE, GOLD_VALUE_TOTALS),
    knobs=(Scoring, ReportingDay),
    registered=(Registry, ValueModelName),
    build=_build,
    is_of_day=True,
    models=value_model_of,
    checks=lambda work: check_cohort_value(
        work.read(GOLD_COHORT_VALUE),
        work.read(SILVER_CONVERSIONS),
        work.read(GOLD_CUSTOMER_VALUE),
        as_of=work.run.as_of,
        timezone=work.knobs(ReportingDay).timezone,
    ),
)
