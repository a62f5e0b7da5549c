"""Google Ads click views: which campaign and ad group each gclid was of. One day per query, of the last 90 days."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.parse import IMPOSSIBLE, account_field, first_problem, id_field, impossible_time, rounded_ids
from intake.written_days import date_field, timestamp_field
from warehouse.tables.bronze_click_views import BRONZE_CLICK_VIEWS


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """One row per click of the export."""
    click_date, click_id, campaign_id = date_field("date", defaults.export), id_field("gclid"), id_field("campaign_id")
    exported = timestamp_field("exported_at", defaults.export, zone_when_missing="Z")
    reason = first_problem(
        (click_date.isNull(), "date is missing or not a date"),
        (impossible_time(click_date), f"date {IMPOSSIBLE}"),
        (click_id.isNull(), "gclid is missing"),
        (campaign_id.isNull(), "campaign_id is missing"),
        *rounded_ids("campaign_id"),
    )
    return rows.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        click_id.alias("click_id"),
        F.lit("gclid").alias("click_id_type"),
        click_date.alias("click_date"),
        account_field("customer_id").alias("account_id"),
        campaign_id.alias("campaign_id"),
        F.nullif(F.trim("campaign_name"), F.lit("")).alias("campaign_name"),
        id_field("ad_group_id").alias("ad_group_id"),
        F.nullif(F.trim("ad_group_name"), F.lit("")).alias("ad_group_name"),
        F.coalesce(exported, F.date_add(click_date, 1).cast("timestamp")).alias("exported_at"),
    )


ADAPTER = Adapter(
    table=BRONZE_CLICK_VIEWS,
    columns=(
        "gclid",
        "date",
        "customer_id",
        "campaign_id",
        "campaign_name",
        "ad_group_id",
        "ad_group_name",
        "exported_at",
    ),
    required=("gclid", "date", "campaign_id"),
    parse=parse,
    names={
        "gclid": ("click_view.gclid", "clickView.gclid", "click_view_gclid", "Google Click ID", "GCLID"),
        "date": ("segments.date", "segments_date", "Day", "click_date"),
        "customer_id": ("customer.id", "Customer ID", "account_id"),
        "campaign_id": ("campaign.id", "Campaign ID"),
        "campaign_name": ("campaign.name", "Campaign", "campaign"),
        "ad_group_id": ("ad_group.id", "adGroup.id", "Ad group ID"),
        "ad_group_name": ("ad_group.name", "adGroup.name", "Ad group", "ad_group"),
        "exported_at": ("_fivetran_synced", "_airbyte_extracted_at", "_sdc_batched_at"),
    },
)
