"""silver.ad_spend: what advertising cost, in the reporting currency and under our channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.exchange_rates import in_report_currency, with_rate
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND


def valid_spend(spend: DataFrame, *, timezone: str) -> DataFrame:
    """The rows of bronze.ad_spend that count, hourly ones re-dated into the reporting zone.

    For each (platform, account, date of the export) the file exported last counts: by its newest exported_at, then
    by name.
    """
    day = ["platform", "account_id", "spend_date"]
    of_file = spend.groupBy(*day, "source_file").agg(F.max("exported_at").alias("file_exported_at"))
    newest = Window.partitionBy(*day).orderBy(F.col("file_exported_at").desc(), F.col("source_file").desc())
    valid = (
        of_file.select("*", F.row_number().over(newest).alias("rank"))
        .where(F.col("rank") == 1)
        .select(*(F.col(name).alias(f"valid_{name}") for name in [*day, "source_file"]))
    )
    same = [F.col(name).eqNullSafe(F.col(f"valid_{name}")) for name in [*day, "source_file"]]
    kept = spend.join(valid, same, how="left_semi")
    hour_date = report_day("spend_at", timezone)
    return kept.withColumn("spend_date", F.coalesce(hour_date, F.col("spend_date")))


def build_ad_spend(
    spend: DataFrame,
    daily_rates: DataFrame,
    *,
    with_channel: Callable[[DataFrame], DataFrame],
    platforms: Mapping[str, tuple[str, str]],
    report_currency: str,
) -> DataFrame:
    """One row per date, platform, account, campaign, source and medium of `valid_spend`; its rows add up.

    `platforms` gives (source, medium) where the rows have none; `with_channel` adds channel and channel_rule by the
    rules that touches go by. Spend without an exchange rate has a null report_spend, which the table refuses.
    """
    source = F.coalesce(
        "source", *(F.when(F.col("platform") == name, F.lit(pair[0])) for name, pair in platforms.items())
    )
    medium = F.coalesce(
        "medium", *(F.when(F.col("platform") == name, F.lit(pair[1])) for name, pair in platforms.items())
    )
    summed = (
        spend.withColumns({"source": source, "medium": medium, "campaign": F.lower("campaign_name")})
        .groupBy(*SILVER_AD_SPEND.key)
        .agg(
            F.sum(F.coalesce("impressions", F.lit(0))).alias("impressions"),
            F.sum(F.coalesce("clicks", F.lit(0))).alias("clicks"),
            F.sum("spend").alias("spend"),
            F.max("timezone").alias("timezone"),
            F.sum(F.coalesce("platform_conversions", F.lit(0.0))).alias("platform_conversions"),
            F.sum(F.coalesce("platform_conversion_value", F.lit(0))).alias("claimed_value"),
        )
    )
    rated = with_rate(summed, daily_rates, day=F.col("spend_date"), report_currency=report_currency)
    priced = rated.withColumns(
        {
            "report_spend": in_report_currency(F.col("spend")),
            "platform_conversion_value": in_report_currency(F.col("claimed_value")),
            "report_currency": F.lit(report_currency),
        }
    )
    return conform(with_channel(priced), SILVER_AD_SPEND)
