"""gold.attribution_credits: which touch earned which part of which conversion, under each model.

A journey's credits need nothing but the journey: no row moves, however many models there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from attribution.fitted_credit import FittedModel, fitted_of
from attribution.knobs import RuleKnobs
from attribution.rule_credit import rules_of
from attribution.shares import divide
from attribution.touch_transforms import transformed
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.days import report_day
from warehouse.tables.gold_attribution_credits import GOLD_ATTRIBUTION_CREDITS
from warehouse.terms import NO_TOUCH, UNATTRIBUTED

VALUES = {"report_value": "credited_value", "report_gross_value": "gross_value"}  # a conversion's, and its parts'


def credited_journeys(journeys: DataFrame, *, start_date: date | None, timezone: str) -> DataFrame:
    """The journeys that get credit: those that end in a conversion on `start_date` (reporting day) or later."""
    converted = journeys.where(F.col("conversion_id").isNotNull())
    if start_date is None:
        return converted
    return converted.where(report_day("ended_at", timezone) >= F.lit(start_date))


def build_attribution_credits(
    journeys: DataFrame,
    *,
    models: Sequence[str],
    knobs: RuleKnobs,
    fitted: Sequence[FittedModel] = (),
    transforms: Sequence[str] = (),
) -> DataFrame:
    """One row per model, conversion and touch with credit above 0, from `credited_journeys`.

    `models` are rules, `fitted` data-driven models as they were fitted before. Touches that `transforms` (see
    touch_transforms) leave out get no credit; position and path_length stay those of the whole window.
    credit is double and sums to 1; values are decimals rounded half up to 6 places, the last credited touch takes
    the remainder, so that they sum to the conversion's value exactly. A conversion without touches is
    '(unattributed)': position 0, dated at the conversion.
    """
    nothing = F.array(
        F.struct(
            F.col("ended_at").alias("touched_at"),
            F.lit(NO_TOUCH).alias("touchpoint_id"),
            F.lit(UNATTRIBUTED).alias("channel"),
            *(F.lit(None).cast("string").alias(name) for name in ("source", "medium", "campaign")),
        )
    )
    length = F.size("path")
    credited = journeys.select(
        "conversion_id",
        "conversion_type",
        F.col("ended_at").alias("converted_at"),
        "person_id",
        length.alias("path_length"),
        F.col("report_currency").alias("currency"),
        "is_first_purchase",
        "milestones",
        # Touches that are left out still count in the place of the others.
        *((F.col("path")["touchpoint_id"].alias("window"),) if transforms else ()),
        *(_micros(name).alias(name) for name in VALUES),
        F.when(length == 0, nothing).otherwise(transformed(F.col("path"), transforms)).alias("touches"),
    )
    named = [
        *rules_of(models, F.col("touches"), F.col("milestones"), knobs),
        *fitted_of(fitted, F.col("touches"), F.col("conversion_type")),
    ]
    place = F.array_position("window", F.col("touch.touchpoint_id")) if transforms else F.col("index") + 1
    position = F.when(F.col("path_length") == 0, 0).otherwise(place).alias("position")
    parts = (_money(F.col(f"{value}_part")).alias(name) for value, name in VALUES.items())
    divided = divide(credited, named, tuple(VALUES)).where(F.col("credit") > 0)
    return conform(divided.select("*", "touch.*", position, *parts), GOLD_ATTRIBUTION_CREDITS)


def _micros(name: str) -> Column:
    """A decimal of 6 places as a whole number, which Spark adds up several times faster."""
    return (F.col(name) * 1_000_000).cast("bigint")


def _money(micros: Column) -> Column:
    return (micros.cast("decimal(18,0)") * F.lit(Decimal("0.000001"))).cast(MONEY)
