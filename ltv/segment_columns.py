"""Each customer's segment and the reason for it, as columns: the nearest centre among those that the guards allow.

Guards say what holds in any shop, wherever the centres lie. A customer is *active* within the own usual time between
purchases, and on the day after a purchase in any case.
"""

from __future__ import annotations

from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from ltv.segments import CUT, VALUE_DAYS, Segmentation, figures, own_gap
from warehouse.tables.gold_customer_value import NEW, ONE_TIME, SEGMENTS

LATE_GAPS = 3.0  # own gaps; who is silent for longer is neither loyal nor promising
FREQUENT = 2  # repeat purchase days that make a frequent buyer, who can be loyal or leaving
GONE, PERHAPS_GONE = 0.1, 0.5  # p_alive; below the first a customer who is not active is lost, below the second perhaps
CHANCE_DAYS = 90  # days; the chance of a purchase that reasons name
MEANINGS = {
    "loyal": "a frequent and valuable buyer",
    "promising": "came back, with fewer purchases or less value so far",
    "sleeping": "late, and not among the frequent buyers",
    "leaving": "a frequent buyer who is late",
    "lost": "hardly a customer any more",
}


def with_segments(scored: DataFrame, segments: Segmentation, *, days_per_unit: int) -> DataFrame:
    """The rows with segment and segment_reason.

    Needs frequency, recency, T, p_alive, churn_90d, discounted_purchases_365d and expected_order_value.
    """
    unit = F.lit(float(days_per_unit))
    value = F.greatest(F.col(f"discounted_purchases_{VALUE_DAYS}d") * F.col("expected_order_value"), F.lit(0.0))
    placed = scored.withColumns(
        {
            "_silent_days": _whole((F.col("T") - F.col("recency")) * unit),
            "_gap_days": own_gap(F.col("frequency"), F.col("recency") * unit, F.lit(segments.pace)),
        }
    ).withColumn("_silence", F.col("_silent_days") / F.col("_gap_days"))
    places = figures(
        F.col("frequency"), F.col("_silence"), F.col("p_alive"), value / F.lit(segments.typical_value), log=F.ln
    )
    scaled = {
        f"_place_{number}": F.greatest(F.lit(-CUT), F.least(F.lit(CUT), (place - F.lit(mean)) / F.lit(deviation)))
        for number, (place, mean, deviation) in enumerate(zip(places, segments.mean, segments.deviation, strict=True))
    }
    is_active = (F.col("_silence") <= F.lit(1.0)) | (F.col("_silent_days") <= F.lit(1))
    placed = placed.withColumns({**scaled, "_is_active": is_active})
    allowed = _guards()
    distances = {f"_to_{name}": F.when(allowed[name], _distance(centre)) for name, centre in segments.centres.items()}
    placed = placed.withColumns(distances).withColumn("_nearest", F.least(*distances))
    named = placed.withColumn("segment", _segment([*segments.centres])).withColumn("segment_reason", _reason())
    return named.drop(*(name for name in named.columns if name.startswith("_")))


def count_segments(rows: DataFrame) -> dict[str, int]:
    """Customers by segment, of rows of gold.customer_value (one as_of); 0 in segments without any."""
    counted = rows.groupBy("segment").agg(F.count("*").alias("customers"))
    found = {row["segment"]: row["customers"] for row in counted.collect()}
    return {name: int(found.get(name, 0)) for name in SEGMENTS}


def _guards() -> dict[str, Column]:
    """Whether a returning customer may be in a segment; each may be in one: promising if active, otherwise sleeping or,
    if gone, lost."""
    active, silence, frequency = F.col("_is_active"), F.col("_silence"), F.col("frequency")
    is_gone = ~active & (F.col("p_alive") < F.lit(GONE))
    comes = ~is_gone & (active | (silence <= F.lit(LATE_GAPS)))
    may_come_back = ~active & ~is_gone
    is_frequent = frequency >= F.lit(FREQUENT)
    return {
        "loyal": comes & is_frequent,
        "promising": comes,
        "sleeping": may_come_back,
        "leaving": may_come_back & is_frequent,
        "lost": ~active & (F.col("p_alive") < F.lit(PERHAPS_GONE)),
    }


def _distance(centre: tuple[float, ...]) -> Column:
    return reduce(add, ((F.col(f"_place_{number}") - F.lit(place)) ** 2 for number, place in enumerate(centre)))


def _segment(names: list[str]) -> Column:
    """One purchase is new or one-time, whatever the centres say; of two centres equally near the first counts."""
    bought_once = F.col("frequency") == F.lit(0)
    chosen = F.when(bought_once & F.col("_is_active"), F.lit(NEW)).when(bought_once, F.lit(ONE_TIME))
    for name in names:
        chosen = chosen.when(F.col(f"_to_{name}") == F.col("_nearest"), F.lit(name))
    return chosen


def _reason() -> Column:
    """One sentence with the customer's numbers, each of which stands in it once."""
    silent, active, once = F.col("_silent_days"), F.col("_is_active"), F.col("frequency") == F.lit(0)
    first = F.when(F.col("segment") == F.lit(NEW), F.lit("First purchase ")).otherwise(F.lit("One purchase, "))
    since = F.when(active, F.lit(" purchases, the last ")).otherwise(F.lit(" purchases, none for "))
    due = F.when(active, F.lit(", the next due after about ")).otherwise(F.lit(", the next was due after about "))
    chance = _whole(F.lit(100.0) * (F.lit(1.0) - F.col(f"churn_{CHANCE_DAYS}d"))).cast("string")
    return F.concat(
        F.when(once, first).otherwise(F.concat((F.col("frequency") + F.lit(1)).cast("string"), since)),
        F.when(silent == F.lit(0), F.lit("today")).otherwise(_days(silent)),
        F.when((once | active) & (silent > F.lit(0)), F.lit(" ago")).otherwise(F.lit("")),
        F.when(once, F.lit("; the shop's usual time to the next is ")).otherwise(due),
        _days(_whole(F.col("_gap_days"))),
        _meaning(),
        F.lit(f". Chance of a purchase within {CHANCE_DAYS} days: "),
        chance,
        F.lit("%."),
    )


def _meaning() -> Column:
    """What the segment of a returning customer means; nothing for the others, of whom the sentence says it."""
    first, *others = MEANINGS.items()
    chosen = F.when(F.col("segment") == F.lit(first[0]), F.lit(f": {first[1]}"))
    for name, meaning in others:
        chosen = chosen.when(F.col("segment") == F.lit(name), F.lit(f": {meaning}"))
    return chosen.otherwise(F.lit(""))


def _whole(number: Column) -> Column:
    return F.floor(number + F.lit(0.5)).cast("bigint")


def _days(number: Column) -> Column:
    return F.concat(number.cast("string"), F.when(number == 1, F.lit(" day")).otherwise(F.lit(" days")))
