"""From a link and a row of an export to one row of gold.channel_performance: names meet however each side sent them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rules_oracle import conversion, conversions_frame, journey_knobs, rule_knobs

from attribution.attribution_credits import build_attribution_credits
from attribution.channel_performance import build_channel_performance
from attribution.journeys import build_journeys
from jobs.settings import load_settings
from tests.touchpoints.bronze_rows import RATES, at, bronze, events, frame, hit_knobs, orders, robot_limits, stored
from touchpoints.ad_spend import build_ad_spend
from touchpoints.channels import load_channel_rules, with_channel
from touchpoints.hits import build_hits
from touchpoints.identities import build_identities, logins_of
from touchpoints.knobs import PlatformDefault
from touchpoints.sessions import bot_sessions, build_sessions
from touchpoints.source_list import load_sources
from touchpoints.touchpoints import build_touchpoints
from touchpoints.visits import build_visits, slim_visits
from warehouse.campaign_names import campaign_names
from warehouse.tables import BRONZE_AD_SPEND

MARCH_1 = date(2026, 3, 1)
PLATFORMS = {
    "google_ads": PlatformDefault(source="google", medium="cpc"),
    "meta": PlatformDefault(source="facebook", medium="paid_social"),
}
# The query of a link, each followed by an order of 100 -> source, medium and campaign of its row
LINKS = {
    "utm_source=google&utm_medium=cpc&utm_campaign=no%2520code%2520founders": ("google", "cpc", "no code founders"),
    "utm_source=GOOGLE&utm_medium=c%25E2%2580%258Bpc&utm_campaign=Spring+Sale": ("google", "cpc", "spring sale"),
    "utm_source=Facebook&utm_medium=paid_social&utm_campaign={{campaign.name}}": (
        "facebook",
        "paid_social",
        "(not set)",
    ),
    "utm_source={{site_source_name}}&utm_medium=__PLACEMENT__&utm_campaign=__CAMPAIGN_NAME__": (
        "(not set)",
        "(not set)",
        "(not set)",
    ),
}
# Spend, platform and campaign of a row of an export -> source, medium and campaign of its row
SPEND = {
    ("40", "google_ads", "no code founders"): ("google", "cpc", "no code founders"),
    ("50", "google_ads", "Spring%2520Sale"): ("google", "cpc", "spring sale"),
    ("20", "meta", "__CAMPAIGN_NAME__"): ("facebook", "paid_social", "(not set)"),
}


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """(source, medium, campaign): (spend, value, ROAS), by last touch."""
    settings = load_settings()
    rules, sources = load_channel_rules("channels.yaml"), load_sources("sources.yaml")
    sent = [
        {"event_id": f"e{n}", "anonymous_id": f"d{n}", "event_at": at(), "page_url": f"https://shop.example/?{query}"}
        for n, query in enumerate(LINKS)
    ]
    landed, nothing = events(spark, sent), orders(spark, [])
    hits = stored(build_hits(landed, hit_knobs(own_domains=["shop.example"]), sources=sources))
    identities = build_identities(logins_of(landed, nothing), login_window_days=30)
    visits = stored(build_visits(hits, identities, nothing, timeout_minutes=30, max_hours=24))
    named = with_channel(visits, rules, sources)
    slim = stored(slim_visits(named, conversion_types=["purchase"], personal=hit_knobs()))
    sessions = stored(build_sessions(slim, limits=robot_limits()))
    touchpoints = stored(
        build_touchpoints(slim, bot_sessions(sessions), abuse=settings.ad_abuse, retargeting=settings.retargeting)
    )
    sold = [conversion(f"o{n}", f"device:d{n}", at(60), value="100") for n in range(len(LINKS))]
    journeys = build_journeys(
        conversions_frame(spark, sold), touchpoints, journey_knobs({"purchase": 30}), report_currency="USD"
    )
    credits = build_attribution_credits(stored(journeys), models=["last_touch"], knobs=rule_knobs())
    exported = [
        {"spend": Decimal(spend), "platform": platform, "campaign_name": campaign, "spend_date": MARCH_1}
        for spend, platform, campaign in SPEND
    ]
    spend = stored(
        build_ad_spend(
            bronze(spark, BRONZE_AD_SPEND, exported),
            frame(spark, RATES, []),
            named=lambda of_export: with_channel(of_export, rules, sources),
            platforms=PLATFORMS,
            report_currency="USD",
        )
    )
    performance = build_channel_performance(
        stored(credits),
        spend,
        campaign_names(spend),
        models=["last_touch"],
        conversion_types=["purchase"],
        retargeting=settings.retargeting,
        timezone="UTC",
        report_currency="USD",
    )
    found = performance.where("date_basis = 'touch'").collect()
    by_name = {(row["source"], row["medium"], row["campaign"]): row for row in found}
    assert len(by_name) == len(found)
    return {key: (row["spend"], row["credited_value"], row["roas"]) for key, row in by_name.items()}


def test_a_link_and_the_spend_of_its_campaign_are_one_row_with_its_roas(
    rows: dict[tuple[Any, ...], tuple[Any, ...]],
) -> None:
    assert rows == {
        ("google", "cpc", "no code founders"): (40, 100, 2.5),
        ("google", "cpc", "spring sale"): (50, 100, 2.0),
        ("facebook", "paid_social", "(not set)"): (20, 100, 5.0),
        ("(not set)", "(not set)", "(not set)"): (0, 100, None),
    }
    assert set(rows) == {*LINKS.values(), *SPEND.values()}
