"""Which campaign a click was of, where its link says only a click id: the ad platform's list of clicks says which."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.channels import ADDED, ChannelRules, with_channel
from touchpoints.source_list import SourceList

CLICK = ("click_id_type", "click_id")


def newest_click_views(click_views: DataFrame) -> DataFrame:
    """One row per click of bronze.click_views, CLICK with listed_campaign_id and listed_campaign: the newest by
    (exported_at, source_file, source_line)."""
    newest = Window.partitionBy(*CLICK).orderBy(
        F.col("exported_at").desc(), F.col("source_file").desc(), F.col("source_line").desc()
    )
    ranked = click_views.withColumn("rank", F.row_number().over(newest))
    return ranked.where(F.col("rank") == 1).select(
        *CLICK, F.col("campaign_id").alias("listed_campaign_id"), F.col("campaign_name").alias("listed_campaign")
    )


def with_listed_campaigns(
    touches: DataFrame, click_views: DataFrame, rules: ChannelRules, sources: SourceList
) -> DataFrame:
    """`touches` with campaign and campaign_id of the listed click where the link carries none, and the channel that
    follows from the campaign's name.

    What the link says wins. Sessions keep what their link says: only touches get the listed campaign.
    """
    listed = touches.join(newest_click_views(click_views), list(CLICK), how="left").withColumnsRenamed(
        {name: f"own_{name}" for name in (*ADDED, "campaign")}
    )
    named = listed.withColumns(
        {
            "campaign": F.coalesce("own_campaign", "listed_campaign"),
            "campaign_id": F.coalesce("campaign_id", "listed_campaign_id"),
        }
    )
    is_named = F.col("own_campaign").isNull() & F.col("listed_campaign").isNotNull()
    ruled = with_channel(named, rules, sources, where=is_named)
    channel = {name: F.when(is_named, F.col(name)).otherwise(F.col(f"own_{name}")) for name in ADDED}
    return ruled.withColumns(channel).select(*touches.columns)


def persons_with_clicks(touchpoints: DataFrame, changed_click_views: DataFrame) -> DataFrame:
    """person_id of the touches of silver.touchpoints whose click has a changed row in bronze.click_views."""
    changed = changed_click_views.select(*CLICK).distinct()
    clicked = touchpoints.where(F.col("click_id").isNotNull())
    return clicked.join(changed, list(CLICK), how="left_semi").select("person_id").distinct()
