"""gold.unattributed_conversions: why conversions have no touch in their window."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from attribution.attribution_credits import credited_journeys
from attribution.knobs import JourneyKnobs
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.frames import stacked
from warehouse.knobs import AdsUse, CreditStart, ReportingCurrency, ReportingDay
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.gold_unattributed_conversions import (
    BEFORE_FIRST_VISIT,
    GOLD_UNATTRIBUTED_CONVERSIONS,
    LOGGED_OUT,
    NO_CONSENT,
    NO_VISIT,
    OTHER_LOGIN,
    OUTSIDE_WINDOW,
    ROBOT,
)
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS
from warehouse.tables.silver_orders import SILVER_ORDERS
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

# What is looked for: the last touch of the person, of whom the purchase event names and on its device, and the last
# visit of a robot under the person's id, and the last touch without consent to ads where that is left out.
OWN, SEEN, DEVICE, BOT, REFUSED = "own", "seen", "device", "bot", "refused"
# What is asked for: the kind of moment, and the column with the person or device that it is looked for by.
ASKED = {
    OWN: (OWN, "person_id"),
    SEEN: (OWN, "seen_person_id"),
    DEVICE: (DEVICE, "seen_on"),
    BOT: (BOT, "person_id"),
}
DEVICE_PERSON = "device:"  # how the person_id of a device without a login begins
WORDS = {
    BEFORE_FIRST_VISIT: "older than the first visit on record",
    ROBOT: "visits of robots alone",
    OTHER_LOGIN: "visits under another login",
    LOGGED_OUT: "visits without a login alone",
    NO_CONSENT: "no consent",
    OUTSIDE_WINDOW: "visits outside the window alone",
    NO_VISIT: "no visit on record",
}


def build_unattributed_conversions(causes: DataFrame, *, report_currency: str) -> DataFrame:
    """One row per conversion type and cause of `causes_of_unattributed`."""
    counted = causes.groupBy("conversion_type", "cause").agg(
        F.count(F.lit(1)).alias("conversions"), F.sum("report_value").alias("value")
    )
    return conform(counted.withColumn("currency", F.lit(report_currency)), GOLD_UNATTRIBUTED_CONVERSIONS)


def causes_of_unattributed(
    journeys: DataFrame,
    conversions: DataFrame,
    orders: DataFrame,
    touchpoints: DataFrame,
    sessions: DataFrame,
    *,
    knobs: JourneyKnobs,
    without_ads_consent: str = "all",
) -> DataFrame:
    """One row per conversion of `journeys` without a touch: conversion_id, conversion_type, report_value and its cause.

    `journeys` are the `credited_journeys`; the other frames are the tables of silver.
    """
    unattributed = _unattributed(journeys, conversions, orders)
    # Impressions are no visits: a conversion with one alone, outside of its short window, had no visit.
    touches = touchpoints.where((F.col("interaction") == "click") & F.lit("click" in knobs.interactions))
    asked, refused = dict(ASKED), []
    if without_ads_consent == "nothing":
        asked[REFUSED] = (REFUSED, "person_id")
        refused = [_moments(REFUSED, "person_id", touches.where(~F.col("consent_ads")), "touched_at")]
        touches = touches.where("consent_ads")
    moments = reduce(
        stacked,
        (
            _moments(OWN, "person_id", touches, "touched_at"),
            _moments(DEVICE, "anonymous_id", touches, "touched_at"),
            _moments(BOT, "person_id", sessions.where(F.col("is_bot")), "started_at"),
            *refused,
        ),
    )
    found = _last_moments(unattributed, moments, asked)
    opens = F.unix_micros("ended_at") - _lookback_micros(knobs)

    def in_window(kind: str) -> Column:
        return F.coalesce(F.unix_micros(F.col(kind)["at"]) >= opens, F.lit(False))

    def is_of_another(kind: str) -> Column:
        return in_window(kind) & (F.col(kind)["person_id"] != F.col("person_id"))

    def is_of_login(kind: str) -> Column:
        return is_of_another(kind) & ~F.startswith(F.col(kind)["person_id"], F.lit(DEVICE_PERSON))

    refusals = [in_window(REFUSED)] if REFUSED in asked else []
    has_refused = reduce(Column.__or__, refusals, F.coalesce(~F.col("consent_ads"), F.lit(False)))
    first_visit = sessions.agg(F.min("started_at").alias("first_visit_at"))
    is_before = F.coalesce(F.col("ended_at") < F.col("first_visit_at"), F.lit(True))
    cause = (
        F.when(is_before, BEFORE_FIRST_VISIT)
        .when(in_window(BOT), ROBOT)
        .when(is_of_login(SEEN) | is_of_login(DEVICE), OTHER_LOGIN)
        .when(is_of_another(SEEN) | is_of_another(DEVICE), LOGGED_OUT)
        .when(has_refused, NO_CONSENT)
        .when(F.col(OWN).isNotNull(), OUTSIDE_WINDOW)
        .otherwise(NO_VISIT)
    )
    return found.crossJoin(first_visit).select("conversion_id", "conversion_type", "report_value", cause.alias("cause"))


def _unattributed(journeys: DataFrame, conversions: DataFrame, orders: DataFrame) -> DataFrame:
    """The conversions without a touch, with seen_person_id and seen_on of the purchase event, and consent_ads of the
    event that counts."""
    without_touch = journeys.where(F.size("path") == 0).select(
        "conversion_id", "conversion_type", "person_id", "ended_at", "report_value"
    )
    given = conversions.select("conversion_id", "order_id", "consent_ads")
    seen = orders.select("order_id", "seen_person_id", "seen_on", "seen_consent_ads")
    return without_touch.join(given.join(seen, "order_id", how="left"), "conversion_id", how="left").withColumn(
        "consent_ads", F.coalesce("seen_consent_ads", "consent_ads")
    )


def _moments(kind: str, key: str, rows: DataFrame, at: str) -> DataFrame:
    named = rows.where(F.col(key).isNotNull())
    return named.select(F.lit(kind).alias("kind"), F.col(key).alias("key"), F.col(at).alias("at"), "person_id")


def _last_moments(unattributed: DataFrame, moments: DataFrame, asked: Mapping[str, tuple[str, str]]) -> DataFrame:
    """`unattributed`, with the last moment up to the conversion as a struct of at and person_id, null where none is,
    under each name that is `asked`. One running window over both, so that a device with many of each joins none of
    them."""
    asks = reduce(
        stacked,
        (
            unattributed.where(F.col(column).isNotNull()).select(
                F.lit(kind).alias("kind"),
                F.col(column).alias("key"),
                F.col("ended_at").alias("at"),
                F.lit(name).alias("asked"),
                "conversion_id",
            )
            for name, (kind, column) in asked.items()
        ),
    )
    wanted = moments.join(asks.select("kind", "key").distinct(), ["kind", "key"], how="left_semi")
    is_moment = F.col("asked").isNull()
    in_order = Window.partitionBy("kind", "key").orderBy("at", F.col("asked").isNotNull())
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    last = F.last(F.when(is_moment, F.struct("at", "person_id")), ignorenulls=True).over(so_far)
    answers = stacked(asks, wanted).select("*", last.alias("last")).where(~is_moment)
    by_conversion = answers.groupBy("conversion_id").agg(
        *(F.max(F.when(F.col("asked") == name, F.col("last"))).alias(name) for name in asked)
    )
    return unattributed.join(by_conversion, "conversion_id", how="left")


def _lookback_micros(knobs: JourneyKnobs) -> Column:
    days = (F.when(F.col("conversion_type") == name, F.lit(days)) for name, days in knobs.lookbacks.items())
    return F.coalesce(*days, F.lit(0)).cast("bigint") * 86_400_000_000


def check_unattributed_conversions(journeys: DataFrame, unattributed: DataFrame) -> list[CheckResult]:
    """Every credited conversion without a touch has a cause, with its value."""
    without_touch = journeys.where(F.size("path") == 0)
    found = side_by_side(
        without_touch.agg(F.count(F.lit(1)).alias("conversions"), F.sum("report_value").alias("value")),
        unattributed.agg(F.sum("conversions").alias("caused"), F.sum("value").alias("caused_value")),
    )
    return [
        equal("conversions without a touch have a cause", found["conversions"], found["caused"] or 0),
        equal("value of conversions without a touch", found["value"] or 0, found["caused_value"] or 0),
    ]


def causes_in_words(unattributed: DataFrame) -> list[str]:
    """For each conversion type how many conversions are unattributed, and why, the most frequent cause first."""
    by_type: dict[str, list[tuple[int, str]]] = {}
    for row in unattributed.collect():  # one row per type and cause
        by_type.setdefault(row["conversion_type"], []).append((row["conversions"], row["cause"]))
    return [
        f"unattributed {type_}: {sum(count for count, _ in causes):,} ("
        + ", ".join(f"{WORDS[cause]}: {count:,}" for count, cause in sorted(causes, key=lambda one: (-one[0], one[1])))
        + ")"
        for type_, causes in sorted(by_type.items())
    ]


def _journeys(work: Work) -> DataFrame:
    return credited_journeys(
        work.read(SILVER_JOURNEYS),
        start_date=work.knobs(CreditStart).start_date,
        timezone=work.knobs(ReportingDay).timezone,
    )


def _build(work: Work) -> DataFrame:
    causes = causes_of_unattributed(
        _journeys(work),
        work.read(SILVER_CONVERSIONS),
        work.read(SILVER_ORDERS),
        work.read(SILVER_TOUCHPOINTS),
        work.read(SILVER_SESSIONS),
        knobs=work.knobs(JourneyKnobs),
        without_ads_consent=work.knobs(AdsUse).without_ads_consent,
    )
    return build_unattributed_conversions(causes, report_currency=work.knobs(ReportingCurrency).currency)


def _say_causes(work: Work) -> None:
    for words in causes_in_words(work.read(GOLD_UNATTRIBUTED_CONVERSIONS)):
        work.run.say(words)


UNATTRIBUTED_CONVERSIONS = Recipe(
    table=GOLD_UNATTRIBUTED_CONVERSIONS,
    inputs=(SILVER_JOURNEYS, SILVER_CONVERSIONS, SILVER_ORDERS, SILVER_TOUCHPOINTS, SILVER_SESSIONS),
    knobs=(JourneyKnobs, AdsUse, CreditStart, ReportingDay, ReportingCurrency),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written: one visit can be the first on record
    checks=lambda work: check_unattributed_conversions(_journeys(work), work.read(GOLD_UNATTRIBUTED_CONVERSIONS)),
    after=_say_causes,
)
