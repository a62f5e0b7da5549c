"""Snowplow atomic events: marketing fields in mkt_*, conversions are rows with tr_total, times in UTC."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from intake.adapters.events import events
from intake.flat_export import Computed, flat_export
from intake.parse import utc_text

PLATFORMS = {"web": "web", "mob": "android", "srv": "server"}


def _event_name(tr_total: Column, event_name: Column, event: Column) -> Column:
    """A row with tr_total is a purchase, whatever its event_name."""
    return F.when(tr_total.isNotNull(), F.lit("purchase")).otherwise(F.coalesce(event_name, event))


def _event_ts(derived_tstamp: Column, collector_tstamp: Column) -> Column:
    return utc_text(F.coalesce(derived_tstamp, collector_tstamp))


def _platform(platform: Column) -> Column:
    return F.coalesce(*(F.when(platform == code, F.lit(name)) for code, name in PLATFORMS.items()))


ADAPTER = flat_export(
    events.ADAPTER,
    {
        "event_id": "event_id",
        "event_name": Computed(("tr_total", "event_name", "event"), _event_name),
        "event_ts": Computed(("derived_tstamp", "collector_tstamp"), _event_ts),
        "received_ts": Computed(("collector_tstamp",), utc_text),
        "platform": Computed(("platform",), _platform),
        "anonymous_id": "domain_userid",
        "user_id": "user_id",
        "session_id": "domain_sessionid",
        "source": "mkt_source",
        "medium": "mkt_medium",
        "campaign": "mkt_campaign",
        "content": "mkt_content",
        "term": "mkt_term",
        "page_url": "page_url",
        "referrer": "page_referrer",
        "user_agent": "useragent",
        "ip": "user_ipaddress",
        "country": "geo_country",
        "order_id": "tr_orderid",
        "value": "tr_total",
        "currency": "tr_currency",
    },
    required=("event_id", "domain_userid", "collector_tstamp", "mkt_source", "mkt_medium", "tr_total"),
)
