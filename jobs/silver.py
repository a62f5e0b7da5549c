"""The step that builds silver: what happened, in one vocabulary."""

from __future__ import annotations

from pyspark import StorageLevel
from pyspark.sql import DataFrame

from jobs.run import Run
from touchpoints.activity import build_activity
from touchpoints.ad_spend import build_ad_spend, valid_spend
from touchpoints.channels import ChannelRules, load_channel_rules, with_channel
from touchpoints.conversions import build_conversions, missing_rates
from touchpoints.exchange_rates import build_daily_rates
from touchpoints.hits import build_hits
from touchpoints.identities import build_identities, logins_of
from touchpoints.orders import build_orders
from touchpoints.sessions import build_sessions
from touchpoints.source_list import SourceList, load_sources
from touchpoints.touchpoints import build_touchpoints
from touchpoints.visits import build_visits
from warehouse.contracts import Table
from warehouse.errors import InputError
from warehouse.store import Origin
from warehouse.tables import (
    BRONZE_AD_SPEND,
    BRONZE_EVENTS,
    BRONZE_EXCHANGE_RATES,
    BRONZE_ORDERS,
    SILVER_ACTIVITY,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_IDENTITIES,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

INPUTS = (BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES)
OUTPUTS = (
    SILVER_IDENTITIES,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
    SILVER_ACTIVITY,
    SILVER_ORDERS,
    SILVER_CONVERSIONS,
    SILVER_AD_SPEND,
)
SECTIONS = ("report", "identity", "sessions", "touchpoints", "conversions", "ad_spend", "exchange_rates")


def build_silver(run: Run) -> None:
    """Identities, sessions, touchpoints, activity, orders, conversions and spend, unless all are current."""
    with run.step("build") as log:
        origin = run.origin(INPUTS, *SECTIONS)
        stale = [table for table in OUTPUTS if run.full or not run.lake.is_current(table, origin)]
        if not stale:
            log.skip("bronze and settings are those silver was built from")
            return
        if run.dry_run:
            log.skip(f"would rebuild {', '.join(table.full_name for table in stale)}")
            return
        _build(run, origin)


def _build(run: Run, origin: Origin) -> None:
    lake, settings = run.lake, run.settings
    zone, currency = settings.report.timezone, settings.report.currency
    rules = load_channel_rules(settings.touchpoints.channels_file)
    sources = load_sources(settings.touchpoints.sources_file)
    events, orders = lake.read(BRONZE_EVENTS), lake.read(BRONZE_ORDERS)
    rates = build_daily_rates(
        lake.read(BRONZE_EXCHANGE_RATES),
        report_currency=currency,
        max_age_days=settings.exchange_rates.max_age_days,
    )

    logins = logins_of(events, orders)
    _write(
        run, SILVER_IDENTITIES, build_identities(logins, login_window_days=settings.identity.login_window_days), origin
    )

    hits = build_hits(
        events,
        sources=sources,
        own_domains=settings.touchpoints.own_domains,
        internal_ips=settings.touchpoints.internal_ips,
        consent_ads_missing=settings.touchpoints.consent_ads_missing,
    )
    visits = with_channel(
        build_visits(hits, lake.read(SILVER_IDENTITIES), orders, timeout_minutes=settings.sessions.timeout_minutes),
        rules,
        sources,
    ).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        _write(run, SILVER_SESSIONS, build_sessions(visits, max_events=settings.sessions.max_events), origin)
        _write(run, SILVER_TOUCHPOINTS, build_touchpoints(visits, lake.read(SILVER_SESSIONS)), origin)
        _write(run, SILVER_ACTIVITY, build_activity(visits, timezone=zone), origin)
        default_currency = settings.conversions.default_currency or currency
        _write(run, SILVER_ORDERS, build_orders(orders, visits, default_currency=default_currency), origin)
        _require_rates(run, lake.read(SILVER_ORDERS), rates, moment="ordered_at", what="orders")
        conversions = build_conversions(
            lake.read(SILVER_ORDERS),
            visits,
            rates,
            final=settings.conversions.final,
            auxiliary=settings.conversions.auxiliary,
            timezone=zone,
            report_currency=currency,
        )
        _write(run, SILVER_CONVERSIONS, conversions, origin)
    finally:
        visits.unpersist()
    _build_spend(run, rates, rules, sources, origin)


def _build_spend(run: Run, rates: DataFrame, rules: ChannelRules, sources: SourceList, origin: Origin) -> None:
    settings = run.settings
    spend = valid_spend(run.lake.read(BRONZE_AD_SPEND), timezone=settings.report.timezone)
    _require_rates(run, spend, rates, moment="spend_date", what="ad spend")
    built = build_ad_spend(
        spend,
        rates,
        with_channel=lambda frame: with_channel(frame, rules, sources),
        platforms={name: (said.source, said.medium) for name, said in settings.ad_spend.platforms.items()},
        report_currency=settings.report.currency,
    )
    _write(run, SILVER_AD_SPEND, built, origin)


def _require_rates(run: Run, frame: DataFrame, rates: DataFrame, *, moment: str, what: str) -> None:
    """InputError for the first day and currency without a rate."""
    report = run.settings.report
    # A spend day is a day already, whatever the zone.
    zone = report.timezone if moment != "spend_date" else "UTC"
    missing = missing_rates(frame, rates, day=moment, timezone=zone, report_currency=report.currency)
    found = missing.orderBy("day", "currency").first()
    if found is not None:
        raise InputError(
            f"{what}: no exchange rate from {found['currency']} to {report.currency} for {found['day']} or the "
            f"{run.settings.exchange_rates.max_age_days} days before (exchange_rates.max_age_days); land one in "
            f"{run.settings.landing.root}/exchange_rates"
        )


def _write(run: Run, table: Table, frame: DataFrame, origin: Origin) -> None:
    run.lake.replace(table, frame, origin=origin)
    run.say(f"{table.full_name} written")
