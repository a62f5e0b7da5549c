"""Ad spend in the project's own contract: CSV."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.knobs import Export
from intake.parse import (
    IMPOSSIBLE,
    account_field,
    count_field,
    first_problem,
    given_but_unread,
    id_field,
    impossible_time,
    is_currency_code,
    is_header,
    is_total,
    money_field,
    number_field,
    of_account,
    rounded_ids,
)
from intake.reasons import A_MONTH, A_REPEATED_HEADER, A_TOTALS_ROW
from intake.written_days import ISO_WITH_OFFSET, date_field, is_period, timestamp_field
from intake.written_numbers import given, has_sign_of_another
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
# Constants of account_id that stand for a part of the file's path: one folder, or one file, for each account.
FOLDER, FILE = "{folder}", "{file}"


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of the ad spend contract.

    `date` is a day, or an hour as ISO 8601 with an offset. An hour without one is of the account's own day, as a day
    that is written with a midnight.
    """
    has_offset = F.coalesce(F.col("date").rlike(ISO_WITH_OFFSET), F.lit(False))
    hour = F.when(has_offset, timestamp_field("date"))
    return spend_rows(
        rows.withColumn("account_id", account_of_row()),
        defaults,
        spend_date=F.when(has_offset, hour.cast("date")).otherwise(date_field("date", defaults.export)),
        spend_at=hour,
        platform=F.lower("platform"),
        spend=money_field("spend", defaults.export),
        currency=F.upper(of_account("currency", F.col("account_id"), defaults)),
        timezone=F.coalesce(
            of_account("timezone", F.col("account_id"), defaults), F.lit(defaults.export.timezone).cast("string")
        ),
        conversions="platform_conversions",
        conversion_value="platform_conversion_value",
        exported_at="exported_at",
    )


def account_of_row() -> Column:
    """The ad account of a row; of its file's folder or name where the constant says so."""
    folder = F.nullif(F.regexp_extract("file", r"([^/]+)/[^/]+\z", 1), F.lit(""))
    file = F.regexp_extract("file", r"([^/.]+)[^/]*\z", 1)
    return (
        F.when(F.col("account_id") == FOLDER, folder)
        .when(F.col("account_id") == FILE, file)
        .otherwise(account_field("account_id"))
    )


def spend_rows(
    rows: DataFrame,
    defaults: Defaults,
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
    has no offset). A row that says Total and has no day is a sum of others.
    """
    export = defaults.export
    # Fields are read first and checked afterwards, so that each is read once for all conditions.
    read = rows.withColumns(
        {
            "spend_date": spend_date,
            "spend_at": spend_at,
            "read_platform": platform,
            "read_spend": spend,
            "read_currency": currency,
            "read_timezone": timezone,
            "read_impressions": count_field("impressions", export),
            "read_clicks": count_field("clicks", export),
            "read_conversions": number_field(conversions, export),
            "read_conversion_value": money_field(conversion_value, export),
            "read_exported_at": timestamp_field(exported_at, export, zone_when_missing="Z"),
        }
    )
    day, amount, code, exported = (
        F.col(name) for name in ("spend_date", "read_spend", "read_currency", "read_exported_at")
    )
    amounts = [name for name in ("spend", conversion_value) if name in rows.columns]
    numbers = {"impressions": "impressions", "clicks": "clicks", conversions: "conversions"}
    numbers[conversion_value] = "conversion_value"
    reason = first_problem(
        (is_header(_headers(rows, export)), A_REPEATED_HEADER),
        (is_total(_names_of_totals(rows), unless=day.isNotNull()), A_TOTALS_ROW),
        (day.isNull() & is_period("date"), A_MONTH),
        (day.isNull(), "date is missing or not a date"),
        (impossible_time(day), f"date {IMPOSSIBLE}"),
        *rounded_ids("account_id", "campaign_id"),
        (F.col("read_platform").isNull(), "platform is missing"),
        (amount.isNull(), "spend is missing or not a decimal number"),
        (amount < 0, "spend is negative"),
        (code.isNull(), "a spend without currency; ad_spend.accounts can give it"),
        (~is_currency_code(code), "currency is not an ISO 4217 code"),
        *((has_sign_of_another(F.col(name), code), f"{name} has the sign of another currency") for name in amounts),
        *(
            (given_but_unread(name, F.col(f"read_{field}")), f"{name} is not a number")
            for name, field in numbers.items()
        ),
        # Taken for no time at all, it would make every other file win over this one.
        (given_but_unread(exported_at, exported), f"{exported_at} is not ISO 8601"),
    )
    return read.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        "spend_date",
        "spend_at",
        F.col("read_platform").alias("platform"),
        account_field("account_id").alias("account_id"),
        id_field("campaign_id").alias("campaign_id"),
        given(F.col("campaign_name")).alias("campaign_name"),
        "source",
        "medium",
        F.col("read_impressions").alias("impressions"),
        F.col("read_clicks").alias("clicks"),
        amount.alias("spend"),
        code.alias("currency"),
        F.col("read_timezone").alias("timezone"),
        F.col("read_conversions").alias("platform_conversions"),
        F.col("read_conversion_value").alias("platform_conversion_value"),
        F.coalesce(exported, F.expr(EPOCH)).alias("exported_at"),
    )


def _headers(rows: DataFrame, export: Export) -> dict[str, list[str]]:
    """The columns that a repeated header fills with their own names."""
    names = [name for name in ("date", "spend", "cost_micros") if name in rows.columns]
    return {name: [export.columns.get(name, name)] for name in names}


def _names_of_totals(rows: DataFrame) -> list[str]:
    """The columns in which an export says that a row is a total."""
    names = ("date", "platform", "account_id", "campaign_id", "campaign_name", "currency", "total_mark")
    return [name for name in names if name in rows.columns]


ADAPTER = Adapter(
    table=BRONZE_AD_SPEND,
    columns=COLUMNS,
    required=("date", "platform", "spend"),
    required_without_accounts=("currency",),
    parse=parse,
)
