"""gold.person_features: what each person had done by the end of a day, as numbers that models take."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv.behaviour.facts import Silver, active_of, purchases_of, visits_of
from ltv.behaviour.features import person_features
from ltv.behaviour.known import MOMENT, seen_from
from ltv.customer_summary import expired_days, of_day, of_run_day
from ltv.customer_value import value_model_of
from ltv.knobs import SeenPersons
from warehouse.champion import champion
from warehouse.checks import CheckResult, at_most, side_by_side
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.errors import InputError
from warehouse.knobs import Mlflow, Registry, ReportingDay, ValueModelName
from warehouse.recipes import Recipe, Run, Work
from warehouse.store import Lake
from warehouse.tables.gold_customer_value import GOLD_CUSTOMER_VALUE
from warehouse.tables.gold_person_features import GOLD_PERSON_FEATURES, OF_MODEL
from warehouse.tables.silver_activity import SILVER_ACTIVITY
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_identities import SILVER_IDENTITIES
from warehouse.tables.silver_orders import SILVER_ORDERS
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

DAYS_A_YEAR = 365
NAMES_OF_MODEL = tuple(column.name for column in OF_MODEL)


def build_person_features(
    silver: Silver, value: DataFrame, *, as_of: dt.date, timezone: str, seen: SeenPersons
) -> DataFrame:
    """One row per person who was known to visit or buy in the last seen_days up to the end of as_of (inclusive).

    `value` are the rows of gold.customer_value (person_id, p_alive, expected_purchases_90d) that may be used, by a
    champion that was fitted on no later day; a person without one has null there.
    """
    moments = moments_of(silver, end_of(as_of, timezone), timezone=timezone, seen_days=seen.seen_days)
    features = person_features(moments, silver, timezone=timezone).drop("as_of")
    predicted = value.select("person_id", *NAMES_OF_MODEL)
    whole = features.join(predicted, "person_id", how="left").withColumn("as_of", F.lit(as_of))
    return conform(whole, GOLD_PERSON_FEATURES)


def moments_of(silver: Silver, *moments: dt.datetime, timezone: str, seen_days: int) -> DataFrame:
    """(person_id, as_of) of the persons who, as was known at as_of, visited or bought in the seen_days before it."""
    active = active_of(visits_of(silver, timezone=timezone), purchases_of(silver, timezone=timezone))
    each = F.explode(F.array(*map(F.lit, moments)).cast("array<timestamp>")).alias("as_of")
    persons = active.select("person_id").distinct().select("person_id", each)
    seen = seen_from(active, persons)
    return seen.where(F.col("age") <= F.lit(float(seen_days))).select(*MOMENT).distinct()


def end_of(day: dt.date, timezone: str) -> dt.datetime:
    """The first moment (UTC) after a day of the zone."""
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, ZoneInfo(timezone))
    return midnight.astimezone(dt.UTC)


def silver_of_lake(lake: Lake) -> Silver:
    """What behaviour is read from; InputError where silver is of a release that did not record when ties were known."""
    identities, activity = lake.read(SILVER_IDENTITIES), lake.read(SILVER_ACTIVITY)
    for table, frame, name in ((SILVER_IDENTITIES, identities, "known_at"), (SILVER_ACTIVITY, activity, "known_on")):
        if name not in frame.columns:
            raise InputError(f"{lake.path(table)} is of an earlier release; run `build` first.")
    return Silver(
        sessions=lake.read(SILVER_SESSIONS),
        activity=activity,
        touchpoints=lake.read(SILVER_TOUCHPOINTS),
        conversions=lake.read(SILVER_CONVERSIONS),
        orders=lake.read(SILVER_ORDERS),
        identities=identities,
    )


def check_person_features(
    features: DataFrame, conversions: DataFrame, *, as_of: dt.date, timezone: str
) -> list[CheckResult]:
    """Features count no purchase that there is not."""
    day = report_day("converted_at", timezone)
    oldest = as_of - dt.timedelta(days=DAYS_A_YEAR)
    of_year = (F.col("conversion_type") == "purchase") & (day > F.lit(oldest)) & (day <= F.lit(as_of))
    found = side_by_side(
        features.where(F.col("as_of") == F.lit(as_of)).agg(
            F.count(F.lit(1)).alias("rows"), F.sum("purchases_365d").alias("counted")
        ),
        conversions.where(of_year).agg(F.count(F.lit(1)).alias("purchases")),
    )
    if not found["rows"]:
        return []
    return [at_most("purchases in features beside those of the year", found["purchases"], found["counted"])]


def _may_know(run: Run) -> bool:
    """Whether the champion saw no later day than the run's."""
    tracking = run.knobs(Mlflow)
    found = champion(tracking, tracking.model_name)
    return found is not None and found.tags.get("as_of", "") <= run.as_of.isoformat()


def _build(work: Work) -> DataFrame:
    as_of = work.run.as_of
    value = work.read(GOLD_CUSTOMER_VALUE).where(of_day(as_of))
    return build_person_features(
        silver_of_lake(work.lake),
        value if _may_know(work.run) else value.limit(0),
        as_of=as_of,
        timezone=work.knobs(ReportingDay).timezone,
        seen=work.knobs(SeenPersons),
    )


PERSON_FEATURES = Recipe(
    table=GOLD_PERSON_FEATURES,
    inputs=(
        SILVER_IDENTITIES,
        SILVER_SESSIONS,
        SILVER_TOUCHPOINTS,
        SILVER_ACTIVITY,
        SILVER_ORDERS,
        SILVER_CONVERSIONS,
        GOLD_CUSTOMER_VALUE,
    ),
    knobs=(SeenPersons, ReportingDay),
    registered=(Registry, ValueModelName),
    build=_build,
    is_of_day=True,
    models=value_model_of,
    slice=of_run_day,
    expired=expired_days,
    checks=lambda work: check_person_features(
        work.read(GOLD_PERSON_FEATURES),
        work.read(SILVER_CONVERSIONS),
        as_of=work.run.as_of,
        timezone=work.knobs(ReportingDay).timezone,
    ),
)
