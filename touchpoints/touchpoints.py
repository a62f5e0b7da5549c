"""silver.touchpoints: the marketing touches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.abuse_signals import SUCCESSES, with_abuse
from touchpoints.click_views import with_listed_campaigns
from touchpoints.emails import INSTEAD
from touchpoints.knobs import AdAbuse, HitKnobs, PersonalData, RuleFiles, SessionGap
from touchpoints.marketing_params import LINK_TAGS
from touchpoints.person_tables import PERSONS, VISIT_INPUTS, of_persons, visits_with_channel
from touchpoints.personal_data import LINK_COLUMNS, PHONE, TOKEN, has_personal_data
from touchpoints.sessions import robots
from touchpoints.usable import tokenised, usable_touches
from warehouse.checks import CheckResult, none_found, row_count, side_by_side
from warehouse.conform import conform
from warehouse.knobs import AdsUse, Retargeting
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Recipe, Work
from warehouse.retargeting import is_retargeting
from warehouse.tables.bronze_click_views import BRONZE_CLICK_VIEWS
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

DAY = 86_400_000_000  # microseconds
LEFT_OUT = {"email_addresses": INSTEAD, "phone_numbers": PHONE, "tokens": TOKEN}


def build_touchpoints(
    visits: DataFrame,
    bot_sessions: DataFrame,
    *,
    abuse: AdAbuse,
    retargeting: Retargeting,
    usable: Callable[[DataFrame], DataFrame] = lambda touches: touches,
    named: Callable[[DataFrame], DataFrame] = lambda touches: touches,
) -> DataFrame:
    """One row per touch of `build_visits`; those of bots and of `bot_sessions` (session_id) are left out.

    An ad_click and its landing are one click: the landing is the touch, the ad_click is not, however often it was sent.
    The landing is an event in a session with the same click id on the same device, within a day of the ad_click. The
    day is a limit so that a later visit by the same link, from a bookmark, does not remove the ad_click's touch.
    Ad abuse stays, flagged (see `with_abuse`); retargeting is flagged too (see `is_retargeting`). `usable` leaves out
    what nobody agreed to, `named` gives touches the campaigns that are known of their clicks.
    """
    rows = (
        visits.where((F.col("is_touch") | F.col("event_name").isin(*SUCCESSES)) & ~F.col("is_bot"))
        .join(bot_sessions, "session_id", how="left_anti")
        .withColumns({"touchpoint_id": F.col("event_id"), "touched_at": F.col("event_at")})
    )
    # A touch without a click id is a click of its own.
    click = F.coalesce("click_id", F.concat(F.lit("none of "), F.col("event_id")))
    within_a_day = (
        Window.partitionBy("device_key", "device", click).orderBy(F.unix_micros("event_at")).rangeBetween(-DAY, DAY)
    )
    has_landing = F.max(F.col("is_touch") & F.col("session_id").isNotNull()).over(within_a_day)
    is_ad_click = (F.col("event_name") == "ad_click") & F.col("click_id").isNotNull()
    flagged_rows = with_abuse(rows, abuse).select("*", (is_ad_click & has_landing).alias("is_landed"))
    interaction = F.when(F.col("event_name") == "ad_impression", F.lit("impression")).otherwise(F.lit("click"))
    tags = {name: F.col(f"link_tags.{name}") for name in LINK_TAGS}
    touches = flagged_rows.where(F.col("is_touch") & ~F.col("is_landed")).withColumns(
        {"interaction": interaction, **tags}
    )
    returning = is_retargeting(retargeting, text=("campaign", "medium", "utm_marketing_tactic"))
    return conform(named(usable(touches)).withColumn("is_retargeting", returning), SILVER_TOUCHPOINTS)


def check_touchpoints(
    touchpoints: DataFrame, sessions: DataFrame, personal: PersonalData, say: Callable[[str], None]
) -> list[CheckResult]:
    """The session of every touch that has one exists, and what links say holds no personal data.

    `say` gets a line where some was left out: in how many touches, by kind.
    """
    in_session = touchpoints.where(F.col("session_id").isNotNull())
    without_session = in_session.join(sessions, "session_id", how="left_anti")
    texts, pages = (*LINK_COLUMNS, *LINK_TAGS), ("landing_url", "source", "medium", "campaign")
    together = F.concat_ws(" ", *texts)
    left_out = {name: F.contains(together, F.lit(mark)) for name, mark in LEFT_OUT.items()}
    found = side_by_side(
        row_count(without_session, "without_session"),
        touchpoints.agg(
            F.count_if(_any_personal(texts, personal)).alias("personal_touches"),
            *(F.count_if(is_left_out).alias(name) for name, is_left_out in left_out.items()),
        ),
        sessions.agg(F.count_if(_any_personal(pages, personal)).alias("personal_sessions")),
    )
    if some := [f"{name.replace('_', ' ')} in {found[name]:,} touches" for name in LEFT_OUT if found[name]]:
        say(f"left out of silver, from what links say: {', '.join(some)}")
    return [
        none_found("touches of a session that does not exist", found["without_session"]),
        none_found("touches whose link says an e-mail address or phone number", found["personal_touches"]),
        none_found("sessions whose page says an e-mail address or phone number", found["personal_sessions"]),
    ]


def _any_personal(names: Sequence[str], personal: PersonalData) -> Column:
    return reduce(Column.__or__, (has_personal_data(F.col(name), personal) for name in names))


def _build(work: Work) -> DataFrame:
    secret = work.knobs(Pseudonyms).secret()
    build = partial(
        build_touchpoints,
        work.once(visits_with_channel),
        work.once(robots),
        abuse=work.knobs(AdAbuse),
        retargeting=work.knobs(Retargeting),
        usable=partial(usable_touches, use=work.knobs(AdsUse), secret=secret),
    )
    if not work.lake.exists(BRONZE_CLICK_VIEWS):
        return build()
    files = work.knobs(RuleFiles)
    named = partial(
        with_listed_campaigns,
        click_views=tokenised(work.read(BRONZE_CLICK_VIEWS), ("click_id",), secret),
        rules=files.channel_rules(),
        sources=files.sources(),
    )
    return build(named=named)


TOUCHPOINTS = Recipe(
    table=SILVER_TOUCHPOINTS,
    inputs=(*VISIT_INPUTS, BRONZE_CLICK_VIEWS, SILVER_SESSIONS),
    knobs=(HitKnobs, AdsUse, Pseudonyms, RuleFiles, SessionGap, AdAbuse, Retargeting),
    build=_build,
    changes=PERSONS,
    scope=of_persons,
    checks=lambda work: check_touchpoints(
        work.read(SILVER_TOUCHPOINTS), work.read(SILVER_SESSIONS), work.knobs(HitKnobs), work.run.say
    ),
)
