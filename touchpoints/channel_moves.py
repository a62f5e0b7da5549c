"""What other channel rules or lists of sources would change in touches that a lake has, and the value with them."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.channel_rules import ChannelRules
from touchpoints.channels import with_channel
from touchpoints.hits import build_hits
from touchpoints.knobs import HitKnobs
from touchpoints.source_list import SourceList

NAMED = ("source", "medium", "channel", "channel_rule")  # of a touch, by one reading


@dataclass(frozen=True)
class Reading:
    """What the channel of a touch depends on: rules, lists, and the knobs of hits."""

    rules: ChannelRules
    sources: SourceList
    knobs: HitKnobs


def named_touches(events: DataFrame, reading: Reading) -> DataFrame:
    """One row per event, `identified`: touchpoint_id and NAMED, as `reading` has them."""
    hits = build_hits(events, reading.knobs, sources=reading.sources)
    named = with_channel(hits, reading.rules, reading.sources)
    return named.select(F.col("event_id").alias("touchpoint_id"), *NAMED)


def moved_touches(old: DataFrame, new: DataFrame) -> DataFrame:
    """One row per touch of both, `named_touches`, with another channel: touchpoint_id, old_* and new_* of NAMED."""
    before = old.select("touchpoint_id", *(F.col(name).alias(f"old_{name}") for name in NAMED))
    after = new.select("touchpoint_id", *(F.col(name).alias(f"new_{name}") for name in NAMED))
    both = before.join(after, "touchpoint_id", how="inner")
    return both.where(F.col("old_channel") != F.col("new_channel"))


def moves_of(moved: DataFrame) -> DataFrame:
    """One row per old and new channel, rules, source and medium: how many touches move."""
    kinds = [f"{when}_{name}" for when in ("old", "new") for name in NAMED]
    return moved.groupBy(*kinds).agg(F.count(F.lit(1)).alias("touches"))


def moved_value(moved: DataFrame, credits: DataFrame) -> DataFrame:
    """One row per model, currency, old and new channel: credit and credited value of the touches that move."""
    credited = credits.join(moved.select("touchpoint_id", "old_channel", "new_channel"), "touchpoint_id", how="inner")
    return credited.groupBy("model", "currency", "old_channel", "new_channel").agg(
        F.sum("credit").alias("conversions"), F.sum("credited_value").alias("credited_value")
    )
