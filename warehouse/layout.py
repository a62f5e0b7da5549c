"""How the rows of a large table lie in its files: by time, so that a change of some days rewrites few of them."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

EVENTS_A_PERIOD = 500_000  # about 100,000 sessions: files of 5 to 10 MB
MOST_PERIODS = 256


def event_periods(events: DataFrame) -> list[int]:
    """The moments [microseconds since 1970] at which the time of `events` (column event_at) is cut into periods.

    Periods have about the same number of events: EVENTS_A_PERIOD, or more where there would be more than MOST_PERIODS
    periods. Empty where the events are too few for two periods.
    """
    wanted = min(events.count() // EVENTS_A_PERIOD, MOST_PERIODS)
    if wanted < 2:
        return []
    shares = [number / wanted for number in range(1, wanted)]
    row = events.agg(F.percentile_approx(F.unix_micros("event_at"), shares).alias("cuts")).first()
    assert row is not None
    return sorted(set(row["cuts"]))


def by_period(frame: DataFrame, column: str, periods: Sequence[int]) -> DataFrame:
    """`frame` with one partition, and so one file, for each period that `column` (timestamp or date) falls into."""
    moment = F.unix_micros(F.col(column).cast("timestamp"))
    return frame.repartitionById(len(periods) + 1, _period(moment, periods, 0))


def _period(moment: Column, periods: Sequence[int], first: int) -> Column:
    """The period's number, `first` for the one before all of `periods`. A binary search needs few comparisons."""
    if not periods:
        return F.lit(first)
    middle = len(periods) // 2
    earlier, later = periods[:middle], periods[middle + 1 :]
    return F.when(moment < periods[middle], _period(moment, earlier, first)).otherwise(
        _period(moment, later, first + middle + 1)
    )
