"""Google Ads campaign statistics: cost in micros, currency and zone from the account history."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.spend.ad_spend import spend_rows
from intake.parse import account_field, id_field, money_from_micros, of_account
from intake.written_days import date_field
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """One row per campaign, day, network and device of the export; they add up in silver.

    Options account_history and campaign_history name the files (below landing.root) that hold the account's
    currency and time zone and the campaigns' names; of several versions the newest updated_at counts.
    """
    # A spreadsheet may have written the ids of one file and not of another: 77.0 is 77.
    accounts = newest_versions(lookups["account_history"], account_field("id")).select(
        F.col("key").alias("customer_id"),
        F.col("currency_code").alias("currency"),
        F.col("time_zone").alias("timezone"),
    )
    campaigns = newest_versions(lookups["campaign_history"], id_field("id")).select(
        F.col("key").alias("id"), F.col("name").alias("campaign_name")
    )
    named_rows = (
        rows.withColumns({"customer_id": account_field("customer_id"), "id": id_field("id")})
        .join(F.broadcast(accounts), "customer_id", how="left")
        .join(F.broadcast(campaigns), "id", how="left")
        .withColumns(
            {
                "account_id": F.col("customer_id"),
                "campaign_id": F.col("id"),
                "source": F.lit(None).cast("string"),
                "medium": F.lit(None).cast("string"),
            }
        )
    )
    return spend_rows(
        named_rows,
        defaults,
        spend_date=date_field("date", defaults.export),
        spend_at=F.lit(None).cast("timestamp"),
        platform=F.lit("google_ads"),
        spend=money_from_micros(F.col("cost_micros")),
        currency=F.upper(of_account("currency", F.col("account_id"), defaults)),
        timezone=of_account("timezone", F.col("account_id"), defaults),
        conversions="conversions",
        conversion_value="conversions_value",
        exported_at="_fivetran_synced",
    )


def newest_versions(history: DataFrame, key: Column, *, by: str = "updated_at") -> DataFrame:
    """One row per `key`, with it: its newest version by (`by`, file, line)."""
    # Compared as a timestamp, not as text: exports write the hour without a leading zero.
    updated_at = F.col(by).try_cast("timestamp")
    keyed = history.withColumn("key", key)
    newest = Window.partitionBy("key").orderBy(updated_at.desc_nulls_last(), F.col("file").desc(), F.col("line").desc())
    return keyed.withColumn("rank", F.row_number().over(newest)).where(F.col("rank") == 1)


ADAPTER = Adapter(
    table=BRONZE_AD_SPEND,
    columns=(
        "customer_id",
        "date",
        "id",
        "impressions",
        "clicks",
        "cost_micros",
        "conversions",
        "conversions_value",
        "_fivetran_synced",
    ),
    required=("customer_id", "date", "id", "cost_micros"),
    parse=parse,
    lookups={
        "account_history": ("id", "updated_at", "currency_code", "time_zone"),
        "campaign_history": ("id", "updated_at", "name"),
    },
)
