"""One adapter per input format: landed rows of strings in, rows of a bronze contract out."""

from touchpoints.sources import ad_spend, cdnow_orders, events, exchange_rates, google_ads, orders, snowplow_events
from touchpoints.sources.adapter import Adapter
from warehouse.errors import UsageError

ADAPTERS: dict[str, Adapter] = {
    adapter.name: adapter
    for adapter in (
        events.ADAPTER,
        orders.ADAPTER,
        ad_spend.ADAPTER,
        exchange_rates.ADAPTER,
        snowplow_events.ADAPTER,
        google_ads.ADAPTER,
        cdnow_orders.ADAPTER,
    )
}


def adapter_named(name: str) -> Adapter:
    """The adapter of that name; UsageError, naming those there are, for any other."""
    if name not in ADAPTERS:
        raise UsageError(f"landing.inputs: no adapter is called {name!r}; there are {', '.join(sorted(ADAPTERS))}")
    return ADAPTERS[name]
