"""The step that builds silver: what happened, in one vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.news import News, Writer, news_for
from jobs.run import Run
from touchpoints.activity import build_activity
from touchpoints.ad_spend import build_ad_spend, valid_spend
from touchpoints.affected import Affected, find_affected
from touchpoints.channels import ChannelRules, load_channel_rules, with_channel
from touchpoints.conversions import build_conversions, missing_rates, persons_repriced
from touchpoints.exchange_rates import build_daily_rates
from touchpoints.hits import EVENT_COLUMNS, build_hits
from touchpoints.identities import build_identities, identified, logins_of
from touchpoints.orders import build_orders, refunds_elsewhere
from touchpoints.sessions import bot_sessions, build_sessions
from touchpoints.source_list import SourceList, load_sources
from touchpoints.touchpoints import build_touchpoints
from touchpoints.visits import build_visits, slim_visits
from warehouse.errors import InputError
from warehouse.store import Origin, Stage
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


def _all(frame: DataFrame) -> DataFrame:
    return frame


@dataclass(frozen=True)
class Input:
    """What the tables of persons are made from, and the rows of a table that come from it: by person, by device."""

    events: DataFrame
    orders: DataFrame
    owned: Callable[[DataFrame], DataFrame] = _all
    on_devices: Callable[[DataFrame], DataFrame] = _all


def build_silver(run: Run) -> None:
    """Identities, sessions, touchpoints, activity, orders, conversions and spend, unless all are current.

    Where bronze only gained since silver was built, the affected persons are made anew, else everything is.
    """
    with run.step("build") as log:
        rules = load_channel_rules(run.settings.touchpoints.channels_file)
        sources = load_sources(run.settings.touchpoints.sources_file)
        origin = silver_origin(run, rules, sources)
        stale = [table for table in OUTPUTS if run.full or not run.lake.is_current(table, origin)]
        if not stale:
            log.skip("bronze and settings are those silver was built from")
            return
        news, reason = (None, "asked for") if run.full else _news(run, origin)
        if run.dry_run:
            how = "update" if news else f"rebuild in full ({reason})"
            log.skip(f"would {how}: {', '.join(table.full_name for table in stale)}")
            return
        if news is None:
            run.say(f"building in full: {reason}")
        _build(run, origin, news, rules, sources)
        log.message = f"in full: {reason}" if news is None else "affected persons only"


def silver_origin(run: Run, rules: ChannelRules, sources: SourceList) -> Origin:
    """What silver made now is made from: bronze, settings, and what the rules say, wherever their files lie."""
    return run.origin(INPUTS, *SECTIONS, rules=(rules.model_dump_json(), sources.model_dump_json()))


def _news(run: Run, origin: Origin) -> tuple[News | None, str]:
    share = run.settings.build.max_changed_share
    return news_for(run, origin, OUTPUTS, followed=(BRONZE_EVENTS, BRONZE_ORDERS), max_changed_share=share)


def _build(run: Run, origin: Origin, news: News | None, rules: ChannelRules, sources: SourceList) -> None:
    """Silver anew: of the persons that `news` concern, or of everybody where it is None."""
    writer = Writer(run, origin, is_full=news is None)
    with run.lake.staging("silver") as stage:
        rates = stage(  # few rows, read by several tables
            "rates",
            build_daily_rates(
                run.lake.read(BRONZE_EXCHANGE_RATES),
                report_currency=run.settings.report.currency,
                max_age_days=run.settings.exchange_rates.max_age_days,
            ),
        )
        everything = Input(identified(run.lake.read(BRONZE_EVENTS)), identified(run.lake.read(BRONZE_ORDERS)))
        if news is None:
            _build_persons(writer, everything, rates, rules, sources)
        elif news.concern(BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_EXCHANGE_RATES):
            affected = _affected(run, everything, news, rates, stage)
            # Read several times below, and few of all.
            events = stage("their_events", affected.events(everything.events.select(*EVENT_COLUMNS)))
            orders = stage("their_order_versions", affected.order_versions(everything.orders))
            input_ = Input(events, orders, affected.owned, affected.on_devices)
            _build_persons(writer, input_, rates, rules, sources)
        else:
            writer.keep(*(table for table in OUTPUTS if table is not SILVER_AD_SPEND))
        if news is None or news.concern(BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES):
            _build_spend(writer, rates, rules, sources)
        else:
            writer.keep(SILVER_AD_SPEND)


def _affected(run: Run, everything: Input, news: News, rates: DataFrame, stage: Stage) -> Affected:
    repriced = run.spark.createDataFrame([], "person_id string")
    if news.concern(BRONZE_EXCHANGE_RATES):
        sold = persons_repriced(
            run.lake.read(SILVER_CONVERSIONS),
            rates,
            timezone=run.settings.report.timezone,
            report_currency=run.settings.report.currency,
        )
        refunded = refunds_elsewhere(everything.events, run.lake.read(SILVER_ORDERS))
        repriced = sold.unionByName(refunded.select("person_id")).distinct()
    return find_affected(
        everything.events,
        everything.orders,
        identified(news.changes[BRONZE_EVENTS]),
        identified(news.changes[BRONZE_ORDERS]),
        other_persons=repriced,
        stage=stage,
    )


def _build_persons(writer: Writer, input_: Input, rates: DataFrame, rules: ChannelRules, sources: SourceList) -> None:
    run, lake, settings = writer.run, writer.run.lake, writer.run.settings
    zone, currency = settings.report.timezone, settings.report.currency
    events, orders, owned, on_devices = input_.events, input_.orders, input_.owned, input_.on_devices

    logins = logins_of(events, orders)
    identities = build_identities(logins, login_window_days=settings.identity.login_window_days)
    writer.write(SILVER_IDENTITIES, identities, on_devices)
    hits = build_hits(
        events,
        sources=sources,
        own_domains=settings.touchpoints.own_domains,
        internal_ips=settings.touchpoints.internal_ips,
        consent_ads_missing=settings.touchpoints.consent_ads_missing,
    )
    built = build_visits(
        hits, on_devices(lake.read(SILVER_IDENTITIES)), orders, timeout_minutes=settings.sessions.timeout_minutes
    )
    visits = slim_visits(
        with_channel(built, rules, sources, where=F.col("is_touch")),
        conversion_types=[*settings.conversions.final, *settings.conversions.auxiliary],
    ).persist(StorageLevel.MEMORY_AND_DISK)
    try:
        writer.write(SILVER_SESSIONS, build_sessions(visits, max_events=settings.sessions.max_events), owned)
        robots = bot_sessions(lake.read(SILVER_SESSIONS))
        writer.write(SILVER_TOUCHPOINTS, build_touchpoints(visits, robots), owned)
        writer.write(SILVER_ACTIVITY, build_activity(visits, timezone=zone), owned)
        default_currency = settings.conversions.default_currency or currency
        built_orders = build_orders(
            orders, visits, rates, default_currency=default_currency, timezone=zone, report_currency=currency
        )
        writer.write(SILVER_ORDERS, built_orders, owned)
        valid_orders = owned(lake.read(SILVER_ORDERS))
        moneys = ("ordered_at", "currency")
        paid, refunded = valid_orders.select(*moneys), refunds_elsewhere(visits, valid_orders).select(*moneys)
        _require_rates(run, paid.unionByName(refunded), rates, moment="ordered_at", what="orders and refunds")
        conversions = build_conversions(
            valid_orders,
            visits,
            robots,
            rates,
            final=settings.conversions.final,
            auxiliary=settings.conversions.auxiliary,
            timezone=zone,
            report_currency=currency,
        )
        writer.write(SILVER_CONVERSIONS, conversions, owned)
    finally:
        visits.unpersist()


def _build_spend(writer: Writer, rates: DataFrame, rules: ChannelRules, sources: SourceList) -> None:
    run, settings = writer.run, writer.run.settings
    spend = valid_spend(run.lake.read(BRONZE_AD_SPEND), timezone=settings.report.timezone)
    _require_rates(run, spend, rates, moment="spend_date", what="ad spend")
    built = build_ad_spend(
        spend,
        rates,
        with_channel=lambda frame: with_channel(frame, rules, sources),
        platforms={name: (said.source, said.medium) for name, said in settings.ad_spend.platforms.items()},
        report_currency=settings.report.currency,
    )
    writer.write(SILVER_AD_SPEND, built)


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
