"""The step that builds journeys, credits and channel performance."""

from __future__ import annotations

from attribution.attribution_credits import build_attribution_credits, credited_journeys
from attribution.channel_performance import build_channel_performance
from attribution.journeys import build_journeys
from attribution.path_summary import build_path_summary
from attribution.rules import RuleKnobs
from jobs.run import Run
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_PATH_SUMMARY,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_TOUCHPOINTS,
)

INPUTS = (SILVER_CONVERSIONS, SILVER_TOUCHPOINTS, SILVER_AD_SPEND)
OUTPUTS = (SILVER_JOURNEYS, GOLD_ATTRIBUTION_CREDITS, GOLD_CHANNEL_PERFORMANCE, GOLD_PATH_SUMMARY)
SECTIONS = ("report", "attribution")


def attribute(run: Run) -> None:
    """Every rule model's credit, unless silver and settings are those it was made from."""
    settings, lake = run.settings.attribution, run.lake
    zone, currency = run.settings.report.timezone, run.settings.report.currency
    with run.step("attribute") as log:
        origin = run.origin(INPUTS, *SECTIONS)
        if not run.full and all(lake.is_current(table, origin) for table in OUTPUTS):
            log.skip("silver and settings are those gold was made from")
            return
        if run.dry_run:
            log.skip(f"would rebuild {', '.join(table.full_name for table in OUTPUTS)}")
            return
        journeys = build_journeys(
            lake.read(SILVER_CONVERSIONS),
            lake.read(SILVER_TOUCHPOINTS),
            lookback_days={name: settings.lookback_of(name) for name in settings.conversion_types},
            interactions=settings.interactions,
            report_currency=currency,
        )
        lake.replace(SILVER_JOURNEYS, journeys, origin=origin)
        run.say("silver.journeys written")
        built = lake.read(SILVER_JOURNEYS)
        credits = build_attribution_credits(
            credited_journeys(built, start_date=settings.start_date, timezone=zone),
            models=settings.models,
            knobs=RuleKnobs(
                half_life_days=settings.half_life_days,
                order_ratio=settings.order_ratio,
                position_first=settings.position_based.first,
                position_last=settings.position_based.last,
            ),
        )
        lake.replace(GOLD_ATTRIBUTION_CREDITS, credits, origin=origin)
        run.say("gold.attribution_credits written")
        performance = build_channel_performance(
            lake.read(GOLD_ATTRIBUTION_CREDITS),
            lake.read(SILVER_AD_SPEND),
            models=settings.models,
            conversion_types=settings.conversion_types,
            timezone=zone,
            report_currency=currency,
        )
        lake.replace(GOLD_CHANNEL_PERFORMANCE, performance, origin=origin)
        run.say("gold.channel_performance written")
        lake.replace(GOLD_PATH_SUMMARY, build_path_summary(built, report_currency=currency), origin=origin)
        run.say("gold.path_summary written")
