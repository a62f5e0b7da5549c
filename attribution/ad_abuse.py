"""gold.ad_abuse: claims of ads that are abuse, by day, campaign and placement."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.campaign_names import CampaignNames, campaign_names, with_known_campaign, with_named_campaign
from warehouse.checks import CheckResult, at_most, equal, side_by_side
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.knobs import ReportingCurrency, ReportingDay
from warehouse.numbers import money_of, rounded
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.gold_ad_abuse import GOLD_AD_ABUSE
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS
from warehouse.terms import NOT_SET

ORIGIN = ("channel", "source", "medium", "campaign")
CAMPAIGN_DAY = ("date", *ORIGIN)
COUNTED = ("claims", "abusive_claims", "expected_abuse")


def build_ad_abuse(
    touchpoints: DataFrame, spend: DataFrame, names: CampaignNames, *, timezone: str, report_currency: str
) -> DataFrame:
    """One row per reporting day, campaign and placement (content) with claims: those with an abuse_probability.

    A campaign's spend of a day is divided among its placements by their claims, and a placement's abusive part by its
    flagged claims. `names`: `campaign_names` of all spend.
    """
    named_by = (*ORIGIN, "campaign_id")
    daily = (
        touchpoints.where(F.col("abuse_probability").isNotNull())
        .select(
            *named_by,
            report_day("touched_at", timezone).alias("date"),
            F.coalesce("content", F.lit(NOT_SET)).alias("placement"),
            "is_abuse",
            "abuse_probability",
        )
        .groupBy(*named_by, "date", "placement")
        .agg(
            F.count(F.lit(1)).alias("claims"),
            F.count_if("is_abuse").alias("abusive_claims"),
            F.sum("abuse_probability").alias("expected_abuse"),
        )
    )
    placements = (
        _labelled(with_known_campaign(daily, names))
        .groupBy(*CAMPAIGN_DAY, "placement")
        .agg(*(F.sum(name).alias(name) for name in COUNTED))
    )
    all_claims = placements.groupBy(*CAMPAIGN_DAY).agg(F.sum("claims").alias("all_claims"))
    spent = (
        _labelled(with_named_campaign(spend.withColumn("date", F.col("spend_date")), names))
        .groupBy(*CAMPAIGN_DAY)
        .agg(F.sum("report_spend").alias("campaign_spend"))
    )
    costs = all_claims.join(spent, list(CAMPAIGN_DAY), how="left")
    joined = placements.join(costs, list(CAMPAIGN_DAY), how="inner")
    per_claim = F.coalesce(F.col("campaign_spend").cast("double"), F.lit(0.0)) / F.col("all_claims").cast("double")
    return conform(
        joined.select(
            *CAMPAIGN_DAY,
            "placement",
            "claims",
            "abusive_claims",
            # Engines add doubles in any order: without rounding, the last bits would differ from run to run.
            rounded(F.col("expected_abuse"), 6).alias("expected_abuse"),
            money_of(per_claim * F.col("claims")).alias("spend"),
            money_of(per_claim * F.col("abusive_claims")).alias("abusive_spend"),
            F.lit(report_currency).alias("currency"),
        ),
        GOLD_AD_ABUSE,
    )


def _labelled(named: DataFrame) -> DataFrame:
    return named.withColumns({name: F.coalesce(name, F.lit(NOT_SET)) for name in ("source", "medium", "campaign")})


def check_ad_abuse(touchpoints: DataFrame, spend: DataFrame, abuse: DataFrame) -> list[CheckResult]:
    """Claims and flagged claims are those of silver.touchpoints, and no more spend is abusive than there is."""
    found = side_by_side(
        touchpoints.agg(
            F.count("abuse_probability").alias("claims"),
            F.count_if("is_abuse").alias("flagged"),
        ),
        abuse.agg(
            F.coalesce(F.sum("claims"), F.lit(0)).alias("counted"),
            F.coalesce(F.sum("abusive_claims"), F.lit(0)).alias("counted_flagged"),
            F.coalesce(F.sum("abusive_spend").cast("double"), F.lit(0.0)).alias("abusive_spend"),
        ),
        spend.agg(F.coalesce(F.sum("report_spend").cast("double"), F.lit(0.0)).alias("spend")),
    )
    return [
        equal("claims of ads are those of silver", found["claims"], found["counted"]),
        equal("claims flagged as abuse are those of silver", found["flagged"], found["counted_flagged"]),
        at_most("spend on ad abuse beside all spend", found["spend"] + 0.01, found["abusive_spend"]),
    ]


def in_words(abuse: DataFrame) -> str:
    """How many claims are ad abuse and what they cost, in one line; '' where none is."""
    found = side_by_side(
        abuse.agg(
            F.sum("claims").alias("claims"),
            F.sum("abusive_claims").alias("flagged"),
            F.sum("abusive_spend").alias("spend"),
            F.max("currency").alias("currency"),
        )
    )
    if not found["flagged"]:
        return ""
    amount = f"{found['spend']:,.2f} {found['currency']}"
    return (
        f"{found['flagged']:,} of {found['claims']:,} claims of ads are abuse and give no credit "
        f"({amount} of ad spend): see gold.ad_abuse"
    )


def _build(work: Work) -> DataFrame:
    spend = work.read(SILVER_AD_SPEND)
    return build_ad_abuse(
        work.read(SILVER_TOUCHPOINTS),
        spend,
        campaign_names(spend).kept(work.persist),
        timezone=work.knobs(ReportingDay).timezone,
        report_currency=work.knobs(ReportingCurrency).currency,
    )


def _say(work: Work) -> None:
    if words := in_words(work.read(GOLD_AD_ABUSE)):
        work.run.say(words)


AD_ABUSE = Recipe(
    table=GOLD_AD_ABUSE,
    inputs=(SILVER_TOUCHPOINTS, SILVER_AD_SPEND),
    knobs=(ReportingDay, ReportingCurrency),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written
    checks=lambda work: check_ad_abuse(
        work.read(SILVER_TOUCHPOINTS), work.read(SILVER_AD_SPEND), work.read(GOLD_AD_ABUSE)
    ),
    after=_say,
)
