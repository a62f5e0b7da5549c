"""Conservation of credit, value and spend, for every model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from attribution.channel_performance import DATE_BASES
from warehouse.checks import CheckResult, equal, none_found, side_by_side

TOLERANCE = 1e-9


def check_credits(journeys: DataFrame, credits: DataFrame, *, models: Sequence[str]) -> list[CheckResult]:
    """Each model gives every credited conversion (of `credited_journeys`) exactly once, and its whole value."""
    wanted = journeys.agg(
        F.count(F.lit(1)).alias("conversions"),
        F.sum("report_value").alias("net"),
        F.sum("report_gross_value").alias("gross"),
    ).first()
    assert wanted is not None
    by_conversion = (
        credits.groupBy("model", "conversion_id")
        .agg(F.sum("credit").alias("credit"), F.sum("credited_value").alias("net"), F.sum("gross_value").alias("gross"))
        .join(journeys.select("conversion_id", "report_value", "report_gross_value"), "conversion_id", how="left")
    )
    # Also false for a conversion that is not among the journeys, or without any credit.
    even = F.abs(F.col("credit") - 1) <= TOLERANCE
    whole = (F.col("net") == F.col("report_value")) & (F.col("gross") == F.col("report_gross_value"))
    found = {
        row["model"]: row
        for row in by_conversion.groupBy("model")
        .agg(
            F.count(F.lit(1)).alias("conversions"),
            F.sum("net").alias("net"),
            F.sum("gross").alias("gross"),
            F.count_if(~F.coalesce(even, F.lit(False))).alias("uneven"),
            F.count_if(~F.coalesce(whole, F.lit(False))).alias("other_value"),
        )
        .collect()
    }
    results = []
    for model in models:
        row = found.get(model)
        results += [
            equal(f"{model}: conversions credited", wanted["conversions"], row["conversions"] if row else 0),
            equal(f"{model}: net value credited", wanted["net"], row["net"] if row else 0),
            equal(f"{model}: gross value credited", wanted["gross"], row["gross"] if row else 0),
            none_found(f"{model}: conversions whose credit is not 1", row["uneven"] if row else 0),
            none_found(f"{model}: conversions whose value is not theirs", row["other_value"] if row else 0),
        ]
    strangers = sorted(set(found) - set(models))
    return [*results, none_found("models that were not asked for", len(strangers), detail=", ".join(strangers))]


def check_performance(credits: DataFrame, spend: DataFrame, performance: DataFrame) -> list[CheckResult]:
    """Per model, conversion type and date basis: the totals of credits and of spend are in channel_performance."""
    of_credits = ("credit", "credited_value", "gross_value")
    earned = {
        (row["model"], row["conversion_type"]): row
        for row in credits.groupBy("model", "conversion_type")
        .agg(*(F.sum(name).alias(name) for name in of_credits))
        .collect()
    }
    total_spend = spend.agg(F.sum("report_spend").alias("spend")).collect()[0]["spend"]
    told = {
        (row["model"], row["conversion_type"], row["date_basis"]): row
        for row in performance.groupBy("model", "conversion_type", "date_basis")
        .agg(
            F.sum("credited_conversions").alias("credit"),
            *(F.sum(name).alias(name) for name in ("credited_value", "gross_value", "spend")),
        )
        .collect()
    }
    models = sorted({model for model, *_ in [*earned, *told]})
    types = sorted({type_ for _, type_, *_ in [*earned, *told]})
    results = []
    # Every combination, so that a slice that is missing as a whole is seen too.
    for model, type_, basis in product(models, types, DATE_BASES):
        of, row = earned.get((model, type_)), told.get((model, type_, basis))
        name = f"performance of {model}, {type_}, by {basis}"
        results += [
            equal(f"{name}: conversions", of["credit"] if of else 0.0, row["credit"] if row else 0.0),
            equal(f"{name}: value", of["credited_value"] if of else 0, row["credited_value"] if row else 0),
            equal(f"{name}: gross value", of["gross_value"] if of else 0, row["gross_value"] if row else 0),
            equal(f"{name}: spend", total_spend, row["spend"] if row else 0),
        ]
    return results


def check_paths(journeys: DataFrame, paths: DataFrame) -> list[CheckResult]:
    """Every journey stands in path_summary once, with its value."""
    found = side_by_side(
        journeys.agg(
            F.count("conversion_id").alias("conversions"),
            F.count_if(F.col("conversion_id").isNull()).alias("others"),
            F.sum("report_value").alias("value"),
        ),
        paths.agg(
            F.sum("conversions").alias("told_conversions"),
            F.sum("non_conversions").alias("told_others"),
            F.sum("value").alias("told_value"),
        ),
    )
    return [
        equal("converting journeys in path_summary", found["conversions"], found["told_conversions"]),
        equal("journeys without conversion in path_summary", found["others"], found["told_others"]),
        equal("value of journeys in path_summary", found["value"], found["told_value"]),
    ]
