"""The names that a platform's campaign ids have had, by day of spend."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from warehouse.change_feed import change_sign


def campaign_names(spend: DataFrame) -> DataFrame:
    """One row per campaign id (lower case) and period with one name: known_campaign_id, known_campaign, named_from
    (null: no start) and named_until (exclusive; null: no end).

    A name is valid from its first day of spend until the first day of spend under another name. The first name is also
    valid on all days before.
    """
    named_spend = spend.where(F.col("campaign_id").isNotNull() & F.col("campaign").isNotNull())
    by_day = Window.partitionBy("known_campaign_id").orderBy("spend_date")
    daily = named_spend.groupBy(F.lower("campaign_id").alias("known_campaign_id"), "spend_date").agg(
        F.min("campaign").alias("known_campaign")
    )
    before = daily.select("*", F.lag("known_campaign").over(by_day).alias("previous_name"))
    name_starts = before.where(~F.col("previous_name").eqNullSafe(F.col("known_campaign")))
    return name_starts.select(
        "known_campaign_id",
        "known_campaign",
        F.when(F.col("previous_name").isNotNull(), F.col("spend_date")).alias("named_from"),
        F.lead("spend_date").over(by_day).alias("named_until"),
    )


def with_known_campaign(frame: DataFrame, names: DataFrame) -> DataFrame:
    """`frame` (columns campaign_key, date) with known_campaign, the name of the campaign id on that date."""
    from_then = F.coalesce(F.col("date") >= F.col("named_from"), F.lit(True))
    until_then = F.coalesce(F.col("date") < F.col("named_until"), F.lit(True))
    is_named = (F.col("campaign_key") == F.col("known_campaign_id")) & from_then & until_then
    return frame.join(F.broadcast(names), is_named, how="left").drop("known_campaign_id", "named_from", "named_until")


def before_changes(spend: DataFrame, changes: DataFrame) -> DataFrame:
    """campaign_id, campaign and spend_date of the spend rows as they were before `changes` (a change feed)."""
    columns = ("campaign_id", "campaign", "spend_date")
    counted = spend.select(*columns, F.lit(1).alias("rows")).unionByName(
        changes.select(*columns, (-change_sign()).alias("rows"))
    )
    return counted.groupBy(*columns).agg(F.sum("rows").alias("rows")).where(F.col("rows") > 0).drop("rows")


def renamed(names: DataFrame, names_before: DataFrame) -> DataFrame:
    """The campaign ids whose names or periods differ between two frames of `campaign_names`."""
    signed = names.withColumn("surplus", F.lit(1)).unionByName(names_before.withColumn("surplus", F.lit(-1)))
    surplus = signed.groupBy(*names.columns).agg(F.sum("surplus").alias("surplus"))
    return surplus.where(F.col("surplus") != 0).select("known_campaign_id").distinct()
