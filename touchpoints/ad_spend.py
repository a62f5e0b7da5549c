"""silver.ad_spend: what advertising cost, in the reporting currency and under our channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.channels import with_channel
from touchpoints.exchange_rates import in_report_currency, require_rates, with_rate
from touchpoints.knobs import ExchangeRates, PlatformDefault, Platforms, RuleFiles
from touchpoints.outcomes import TOO_LARGE
from touchpoints.person_tables import daily_rates
from touchpoints.spend_versions import SPEND, is_too_large_spend, valid_spend, with_key
from warehouse.checks import CheckResult, equal
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.frames import stacked
from warehouse.knobs import ReportingCurrency, ReportingDay
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND
from warehouse.tables.silver_set_aside import SILVER_SET_ASIDE


def build_ad_spend(
    spend: DataFrame,
    daily_rates: DataFrame,
    *,
    named: Callable[[DataFrame], DataFrame],
    platforms: Mapping[str, PlatformDefault],
    report_currency: str,
) -> DataFrame:
    """One row per date, platform, account, campaign, source and medium: the sums of the rows of `valid_spend`.

    Names are in the form of those of touches (touchpoints.names), campaigns in lower case.
    `platforms` gives source and medium where the rows have none; `named` adds channel and channel_rule by the same
    rules as for touches. Spend without an exchange rate has a null report_spend, which the table refuses. Sums of more
    than fits do not count.
    """
    summed_spend = (
        with_key(spend, platforms=platforms)
        .groupBy(*SILVER_AD_SPEND.key)
        .agg(
            F.sum(F.coalesce("impressions", F.lit(0).cast("bigint"))).alias("impressions"),
            F.sum(F.coalesce("clicks", F.lit(0).cast("bigint"))).alias("clicks"),
            F.sum("spend").alias("spend"),
            F.max("timezone").alias("timezone"),
            F.sum(F.coalesce("platform_conversions", F.lit(0.0))).alias("platform_conversions"),
            F.sum(F.coalesce("platform_conversion_value", F.lit(0).cast(MONEY))).alias("claimed_value"),
        )
    )
    rated_spend = with_rate(summed_spend, daily_rates, day=F.col("spend_date"), report_currency=report_currency)
    fitting_spend = rated_spend.where(~is_too_large_spend(F.col("spend"), F.col("claimed_value")))
    priced_spend = fitting_spend.withColumns(
        {
            "report_spend": in_report_currency(F.col("spend")),
            "platform_conversion_value": in_report_currency(F.col("claimed_value")),
            "report_currency": F.lit(report_currency),
        }
    )
    return conform(named(priced_spend), SILVER_AD_SPEND)


def check_ad_spend(valid: DataFrame, spend: DataFrame, set_aside: DataFrame) -> list[CheckResult]:
    """Spend of the valid export rows (`valid_spend`) is the spend of silver, per platform and currency, but for rows
    that `set_aside` lists as too large."""
    key = ("platform", "currency")
    too_large = set_aside.where((F.col("input") == SPEND) & (F.col("outcome") == TOO_LARGE))
    fitting = valid.join(
        too_large.select("source_file", "source_line"), ["source_file", "source_line"], how="left_anti"
    )
    before = fitting.select(*key, F.col("spend").alias("before"))
    after = spend.select(*key, F.col("spend").alias("after"))
    both = stacked(before, after)
    rows = both.groupBy(*key).agg(F.sum("before").alias("before"), F.sum("after").alias("after")).collect()
    return [
        equal(f"spend of {row['platform']} in {row['currency']}", row["before"], row["after"])
        for row in sorted(rows, key=lambda row: (row["platform"], row["currency"]))
    ]


def _valid(work: Work) -> DataFrame:
    return valid_spend(work.read(BRONZE_AD_SPEND), timezone=work.knobs(ReportingDay).timezone)


def _build(work: Work) -> DataFrame:
    spend, rates, files = _valid(work), work.once(daily_rates), work.knobs(RuleFiles)
    rules, sources = files.channel_rules(), files.sources()
    currency = work.knobs(ReportingCurrency).currency
    require_rates(
        spend,
        rates,
        day="spend_date",
        timezone="UTC",  # spend_date is a day already, in any zone
        report_currency=currency,
        max_age_days=work.knobs(ExchangeRates).max_age_days,
        what="ad spend",
    )
    return build_ad_spend(
        spend,
        rates,
        named=lambda frame: with_channel(frame, rules, sources, is_paid=True),
        platforms=work.knobs(Platforms).platforms,
        report_currency=currency,
    )


AD_SPEND = Recipe(
    table=SILVER_AD_SPEND,
    inputs=(BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES),
    knobs=(Platforms, RuleFiles, ExchangeRates, ReportingDay, ReportingCurrency),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written
    checks=lambda work: check_ad_spend(_valid(work), work.read(SILVER_AD_SPEND), work.read(SILVER_SET_ASIDE)),
)
