"""silver.touchpoints: the marketing touches."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.ad_abuse import SUCCESSES, with_abuse
from touchpoints.emails import INSTEAD
from touchpoints.knobs import AdAbuse, HitKnobs, PersonalData, RuleFiles, SessionGap
from touchpoints.marketing_params import LINK_TAGS
from touchpoints.person_tables import PERSONS, VISIT_INPUTS, of_persons, visits
from touchpoints.personal_data import LINK_COLUMNS, PHONE, TOKEN, has_personal_data
from touchpoints.sessions import robots
from warehouse.checks import CheckResult, none_found
from warehouse.conform import conform
from warehouse.recipes import Recipe, Work
from warehouse.tables.silver_sessions import SILVER_SESSIONS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS

DAY = 86_400_000_000  # microseconds


def build_touchpoints(visits: DataFrame, bot_sessions: DataFrame, *, abuse: AdAbuse) -> DataFrame:
    """One row per touch of `build_visits`; those of bots and of `bot_sessions` (session_id) are left out.

    An ad_click and its landing are one click: the landing is the touch, the ad_click is not, however often it was sent.
    The landing is an event in a session with the same click id on the same device, within a day of the ad_click. The
    day is a limit so that a later visit by the same link, from a bookmark, does not remove the ad_click's touch.
    Ad abuse stays, flagged (see `with_abuse`).
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
    distinct_touches = flagged_rows.where(F.col("is_touch") & ~F.col("is_landed")).withColumn(
        "interaction", interaction
    )
    tags = {name: F.col(f"link_tags.{name}") for name in LINK_TAGS}
    return conform(distinct_touches.withColumns(tags), SILVER_TOUCHPOINTS)


def check_touchpoints(touchpoints: DataFrame, sessions: DataFrame, personal: PersonalData) -> list[CheckResult]:
    """The session of every touch that has one exists, and what its link says holds no personal data."""
    in_session = touchpoints.where(F.col("session_id").isNotNull())
    without_session = in_session.join(sessions, "session_id", how="left_anti")
    pages = sessions.select("landing_url", "source", "medium", "campaign")
    return [
        none_found("touches of a session that does not exist", without_session.count()),
        none_found("touches with an e-mail address or phone number", _with_personal_data(touchpoints, personal)),
        none_found("sessions with an e-mail address or phone number", _with_personal_data(pages, personal)),
    ]


def _with_personal_data(rows: DataFrame, personal: PersonalData) -> int:
    texts = [name for name in (*LINK_COLUMNS, *LINK_TAGS) if name in rows.columns]
    return rows.where(reduce(Column.__or__, (has_personal_data(F.col(name), personal) for name in texts))).count()


def say_what_is_left_out(work: Work) -> None:
    """How many touches have (e-mail), (phone) or (token) in what their link says, as a line of the run."""
    texts = F.concat_ws(" ", *LINK_COLUMNS, *LINK_TAGS)
    kinds = {"e-mail addresses": INSTEAD, "phone numbers": PHONE, "tokens": TOKEN}
    counts = [F.count_if(F.contains(texts, F.lit(mark))).alias(kind) for kind, mark in kinds.items()]
    (found,) = work.read(SILVER_TOUCHPOINTS).agg(*counts).collect()
    if some := [f"{kind} in {found[kind]:,} touches" for kind in kinds if found[kind]]:
        work.run.say(f"left out of silver, from what links say: {', '.join(some)}")


TOUCHPOINTS = Recipe(
    table=SILVER_TOUCHPOINTS,
    inputs=(*VISIT_INPUTS, SILVER_SESSIONS),
    knobs=(HitKnobs, RuleFiles, SessionGap, AdAbuse),
    build=lambda work: build_touchpoints(work.once(visits), work.once(robots), abuse=work.knobs(AdAbuse)),
    changes=PERSONS,
    scope=of_persons,
    checks=lambda work: check_touchpoints(
        work.read(SILVER_TOUCHPOINTS), work.read(SILVER_SESSIONS), work.knobs(HitKnobs)
    ),
    after=say_what_is_left_out,
)
