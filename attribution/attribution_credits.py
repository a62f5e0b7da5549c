"""gold.attribution_credits: which touch earned which part of which conversion, under each model.

A journey's credits need nothing but the journey: no row moves, however many models there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from attribution.expressions import let
from attribution.fitted_credit import FittedModel, fitted_credits_of
from attribution.rules import RuleKnobs, credits_of
from attribution.touch_transforms import transformed
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.tables.gold_attribution_credits import GOLD_ATTRIBUTION_CREDITS

UNATTRIBUTED = "(unattributed)"
NO_TOUCH = "(none)"


def credited_journeys(journeys: DataFrame, *, start_date: date | None, timezone: str) -> DataFrame:
    """The journeys that get credit: those that end in a conversion on `start_date` (reporting day) or later."""
    converted = journeys.where(F.col("conversion_id").isNotNull())
    if start_date is None:
        return converted
    return converted.where(F.from_utc_timestamp("ended_at", timezone).cast("date") >= F.lit(start_date))


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
        "*",
        length.alias("path_length"),
        F.when(length == 0, nothing).otherwise(transformed(F.col("path"), transforms)).alias("touches"),
    )
    credits_ = [
        *credits_of(models, F.col("touches"), F.col("milestones"), knobs),
        *fitted_credits_of(fitted, F.col("touches"), F.col("conversion_type")),
    ]
    credited = credited.select("*", F.explode(F.array(*credits_)).alias("credit_of"))
    valued = credited.select(
        "*",
        _exact_shares(F.col("report_value")).alias("values"),
        _exact_shares(F.col("report_gross_value")).alias("gross_values"),
    )

    def position(touch: Column, index: Column) -> Column:
        # Touches that were left out still count in the place of the others.
        return F.array_position(F.col("path")["touchpoint_id"], touch["touchpoint_id"]) if transforms else index + 1

    # Only single values leave the arrays: a row that carried its path along would make long paths quadratic.
    touch = F.transform(
        "touches",
        lambda touch, index: F.struct(
            touch.alias("touch"),
            F.when(F.col("path_length") == 0, 0).otherwise(position(touch, index)).alias("position"),
            F.get(F.col("credit_of.shares"), index).alias("credit"),
            F.get(F.col("values"), index).alias("credited_value"),
            F.get(F.col("gross_values"), index).alias("gross_value"),
        ),
    )
    return conform(
        valued.select(
            F.col("credit_of.model").alias("model"),
            "conversion_id",
            "conversion_type",
            F.col("ended_at").alias("converted_at"),
            "person_id",
            "path_length",
            F.col("report_currency").alias("currency"),
            "is_first_purchase",
            F.col("credit_of.version").alias("model_version"),
            F.inline(touch),
        )
        .where(F.col("credit") > 0)
        .select("*", "touch.*"),
        GOLD_ATTRIBUTION_CREDITS,
    )


def _exact_shares(value: Column) -> Column:
    """The shares of a decimal value, rounded; the last credited touch takes what rounding left."""
    shares = F.col("credit_of.shares")
    rounded = F.transform(shares, lambda share: F.round(value.cast("double") * share, 6).cast(MONEY))
    last = F.array_max(F.transform(shares, lambda share, index: F.when(share > 0, index)))
    total = F.aggregate(rounded, F.lit(0).cast(MONEY), lambda sum_, part: (sum_ + part).cast(MONEY))
    left = F.struct(last.alias("index"), (value - total).alias("value"))
    return let(
        left,
        lambda rest: F.transform(
            rounded,
            lambda part, index: F.when(index == rest["index"], part + rest["value"]).otherwise(part).cast(MONEY),
        ),
    )
