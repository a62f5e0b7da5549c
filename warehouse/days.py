"""The reporting day of a moment."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def report_day(moment: Column | str, timezone: str) -> Column:
    """The calendar day (date) in `timezone` of a moment in UTC (a timestamp or the name of its column)."""
    return F.from_utc_timestamp(moment, timezone).cast("date")
