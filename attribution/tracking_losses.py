"""gold.tracking_losses: touches and conversions lost to missing consent, logged-out visits and short cookies."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from attribution.attribution_credits import credited_journeys
from attribution.journeys import is_no_abuse
from attribution.knobs import JourneyKnobs
from warehouse.checks import CheckResult, at_most, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY_SUM
from warehouse.frames import stacked
from warehouse.knobs import AdsUse, AnalyticsUse, CreditStart, ReportingCurrency, ReportingDay
from warehouse.numbers import money_of
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.gold_tracking_losses import (
    GOLD_TRACKING_LOSSES,
    LOGGED_OUT,
    LOSS_CAUSES,
    NO_CONSENT,
    SHORT_COOKIE,
    TOUCHES,
)
from warehouse.tables.gold_unattributed_conversions import GOLD_UNATTRIBUTED_CONVERSIONS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

COOKIE_DAYS = 7  # how long Safari keeps a cookie that a script has set, after the last visit
COOKIE_MICROS = COOKIE_DAYS * 86_400_000_000
DEVICE_PERSON = "device:"  # how the person_id of a device without a login begins
COUNTS = ("total", "concerned", "lost")
BY_CONVERSION = (NO_CONSENT, LOGGED_OUT)  # causes that gold.unattributed_conversions has of each conversion
WORDS = {NO_CONSENT: "without consent", LOGGED_OUT: "logged out", SHORT_COOKIE: "short cookies"}


def build_tracking_losses(touches: DataFrame, conversions: DataFrame, *, report_currency: str) -> DataFrame:
    """One row per thing that is counted and cause: `lost_touches` and `lost_conversions` together."""
    return conform(stacked(touches, conversions).withColumn("currency", F.lit(report_currency)), GOLD_TRACKING_LOSSES)


def lost_touches(touchpoints: DataFrame, *, without_ads_consent: str, left_out: DataFrame | None = None) -> DataFrame:
    """One row per cause: how many of `touchpoints`, those that take part in attribution by all but consent, are lost.

    `left_out` has one row: left_out_events, without the consent to analytics that settings ask for, and session_events,
    all others. They have as many touches as so many of the others.
    """
    by_device = touchpoints.groupBy("anonymous_id", "has_short_cookie").agg(
        F.count(F.lit(1)).alias("touches"),
        F.count_if(~F.col("consent_ads")).alias("refused"),
        F.count_if(F.startswith("person_id", F.lit(DEVICE_PERSON))).alias("logged_out"),
        (F.unix_micros(F.max("touched_at")) - F.unix_micros(F.min("touched_at")) > COOKIE_MICROS).alias("is_long"),
    )
    # What is of no device is of no cookie.
    is_short = F.when(F.col("anonymous_id").isNotNull(), F.col("has_short_cookie"))
    touches = F.col("touches")
    found = by_device.agg(
        *(_sum(F.col(name)).alias(name) for name in ("touches", "refused", "logged_out")),
        *(_sum(it).alias(name) for name, it in _by_cookie(touches, is_short, F.col("is_long")).items()),
    )
    unseen = F.lit(0).cast("bigint")
    if left_out is not None:
        found = found.crossJoin(left_out)
        per_event = touches.cast("double") / F.greatest(F.col("session_events"), F.lit(1)).cast("double")
        unseen = F.floor(per_event * F.col("left_out_events")).cast("bigint")
    unused = F.col("refused") if without_ads_consent == "nothing" else F.lit(0).cast("bigint")
    causes = {
        NO_CONSENT: (touches + unseen, F.col("refused") + unseen, unused + unseen, left_out is not None),
        LOGGED_OUT: (touches, F.col("logged_out"), F.col("logged_out"), False),
        SHORT_COOKIE: (touches, F.col("short"), F.floor(_cut()), True),
    }
    rows = (
        F.struct(
            F.lit(TOUCHES).alias("counted"),
            F.lit(cause).alias("cause"),
            *(number.cast("bigint").alias(name) for name, number in zip(COUNTS, numbers, strict=True)),
            F.lit(is_estimate).alias("is_estimate"),
        )
        for cause, (*numbers, is_estimate) in causes.items()
    )
    return found.select(F.explode(F.array(*rows)).alias("row")).select("row.*")


def lost_conversions(journeys: DataFrame, touchpoints: DataFrame, unattributed: DataFrame) -> DataFrame:
    """One row per conversion type and cause: how many conversions are lost, and their net value.

    `journeys` are the `credited_journeys`, `unattributed` is gold.unattributed_conversions.
    """
    first, last = (F.try_element_at("path", F.lit(place)) for place in (1, -1))
    conversions = journeys.select(
        "conversion_type",
        "report_value",
        last["touchpoint_id"].alias("touchpoint_id"),
        (F.unix_micros("ended_at") - F.unix_micros(first["touched_at"]) > COOKIE_MICROS).alias("is_long"),
    )
    cookies = touchpoints.where(F.col("anonymous_id").isNotNull()).select("touchpoint_id", "has_short_cookie")
    is_short, is_long, value = F.col("has_short_cookie"), F.col("is_long"), F.col("report_value")
    summed = (
        conversions.join(cookies, "touchpoint_id", how="left")
        .groupBy("conversion_type")
        .agg(
            F.count(F.lit(1)).alias("total"),
            _amount(value).alias("total_value"),
            *(_sum(it).alias(name) for name, it in _by_cookie(F.lit(1), is_short, is_long).items()),
            *(_amount(it).alias(f"{name}_value") for name, it in _by_cookie(value, is_short, is_long).items()),
        )
    )
    causes = unattributed.groupBy("conversion_type").agg(
        *(_sum(F.when(F.col("cause") == cause, F.col("conversions"))).alias(cause) for cause in BY_CONVERSION),
        *(_amount(F.when(F.col("cause") == cause, F.col("value"))).alias(f"{cause}_value") for cause in BY_CONVERSION),
    )
    found = summed.join(causes, "conversion_type", how="left")
    lost = {
        **{cause: (F.col(cause), F.col(cause), F.col(f"{cause}_value"), False) for cause in BY_CONVERSION},
        SHORT_COOKIE: (F.col("short"), F.floor(_cut()), money_of(_cut("_value")), True),
    }
    nothing = F.lit(0).cast("bigint")
    rows = (
        F.struct(
            F.col("conversion_type").alias("counted"),
            F.lit(cause).alias("cause"),
            F.col("total"),
            F.coalesce(concerned.cast("bigint"), nothing).alias("concerned"),
            F.coalesce(number.cast("bigint"), nothing).alias("lost"),
            F.col("total_value"),
            F.coalesce(amount.cast(MONEY_SUM), F.lit(0).cast(MONEY_SUM)).alias("lost_value"),
            F.lit(is_estimate).alias("is_estimate"),
        )
        for cause, (concerned, number, amount, is_estimate) in lost.items()
    )
    return found.select(F.explode(F.array(*rows)).alias("row")).select("row.*")


def _by_cookie(number: Column, is_short: Column, is_long: Column) -> dict[str, Column]:
    """The number by cookies: `short` and `lasting`, and `.._long`: what reaches back longer than short cookies do."""
    return {
        "short": F.when(is_short, number),
        "short_long": F.when(is_short & is_long, number),
        "lasting": F.when(~is_short, number),
        "lasting_long": F.when(~is_short & is_long, number),
    }


def _cut(of: str = "") -> Column:
    """How much of what has short cookies would reach back for longer if it did so as often as the rest, less what does;
    0 where there is no rest to compare with."""
    short, short_long, lasting, lasting_long = (
        F.col(f"{name}{of}").cast("double") for name in ("short", "short_long", "lasting", "lasting_long")
    )
    expected = F.when(lasting > 0, short * lasting_long / lasting).otherwise(F.lit(0.0))
    return F.greatest(expected - short_long, F.lit(0.0))


def _sum(number: Column) -> Column:
    return F.coalesce(F.sum(number), F.lit(0)).cast("bigint")


def _amount(value: Column) -> Column:
    return F.coalesce(F.sum(value), F.lit(0)).cast(MONEY_SUM)


def check_tracking_losses(losses: DataFrame, unattributed: DataFrame) -> list[CheckResult]:
    """No more is lost than there is, and unattributed conversions are lost by the causes that they have."""
    is_conversion = F.col("counted") != TOUCHES
    is_known = is_conversion & F.col("cause").isin(*BY_CONVERSION)
    found = side_by_side(
        losses.agg(
            F.count_if((F.col("lost") > F.col("total")) | (F.col("concerned") > F.col("total"))).alias("too_many"),
            F.sum(F.when(is_known, F.col("lost"))).alias("lost"),
            F.sum(F.when(is_known, F.col("lost_value"))).alias("lost_value"),
        ),
        unattributed.where(F.col("cause").isin(*BY_CONVERSION)).agg(
            F.sum("conversions").alias("caused"), F.sum("value").alias("caused_value")
        ),
    )
    return [
        at_most("kinds of losses that are more than there is", 0, found["too_many"]),
        equal("conversions lost to consent and log-out", found["caused"] or 0, found["lost"] or 0),
        equal("value lost to consent and log-out", found["caused_value"] or 0, found["lost_value"] or 0),
    ]


def losses_in_words(losses: DataFrame) -> str:
    """The share of touches that each cause takes, in one line; '' where none does."""
    of_touches = losses.where((F.col("counted") == TOUCHES) & (F.col("lost") > 0)).collect()  # at most one per cause
    by_cause = {row["cause"]: row for row in of_touches}
    parts = [
        f"{WORDS[cause]} {by_cause[cause]['lost'] / by_cause[cause]['total']:.1%}"
        f"{' (estimate)' if by_cause[cause]['is_estimate'] else ''}"
        for cause in LOSS_CAUSES
        if cause in by_cause
    ]
    return f"touches lost to tracking: {', '.join(parts)}: see gold.tracking_losses" if parts else ""


def _left_out(work: Work) -> DataFrame | None:
    """The events without the consent that is asked for, and the events of sessions, in one row; None where none is."""
    use = work.knobs(AnalyticsUse)
    if use.without_analytics_consent == "all":
        return None
    refused = ~F.coalesce("consent_analytics", F.lit(use.consent_analytics_missing))
    of_visitors = work.read(BRONZE_EVENTS).where(F.col("platform") != "server")
    events = of_visitors.agg(F.count_if(refused).alias("left_out_events"))
    seen = work.read(SILVER_SESSIONS).agg(F.coalesce(F.sum("events"), F.lit(0)).cast("bigint").alias("session_events"))
    return events.crossJoin(seen)


def _build(work: Work) -> DataFrame:
    touchpoints = work.read(SILVER_TOUCHPOINTS)
    interactions = list(work.knobs(JourneyKnobs).interactions)
    touches = lost_touches(
        touchpoints.where(F.col("interaction").isin(interactions) & is_no_abuse()),
        without_ads_consent=work.knobs(AdsUse).without_ads_consent,
        left_out=_left_out(work),
    )
    journeys = credited_journeys(
        work.read(SILVER_JOURNEYS),
        start_date=work.knobs(CreditStart).start_date,
        timezone=work.knobs(ReportingDay).timezone,
    )
    conversions = lost_conversions(journeys, touchpoints, work.read(GOLD_UNATTRIBUTED_CONVERSIONS))
    return build_tracking_losses(touches, conversions, report_currency=work.knobs(ReportingCurrency).currency)


def _say(work: Work) -> None:
    if words := losses_in_words(work.read(GOLD_TRACKING_LOSSES)):
        work.run.say(words)


TRACKING_LOSSES = Recipe(
    table=GOLD_TRACKING_LOSSES,
    inputs=(BRONZE_EVENTS, SILVER_SESSIONS, SILVER_TOUCHPOINTS, SILVER_JOURNEYS, GOLD_UNATTRIBUTED_CONVERSIONS),
    knobs=(AdsUse, AnalyticsUse, JourneyKnobs, CreditStart, ReportingDay, ReportingCurrency),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written
    checks=lambda work: check_tracking_losses(
        work.read(GOLD_TRACKING_LOSSES), work.read(GOLD_UNATTRIBUTED_CONVERSIONS)
    ),
    after=_say,
)
