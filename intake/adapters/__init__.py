"""One adapter per input format: landed rows of strings in, rows of a bronze contract out."""

from intake.adapter import Adapter
from intake.adapters.clicks import google_click_views
from intake.adapters.events import (
    adjust_events,
    airbridge_events,
    appsflyer_events,
    events,
    ga4_events,
    mixpanel_events,
    posthog_events,
    segment_events,
    snowplow_events,
)
from intake.adapters.orders import cdnow_orders, csv_orders, order_lines, orders, shopify_orders, woocommerce_orders
from intake.adapters.postbacks import skan_postbacks
from intake.adapters.rates import exchange_rates
from intake.adapters.spend import (
    ad_spend,
    apple_search_ads,
    csv_spend,
    google_ads,
    google_ads_web,
    kakao_moment,
    linkedin_ads,
    meta_ads,
    meta_basic_ads,
    meta_insights,
    microsoft_ads,
    naver_searchad,
    tiktok_ads,
)
from warehouse.errors import UsageError, did_you_mean

# Name in landing.inputs: its adapter. The module has the adapter's name and lies in the folder of what it makes.
ADAPTERS: dict[str, Adapter] = {
    "ad_spend": ad_spend.ADAPTER,
    "adjust_events": adjust_events.ADAPTER,
    "airbridge_events": airbridge_events.ADAPTER,
    "apple_search_ads": apple_search_ads.ADAPTER,
    "appsflyer_events": appsflyer_events.ADAPTER,
    "cdnow_orders": cdnow_orders.ADAPTER,
    "csv_orders": csv_orders.ADAPTER,
    "csv_spend": csv_spend.ADAPTER,
    "events": events.ADAPTER,
    "exchange_rates": exchange_rates.ADAPTER,
    "ga4_events": ga4_events.ADAPTER,
    "google_ads": google_ads.ADAPTER,
    "google_ads_web": google_ads_web.ADAPTER,
    "google_click_views": google_click_views.ADAPTER,
    "kakao_moment": kakao_moment.ADAPTER,
    "linkedin_ads": linkedin_ads.ADAPTER,
    "meta_ads": meta_ads.ADAPTER,
    "meta_basic_ads": meta_basic_ads.ADAPTER,
    "meta_insights": meta_insights.ADAPTER,
    "microsoft_ads": microsoft_ads.ADAPTER,
    "mixpanel_events": mixpanel_events.ADAPTER,
    "naver_searchad": naver_searchad.ADAPTER,
    "order_lines": order_lines.ADAPTER,
    "orders": orders.ADAPTER,
    "posthog_events": posthog_events.ADAPTER,
    "segment_events": segment_events.ADAPTER,
    "shopify_orders": shopify_orders.ADAPTER,
    "skan_postbacks": skan_postbacks.ADAPTER,
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
