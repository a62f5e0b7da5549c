"""What new users have brought since the fit of early value's champion, counted on Spark."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from ltv.behaviour.facts import Silver, purchases_of
from ltv.churn_scorer import Array
from ltv.early_drift import BroughtSoFar, expected_by_now, judge_early_value
from ltv.findings import Finding
from ltv.knobs import Drift
from ltv.person_features import end_of
from warehouse.person_ids import person_of_device

OF_PREDICTION = ("person_id", "age_days", "horizon_days")
GROUP = ("age_days", "horizon_days", "has_bought", "first_day")
Came = Mapping[tuple[int, int], Mapping[str, Array]]  # by age and horizon: the stored shares, by whose they are


def find_early_value_drift(
    content: Mapping[str, Any],
    early_value: DataFrame,
    silver: Silver,
    *,
    version: str,
    as_of: dt.date,
    timezone: str,
    drift: Drift,
) -> list[Finding]:
    """What the check of a champion of early value finds on a day; `content` is what the version has stored."""
    fitted = dt.date.fromisoformat(content["as_of"])
    predicted = since_fit(early_value, version=version, fitted=fitted, as_of=as_of)
    made = made_in(silver, since=fitted, until=as_of, timezone=timezone)
    found = brought_so_far(predicted, made, came_of(content), as_of=as_of)
    return judge_early_value(
        found, fitted=fitted, as_of=as_of, level=drift.alarm_level, least_change=drift.least_change
    )


def since_fit(early_value: DataFrame, *, version: str, fitted: dt.date, as_of: dt.date) -> DataFrame:
    """The rows of a day, predicted by a version, of new users who reached the age after its fit and before that day:
    with the age something can have come."""
    reached = F.date_add("first_day", F.col("age_days") - F.lit(1))
    is_of_day = (F.col("as_of") == F.lit(as_of)) & (F.col("model_version") == F.lit(version))
    return early_value.where(is_of_day & (reached > F.lit(fitted)) & (reached < F.lit(as_of)))


def made_in(silver: Silver, *, since: dt.date, until: dt.date, timezone: str) -> DataFrame:
    """One row per purchase after the end of one day and before that of another: day, gross_value, and person_id, as
    whom the buyer was known at the latter, as in gold.early_value: the device before a login."""
    first, end = (F.lit(end_of(day, timezone)) for day in (since, until))
    is_made = (F.col("converted_at") >= first) & (F.col("converted_at") < end)
    made = purchases_of(replace(silver, conversions=silver.conversions.where(is_made)), timezone=timezone)
    known_as = F.when(F.col("known_at") < end, F.col("person_id")).otherwise(person_of_device(F.col("anonymous_id")))
    return made.select(known_as.alias("person_id"), "day", "gross_value")


def brought_so_far(predicted: DataFrame, made: DataFrame, came: Came, *, as_of: dt.date) -> list[BroughtSoFar]:
    """What the new users of these rows of gold.early_value have brought by the end of as_of, by age and horizon;
    `predicted` and `made` are results of `since_fit` and `made_in`.

    Collects a row for each first day, age, horizon and state.
    """
    value = F.col("buys_probability") * F.col("amount_if_buys")
    rows = predicted.select(
        *(*OF_PREDICTION, "has_bought", "first_day", "model_error"),
        F.col("buys_probability").alias("buyers"),
        value.alias("value"),
        (value * value).alias("value_squared"),
        (F.col("standard_deviation") * F.col("standard_deviation")).alias("variance"),
    )
    counted = (
        rows.join(_brought(rows, made), list(OF_PREDICTION), how="left")
        .groupBy(*GROUP)
        .agg(
            F.count(F.lit(1)).alias("users"),
            F.max("model_error").alias("model_error"),
            *(F.sum(name).alias(name) for name in ("buyers", "value", "value_squared", "variance")),
            F.sum(F.coalesce("brought", F.lit(0.0))).alias("brought"),
        )
    )
    groups: dict[tuple[int, int], list[Row]] = {}
    for row in sorted(counted.collect()):
        groups.setdefault((row["age_days"], row["horizon_days"]), []).append(row)
    return [_so_far(alike, came[key], as_of) for key, alike in sorted(groups.items()) if key in came]


def came_of(content: Mapping[str, Any]) -> Came:
    """The shares of the value that had come by each day, of a stored version; of an older one without them nothing."""
    return {
        (one["age_days"], one["horizon_days"]): {name: np.array(shares) for name, shares in one["came"].items()}
        for one in content["models"]
        if "came" in one
    }


def _brought(rows: DataFrame, made: DataFrame) -> DataFrame:
    """OF_PREDICTION and the gross value of the purchases after the age and within the horizon."""
    days = F.datediff("day", "first_day")  # the age ends with local day first_day + age_days - 1
    return (
        rows.select(*OF_PREDICTION, "first_day")
        .join(made, "person_id", how="inner")
        .where((days >= F.col("age_days")) & (days < F.col("horizon_days")))
        .groupBy(*OF_PREDICTION)
        .agg(F.sum("gross_value").alias("brought"))
    )


def _so_far(rows: Sequence[Row], came: Mapping[str, Array], as_of: dt.date) -> BroughtSoFar:
    first = rows[0]
    days = np.array([min((as_of - row["first_day"]).days + 1, row["horizon_days"]) for row in rows])
    return BroughtSoFar(
        age_days=first["age_days"],
        horizon_days=first["horizon_days"],
        model_error=first["model_error"],
        came=expected_by_now(came, np.array([row["has_bought"] for row in rows]), days),
        **{
            name: np.array([float(row[name]) for row in rows])
            for name in ("users", "buyers", "value", "value_squared", "variance", "brought")
        },
    )
