"""The core of the build as the jobs run it, and Spark's floor: read, shuffle by visitor, sort, write once."""

from __future__ import annotations

import time
from collections.abc import Callable

from heart_events import OWN_DOMAIN
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from attribution.attribution_credits import build_attribution_credits, credited_journeys
from attribution.journeys import build_journeys
from attribution.knobs import JourneyKnobs, RuleKnobs
from jobs.settings import Settings
from touchpoints.aliases import build_aliases
from touchpoints.channels import channels_of, load_channel_rules, with_known_channel
from touchpoints.conversions import build_conversions
from touchpoints.exchange_rates import build_daily_rates
from touchpoints.hits import EVENT_COLUMNS, build_hits
from touchpoints.identities import build_identities, logins_of
from touchpoints.ids import identified
from touchpoints.knobs import ConversionTypes, HitKnobs, RobotLimit
from touchpoints.orders import build_orders
from touchpoints.person_tables import BROADCAST_CHANNELS_AT_MOST
from touchpoints.sessions import bot_sessions, build_sessions
from touchpoints.source_list import load_sources
from touchpoints.touchpoints import build_touchpoints
from touchpoints.visits import build_visits, has_channel, slim_visits
from warehouse.arrow.log import STATS_COLUMNS
from warehouse.contracts import Table
from warehouse.knobs import part_of
from warehouse.layout import event_periods
from warehouse.store import Lake, Origin
from warehouse.tables import (
    BRONZE_EVENTS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_ORDERS,
    GOLD_ATTRIBUTION_CREDITS,
    SILVER_ALIASES,
    SILVER_CONVERSIONS,
    SILVER_IDENTITIES,
    SILVER_JOURNEYS,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

# The tables that both sides write and that are compared. Both sides leave out activity and auxiliary conversions.
TABLES = (
    SILVER_IDENTITIES,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
    SILVER_ORDERS,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    GOLD_ATTRIBUTION_CREDITS,
)
# The event columns that the build reads. ip is read only if internal addresses are configured.
HEART_COLUMNS = tuple(name for name in EVENT_COLUMNS if name != "ip")
NO_ORIGIN = Origin({}, "bench", "bench")


def build_heart(lake: Lake, settings: Settings) -> dict[str, float]:
    """Build sessions to credits from bronze and write each table as the jobs do; returns seconds by table."""
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    periods = event_periods(lake.read(BRONZE_EVENTS))

    def write(table: Table, frame: DataFrame) -> DataFrame:
        nonlocal started
        lake.replace(table, frame, origin=NO_ORIGIN, periods=periods)
        seconds[table.full_name] = time.perf_counter() - started
        started = time.perf_counter()
        return lake.read(table)

    _silver(lake, settings, write)
    _gold(lake, settings, write)
    return seconds


def _silver(lake: Lake, settings: Settings, write: Callable[[Table, DataFrame], DataFrame]) -> None:
    zone, currency = settings.report.timezone, settings.report.currency
    events, orders = (identified(lake.read(table)) for table in (BRONZE_EVENTS, BRONZE_ORDERS))
    rules = load_channel_rules(settings.touchpoints.channels_file)
    sources = load_sources(settings.touchpoints.sources_file)
    rates = build_daily_rates(
        lake.read(BRONZE_EXCHANGE_RATES), report_currency=currency, max_age_days=settings.exchange_rates.max_age_days
    )
    write(SILVER_ALIASES, build_aliases(events, orders, max_aliases=settings.identity.max_aliases))
    logins = logins_of(events, orders)  # no orders feed, so no aliases
    identities = write(
        SILVER_IDENTITIES, build_identities(logins, login_window_days=settings.identity.login_window_days)
    )
    hits = build_hits(
        events,
        part_of(settings.touchpoints, HitKnobs).model_copy(update={"own_domains": [OWN_DOMAIN]}),
        sources=sources,
    )
    built = build_visits(
        hits,
        identities,
        orders,
        timeout_minutes=settings.sessions.timeout_minutes,
        max_hours=settings.sessions.max_hours,
        has_sent_sessions=not events.where(F.col("session_id").isNotNull()).isEmpty(),
    )
    slim = slim_visits(built, conversion_types=settings.conversions.final, personal=settings.touchpoints)
    visits = slim.persist(StorageLevel.MEMORY_AND_DISK)
    try:
        # As `visits_with_channel` does in a full build.
        channels = channels_of(visits.where(has_channel()), rules, sources).persist(StorageLevel.MEMORY_AND_DISK)
        assert channels.count() <= BROADCAST_CHANNELS_AT_MOST
        named = with_known_channel(visits, F.broadcast(channels), where=has_channel())
        sessions = write(SILVER_SESSIONS, build_sessions(named, limits=part_of(settings.sessions, RobotLimit)))
        robots = bot_sessions(sessions)
        write(
            SILVER_TOUCHPOINTS,
            build_touchpoints(named, robots, abuse=settings.ad_abuse, retargeting=settings.retargeting),
        )
        built_orders = build_orders(
            orders, visits, rates, default_currency=currency, timezone=zone, report_currency=currency
        )
        valid_orders = write(SILVER_ORDERS, built_orders)
        conversions = build_conversions(
            valid_orders,
            visits,
            robots,
            rates,
            types=ConversionTypes(final=settings.conversions.final, auxiliary=[]),
            timezone=zone,
            report_currency=currency,
        )
        write(SILVER_CONVERSIONS, conversions)
    finally:
        visits.unpersist()


def _gold(lake: Lake, settings: Settings, write: Callable[[Table, DataFrame], DataFrame]) -> None:
    knobs = settings.attribution
    journeys = write(
        SILVER_JOURNEYS,
        build_journeys(
            lake.read(SILVER_CONVERSIONS),
            lake.read(SILVER_TOUCHPOINTS),
            part_of(knobs, JourneyKnobs),
            report_currency=settings.report.currency,
        ),
    )
    credits = build_attribution_credits(
        credited_journeys(journeys, start_date=knobs.start_date, timezone=settings.report.timezone),
        models=knobs.models,
        knobs=part_of(knobs, RuleKnobs),
    )
    write(GOLD_ATTRIBUTION_CREDITS, credits)


def run_floor(lake: Lake, out: str, columns: tuple[str, ...] | None) -> float:
    """Seconds to read bronze.events, shuffle it by visitor, sort it there by time, and write it once as Delta."""
    started = time.perf_counter()
    events = lake.read(BRONZE_EVENTS)
    chosen = events if columns is None else events.select(*columns)
    by_visitor = chosen.repartition(F.xxhash64("anonymous_id")).sortWithinPartitions(
        F.xxhash64("anonymous_id"), "event_at", "event_id"
    )
    # Statistics of the time column only, as in our tables.
    by_visitor.write.format("delta").mode("overwrite").option(STATS_COLUMNS, "event_at").save(out)
    return time.perf_counter() - started
