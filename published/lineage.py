"""From which tables each table is made, so that a number can be followed back to the files that landed."""

from __future__ import annotations

from published.metrics import metrics

# Bronze tables hold what landed; each other table has the inputs of its recipe, which a test compares.
MADE_FROM: dict[str, tuple[str, ...]] = {
    "silver.aliases": ("bronze.events", "bronze.orders"),
    "silver.identities": ("bronze.events", "bronze.orders", "silver.aliases"),
    "silver.sessions": (
        "bronze.events",
        "bronze.event_values",
        "bronze.orders",
        "silver.aliases",
        "silver.identities",
    ),
    "silver.robots": ("silver.sessions",),
    "silver.touchpoints": (
        "bronze.events",
        "bronze.event_values",
        "bronze.orders",
        "bronze.click_views",
        "silver.aliases",
        "silver.identities",
        "silver.sessions",
    ),
    "silver.source_findings": ("silver.touchpoints",),
    "silver.activity": (
        "bronze.events",
        "bronze.event_values",
        "bronze.orders",
        "silver.aliases",
        "silver.identities",
    ),
    "silver.orders": (
        "bronze.events",
        "bronze.event_values",
        "bronze.orders",
        "bronze.exchange_rates",
        "silver.aliases",
        "silver.identities",
    ),
    "silver.conversions": (
        "bronze.events",
        "bronze.event_values",
        "bronze.orders",
        "bronze.exchange_rates",
        "silver.aliases",
        "silver.identities",
        "silver.sessions",
        "silver.orders",
    ),
    "silver.ad_spend": ("bronze.ad_spend", "bronze.exchange_rates"),
    "silver.set_aside": (
        "bronze.events",
        "bronze.orders",
        "bronze.ad_spend",
        "bronze.exchange_rates",
        "bronze.quarantine",
    ),
    "silver.money_ledger": (
        "bronze.events",
        "bronze.orders",
        "bronze.ad_spend",
        "bronze.exchange_rates",
        "bronze.quarantine",
    ),
    "silver.journeys": ("silver.conversions", "silver.touchpoints"),
    "gold.attribution_credits": ("silver.journeys",),
    "gold.channel_performance": ("silver.ad_spend", "gold.attribution_credits"),
    "gold.unmatched_spend": ("silver.touchpoints", "silver.ad_spend", "gold.channel_performance"),
    "gold.ad_abuse": ("silver.touchpoints", "silver.ad_spend"),
    "gold.path_summary": ("silver.journeys",),
    "gold.conversion_links": ("silver.sessions", "silver.conversions"),
    "gold.skan_performance": ("bronze.skan_postbacks",),
    "gold.unattributed_conversions": (
        "silver.sessions",
        "silver.touchpoints",
        "silver.orders",
        "silver.conversions",
        "silver.journeys",
    ),
    "gold.tracking_losses": (
        "bronze.events",
        "silver.sessions",
        "silver.touchpoints",
        "silver.journeys",
        "gold.unattributed_conversions",
    ),
    "gold.channel_effects": ("silver.journeys",),
    "gold.channel_transitions": ("silver.journeys",),
    "gold.customer_summary": ("silver.conversions", "silver.journeys"),
    "gold.customer_value": ("gold.customer_summary",),
    "gold.value_totals": ("gold.customer_summary",),
    "gold.forecast_accuracy": ("silver.conversions", "silver.journeys", "gold.value_totals"),
    "gold.value_backtest": (),
    "gold.retention_list": ("silver.conversions", "gold.customer_summary", "gold.customer_value"),
    "gold.retention_profit": (
        "silver.conversions",
        "gold.customer_summary",
        "gold.customer_value",
        "gold.retention_list",
    ),
}


def made_from(table: str) -> tuple[str, ...]:
    """The tables that a table is made from; none for what landed, what runs wrote down, and what training made."""
    return MADE_FROM.get(table, ())


def used_by(table: str) -> tuple[str, ...]:
    """The tables that are made from it, in the order of the flow."""
    return tuple(made for made, inputs in MADE_FROM.items() if table in inputs)


def metrics_of(table: str) -> tuple[str, ...]:
    """The metrics that are computed from it, in the order of their file."""
    return tuple(name for name, metric in metrics().items() if metric.table == table)


def upstream(table: str) -> tuple[tuple[str, str], ...]:
    """Every pair (input, table) on the way to it, each once: nearest first, then by the order of inputs."""
    pairs: dict[tuple[str, str], None] = {}
    todo = [table]
    for made in todo:
        for each in made_from(made):
            pairs.setdefault((each, made))
            if each not in todo:
                todo.append(each)
    return tuple(pairs)
