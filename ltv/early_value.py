"""gold.early_value: what each new user will bring, predicted at the end of the first day, week and two weeks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ltv.behaviour.early_periods import NEW_AFTER_DAYS
from ltv.behaviour.early_rows import TOUCH, at_ages
from ltv.behaviour.facts import Silver, purchases_of
from ltv.behaviour.known import MOMENT, seen_from
from ltv.behaviour.new_users import (
    NEW_USER,
    Keep,
    age_end,
    as_it_is,
    as_seen,
    known_at,
    looked_at,
    new_users_of,
    sightings_of,
)
from ltv.customer_summary import expired_days, of_day
from ltv.early_value_model import CHANNEL, PURCHASES, EarlyValueModel
from ltv.knobs import EarlyValueModelName, NewUsers
from ltv.person_features import end_of, silver_of_lake
from warehouse.campaign_names import CampaignNames, campaign_names, with_known_campaign
from warehouse.champion import RegisteredVersion, champion, load_json, used_champion
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY_SUM
from warehouse.days import report_day
from warehouse.knobs import Mlflow, Registry, ReportingCurrency, ReportingDay
from warehouse.person_ids import person_of_device
from warehouse.recipes import Recipe, Run, Work
from warehouse.tables.gold_early_value import AGES_DAYS, GOLD_EARLY_VALUE
from warehouse.tables.silver_activity import SILVER_ACTIVITY
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_identities import SILVER_IDENTITIES
from warehouse.tables.silver_orders import SILVER_ORDERS
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS
from warehouse.terms import NOT_SET, UNATTRIBUTED

Batches = Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]
EARLY_VALUE_ARTIFACT = "data/early_value_model.json"  # of a version
KEPT = (
    *("person_id string", "first_day date", "age_days int", "acquisition_channel string"),
    *("acquisition_campaign string", "has_bought boolean", f"value_to_date {MONEY_SUM}"),
)
PREDICTED = (
    *KEPT,
    *("horizon_days int", "buys_probability double", "amount_if_buys double", "standard_deviation double"),
    *("model_error double", "served string"),
)


def is_of_new_user(new_users: NewUsers, *, as_of: dt.date) -> Column:
    """Whether a first_day is one of those that have rows: of the last early_days up to as_of, and NEW_AFTER_DAYS or
    more after record_from, the first day of the record of visits."""
    first = F.lit(as_of - dt.timedelta(days=new_users.early_days - 1))
    is_recorded = F.col("first_day") >= F.date_add("record_from", NEW_AFTER_DAYS)
    return F.col("first_day").between(first, F.lit(as_of)) & is_recorded


def record_of(silver: Silver, *, timezone: str) -> DataFrame:
    """One row: record_from, the day of the first visit on record; null without one."""
    return silver.sessions.agg(report_day(F.min("started_at"), timezone).alias("record_from"))


def seen_new_users(silver: Silver, new_users: NewUsers, *, as_of: dt.date, timezone: str) -> DataFrame:
    """Rows of `looked_at` of the new users who have rows, at the ages that they had reached by the end of as_of;
    `shown_as` is the id as which they were known then."""
    end = end_of(as_of, timezone)
    found = new_users_of(sightings_of(silver, timezone=timezone)).crossJoin(record_of(silver, timezone=timezone))
    chosen = found.where(is_of_new_user(new_users, as_of=as_of))
    shown = (
        chosen.where(known_at(F.lit(round(end.timestamp() * 1e6))))
        .groupBy(*NEW_USER)
        .agg(F.min("seen_as").alias("shown_as"))
    )
    return looked_at(chosen, AGES_DAYS, timezone=timezone, until=end).join(shown, list(NEW_USER), how="inner")


def build_early_value(
    silver: Silver,
    looked: DataFrame,
    names: CampaignNames,
    *,
    model: EarlyValueModel,
    as_of: dt.date,
    timezone: str,
    currency: str,
    model_version: str,
    keep: Keep = as_it_is,
) -> DataFrame:
    """One row per row of `looked` (the result of `seen_new_users`) and horizon of the model at its age.

    `names` are the campaigns of spend, under whose names a touch's campaign is. `keep` is given frames that are read
    several times, and gives the same rows back.
    """
    seen = as_seen(silver, looked, timezone=timezone, keep=keep)
    aged = at_ages(looked, seen, timezone=timezone).withColumn("date", F.col("first_day"))
    numbers = sorted({PURCHASES, *model.names})
    named = with_known_campaign(
        aged.select(
            *("seen_as", "as_of", "shown_as", "first_day", "date", "age_days", *TOUCH),
            *(F.col(name).cast("double").alias(name) for name in numbers),
        ),
        names,
    )
    given = named.join(_value_to_date(seen, looked, timezone=timezone), ["seen_as", "as_of"], how="left").select(
        F.col("shown_as").alias("person_id"),
        *("first_day", "age_days"),
        F.coalesce("channel", F.lit(UNATTRIBUTED)).alias(CHANNEL),
        F.coalesce("campaign", F.lit(NOT_SET)).alias("acquisition_campaign"),
        (F.col(PURCHASES) > F.lit(0)).alias("has_bought"),
        F.coalesce("value_to_date", F.lit(0)).cast(MONEY_SUM).alias("value_to_date"),
        *numbers,
    )
    predicted = given.mapInPandas(_batches(model, numbers), ", ".join(PREDICTED))
    expected = F.col("value_to_date").cast("double") + F.col("buys_probability") * F.col("amount_if_buys")
    of_run = {"as_of": F.lit(as_of), "currency": F.lit(currency), "model_version": F.lit(model_version)}
    return conform(predicted.withColumns({"predicted_value": expected, **of_run}), GOLD_EARLY_VALUE)


def _value_to_date(silver: Silver, looked: DataFrame, *, timezone: str) -> DataFrame:
    """(seen_as, as_of, value_to_date) of those who had bought, to the last digit."""
    moments = looked.select(F.col("seen_as").alias("person_id"), "as_of")
    known = seen_from(purchases_of(silver, timezone=timezone), moments)
    total = F.sum("report_gross_value").cast(MONEY_SUM).alias("value_to_date")
    return known.groupBy(*MOMENT).agg(total).withColumnRenamed("person_id", "seen_as")


def _batches(model: EarlyValueModel, names: Sequence[str]) -> Batches:
    kept = [column.split()[0] for column in KEPT]

    def batches(parts: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for part in parts:
            for age in AGES_DAYS:
                rows = part[part["age_days"] == age]
                columns = {name: rows[name].to_numpy(dtype=np.float64) for name in names}
                channels = rows[CHANNEL].to_numpy(dtype=object)
                for one in model.of_age(age):
                    found = one.predict(columns, channels)
                    yield rows[kept].assign(
                        horizon_days=np.int32(one.horizon_days),
                        buys_probability=found.buys,
                        amount_if_buys=found.amount,
                        standard_deviation=found.deviation,
                        model_error=one.model_error,
                        served=one.served,
                    )

    return batches


def check_early_value(
    early_value: DataFrame, silver: Silver, new_users: NewUsers, *, as_of: dt.date, timezone: str
) -> list[CheckResult]:
    """Each new user who was known as one at an age reached has a row of it for each horizon that the age has, and value
    to date is that of the purchases. A day without rows is not checked."""
    day = early_value.where(F.col("as_of") == F.lit(as_of))
    new = _new_by_all_known(silver, as_of=as_of, timezone=timezone)
    new = new.crossJoin(record_of(silver, timezone=timezone)).where(is_of_new_user(new_users, as_of=as_of))
    horizons = day.groupBy("age_days").agg(F.count_distinct("horizon_days").alias("horizons"))
    age = F.datediff(F.lit(as_of), F.col("first_day")) + F.lit(1)
    was_known = F.col("known_at") < F.unix_micros(age_end(timezone))
    was_new = F.coalesce("was_new_as_device", F.lit(False)) | was_known
    reached = new.crossJoin(horizons).where((age >= F.col("age_days")) & was_new)
    # Of an age that ends with as_of all that is known now was known then.
    ends_now = age == F.col("age_days")
    found = side_by_side(
        day.agg(
            F.count(F.lit(1)).alias("rows"),
            F.sum(F.when(ends_now, F.col("value_to_date"))).cast(MONEY_SUM).alias("value"),
        ),
        reached.agg(
            F.sum("horizons").alias("expected_rows"),
            F.sum(F.when(ends_now, F.col("value") * F.col("horizons"))).cast(MONEY_SUM).alias("bought"),
        ),
    )
    if not found["rows"]:
        return []
    return [
        equal("rows of early value are new users times ages and horizons", found["expected_rows"], found["rows"]),
        equal("value to date of new users is that of their purchases", found["bought"], found["value"]),
    ]


def _new_by_all_known(silver: Silver, *, as_of: dt.date, timezone: str) -> DataFrame:
    """One row per id by all that was known at the end of as_of: seen_as, first_day, value of purchases, since when it
    was known as a new user by this id (known_at), and whether before that as the device of the first fact."""
    end = F.lit(round(end_of(as_of, timezone).timestamp() * 1e6))
    known = sightings_of(silver, timezone=timezone).where((F.col("at") < end) & (F.col("known_at") < end))
    of_one = Window.partitionBy("seen_as")
    first = F.min("at").over(of_one)
    facts = known.withColumns({"first": first, "all": F.sum("value").over(of_one)}).where(F.col("at") == F.col("first"))
    devices = facts.select(F.col("seen_as").alias("device"), F.col("first").alias("device_first")).distinct()
    return (
        facts.withColumn("device", person_of_device(F.col("anonymous_id")))
        .join(devices, "device", how="left")
        .groupBy("seen_as")
        .agg(
            *(F.min(name).alias(name) for name in ("known_at", "tied_at")),
            F.min("day").alias("first_day"),
            F.coalesce(F.min("all"), F.lit(0)).cast(MONEY_SUM).alias("value"),
            F.max(F.col("device_first") == F.col("first")).alias("was_new_as_device"),
        )
        .where(F.col("tied_at").isNull() | (F.col("tied_at") >= end))
    )


def early_value_champion(run: Run) -> RegisteredVersion | None:
    """The champion with its tags; None before the first fit."""
    return champion(run.knobs(Mlflow), run.knobs(EarlyValueModelName).early_value_model)


def used_early_value_champion(run: Run) -> str | None:
    """'<name>/<number>' of the champion; None before the first fit, InputError where the lake has predictions of one
    that is gone."""
    name = run.knobs(EarlyValueModelName).early_value_model
    found = used_champion(run.knobs(Mlflow), name, was_used=run.lake.exists(GOLD_EARLY_VALUE))
    return found.full_name if found else None


@cache
def load_early_value(tracking: Mlflow, version: str) -> dict[str, Any]:
    """The stored content of a version ('<name>/<number>'); InputError where it cannot be read."""
    return load_json(tracking, version, EARLY_VALUE_ARTIFACT, dict, what="the model of early value")


def _models(work: Work) -> Mapping[str, str]:
    found = early_value_champion(work.run)
    return {"early_value": found.full_name if found else "none"}


def _build(work: Work) -> DataFrame:
    found = early_value_champion(work.run)
    assert found is not None, "made only where a model was trained"
    silver, timezone = silver_of_lake(work.lake), work.knobs(ReportingDay).timezone
    return build_early_value(
        silver,
        work.persist(seen_new_users(silver, work.knobs(NewUsers), as_of=work.run.as_of, timezone=timezone)),
        campaign_names(work.read(SILVER_AD_SPEND)).kept(work.persist),
        model=EarlyValueModel.from_dict(load_early_value(work.run.knobs(Mlflow), found.full_name)),
        as_of=work.run.as_of,
        timezone=timezone,
        currency=work.knobs(ReportingCurrency).currency,
        model_version=found.full_name,
        keep=work.persist,
    )


def _checks(work: Work) -> list[CheckResult]:
    return check_early_value(
        work.read(GOLD_EARLY_VALUE),
        silver_of_lake(work.lake),
        work.knobs(NewUsers),
        as_of=work.run.as_of,
        timezone=work.knobs(ReportingDay).timezone,
    )


EARLY_VALUE = Recipe(
    table=GOLD_EARLY_VALUE,
    inputs=(
        SILVER_IDENTITIES,
        SILVER_SESSIONS,
        SILVER_TOUCHPOINTS,
        SILVER_ACTIVITY,
        SILVER_ORDERS,
        SILVER_CONVERSIONS,
        SILVER_AD_SPEND,
    ),
    knobs=(NewUsers, ReportingDay, ReportingCurrency),
    registered=(Registry, EarlyValueModelName),
    build=_build,
    is_of_day=True,
    models=_models,
    slice=lambda work: of_day(work.run.as_of),
    expired=expired_days,
    checks=_checks,
)
