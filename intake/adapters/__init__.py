"""One adapter per input format: landed rows of strings in, rows of a bronze contract out."""

from intake.adapter import Adapter
from intake.adapters.events import events, snowplow_events
from intake.adapters.orders import cdnow_orders, csv_orders, order_lines, orders, shopify_orders, woocommerce_orders
from intake.adapters.rates import exchange_rates
from intake.adapters.spend import (
    ad_spend,
    csv_spend,
    google_ads,
    google_ads_web,
    kakao_moment,
    meta_ads,
    microsoft_ads,
    naver_searchad,
    tiktok_ads,
)
from warehouse.errors import UsageError, did_you_mean

# Name in landing.inputs: its adapter. The module has the adapter's name and lies in the folder of what it makes.
ADAPTERS: dict[str, Adapter] = {
    "ad_spend": ad_spend.ADAPTER,
    "cdnow_orders": cdnow_orders.ADAPTER,
    "csv_orders": csv_orders.ADAPTER,
    "csv_spend": csv_spend.ADAPTER,
    "events": events.ADAPTER,
    "exchange_rates": exchange_rates.ADAPTER,
    "google_ads": google_ads.ADAPTER,
    "google_ads_web": google_ads_web.ADAPTER,
    "kakao_moment": kakao_moment.ADAPTER,
    "meta_ads": meta_ads.ADAPTER,
    "microsoft_ads": microsoft_ads.ADAPTER,
    "naver_searchad": naver_searchad.ADAPTER,
    "order_lines": order_lines.ADAPTER,
    "orders": orders.ADAPTER,
    "shopify_orders": shopify_orders.ADAPTER,
    "snowplow_events": snowplow_events.ADAPTER,
    "tiktok_ads": tiktok_ads.ADAPTER,
    "woocommerce_orders": woocommerce_orders.ADAPTER,
}


def adapter_named(name: str) -> Adapter:
    """The adapter of that name; UsageError, naming the known ones, for any other."""
    if name not in ADAPTERS:
        raise UsageError(f"landing.inputs: {no_adapter(name)}")
    return ADAPTERS[name]


def no_adapter(name: str) -> str:
    """One line for an adapter that does not exist."""
    return f"no adapter is called {name!r}; there are {', '.join(sorted(ADAPTERS))}{did_you_mean(name, ADAPTERS)}"
