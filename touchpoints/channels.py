"""Channels: GA4's default channel groups as ordered rules from conf/channels.yaml, with a trace of what decided."""

from __future__ import annotations

from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.channel_rules import UNASSIGNED, UNASSIGNED_RULE, ChannelRules, load_channel_rules
from touchpoints.channel_sql import channel_steps
from touchpoints.source_list import SourceList

__all__ = [
    "UNASSIGNED",
    "UNASSIGNED_RULE",
    "ChannelRules",
    "channels_of",
    "load_channel_rules",
    "with_channel",
    "with_known_channel",
]

# What the rules and the trace read of a touch; a column that a frame lacks is null in all of it.
TOUCH_FIELDS = ("source", "medium", "campaign", "click_id_type", "click_kind", "source_from")
ADDED = ("channel_rule", "channel", "channel_trace")


def with_channel(
    frame: DataFrame,
    rules: ChannelRules,
    sources: SourceList,
    *,
    where: Column | None = None,
    is_paid: bool = False,
) -> DataFrame:
    """`frame` with channel_rule, channel and channel_trace, from those of TOUCH_FIELDS that it has.

    All are null in rows for which `where` does not hold: most events are no touch, and the rules are long. `is_paid`:
    every row is paid for (spend), which proves an ad as a click id does.
    """
    wanted = F.lit(True) if where is None else where
    lacking = [name for name in TOUCH_FIELDS if name not in frame.columns]
    named = frame.withColumns({name: F.lit(None).cast("string") for name in lacking}) if lacking else frame
    # In steps: the long lists of categories are searched once, and the rule decides the channel.
    for step in channel_steps(rules, sources, is_paid=is_paid):
        named = named.withColumns({name: F.when(wanted, F.expr(sql)) for name, sql in step.items()})
    return named.select(*frame.columns, *ADDED)


def channels_of(frame: DataFrame, rules: ChannelRules, sources: SourceList) -> DataFrame:
    """One row per combination of TOUCH_FIELDS in `frame`, with channel_rule, channel and channel_trace."""
    return with_channel(frame.select(*TOUCH_FIELDS).distinct(), rules, sources)


def with_known_channel(frame: DataFrame, channels: DataFrame, *, where: Column) -> DataFrame:
    """As `with_channel`, from the `channels_of` its rows: many touches share few combinations."""
    known = channels.withColumnsRenamed({name: f"known_{name}" for name in TOUCH_FIELDS})
    same = reduce(and_, (F.col(name).eqNullSafe(F.col(f"known_{name}")) for name in TOUCH_FIELDS))
    joined = frame.join(known, same, how="left")
    return joined.select(*frame.columns, *(F.when(where, F.col(name)).alias(name) for name in ADDED))
