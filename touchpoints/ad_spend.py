"""silver.ad_spend: what advertising cost, in the reporting currency and under our channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.channels import with_channel
from touchpoints.exchange_rates import in_report_currency, require_rates, with_rate
from touchpoints.knobs import ExchangeRates, PlatformDefault, Platforms, RuleFiles
from touchpoints.names import with_names, without_codes
from touchpoints.person_tables import daily_rates
from warehouse.checks import CheckResult, equal
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.days import report_day
from warehouse.frames import stacked
from warehouse.knobs import ReportingCurrency, ReportingDay
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND


def valid_spend(spend: DataFrame, *, timezone: str) -> DataFrame:
    """The valid rows of bronze.ad_spend; the date of hourly rows is their day in the reporting zone.

    For each (platform, account, date of the export) only the file exported last is valid: by its newest exported_at,
    then by name.
    """
    day = ["platform", "account_id", "spend_date"]
    exports = spend.groupBy(*day, "source_file").agg(F.max("exported_at").alias("file_exported_at"))
    newest = Window.partitionBy(*day).orderBy(F.col("file_exported_at").desc(), F.col("source_file").desc())
    newest_exports = (
        exports.select("*", F.row_number().over(newest).alias("rank"))
        .where(F.col("rank") == 1)
        .select(*(F.col(name).alias(f"valid_{name}") for name in [*day, "source_file"]))
    )
    same_export = [F.col(name).eqNullSafe(F.col(f"valid_{name}")) for name in [*day, "source_file"]]
    valid_rows = spend.join(newest_exports, same_export, how="left_semi")
    hour_date = report_day("spend_at", timezone)
    return valid_rows.withColumn("spend_date", F.coalesce(hour_date, F.col("spend_date")))


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
    rules as for touches. Spend without an exchange rate has a null report_spend, which the table refuses.
    """
    source = F.coalesce(
        "source", *(F.when(F.col("platform") == name, F.lit(default.source)) for name, default in platforms.items())
    )
    medium = F.coalesce(
        "medium", *(F.when(F.col("platform") == name, F.lit(default.medium)) for name, default in platforms.items())
    )
    summed_spend = (
        _named(spend)
        .withColumns({"source": source, "medium": medium, "campaign": F.lower("campaign_name")})
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
    priced_spend = rated_spend.withColumns(
        {
            "report_spend": in_report_currency(F.col("spend")),
            "platform_conversion_value": in_report_currency(F.col("claimed_value")),
            "report_currency": F.lit(report_currency),
        }
    )
    return conform(named(priced_spend), SILVER_AD_SPEND)


def _named(spend: DataFrame) -> DataFrame:
    """`spend` with its names in the form that those of touches have."""
    names = ("source", "medium", "campaign_name", "campaign_id")
    plain = spend.withColumns({name: without_codes(F.col(name)) for name in names})
    return with_names(plain, names)


def check_ad_spend(valid: DataFrame, spend: DataFrame) -> list[CheckResult]:
    """Spend of the valid export rows (`valid_spend`) is the spend of silver, per platform and currency."""
    key = ("platform", "currency")
    before = valid.select(*key, F.col("spend").alias("before"))
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
        named=lambda frame: with_channel(frame, rules, sources),
        platforms=work.knobs(Platforms).platforms,
        report_currency=currency,
    )


AD_SPEND = Recipe(
    table=SILVER_AD_SPEND,
    inputs=(BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES),
    knobs=(Platforms, RuleFiles, ExchangeRates, ReportingDay, ReportingCurrency),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written
    checks=lambda work: check_ad_spend(_valid(work), work.read(SILVER_AD_SPEND)),
)
