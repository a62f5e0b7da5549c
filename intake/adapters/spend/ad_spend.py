"""Ad spend in the project's own contract: CSV."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.parse import (
    IMPOSSIBLE,
    account_field,
    count_field,
    date_field,
    first_problem,
    given_but_unread,
    impossible_time,
    is_currency_code,
    money_field,
    number_field,
    timestamp_field,
)
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND

COLUMNS = (
    "date",
    "platform",
    "account_id",
    "campaign_id",
    "campaign_name",
    "source",
    "medium",
    "impressions",
    "clicks",
    "spend",
    "currency",
    "timezone",
    "platform_conversions",
    "platform_conversion_value",
    "exported_at",
)
EPOCH = "TIMESTAMP'1970-01-01 00:00:00Z'"


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of the ad spend contract. `date` is a day, or an hour as ISO 8601 with an offset."""
    spend_at = timestamp_field("date")
    return spend_rows(
        rows,
        spend_date=F.when(F.length("date") == 10, date_field("date")).otherwise(spend_at.cast("date")),
        spend_at=F.when(F.length("date") > 10, spend_at),
        platform=F.lower("platform"),
        spend=money_field("spend"),
        currency=F.upper(account_field("currency", defaults)),
        timezone=account_field("timezone", defaults),
        conversions="platform_conversions",
        conversion_value="platform_conversion_value",
        exported_at="exported_at",
    )


def spend_rows(
    rows: DataFrame,
    *,
    spend_date: Column,
    spend_at: Column,
    platform: Column,
    spend: Column,
    currency: Column,
    timezone: Column,
    conversions: str,
    conversion_value: str,
    exported_at: str,
) -> DataFrame:
    """Rows of bronze.ad_spend from the fields of one platform's export; the last step of every spend adapter.

    The last three arguments name the columns with the platform's claims and the time of the export (UTC where the text
    has no offset).
    """
    exported = timestamp_field(exported_at, zone_when_missing="Z")
    reason = first_problem(
        (spend_date.isNull(), "date is missing or not a date"),
        (impossible_time(spend_date), f"date {IMPOSSIBLE}"),
        (platform.isNull(), "platform is missing"),
        (spend.isNull(), "spend is missing or not a decimal number"),
        (spend < 0, "spend is negative"),
        (currency.isNull(), "a spend without currency; ad_spend.accounts can give it"),
        (~is_currency_code(currency), "currency is not an ISO 4217 code"),
        (given_but_unread("impressions", count_field("impressions")), "impressions is not a number"),
        (given_but_unread("clicks", count_field("clicks")), "clicks is not a number"),
        (given_but_unread(conversions, number_field(conversions)), f"{conversions} is not a number"),
        (given_but_unread(conversion_value, money_field(conversion_value)), f"{conversion_value} is not a number"),
        # Taken for no time at all, it would make every other file win over this one.
        (given_but_unread(exported_at, exported), f"{exported_at} is not ISO 8601"),
    )
    return rows.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        spend_date.alias("spend_date"),
        spend_at.alias("spend_at"),
        platform.alias("platform"),
        "account_id",
        "campaign_id",
        "campaign_name",
        "source",
        "medium",
        count_field("impressions").alias("impressions"),
        count_field("clicks").alias("clicks"),
        spend.alias("spend"),
        currency.alias("currency"),
        timezone.alias("timezone"),
        number_field(conversions).alias("platform_conversions"),
        money_field(conversion_value).alias("platform_conversion_value"),
        F.coalesce(exported, F.expr(EPOCH)).alias("exported_at"),
    )


ADAPTER = Adapter(
    table=BRONZE_AD_SPEND,
    columns=COLUMNS,
    required=("date", "platform", "spend"),
    required_without_accounts=("currency",),
    parse=parse,
)
