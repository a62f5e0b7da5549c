"""The user agents and referring sites of events: texts that repeat, which are classified once each."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F


def referring_site() -> Column:
    """The referrer up to its third slash: enough for its host, and far fewer distinct values than pages."""
    return F.substring_index("referrer", "/", 3).cast("string")


def values_of(events: DataFrame) -> DataFrame:
    """One row per distinct user agent and referring site of `events`, as of bronze.event_values."""
    return _values(events, "user_agent", F.col("user_agent")).unionByName(
        _values(events, "referring_site", referring_site())
    )


def _values(events: DataFrame, field: str, text: Column) -> DataFrame:
    values = events.select(text.alias("text")).where(F.col("text").isNotNull()).distinct()
    return values.select(F.lit(field).alias("field"), "text")
