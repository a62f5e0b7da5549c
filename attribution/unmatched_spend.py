"""gold.unmatched_spend: campaigns with spend that no touch meets, beside paid touches that no spend meets."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, GroupedData
from pyspark.sql import functions as F

from attribution.attribution_credits import credited_models
from attribution.journeys import is_no_abuse
from attribution.knobs import PaidChannels, RuleModels
from warehouse.campaign_names import CampaignNames, campaign_names, with_known_campaign, with_named_campaign
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.frames import stacked
from warehouse.knobs import ReportingCurrency, ReportingDay
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.gold_channel_performance import GOLD_CHANNEL_PERFORMANCE
from warehouse.tables.gold_unmatched_spend import GOLD_UNMATCHED_SPEND
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS
from warehouse.terms import NOT_SET

CAMPAIGN = ("channel", "source", "medium", "campaign")
PREFERRED_MODEL = "last_touch"


def build_unmatched_spend(
    touchpoints: DataFrame,
    spend: DataFrame,
    performance: DataFrame,
    names: CampaignNames,
    *,
    paid_channels: Sequence[str],
    model: str,
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """One row per campaign that has spend and no touch, or touches of a channel of `paid_channels` and no spend.

    Touches and spend meet under the names of gold.channel_performance (`names`: `campaign_names` of all spend), on
    whatever days they are. Credit is that of `performance` under one model.
    """
    spent, touched = spend_by_campaign(spend, names), touches_by_campaign(touchpoints, names, timezone=timezone)
    is_of_model = (F.col("model") == model) & (F.col("date_basis") == "touch")
    credited = performance.where(is_of_model).groupBy(*CAMPAIGN)
    credit = credited.agg(*(F.sum(name).alias(name) for name in ("credited_conversions", "credited_value")))
    both = stacked(spent, touched).groupBy(*CAMPAIGN)
    totals = both.agg(
        *(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in ("spend", "touches")),
        F.min("first_day").alias("first_day"),
        F.max("last_day").alias("last_day"),
    )
    lacks_touches = (F.col("spend") > 0) & (F.col("touches") == 0)
    lacks_spend = (F.col("spend") == 0) & (F.col("touches") > 0) & F.col("channel").isin(list(paid_channels))
    lacks = F.when(lacks_touches, F.lit("touches")).when(lacks_spend, F.lit("spend"))
    unmatched = totals.withColumn("lacks", lacks).where(F.col("lacks").isNotNull())
    none = {name: F.coalesce(name, F.lit(0)) for name in ("credited_conversions", "credited_value")}
    return conform(
        unmatched.join(credit, list(CAMPAIGN), how="left").withColumns(
            {**none, "model": F.lit(model), "currency": F.lit(report_currency)}
        ),
        GOLD_UNMATCHED_SPEND,
    )


def spend_by_campaign(spend: DataFrame, names: CampaignNames) -> DataFrame:
    """CAMPAIGN, spend and its first and last day of every campaign in silver.ad_spend."""
    named = with_named_campaign(spend.withColumn("date", F.col("spend_date")), names)
    return _by_campaign(named).agg(F.sum("report_spend").alias("spend"), *_days())


def touches_by_campaign(touchpoints: DataFrame, names: CampaignNames, *, timezone: str) -> DataFrame:
    """CAMPAIGN, touches and their first and last day of every campaign that was touched."""
    named_by = (*CAMPAIGN, "campaign_id")
    daily = (
        touchpoints.where(is_no_abuse())
        .select(*named_by, report_day("touched_at", timezone).alias("date"))
        .groupBy(*named_by, "date")
        .agg(F.count(F.lit(1)).alias("touches"))
    )
    return _by_campaign(with_known_campaign(daily, names)).agg(F.sum("touches").alias("touches"), *_days())


def _by_campaign(named: DataFrame) -> GroupedData:
    labelled = named.withColumns({name: F.coalesce(name, F.lit(NOT_SET)) for name in ("source", "medium", "campaign")})
    return labelled.groupBy(*CAMPAIGN)


def _days() -> tuple[Column, Column]:
    return F.min("date").alias("first_day"), F.max("date").alias("last_day")


def check_unmatched_spend(
    spend: DataFrame, spent: DataFrame, touched: DataFrame, unmatched: DataFrame
) -> list[CheckResult]:
    """Spend that meets a touch (`spent` and `touched`, by campaign) and unmatched spend are all spend of silver."""
    found = side_by_side(
        spend.agg(F.sum("report_spend").alias("all")),
        spent.join(touched, list(CAMPAIGN), how="left_semi").agg(F.sum("spend").alias("matched")),
        unmatched.agg(F.sum("spend").alias("unmatched")),
    )
    parts = (found["matched"] or 0) + (found["unmatched"] or 0)
    return [equal("matched and unmatched spend are all spend", found["all"] or 0, parts)]


def share_in_words(spend: DataFrame, unmatched: DataFrame) -> str:
    """How much of the spend meets no touch, in one line; '' where all of it does."""
    found = side_by_side(
        spend.agg(F.sum("report_spend").alias("all"), F.max("report_currency").alias("currency")),
        unmatched.agg(F.sum("spend").alias("unmatched"), F.count_if(F.col("lacks") == "touches").alias("campaigns")),
    )
    if not found["unmatched"]:
        return ""
    share = float(found["unmatched"]) / float(found["all"])
    amount = f"{found['unmatched']:,.2f} {found['currency']}"
    return (
        f"{share:.1%} of ad spend ({amount}, campaigns: {found['campaigns']}) meets no touch: see gold.unmatched_spend"
    )


def unknown_campaigns_in_words(unmatched: DataFrame) -> str:
    """How many paid touches say no campaign, and what they are credited, in one line; '' where all say one."""
    unknown = unmatched.where((F.col("lacks") == "spend") & (F.col("campaign") == NOT_SET))
    found = side_by_side(
        unknown.agg(
            F.sum("touches").alias("touches"),
            F.sum("credited_value").alias("value"),
            F.max("currency").alias("currency"),
        )
    )
    if not found["touches"]:
        return ""
    amount = f"{found['value']:,.2f} {found['currency']}"
    return (
        f"{found['touches']:,} paid touches name no campaign and are credited {amount}: "
        "click views or utm_id would say which"
    )


def _names(work: Work) -> CampaignNames:
    return campaign_names(work.read(SILVER_AD_SPEND)).kept(work.persist)


def _build(work: Work) -> DataFrame:
    models = credited_models(work)
    return build_unmatched_spend(
        work.read(SILVER_TOUCHPOINTS),
        work.read(SILVER_AD_SPEND),
        work.read(GOLD_CHANNEL_PERFORMANCE),
        _names(work),
        paid_channels=work.knobs(PaidChannels).paid_channels,
        model=PREFERRED_MODEL if PREFERRED_MODEL in models else models[0],
        timezone=work.knobs(ReportingDay).timezone,
        report_currency=work.knobs(ReportingCurrency).currency,
    )


def _check(work: Work) -> list[CheckResult]:
    spend, names = work.read(SILVER_AD_SPEND), campaign_names(work.read(SILVER_AD_SPEND))
    touched = touches_by_campaign(work.read(SILVER_TOUCHPOINTS), names, timezone=work.knobs(ReportingDay).timezone)
    return check_unmatched_spend(spend, spend_by_campaign(spend, names), touched, work.read(GOLD_UNMATCHED_SPEND))


def _say_share(work: Work) -> None:
    unmatched = work.read(GOLD_UNMATCHED_SPEND)
    for words in (share_in_words(work.read(SILVER_AD_SPEND), unmatched), unknown_campaigns_in_words(unmatched)):
        if words:
            work.run.say(words)


UNMATCHED_SPEND = Recipe(
    table=GOLD_UNMATCHED_SPEND,
    inputs=(SILVER_TOUCHPOINTS, SILVER_AD_SPEND, GOLD_CHANNEL_PERFORMANCE),
    knobs=(PaidChannels, RuleModels, ReportingDay, ReportingCurrency),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written
    checks=_check,
    after=_say_share,
)
