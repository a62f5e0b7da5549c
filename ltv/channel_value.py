"""gold.channel_value: what customers won by each channel and campaign cost and bring."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ltv.channel_figures import PREDICTED, with_figures
from ltv.customer_summary import of_day, purchase_days
from ltv.customer_value import champion_of, scorer, value_model_of
from ltv.intervals import quantile
from ltv.knobs import AcquisitionWindow, Scoring
from ltv.own_error import OwnError
from ltv.payback import margin_by_age, predicted_within, with_payback
from warehouse.campaign_names import CampaignNames, campaign_names, with_known_campaign
from warehouse.checks import CheckResult, at_most
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.frames import stacked
from warehouse.knobs import CreditStart, Registry, ReportingCurrency, ReportingDay, ValueModelName
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_attribution_credits import GOLD_ATTRIBUTION_CREDITS
from warehouse.tables.gold_channel_performance import GOLD_CHANNEL_PERFORMANCE
from warehouse.tables.gold_channel_value import GOLD_CHANNEL_VALUE, LEVELS, LIFETIME_DAYS
from warehouse.tables.gold_customer_value import GOLD_CUSTOMER_VALUE, VALUE_HORIZONS_DAYS
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.terms import ALL_CAMPAIGNS, NOT_SET

KEY = GOLD_CHANNEL_VALUE.key
CLV = tuple(f"clv_{days}d" for days in VALUE_HORIZONS_DAYS)
HALF_A_CENT = 0.005


@dataclass(frozen=True)
class Days:
    """The days whose spend and first purchases are set side by side: from `first` to `as_of`, in `timezone`."""

    first: dt.date
    as_of: dt.date
    timezone: str

    @classmethod
    def of(cls, as_of: dt.date, window: AcquisitionWindow, start: CreditStart, zone: ReportingDay) -> Days:
        """The last `acquisition_days` up to as_of, none of them before the first day whose conversions get credit."""
        first = as_of - dt.timedelta(days=window.acquisition_days - 1)
        return cls(max(first, start.start_date or first), as_of, zone.timezone)

    def contain(self, day: Column) -> Column:
        """Whether a date is one of them."""
        return day.between(F.lit(self.first), F.lit(self.as_of))


def build_channel_value(
    credits: DataFrame,
    performance: DataFrame,
    conversions: DataFrame,
    value: DataFrame,
    names: CampaignNames,
    *,
    days: Days,
    scoring: Scoring,
    own_error: OwnError,
    currency: str,
    model_version: str | None,
    keep: Callable[[DataFrame], DataFrame] = lambda frame: frame,
) -> DataFrame:
    """One row per model and channel, and per model, channel and campaign, with spend, new customers or other credit.

    A customer belongs to the channels that the model credits with the first purchase, by their credit, dated by the
    conversion and under the campaigns of gold.channel_performance (`names`). `value` is gold.customer_value as of the
    last day, empty without a model; `own_error` is that of the model's totals of value, `model_version` its version,
    None without one. Frames that are read several times are as `keep` gives them back.

    The interval of ltv_to_cac is symmetric on the log scale. Customers come at random and each brings what it brings,
    so the variance of their total is the sum of the squares of what each brings (a compound Poisson distribution), and
    its quantile is Student's. The parameters of the value model move all predictions together: their errors add up.
    """
    purchases = keep(_purchases(credits, names, days))
    weights = keep(_by_level(purchases.where(F.col("is_first_purchase")), "credit", "person_id"))
    bought = purchase_days(conversions, timezone=days.timezone).where(F.col("day") <= F.lit(days.as_of))
    customers = keep(_customers(bought, value, days=days, scoring=scoring))
    won = weights.join(customers, "person_id")
    new = purchases.where(F.col("is_first_purchase")).select("model", "person_id").distinct()
    returning = _by_level(purchases.join(new, ["model", "person_id"], how="left_anti"), "credited_value")
    spend = _by_level(
        performance.where(
            (F.col("conversion_type") == F.lit("purchase"))
            & (F.col("date_basis") == F.lit("conversion"))
            & days.contain(F.col("date"))
        ),
        "spend",
    )
    parts = stacked(stacked(_totals(won), spend), returning.withColumnRenamed("credited_value", "returning_value"))
    rows = parts.groupBy(*KEY).agg(*(F.sum(name).alias(name) for name in parts.columns if name not in KEY))
    rows = keep(rows.withColumn("model_version", F.lit(model_version).cast("string")))
    rises = (
        weights.join(margin_by_age(bought, customers, margin=scoring.margin), "person_id")
        .groupBy(*KEY, "age")
        .agg(*(F.sum(F.col("credit") * F.col(name)).alias(name) for name in ("gained", "daily")))
    )
    figures = with_figures(with_payback(rises, rows, KEY), scoring=scoring, own_error=own_error)
    labels = {
        "first_day": F.lit(days.first),
        "as_of": F.lit(days.as_of),
        "interval_level": F.when(F.col("model_version").isNotNull(), F.lit(scoring.interval_level)),
        "margin": F.lit(scoring.margin),
        "currency": F.lit(currency),
    }
    return conform(figures.withColumns(labels), GOLD_CHANNEL_VALUE)


def _purchases(credits: DataFrame, names: CampaignNames, days: Days) -> DataFrame:
    """The credits of the purchases of these days, under the campaigns of spend."""
    dated = credits.where(F.col("conversion_type") == F.lit("purchase")).withColumn(
        "date", report_day("converted_at", days.timezone)
    )
    known = with_known_campaign(dated.where(days.contain(F.col("date"))), names)
    return known.select(
        *("model", "person_id", "is_first_purchase", "credit", "credited_value", "channel"),
        F.coalesce("campaign", F.lit(NOT_SET)).alias("campaign"),
    )


def _by_level(rows: DataFrame, measure: str, *more: str) -> DataFrame:
    """The sums of a measure by model, level, channel and campaign, and by `more` columns."""
    of_level = rows.withColumn("level", F.explode(F.array(*map(F.lit, LEVELS))))
    campaign = F.when(F.col("level") == F.lit("campaign"), F.col("campaign")).otherwise(F.lit(ALL_CAMPAIGNS))
    named = of_level.withColumn("campaign", campaign)
    return named.groupBy(*KEY, *more).agg(F.sum(measure).alias(measure))


def _customers(bought: DataFrame, value: DataFrame, *, days: Days, scoring: Scoring) -> DataFrame:
    """One row per customer won in these days: first_day, age as of the last day, net value to date, clv by horizon, the
    margin predicted up to an age of LIFETIME_DAYS and its standard error; null without a score."""
    won = (
        bought.groupBy("person_id")
        .agg(F.min("day").alias("first_day"), F.sum("net_value").cast("double").alias("net_value"))
        .where(days.contain(F.col("first_day")))
        .withColumn("age", F.datediff(F.lit(days.as_of), "first_day"))
    )
    longest = F.col(CLV[-1]).cast("double")
    upper = F.col(f"{CLV[-1]}_upper").cast("double")
    error = F.when(longest > F.lit(0.0), F.ln(upper / longest) / F.lit(quantile(scoring.interval_level)))
    scores = value.select("person_id", *CLV, F.coalesce(error, F.lit(0.0)).alias("relative_error"))
    predicted = predicted_within(F.lit(LIFETIME_DAYS) - F.col("age"))
    return (
        won.join(scores, "person_id", how="left")
        .withColumn("predicted", predicted)
        .withColumn("error", predicted * F.col("relative_error"))
        .withColumn("lifetime_value", F.col("net_value") * F.lit(scoring.margin) + predicted)
    )


def _totals(won: DataFrame) -> DataFrame:
    """The sums over customers, each by its credit, and what the variance of lifetime_value is made of."""

    def total(name: str) -> Column:
        return F.sum(F.col("credit") * F.col(name).cast("double"))

    return won.groupBy(*KEY).agg(
        F.sum("credit").alias("new_customers"),
        total("net_value").alias("value_to_date"),
        *(total(clv).alias(predicted) for clv, predicted in zip(CLV, PREDICTED, strict=True)),
        total("lifetime_value").alias("lifetime_value"),
        total("predicted").alias("predicted"),
        total("error").alias("error"),
        F.sum((F.col("credit") * F.col("lifetime_value")) ** F.lit(2.0)).alias("squares"),
    )


def check_channel_value(
    channels: DataFrame, spend: DataFrame, conversions: DataFrame, value: DataFrame, *, days: Days
) -> list[CheckResult]:
    """Channels, and campaigns, of each model have all spend of these days, the first purchases of these days, all net
    value of these customers, and what gold.customer_value expects of them: to half a cent. A table of another day is
    not checked."""
    measures = ("spend", "new_customers", "value_to_date", f"predicted_{LIFETIME_DAYS}d")
    rows = (
        channels.where(of_day(days.as_of))
        .groupBy("model", "level")
        .agg(*(F.sum(name).alias(name) for name in measures))
        .collect()
    )
    if not rows:
        return []
    day = report_day("converted_at", days.timezone)
    purchases = conversions.where((F.col("conversion_type") == "purchase") & (day <= F.lit(days.as_of)))
    won = purchases.where(F.col("is_first_purchase") & days.contain(day)).select("person_id").distinct()
    scores = value.where(of_day(days.as_of)).select("person_id", CLV[-1])
    net = purchases.groupBy("person_id").agg(F.sum("report_value").alias("net_value"))
    (expected,) = (
        won.join(net, "person_id", how="left")
        .join(scores, "person_id", how="left")
        .agg(
            F.count(F.lit(1)).alias("new_customers"),
            F.sum("net_value").alias("value_to_date"),
            F.sum(CLV[-1]).alias(f"predicted_{LIFETIME_DAYS}d"),
        )
        .crossJoin(spend.where(days.contain(F.col("spend_date"))).agg(F.sum("report_spend").alias("spend")))
        .collect()
    )
    results = []
    for level in LEVELS:
        of_level = [row for row in rows if row["level"] == level]
        for measure in measures:
            off, model = max(
                ((abs(float(row[measure] or 0) - float(expected[measure] or 0)), row["model"]) for row in of_level),
                default=(float("inf"), "none"),
            )
            name = f"{measure} of all {level}s, furthest from what it should be"
            results.append(at_most(name, HALF_A_CENT, off, detail=f"model {model}"))
    return results


def _days(work: Work) -> Days:
    return Days.of(work.run.as_of, work.knobs(AcquisitionWindow), work.knobs(CreditStart), work.knobs(ReportingDay))


def _build(work: Work) -> DataFrame:
    version = champion_of(work.run)
    own = scorer(work.run, version).backtest.own_error("value") if version else OwnError(0.0, 0.0, 0)
    return build_channel_value(
        work.read(GOLD_ATTRIBUTION_CREDITS),
        work.read(GOLD_CHANNEL_PERFORMANCE),
        work.read(SILVER_CONVERSIONS),
        work.read(GOLD_CUSTOMER_VALUE).where(of_day(work.run.as_of)),
        campaign_names(work.read(SILVER_AD_SPEND)).kept(work.persist),
        days=_days(work),
        scoring=work.knobs(Scoring),
        own_error=own,
        currency=work.knobs(ReportingCurrency).currency,
        model_version=version,
        keep=work.persist,
    )


CHANNEL_VALUE = Recipe(
    table=GOLD_CHANNEL_VALUE,
    inputs=(
        GOLD_ATTRIBUTION_CREDITS,
        GOLD_CHANNEL_PERFORMANCE,
        SILVER_CONVERSIONS,
        GOLD_CUSTOMER_VALUE,
        SILVER_AD_SPEND,
    ),
    knobs=(Scoring, AcquisitionWindow, CreditStart, ReportingDay, ReportingCurrency),
    registered=(Registry, ValueModelName),
    build=_build,
    is_of_day=True,
    models=value_model_of,
    checks=lambda work: check_channel_value(
        work.read(GOLD_CHANNEL_VALUE),
        work.read(SILVER_AD_SPEND),
        work.read(SILVER_CONVERSIONS),
        work.read(GOLD_CUSTOMER_VALUE),
        days=_days(work),
    ),
)
