"""The campaigns that spend names: by the platform's id and by every name that the id ever had, with the name by day."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from warehouse.change_feed import change_sign

# Of silver.ad_spend, what campaigns are known by.
SPEND_COLUMNS = ("campaign_id", "campaign", "channel", "source", "medium", "spend_date")
ORIGIN = ("channel", "source", "medium")
# Of `campaign_names`, what a row that is found gives.
FOUND = ("known_campaign", "paid_channel", "paid_source", "paid_medium")


def campaign_names(spend: DataFrame) -> DataFrame:
    """One row per text by which a campaign with an id is known (campaign_key) and period with one name:
    known_campaign, valid from named_from (null: no start) until named_until (exclusive; null: no end).

    Campaigns are known by their id (lower case) in any channel (key_channel null), and by each name that the id ever
    had in the channel of its spend, if no other id had that name there. A name is valid from its first day of spend
    until the first day of spend under another name; the first name is also valid on all days before, and an id that has
    no name is its own. paid_channel, paid_source, paid_medium are those of all spend of an id, null where it has
    several, and of names.
    """
    identified = spend.where(F.col("campaign_id").isNotNull()).withColumn("id", F.lower("campaign_id"))
    by_id = identified.groupBy("id").agg(
        F.count_distinct(F.struct(*ORIGIN)).alias("origins"),
        *(F.min(name).alias(name) for name in ORIGIN),
    )
    is_one = (F.col("origins") == 1) & F.col("source").isNotNull() & F.col("medium").isNotNull()
    origins = by_id.select(
        "id",
        *(F.when(is_one, F.lower(name) if name != "channel" else F.col(name)).alias(f"paid_{name}") for name in ORIGIN),
    )
    periods = origins.join(_periods(identified), "id", how="left")
    of_ids = periods.select(
        F.col("id").alias("campaign_key"),
        F.lit(None).cast("string").alias("key_channel"),
        F.coalesce("named", "id").alias("known_campaign"),
        "named_from",
        "named_until",
        "paid_channel",
        "paid_source",
        "paid_medium",
    )
    names = identified.where(F.col("campaign").isNotNull()).groupBy("channel", F.col("campaign").alias("campaign_key"))
    of_one_id = names.agg(F.min("id").alias("id"), F.max("id").alias("other")).where(F.col("id") == F.col("other"))
    is_no_id = of_one_id.join(by_id.select(F.col("id").alias("campaign_key")), "campaign_key", how="left_anti")
    no_text = F.lit(None).cast("string")
    of_names = is_no_id.join(_periods(identified), "id", how="inner").select(
        "campaign_key",
        F.col("channel").alias("key_channel"),
        F.col("named").alias("known_campaign"),
        "named_from",
        "named_until",
        *(no_text.alias(f"paid_{name}") for name in ORIGIN),
    )
    return of_ids.unionByName(of_names)


def _periods(identified: DataFrame) -> DataFrame:
    """id, named, named_from, named_until of the ids that have a name."""
    by_day = Window.partitionBy("id").orderBy("spend_date")
    daily = (
        identified.where(F.col("campaign").isNotNull())
        .groupBy("id", "spend_date")
        .agg(F.min("campaign").alias("named"))
    )
    before = daily.select("*", F.lag("named").over(by_day).alias("previous_name"))
    name_starts = before.where(~F.col("previous_name").eqNullSafe(F.col("named")))
    return name_starts.select(
        "id",
        "named",
        F.when(F.col("previous_name").isNotNull(), F.col("spend_date")).alias("named_from"),
        F.lead("spend_date").over(by_day).alias("named_until"),
    )


def with_known_campaign(touches: DataFrame, names: DataFrame) -> DataFrame:
    """`touches` (or credits: columns date, channel, source, medium, campaign, campaign_id) under the campaigns of
    spend, in lower case.

    The campaign is the one of campaign_id, otherwise the one that `campaign` names, by an id or a name that spend has
    (`campaign_names`): its name on that date. What no spend names keeps its campaign, or its id. A touch with a
    campaign's id has the source and medium of the campaign's spend, where that has one of each and the same channel.
    """
    ids = names.where(F.col("key_channel").isNull())
    lowered = touches.withColumns({name: F.lower(name) for name in ("source", "medium", "campaign")})
    by_id = _found(lowered, ids, key=F.lower("campaign_id"), prefix="by_id")
    by_name = _found(by_id, names, key=F.col("campaign"), prefix="by_name")
    has_known_id = F.col("by_id_known_campaign").isNotNull()
    found = {name: F.when(has_known_id, F.col(f"by_id_{name}")).otherwise(F.col(f"by_name_{name}")) for name in FOUND}
    is_paid = found["paid_channel"] == F.col("channel")
    return by_name.withColumns(
        {
            "campaign": F.coalesce(found["known_campaign"], F.col("campaign"), F.lower("campaign_id")),
            **{name: F.when(is_paid, found[f"paid_{name}"]).otherwise(F.col(name)) for name in ("source", "medium")},
        }
    ).select(*touches.columns)


def with_named_campaign(spend: DataFrame, names: DataFrame) -> DataFrame:
    """`spend` (columns date, channel, source, medium, campaign, campaign_id) under the names that its campaigns have on
    that date, in lower case; an id that has no name is its own."""
    lowered = spend.withColumns({name: F.lower(name) for name in ("source", "medium")})
    key = F.coalesce(F.lower("campaign_id"), F.col("campaign"))
    of_its_kind = F.col("campaign_id").isNotNull() == F.col("key_channel").isNull()
    found = _found(lowered, names, key=key, prefix="by_key", where=of_its_kind)
    own_name = F.when(F.col("campaign_id").isNotNull(), F.col("campaign"))
    campaign = F.coalesce(own_name, F.col("by_key_known_campaign"), F.col("campaign"))
    return found.withColumn("campaign", campaign).select(*spend.columns)


def _found(frame: DataFrame, names: DataFrame, *, key: Column, prefix: str, where: Column | None = None) -> DataFrame:
    """`frame` with the columns FOUND, so prefixed, of the campaign that is known by `key` on that date."""
    from_then = F.coalesce(F.col("date") >= F.col("named_from"), F.lit(True))
    until_then = F.coalesce(F.col("date") < F.col("named_until"), F.lit(True))
    in_channel = F.coalesce(F.col("channel") == F.col("key_channel"), F.lit(True))
    is_found = (key == F.col("campaign_key")) & from_then & until_then & in_channel
    found = frame.join(F.broadcast(names), is_found if where is None else is_found & where, how="left")
    return found.withColumnsRenamed({name: f"{prefix}_{name}" for name in FOUND}).drop(
        "campaign_key", "key_channel", "named_from", "named_until"
    )


def before_changes(spend: DataFrame, changes: DataFrame) -> DataFrame:
    """SPEND_COLUMNS of the spend rows as they were before `changes` (a change feed)."""
    counted = spend.select(*SPEND_COLUMNS, F.lit(1).alias("rows")).unionByName(
        changes.select(*SPEND_COLUMNS, (-change_sign()).alias("rows"))
    )
    return counted.groupBy(*SPEND_COLUMNS).agg(F.sum("rows").alias("rows")).where(F.col("rows") > 0).drop("rows")


def renamed(names: DataFrame, names_before: DataFrame) -> DataFrame:
    """campaign_key of what is known otherwise, or in other periods, in one of two frames of `campaign_names`."""
    signed = names.withColumn("surplus", F.lit(1)).unionByName(names_before.withColumn("surplus", F.lit(-1)))
    surplus = signed.groupBy(*names.columns).agg(F.sum("surplus").alias("surplus"))
    return surplus.where(F.col("surplus") != 0).select("campaign_key").distinct()
