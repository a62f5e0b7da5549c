"""What became of the churn champion's predictions, and what its features look like now, counted on Spark."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from ltv.behaviour.facts import Silver, active_of, purchases_of, visits_of
from ltv.behaviour.inputs import has_logarithm
from ltv.behaviour.origins import CYCLE_DAYS, HORIZONS, LEAST_RECORD_DAYS
from ltv.behaviour.rows import with_next_activity
from ltv.churn_drift import DueChurn, PastShift, judge_churn, judge_churn_inputs, nothing_due
from ltv.churn_model import OF_PURCHASES, ChurnModel
from ltv.drift import windows
from ltv.findings import Finding
from ltv.knobs import Drift
from ltv.person_features import end_of
from ltv.stability import Counts, Stability, stability
from warehouse.numbers import rounded

# They reach back to the first purchase or visit, and so grow as a shop does.
GROWING = (
    "repeat_purchase_days",
    "purchase_span_days",
    "purchase_gap_days",
    "silence_in_purchase_gaps",
    "days_since_first_purchase",
    "days_since_purchase",
    "days_since_first_visit",
    "days_since_sign_up",
)
DIGITS = 4  # of a probability: customers who have the same share a row
STEPS_OF_DOUBLING, STEPS_OF_ONE = 4, 20  # fine bins of a logarithm, of a share
UNKNOWN = -1e9  # the bin of a null, below all others
OF_PREDICTION = ("horizon", "as_of", "model_version", "base_rate", "probability")


class ChurnTables(NamedTuple):
    """gold.churn, gold.person_features and silver, of all days."""

    churn: DataFrame
    features: DataFrame
    silver: Silver


def find_churn_drift(
    model: ChurnModel,
    tables: ChurnTables,
    past: Iterable[PastShift],
    *,
    version: str,
    fitted: dt.date,
    as_of: dt.date,
    timezone: str,
    drift: Drift,
) -> list[Finding]:
    """What all checks of a churn champion, `fitted` on data up to a day, find on a day."""
    level = drift.alarm_level
    due = due_churn(tables, as_of=as_of, timezone=timezone)
    found = judge_churn(due, past, version=version, fitted=fitted, level=level, least_change=drift.least_change)
    reference = reference_day(tables.features, fitted=fitted, as_of=as_of) if windows(fitted, as_of) else None
    if reference is not None:
        compared = compared_features(tables.features, read_by(model), reference, as_of)
        found += judge_churn_inputs(compared, since=reference, until=as_of, level=level)
    return found or [nothing_due(fitted, as_of)]


def due_churn(tables: ChurnTables, *, as_of: dt.date, timezone: str) -> list[DueChurn]:
    """Of each horizon the newest predictions whose days are over by the end of as_of, by whichever version.

    The cycle is due when the longest one is over. Who has become another person by a later login is left out.
    """
    newest = _newest_due(tables.churn, as_of)
    if not newest:
        return []
    chosen = [(F.col("horizon") == F.lit(name)) & (F.col("as_of") == F.lit(day)) for name, day in newest.items()]
    known = tables.silver.conversions.select("person_id").distinct()
    predicted = (
        tables.churn.where(F.coalesce(*(F.when(one, F.lit(True)) for one in chosen)))
        .select("person_id", *OF_PREDICTION)
        .join(known, "person_id", how="left_semi")
        .withColumn("probability", rounded(F.col("probability"), DIGITS))
    )
    came_back = F.coalesce(F.col("next_active_days") <= _of_horizon(F.col("cycle_days")), F.lit(False))
    counted = (
        predicted.join(_outcomes(predicted, tables, {*newest.values()}, timezone), ["person_id", "as_of"])
        .groupBy(*OF_PREDICTION)
        .agg(F.count(F.lit(1)).alias("customers"), F.count_if(~came_back).alias("left"))
    )
    rows: dict[str, list[Row]] = {}
    for row in sorted(counted.collect()):
        rows.setdefault(row["horizon"], []).append(row)
    return [_due(rows[one.name], one.days) for one in HORIZONS if one.name in rows]


def _due(rows: Sequence[Row], days: int) -> DueChurn:
    first = rows[0]
    return DueChurn(
        horizon=first["horizon"],
        as_of=first["as_of"],
        until=first["as_of"] + dt.timedelta(days=days),
        model_version=first["model_version"],
        base_rate=first["base_rate"],
        **{name: np.array([float(row[name]) for row in rows]) for name in ("probability", "customers", "left")},
    )


def _outcomes(predicted: DataFrame, tables: ChurnTables, days: set[dt.date], timezone: str) -> DataFrame:
    """One row per person and day of a prediction: next_active_days as churn is learned from, and the cycle_days."""
    ends, silver = {day: end_of(day, timezone) for day in sorted(days)}, tables.silver
    first = F.lit(min(ends.values()))
    later = replace(
        silver,
        sessions=silver.sessions.where(F.col("ended_at") >= first),
        conversions=silver.conversions.where(F.col("converted_at") >= first),
    )
    active = active_of(visits_of(later, timezone=timezone), purchases_of(later, timezone=timezone))
    moment = F.coalesce(*(F.when(F.col("day") == F.lit(day), F.lit(end)) for day, end in ends.items()))
    persons = predicted.select("person_id", F.col("as_of").alias("day")).distinct().withColumn("as_of", moment)
    after = with_next_activity(persons, active).select("person_id", F.col("day").alias("as_of"), "next_active_days")
    features = tables.features.where(F.col("as_of").isin([*ends])).select("person_id", "as_of", "cycle_days")
    return after.join(features, ["person_id", "as_of"])


def _of_horizon(cycle: Column) -> Column:
    """The days of the row's horizon; `cycle` is what stands for those of the own cycle."""
    days = {one.name: cycle if one.is_cycle else F.lit(float(one.days)) for one in HORIZONS}
    return F.coalesce(*(F.when(F.col("horizon") == F.lit(name), length) for name, length in days.items()))


