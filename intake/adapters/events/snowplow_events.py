"""Snowplow atomic events: marketing fields in mkt_*, conversions are rows with tr_total, times in UTC."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters.events import events
from warehouse.tables.bronze_events import BRONZE_EVENTS

# contract field: the atomic event's column
RENAMED = {
    "event_id": "event_id",
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
}
PLATFORMS = {"web": "web", "mob": "android", "srv": "server"}


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """One event per atomic event. A row with tr_total is a purchase, whatever else it was."""
    event_name = F.coalesce(F.col("event_name"), F.col("event"))
    platform = F.coalesce(*(F.when(F.col("platform") == code, F.lit(name)) for code, name in PLATFORMS.items()))
    absent = [name for name in events.COLUMNS if name not in RENAMED]
    contract: dict[str, Column] = {
        **{name: F.lit(None).cast("string") for name in absent},
        **{name: F.col(column) for name, column in RENAMED.items()},
        "event_name": F.when(F.col("tr_total").isNotNull(), F.lit("purchase")).otherwise(event_name),
        "event_ts": _utc(F.coalesce(F.col("derived_tstamp"), F.col("collector_tstamp"))),
        "received_ts": _utc(F.col("collector_tstamp")),
        "platform": platform,
    }
    as_events = rows.select(
        "file",
        "line",
        "raw",
        "problem",
        F.lit(False).alias("unknown"),
        *(column.alias(name) for name, column in contract.items()),
    )
    return events.parse(as_events, defaults, lookups)


def _utc(text: Column) -> Column:
    return F.when(text.rlike("(Z|[+-]\\d{2}:?\\d{2})$"), text).otherwise(F.concat(text, F.lit("Z")))


ADAPTER = Adapter(
    table=BRONZE_EVENTS,
    columns=tuple(
        dict.fromkeys([*RENAMED.values(), "event_name", "event", "platform", "derived_tstamp", "collector_tstamp"])
    ),
    required=("event_id", "domain_userid", "collector_tstamp", "mkt_source", "mkt_medium", "tr_total"),
    parse=parse,
)
