"""Meta ads by day as connectors land them: spend per ad in one table, its actions in another, names in two more."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.spend import ad_spend
from intake.adapters.spend.google_ads import newest_versions
from intake.adapters.spend.meta_insights import chosen_type
from intake.flat_export import in_own_format
from intake.parse import id_field, number_field
from intake.written_numbers import given

COLUMNS = (
    "ad_id", "date", "account_id", "impressions", "inline_link_clicks", "spend", "currency", "action_type",
    "_fivetran_synced",
)  # fmt: skip


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of ad spend, one per ad and day; they add up to campaigns in silver.

    Of the actions one type is taken (`constants: {action_type: …}`), never the sum of all: many types count the same
    purchase. Options ad_history, campaign_history and ad_actions name the files, below landing.root, that say whose
    campaign an ad is, what the campaign is called and what people did. An ad that no history has keeps its spend.
    """
    # A spreadsheet may have written the ids of one file and not of another: 77.0 is 77.
    ads = newest_versions(lookups["ad_history"], id_field("id"), by="updated_time").select(
        F.col("key").alias("ad_id"), id_field("campaign_id").alias("campaign_id")
    )
    campaigns = newest_versions(lookups["campaign_history"], id_field("id"), by="updated_time").select(
        F.col("key").alias("campaign_id"), F.col("name").alias("campaign_name")
    )
    actions = (
        lookups["ad_actions"]
        .withColumnsRenamed({"action_type": "sent_type", "date": "action_date"})
        .withColumns({"number": number_field("value"), "action_day": F.substring("action_date", 1, 10)})
        .groupBy(id_field("ad_id").alias("action_ad"), "action_day", "sent_type")
        .agg(F.sum("number").alias("number"))
    )
    has_action = (
        (F.col("ad_id") == F.col("action_ad"))
        & (F.substring(given(F.col("date")), 1, 10) == F.col("action_day"))
        & (chosen_type() == F.col("sent_type"))
    )
    named_rows = (
        rows.withColumn("ad_id", id_field("ad_id"))
        .join(F.broadcast(ads), "ad_id", how="left")
        .join(F.broadcast(campaigns), "campaign_id", how="left")
        .join(F.broadcast(actions), has_action, how="left")
    )
    fields = {
        "date": F.col("date"),
        "platform": F.lit("meta"),
        "account_id": F.col("account_id"),
        "campaign_id": F.col("campaign_id"),
        "campaign_name": F.col("campaign_name"),
        "impressions": F.col("impressions"),
        "clicks": F.col("inline_link_clicks"),
        "spend": F.col("spend"),
        "currency": F.col("currency"),
        "platform_conversions": F.coalesce(F.col("number"), F.lit(0.0)),
        "exported_at": F.col("_fivetran_synced"),
    }
    return ad_spend.parse(in_own_format(named_rows, ad_spend.ADAPTER, fields), defaults, lookups)


ADAPTER = Adapter(
    table=ad_spend.ADAPTER.table,
    columns=COLUMNS,
    required=("ad_id", "date", "spend"),
    parse=parse,
    required_without_accounts=("currency",),
    lookups={
        "ad_history": ("id", "campaign_id", "updated_time"),
        "campaign_history": ("id", "name", "updated_time"),
        "ad_actions": ("ad_id", "date", "action_type", "value"),
    },
)
