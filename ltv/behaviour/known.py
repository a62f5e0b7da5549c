"""What was known at a moment: whose a device was, and the rows of silver that lay before it.

A visit without a login becomes its person's by a login that may come weeks later. Seen from a moment between the two,
nobody knew. So each fact has, beside the moment `at` at which it happened, the moment `known_at` from which on it could
be seen as this person's, and counts for a moment that lies after both.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.days import report_day

MICROSECONDS_A_DAY = 86_400e6
INTERVALS = "array<struct<valid_from:timestamp,valid_to:timestamp,tied_at:timestamp>>"
MOMENT = ("person_id", "as_of")


def with_known_at(facts: DataFrame, identities: DataFrame, *, device: str = "anonymous_id") -> DataFrame:
    """Facts (person_id, at and the column named by `device`) with `known_at`: at, or the later login that tied the
    device to the person.

    `identities` is silver.identities. A fact without a device, or on a device that no login tied to the person, was
    known at once.
    """
    interval = F.struct("valid_from", "valid_to", F.col("known_at").alias("tied_at"))
    ties = (
        identities.where(F.col("known_at").isNotNull())
        .groupBy(F.col("anonymous_id").alias(device), "person_id")
        .agg(F.collect_list(interval).cast(INTERVALS).alias("intervals"))
    )
    # An interval ends where the next one begins, so a fact lies in one at most.
    tie = F.get(F.filter("intervals", lambda one: _lies_in(F.col("at"), one)), F.lit(0))["tied_at"]
    tied = facts.join(ties, [device, "person_id"], how="left")
    return tied.withColumn("known_at", F.greatest("at", tie)).drop("intervals")


def _lies_in(moment: Column, interval: Column) -> Column:
    is_open = interval["valid_to"].isNull()
    return (interval["valid_from"] <= moment) & (is_open | (moment < interval["valid_to"]))


def seen_from(facts: DataFrame, moments: DataFrame) -> DataFrame:
    """One row per fact (person_id, at, known_at) and moment (person_id, as_of) of its person that lies after both.

    `age` is the time from the fact to the moment in days, not rounded, above 0.
    """
    return (
        facts.join(moments.select(*MOMENT), "person_id", how="inner")
        .where((F.col("at") < F.col("as_of")) & (F.col("known_at") < F.col("as_of")))
        .withColumn("age", days_between("at", "as_of"))
    )


def days_between(start: str, end: str) -> Column:
    """The time from one column of timestamps to another in days of 86,400 seconds, as a double."""
    return (F.unix_micros(F.col(end)) - F.unix_micros(F.col(start))).cast("double") / F.lit(MICROSECONDS_A_DAY)


def last_whole_day(timezone: str) -> Column:
    """The last calendar day in the zone that had ended by as_of: the day before where as_of is its midnight."""
    return F.date_sub(report_day("as_of", timezone), 1)
