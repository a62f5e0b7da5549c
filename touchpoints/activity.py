"""silver.activity: each person's number of events by day and kind."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.knobs import ConversionTypes, InternalAddresses, OtherParameters, PersonalData, RobotAgents
from touchpoints.person_tables import PERSONS, VISIT_INPUTS, of_persons, visits
from touchpoints.personal_data import without_personal_data
from warehouse.checks import CheckResult, at_least, at_most, side_by_side
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.knobs import AnalyticsUse, ReportingDay
from warehouse.patterns import any_case
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Recipe
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.silver_activity import SILVER_ACTIVITY
from warehouse.tables.silver_sessions import SILVER_SESSIONS

# A deep link's own scheme (shop-app://product/7) has no host: in its place is the first part of the path.
SCHEME_AND_HOST = rf"^(?:{any_case('http')}[sS]?://[^/?#]*/?|[a-zA-Z][a-zA-Z0-9+.-]*:/*)"


def build_activity(visits: DataFrame, *, timezone: str, personal: PersonalData) -> DataFrame:
    """One row per person, reporting day, event name, page group (first part of the path), platform and day on which
    they were known to be the person's: its hits.

    Page groups are without the personal data that `personal` asks to leave out.
    """
    path = F.regexp_replace("landing_url", SCHEME_AND_HOST, "")
    hits = visits.where(F.col("event_at").isNotNull() & ~F.col("is_bot")).select(
        "person_id",
        report_day("event_at", timezone).alias("activity_date"),
        report_day(F.coalesce("known_at", "event_at"), timezone).alias("known_on"),
        "event_name",
        F.substring_index(path, "/", 1).alias("page_group"),
        "platform",
    )
    shown = without_personal_data(hits, ["page_group"], personal).withColumn(
        "page_group",
        F.when(F.col("page_group") == "", F.lit("(home)")).otherwise(
            F.coalesce(F.lower("page_group"), F.lit("(none)"))
        ),
    )
    counted = shown.groupBy(*SILVER_ACTIVITY.key).agg(F.count(F.lit(1)).alias("events"))
    return conform(counted, SILVER_ACTIVITY)


def check_activity(activity: DataFrame, sessions: DataFrame, events: DataFrame) -> list[CheckResult]:
    """Activity counts every event of people's sessions, and no event that bronze.events lacks.

    It may count more than people's sessions hold: the events of a visit with too many events are counted too, though
    the visit is a robot's.
    """
    is_of_visitor = ~F.startswith(F.col("event_name"), F.lit("ad_")) & (F.col("platform") != "server")
    in_session = F.when(is_of_visitor, F.col("events"))
    totals = side_by_side(
        activity.agg(F.sum("events").alias("counted"), F.sum(in_session).alias("counted_in_sessions")),
        sessions.where(~F.col("is_bot")).agg(F.sum("events").alias("of_people")),
        events.agg(F.count(F.lit(1)).alias("landed")),
    )
    return [
        at_least(
            "events in activity beside those of people's sessions", totals["of_people"], totals["counted_in_sessions"]
        ),
        at_most("events in activity beside those of bronze", totals["landed"], totals["counted"]),
    ]


ACTIVITY = Recipe(
    table=SILVER_ACTIVITY,
    inputs=VISIT_INPUTS,
    knobs=(
        AnalyticsUse,
        Pseudonyms,
        ConversionTypes,
        InternalAddresses,
        RobotAgents,
        OtherParameters,
        PersonalData,
        ReportingDay,
    ),
    build=lambda work: build_activity(
        work.once(visits), timezone=work.knobs(ReportingDay).timezone, personal=work.knobs(PersonalData)
    ),
    changes=PERSONS,
    scope=of_persons,
    checks=lambda work: check_activity(
        work.read(SILVER_ACTIVITY), work.read(SILVER_SESSIONS), work.read(BRONZE_EVENTS)
    ),
)
