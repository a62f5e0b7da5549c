"""The campaigns that spend names: by the platform's id and by every name that the id ever had, with the name by day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from warehouse.change_feed import change_sign
from warehouse.terms import NOT_SET

# Of silver.ad_spend, what campaigns are known by.
SPEND_COLUMNS = ("campaign_id", "campaign", "channel", "source", "medium", "spend_date")
ORIGIN = ("channel", "source", "medium")
# Of `CampaignNames.keys`, what a row that is found gives.
FOUND = ("known_campaign", "paid_channel", "paid_source", "paid_medium")


@dataclass(frozen=True)
class CampaignNames:
    """What all spend says of its campaigns: `keys`, by what they are known (see `_keys`), and `origins`, the source and
    medium of their spend (see `_origins`)."""

    keys: DataFrame
    origins: DataFrame

    def kept(self, keep: Callable[[DataFrame], DataFrame]) -> CampaignNames:
        """The same frames, each as `keep` gives it back."""
        return CampaignNames(keep(self.keys), keep(self.origins))


def campaign_names(spend: DataFrame) -> CampaignNames:
    """The campaigns that `spend` (of silver.ad_spend, all of it) names."""
    keys = _keys(spend)
    return CampaignNames(keys, _origins(_named(spend.withColumn("date", F.col("spend_date")), keys)))


def _keys(spend: DataFrame) -> DataFrame:
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


def _origins(named: DataFrame) -> DataFrame:
    """One row per channel and campaign of `named` spend, with the source and medium that touches of it get: that of its
    spend for touches of any source (key_source null), where it has one. Otherwise it has a row for each source with one
    medium, which is for touches of that source (key_source)."""
    origins = (
        named.where(F.col("campaign").isNotNull())
        .select("channel", "campaign", *(F.coalesce(name, F.lit(NOT_SET)).alias(name) for name in ("source", "medium")))
        .distinct()
    )
    of_campaign = Window.partitionBy("channel", "campaign")
    counted = origins.select(
        "*",
        F.count("medium").over(of_campaign).alias("of_campaign"),
        F.count("medium").over(Window.partitionBy("channel", "campaign", "source")).alias("of_source"),
    )
    return counted.where((F.col("of_campaign") == 1) | (F.col("of_source") == 1)).select(
        F.col("channel").alias("spend_channel"),
        F.col("campaign").alias("spend_campaign"),
        F.when(F.col("of_campaign") > 1, F.col("source")).alias("key_source"),
        F.col("source").alias("spend_source"),
        F.col("medium").alias("spend_medium"),
    )


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


def with_known_campaign(touches: DataFrame, names: CampaignNames) -> DataFrame:
    """`touches` (or credits: columns date, channel, source, medium, campaign, campaign_id) under the campaigns of
    spend, in lower case.

    The campaign is the one of campaign_id, otherwise the one that `campaign` names, by an id or a name that spend has
    (`campaign_names`): its name on that date. What no spend names keeps its campaign, or its id. A touch of a campaign
    with spend in its channel has the source and medium of that spend. Where the spend of this name has several, it has
    those of its id's spend, otherwise those of its source, if there is one of each; otherwise its own.
    """
    ids = names.keys.where(F.col("key_channel").isNull())
    lowered = touches.withColumns({name: F.lower(name) for name in ("source", "medium", "campaign")})
    by_id = _found(lowered, ids, key=F.lower("campaign_id"), prefix="by_id")
    by_name = _found(by_id, names.keys, key=F.col("campaign"), prefix="by_name")
    has_known_id = F.col("by_id_known_campaign").isNotNull()
    found = {name: F.when(has_known_id, F.col(f"by_id_{name}")).otherwise(F.col(f"by_name_{name}")) for name in FOUND}
    is_paid = found["paid_channel"] == F.col("channel")
    known = by_name.withColumns(
        {
            "campaign": F.coalesce(found["known_campaign"], F.col("campaign"), F.lower("campaign_id")),
            **{f"id_{name}": F.when(is_paid, found[f"paid_{name}"]) for name in ("source", "medium")},
        }
    )
    is_of_spend = (
        (F.col("channel") == F.col("spend_channel"))
        & (F.col("campaign") == F.col("spend_campaign"))
        & F.coalesce(F.col("source") == F.col("key_source"), F.col("key_source").isNull())
    )
    with_origin = known.join(F.broadcast(names.origins), is_of_spend, how="left")
    own = {name: F.coalesce(f"id_{name}", f"spend_{name}", name) for name in ("source", "medium")}
    return with_origin.withColumns(own).select(*touches.columns)


def with_named_campaign(spend: DataFrame, names: CampaignNames) -> DataFrame:
    """`spend` (columns date, channel, source, medium, campaign, campaign_id) under the names that its campaigns have on
    that date, in lower case; an id that has no name is its own."""
    return _named(spend, names.keys)


def _named(spend: DataFrame, keys: DataFrame) -> DataFrame:
    lowered = spend.withColumns({name: F.lower(name) for name in ("source", "medium")})
    key = F.coalesce(F.lower("campaign_id"), F.col("campaign"))
    of_its_kind = F.col("campaign_id").isNotNull() == F.col("key_channel").isNull()
    found = _found(lowered, keys, key=key, prefix="by_key", where=of_its_kind)
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


def renamed(names: CampaignNames, names_before: CampaignNames) -> DataFrame:
    """campaign_key of what is known otherwise, in other periods, or with spend of another source or medium, in one of
    two `campaign_names`."""
    keys = names.keys.select("campaign_key", "known_campaign")
    moved = _different(names.origins, names_before.origins).select("spend_campaign").distinct()
    by_name = keys.join(moved, F.col("known_campaign") == F.col("spend_campaign"), how="left_semi")
    changed_keys = (
        _different(names.keys, names_before.keys).select("campaign_key"),
        by_name.select("campaign_key"),
        moved.select(F.col("spend_campaign").alias("campaign_key")),
    )
    return reduce(DataFrame.unionByName, changed_keys).distinct()


def _different(now: DataFrame, before: DataFrame) -> DataFrame:
    """The rows that one of two frames has, or has more often."""
    signed = now.withColumn("surplus", F.lit(1)).unionByName(before.withColumn("surplus", F.lit(-1)))
    surplus = signed.groupBy(*now.columns).agg(F.sum("surplus").alias("surplus"))
    return surplus.where(F.col("surplus") != 0)