def _newest_due(churn: DataFrame, as_of: dt.date) -> dict[str, dt.date]:
    days = _of_horizon(F.lit(float(CYCLE_DAYS))).cast("int")
    is_over = F.col("as_of") <= F.date_sub(F.lit(as_of), days)
    newest = churn.where(is_over).groupBy("horizon").agg(F.max("as_of").alias("day"))
    return {row["horizon"]: row["day"] for row in newest.collect()}


def read_by(model: ChurnModel) -> tuple[str, ...]:
    """The features that a model reads and that do not grow by themselves, in order of name."""
    read = {name for one in model.horizons for name in one.classifier.inputs.names}
    return tuple(sorted(read - {*OF_PURCHASES, *GROWING}))


def reference_day(features: DataFrame, *, fitted: dt.date, as_of: dt.date) -> dt.date | None:
    """The last day with features up to the fit, otherwise the first after it; None where there is only as_of."""
    earlier = features.where(F.col("as_of") < F.lit(as_of)).select("as_of").distinct()
    days = sorted(row["as_of"] for row in earlier.collect())
    before = [day for day in days if day <= fitted]
    return before[-1] if before else days[0] if days else None


def compared_features(
    features: DataFrame, names: Iterable[str], before: dt.date, lately: dt.date
) -> dict[str, Stability | None]:
    """The PSI of each feature from one day to another, over customers who were active in the last month.

    The others only fall silent for longer, and become more as a shop grows.
    """
    given = tuple(names)
    is_customer = F.col("days_since_first_purchase").isNotNull()
    is_active = F.col("days_since_active") <= F.lit(float(LEAST_RECORD_DAYS))
    entries = [F.struct(F.lit(name).alias("name"), _bin(name).alias("bin")) for name in given]
    counted = (
        features.where(F.col("as_of").isin([before, lately]) & is_customer & is_active)
        .select("as_of", F.explode(F.array(*entries)).alias("entry"))
        .select("as_of", "entry.name", "entry.bin")
        .groupBy("as_of", "name", "bin")
        .agg(F.count(F.lit(1)).alias("customers"))
    )
    found: Mapping[tuple[str, dt.date], Counts] = defaultdict(dict)
    for row in counted.collect():
        found[row["name"], row["as_of"]][row["bin"]] = row["customers"]
    return {name: stability(found[name, before], found[name, lately]) for name in given}


def _bin(name: str) -> Column:
    value = F.col(name).cast("double")
    step = F.log2(F.lit(1.0) + value) * F.lit(float(STEPS_OF_DOUBLING))
    if not has_logarithm(name):
        step = value * F.lit(float(STEPS_OF_ONE))
    return F.coalesce(F.floor(step + F.lit(1e-9)).cast("double"), F.lit(UNKNOWN))
