"""gold.channel_performance: cost and credit of each channel, source, medium and campaign, by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from attribution.attribution_credits import credited_models
from attribution.knobs import CreditedTypes, RuleModels
from warehouse.campaign_names import (
    CampaignNames,
    before_changes,
    campaign_names,
    renamed,
    with_known_campaign,
    with_named_campaign,
)
from warehouse.checks import CheckResult, equal
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.frames import stacked
from warehouse.knobs import ReportingCurrency, ReportingDay, Retargeting
from warehouse.numbers import rounded
from warehouse.recipes import Changes, Cut, Recipe, Work
from warehouse.retargeting import is_retargeting
from warehouse.tables.gold_attribution_credits import GOLD_ATTRIBUTION_CREDITS
from warehouse.tables.gold_channel_performance import GOLD_CHANNEL_PERFORMANCE
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND
from warehouse.terms import NOT_SET

DIMENSIONS = ("date", "channel", "source", "medium", "campaign")
DATE_BASES = ("touch", "conversion")
EXACT_MEASURES = ("spend", "impressions", "clicks", "credited_value", "gross_value", "platform_conversion_value")
FLOAT_MEASURES = ("credited_conversions", "new_customers", "platform_conversions")
MEASURES = EXACT_MEASURES + FLOAT_MEASURES


def build_channel_performance(
    credits: DataFrame,
    spend: DataFrame,
    names: CampaignNames,
    *,
    models: Sequence[str],
    conversion_types: Sequence[str],
    retargeting: Retargeting,
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """One row per model, conversion type, date basis, date, channel, source, medium and campaign with credit or spend.

    Credit is dated in the reporting zone twice: by its touch and by its conversion. Spend repeats for each model,
    conversion type and date basis. Sources, media and campaigns are in lower case. Campaigns meet by the platform's id,
    otherwise by their name in the channel, or every name that an id had, and have the name on the row's date and the
    source and medium of their spend (`names`: `campaign_names` of all spend; see `with_known_campaign`).
    """
    dated_credits = credits.select("*", F.explode(_dates(timezone)).alias("dated")).select(
        "*", "dated.date_basis", "dated.date"
    )
    credit_rows = with_known_campaign(dated_credits, names).select(
        "model",
        "conversion_type",
        "date_basis",
        "date",
        "channel",
        "source",
        "medium",
        "campaign",
        F.col("credit").alias("credited_conversions"),
        "credited_value",
        "gross_value",
        F.when(F.col("is_first_purchase"), F.col("credit")).otherwise(F.lit(0.0)).alias("new_customers"),
    )
    spend_rows = with_named_campaign(spend.withColumn("date", F.col("spend_date")), names).select(
        _each(models).alias("model"),
        "date",
        "channel",
        "source",
        "medium",
        "campaign",
        F.col("report_spend").alias("spend"),
        "impressions",
        "clicks",
        "platform_conversions",
        "platform_conversion_value",
    )
    spend_rows = spend_rows.select("*", _each(conversion_types).alias("conversion_type"))
    spend_rows = spend_rows.select("*", _each(DATE_BASES).alias("date_basis"))
    credit_and_spend = stacked(credit_rows, spend_rows)
    labelled = credit_and_spend.withColumns(
        {name: F.coalesce(name, F.lit(NOT_SET)) for name in ("source", "medium", "campaign")}
    )
    totals = labelled.groupBy("model", "conversion_type", "date_basis", *DIMENSIONS).agg(
        *(_total(name) for name in MEASURES)
    )
    return conform(
        totals.withColumns(
            {
                "is_retargeting": is_retargeting(retargeting, text=("campaign", "medium")),
                "currency": F.lit(report_currency),
                "roas": _ratio(F.col("credited_value"), F.col("spend")),
                "cpa": _ratio(F.col("spend"), F.col("credited_conversions")),
            }
        ),
        GOLD_CHANNEL_PERFORMANCE,
    )


@dataclass(frozen=True)
class Dates:
    """A range of dates, both ends included, in the reporting zone."""

    first: date
    last: date

    def contains(self, day: Column) -> Column:
        """Whether a date is one of them."""
        return day.between(F.lit(self.first), F.lit(self.last))

    def of_credits(self, credits: DataFrame, *, timezone: str) -> DataFrame:
        """The credits whose touch or conversion is on one of the dates."""
        return credits.where(
            self._contains_day_of("touched_at", timezone) | self._contains_day_of("converted_at", timezone)
        )

    def _contains_day_of(self, moment: str, timezone: str) -> Column:
        # Literal bounds, wide enough for any time zone: Delta skips the files outside.
        near = F.col(moment).between(F.lit(self.first - timedelta(days=2)), F.lit(self.last + timedelta(days=2)))
        return near & self.contains(report_day(moment, timezone))


def changed_dates(
    credits: DataFrame,
    spend: DataFrame,
    *,
    credit_changes: DataFrame,
    spend_changes: DataFrame,
    renamed_campaigns: DataFrame,
    timezone: str,
) -> DataFrame:
    """One row, first and last: the range of dates whose rows may differ; null where nothing changed.

    It covers the dates of changed credits and changed spend (change feeds), and of all credits and spend of
    `renamed_campaigns` (column campaign_key).
    """
    keys = F.broadcast(renamed_campaigns)

    def of_renamed(frame: DataFrame, *columns: str) -> DataFrame:
        by_id, by_name = (
            frame.join(keys, F.lower(name) == F.col("campaign_key"), how="left_semi").select(*columns)
            for name in ("campaign_id", "campaign")
        )
        return by_id.unionByName(by_name)

    moments = ("touched_at", "converted_at")
    credit_moments = credit_changes.select(*moments).unionByName(of_renamed(credits, *moments))
    touched, converted = (report_day(moment, timezone) for moment in moments)
    credit_ranges = credit_moments.select(
        F.least(touched, converted).alias("from"), F.greatest(touched, converted).alias("to")
    )
    spend_dates = spend_changes.select("spend_date").unionByName(of_renamed(spend, "spend_date"))
    ranges = credit_ranges.unionAll(spend_dates.select("spend_date", "spend_date"))
    return ranges.agg(F.min("from").alias("first"), F.max("to").alias("last"))


def _total(name: str) -> Column:
    total = F.coalesce(F.sum(name), F.lit(0))
    # Spark adds doubles in any order: without rounding, the last bits would differ from run to run.
    return (rounded(total, 9) if name in FLOAT_MEASURES else total).alias(name)


def _dates(timezone: str) -> Column:
    def dated(basis: str, moment: str) -> Column:
        return F.struct(F.lit(basis).alias("date_basis"), report_day(moment, timezone).alias("date"))

    return F.array(dated("touch", "touched_at"), dated("conversion", "converted_at"))


def _each(names: Sequence[str]) -> Column:
    return F.explode(F.array(*(F.lit(name) for name in names)))


def _ratio(part: Column, whole: Column) -> Column:
    return F.when(whole > 0, part.cast("double") / whole.cast("double"))


def check_performance(credits: DataFrame, spend: DataFrame, performance: DataFrame) -> list[CheckResult]:
    """Per model, conversion type and date basis: channel_performance has the totals of the credits and of the spend."""
    measures = ("credit", "credited_value", "gross_value")
    credit_totals = {
        (row["model"], row["conversion_type"]): row
        for row in credits.groupBy("model", "conversion_type")
        .agg(*(F.sum(name).alias(name) for name in measures))
        .collect()
    }
    total_spend = spend.agg(F.sum("report_spend").alias("spend")).collect()[0]["spend"]
    performance_totals = {
        (row["model"], row["conversion_type"], row["date_basis"]): row
        for row in performance.groupBy("model", "conversion_type", "date_basis")
        .agg(
            F.sum("credited_conversions").alias("credit"),
            *(F.sum(name).alias(name) for name in ("credited_value", "gross_value", "spend")),
        )
        .collect()
    }
    models = sorted({model for model, *_ in [*credit_totals, *performance_totals]})
    types = sorted({type_ for _, type_, *_ in [*credit_totals, *performance_totals]})
    results = []
    # Every combination, so that a slice that is missing entirely is found too.
    for model, type_, basis in product(models, types, DATE_BASES):
        credited, row = credit_totals.get((model, type_)), performance_totals.get((model, type_, basis))
        name = f"performance of {model}, {type_}, by {basis}"
        results += [
            equal(f"{name}: conversions", credited["credit"] if credited else 0.0, row["credit"] if row else 0.0),
            equal(f"{name}: value", credited["credited_value"] if credited else 0, row["credited_value"] if row else 0),
            equal(f"{name}: gross value", credited["gross_value"] if credited else 0, row["gross_value"] if row else 0),
            equal(f"{name}: spend", total_spend, row["spend"] if row else 0),
        ]
    return results


def _changed_dates(work: Work) -> Dates | None:
    """The dates whose rows an update may change; None for no date."""
    assert work.changes is not None
    spend, spend_changes = work.read(SILVER_AD_SPEND), work.changes[SILVER_AD_SPEND]
    changed = changed_dates(
        work.read(GOLD_ATTRIBUTION_CREDITS),
        spend,
        credit_changes=work.changes[GOLD_ATTRIBUTION_CREDITS],
        spend_changes=spend_changes,
        renamed_campaigns=renamed(campaign_names(spend), campaign_names(before_changes(spend, spend_changes))),
        timezone=work.knobs(ReportingDay).timezone,
    ).first()
    return None if changed is None or changed["first"] is None else Dates(changed["first"], changed["last"])


def _of_changed_dates(work: Work) -> Cut | None:
    dates = work.once(_changed_dates)
    return None if dates is None else lambda frame: frame.where(dates.contains(F.col("date")))


def _build(work: Work) -> DataFrame:
    credits, spend = work.read(GOLD_ATTRIBUTION_CREDITS), work.read(SILVER_AD_SPEND)
    timezone, names = work.knobs(ReportingDay).timezone, campaign_names(spend).kept(work.persist)
    if work.changes is not None and (dates := work.once(_changed_dates)) is not None:
        credits, spend = dates.of_credits(credits, timezone=timezone), spend.where(dates.contains(F.col("spend_date")))
    return build_channel_performance(
        credits,
        spend,
        names,
        models=credited_models(work),
        conversion_types=work.knobs(CreditedTypes).conversion_types,
        retargeting=work.knobs(Retargeting),
        timezone=timezone,
        report_currency=work.knobs(ReportingCurrency).currency,
    )


PERFORMANCE = Recipe(
    table=GOLD_CHANNEL_PERFORMANCE,
    inputs=(GOLD_ATTRIBUTION_CREDITS, SILVER_AD_SPEND),
    knobs=(RuleModels, CreditedTypes, Retargeting, ReportingDay, ReportingCurrency),
    build=_build,
    changes=Changes(follows=(GOLD_ATTRIBUTION_CREDITS, SILVER_AD_SPEND)),
    scope=_of_changed_dates,
    checks=lambda work: check_performance(
        work.read(GOLD_ATTRIBUTION_CREDITS), work.read(SILVER_AD_SPEND), work.read(GOLD_CHANNEL_PERFORMANCE)
    ),
)
