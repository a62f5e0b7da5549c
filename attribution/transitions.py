"""Counts of silver.journeys for the data-driven models, made by Spark: only counts reach the driver."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from attribution.markov_chain import End, Move, check_order, collapses
from attribution.paths import Paths
from warehouse.days import report_day


def known_journeys(journeys: DataFrame, *, as_of: date, timezone: str) -> DataFrame:
    """The journeys that ended on `as_of` (reporting day) or earlier and have a touch."""
    ended_on = report_day("ended_at", timezone)
    return journeys.where((ended_on <= F.lit(as_of)) & (F.size("path") > 0))


def count_transitions(journeys: DataFrame, *, order: int, collapse: bool = False) -> DataFrame:
    """One row per conversion type, state and what followed it: conversion_type, before, channel, journeys, conversions,
    value.

    A state (`before`) has the channels of the last `order` touches, oldest first, fewer near the start, [] before the
    first touch. Equal neighbours are one touch at order 1, and with `collapse` at every order. `channel` is the next
    one, null where journeys ended in the state; conversions and value (net, a negative one as 0) are of those.
    Journeys without touch are ignored. UsageError for an order below 1.
    """
    check_order(order)
    channels = F.col("path.channel")
    touched = _touched_journeys(journeys, _collapsed(channels) if collapse and order > 1 else channels)
    # One place more than there are channels: get() returns null there, which is the end.
    steps = touched.select("*", F.explode(F.sequence(F.lit(0), F.size("channels"))).alias("index"))
    length = F.least(F.col("index"), F.lit(order))
    before = F.slice("channels", F.col("index") - length + 1, length)
    followed = steps.select("*", before.alias("before"), F.get("channels", F.col("index")).alias("channel"))
    # Of equal neighbours that are one touch, those still in the path are no step.
    is_step = ~F.get("channels", F.col("index") - 1).eqNullSafe(F.col("channel"))
    counted = followed.where(is_step) if collapses(order, collapse=collapse) else followed
    ended = F.col("channel").isNull()
    return counted.groupBy("conversion_type", "before", "channel").agg(
        F.count(F.lit(1)).alias("journeys"),
        F.count_if(ended & F.col("is_conversion")).alias("conversions"),
        F.sum(F.when(ended, F.col("value")).otherwise(0.0)).alias("value"),
    )


def count_channel_sets(journeys: DataFrame) -> DataFrame:
    """One row per conversion type and set of channels that journeys touched: conversion_type, channels (sorted),
    conversions, value, nulls."""
    return _counts_by_path(_touched_journeys(journeys, F.sort_array(F.array_distinct(F.col("path.channel")))))


def count_paths(journeys: DataFrame) -> DataFrame:
    """The same per path of channels, equal neighbours one touch: the input of the choice of an order."""
    return _counts_by_path(_touched_journeys(journeys, _collapsed(F.col("path.channel"))))


def moves_and_ends(rows: Iterable[Row]) -> tuple[list[Move], list[End]]:
    """The collected rows of `count_transitions`, of one conversion type, as `markov.fit_transitions` takes them."""
    moves, ends = [], []
    for row in rows:
        state = tuple(row["before"])
        if row["channel"] is not None:
            moves.append(Move(state, row["channel"], row["journeys"]))
        else:
            ends.append(End(state, row["conversions"], row["value"], row["journeys"] - row["conversions"]))
    return moves, ends


def paths_of(rows: Iterable[Row]) -> Paths:
    """The collected rows of `count_channel_sets` or `count_paths`, of one conversion type, as aggregated paths."""
    known = list(rows)
    conversions, value, nulls = ([row[name] for row in known] for name in ("conversions", "value", "nulls"))
    return Paths.of([row["channels"] for row in known], conversions, value, nulls)


def _touched_journeys(journeys: DataFrame, channels: Column) -> DataFrame:
    return journeys.where(F.size("path") > 0).select(
        "conversion_type",
        channels.alias("channels"),
        F.col("conversion_id").isNotNull().alias("is_conversion"),
        # A negative value (more refunded than paid) counts as 0: the models take no negative values.
        F.greatest(F.col("report_value").cast("double"), F.lit(0.0)).alias("value"),
    )


def _counts_by_path(touched: DataFrame) -> DataFrame:
    return touched.groupBy("conversion_type", "channels").agg(
        F.count_if("is_conversion").alias("conversions"),
        F.sum(F.when(F.col("is_conversion"), F.col("value")).otherwise(0.0)).alias("value"),
        F.count_if(~F.col("is_conversion")).alias("nulls"),
    )


def _collapsed(channels: Column) -> Column:
    # A channel is never null, so the first one differs from the null before it.
    return F.filter(channels, lambda channel, index: ~channel.eqNullSafe(F.get(channels, index - 1)))
