"""Airbridge's raw data of apps and of the web, as CSV: Event Category says what happened, Channel whose touch it was.

An install, an opening and a deep link have their channel. An order has its install's, which is not read.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.events import events
from intake.event_words import WORDS, own_name
from intake.media_sources import network_of
from intake.page_address import app_address, with_parameters
from intake.trackers import epoch_text, member, members_of, moment_text, platform_of, tracker_export
from intake.written_numbers import given
from warehouse.expressions import id_of

HEADERS: Mapping[str, tuple[str, ...]] = {
    "event_id": ("event id", "event uuid", "event_uuid"),
    "event_category": ("event category",),
    "event_datetime": ("event datetime",),
    "event_timestamp": ("event timestamp",),
    "event_value": ("event value",),
    "event_source": ("event source",),
    "currency": (),
    "transaction_id": ("transaction id",),
    "airbridge_device_id": ("airbridge device id", "airbridge_device_uuid", "airbridge device uuid"),
    "cookie_id": ("airbridge cookie id", "airbridge_cookie_id", "client id", "client_id"),
    "user_id": ("user id", "external user id", "external_user_id"),
    "channel": (),
    "campaign": (),
    "campaign_id": ("campaign id",),
    "ad_creative": ("ad creative",),
    "term": (),
    "medium": (),
    "touchpoint_datetime": ("touchpoint datetime", "target event datetime", "target_event_datetime"),
    "touchpoint_type": ("touchpoint type", "target event category", "target_event_category"),
    "os_name": ("os name", "platform"),
    "att_status": ("att status", "ios att status", "tracking authorization status", "tracking authorize status"),
    "app_id": ("app id", "app package name", "app_package_name"),
    "page_url": ("page url", "deeplink", "deeplink url", "deeplink_url"),
    "referrer": ("browser referrer", "browser_referrer"),
    "install_referrer": ("install referrer", "google_install_referrer", "google install referrer"),
    "click_time": ("google referrer click datetime", "google_referrer_click_datetime"),
    "install_begin_time": ("google install begin datetime", "google_install_begin_datetime"),
    "user_agent": ("user agent",),
    "client_ip": ("client ip", "ip"),
    "country": ("country code", "country_code"),
    "event_attributes": ("event attributes", "semantic attributes", "semantic_attributes"),
}
# Airbridge's own words beside those of others: an order cancelled is money paid back.
OF_AIRBRIDGE = {
    **WORDS,
    "app_install": (*WORDS["app_install"], "app_install"),
    "app_open": ("open", "app_open", "deeplink_open", "app_deeplink_open", "foreground", "deeplink_pageview"),
    "page_view": (*WORDS["page_view"], "home_screen", "home_viewed", "home"),
    "view_item": (*WORDS["view_item"], "product_detail_view", "product_details_viewed"),
    "refund": (*WORDS["refund"], "order_cancel", "order_canceled", "order_cancelled"),
}
INSTALL = "app_install"
OWN_CHANNEL = (INSTALL, "app_open", "page_view", "ad_click", "ad_impression")
SUFFIX = r"[ ]*[(](?:[Aa]pp|[Ww]eb)[)]\z"


def prepared(rows: DataFrame) -> DataFrame:
    """`rows` with their attributes read; the category without (App) and (Web)."""
    category = F.regexp_replace(F.col("event_category"), SUFFIX, "")
    return rows.withColumns(
        {
            "category": category,
            "attributes": members_of("event_attributes"),
            "is_web": F.coalesce(
                (F.lower("event_source") == "web") | F.endswith(F.lower("event_category"), F.lit("(web)")),
                F.lit(False),
            ),
        }
    )


def fields(defaults: Defaults) -> Mapping[str, Column]:
    """The fields of our own format."""
    export, attributes = defaults.export, F.col("attributes")
    name = own_name(F.col("category"), export, words=OF_AIRBRIDGE)
    source, medium = network_of(F.col("channel"), medium=given(F.col("medium")))
    # On the web a page says for itself where its visitor came from.
    is_own = name.isin(*OWN_CHANNEL) & ~F.col("is_web")
    happened = F.coalesce(moment_text(F.col("event_datetime"), export), epoch_text(F.col("event_timestamp"), export))
    device = F.coalesce(given(F.col("airbridge_device_id")), given(F.col("cookie_id")))
    order = F.coalesce(given(F.col("transaction_id")), member(attributes, "transactionID", "transaction_id", "orderID"))
    identity = (device, F.col("user_id"), F.col("event_category"), happened, order, F.col("event_value"))
    times = ("click_time", "install_begin_time")
    click = F.coalesce(given(F.col("click_time")), given(F.col("touchpoint_datetime")))
    moments = {name: moment_text(given(F.col(name)), export) for name in times} | {
        "click_time": moment_text(click, export)
    }
    touch = F.coalesce(F.lower(given(F.col("touchpoint_type"))), F.lit("click"))
    return {
        "event_id": F.coalesce(
            given(F.col("event_id")), F.when(happened.isNotNull(), id_of(F.lit("airbridge"), *identity))
        ),
        "event_name": name,
        "event_ts": happened,
        "click_ts": F.when((name == INSTALL) & (touch == "click"), moments["click_time"]),
        "anonymous_id": device,
        "att_status": given(F.col("att_status")),
        "user_id": F.col("user_id"),
        "source": F.when(is_own, source),
        "medium": F.when(is_own, medium),
        "campaign": F.when(is_own & source.isNotNull(), given(F.col("campaign"))),
        "content": F.when(is_own & source.isNotNull(), given(F.col("ad_creative"))),
        "term": F.when(is_own & source.isNotNull(), given(F.col("term"))),
        "platform": platform_of(
            F.col("os_name"), is_server=F.lower("event_source").isin("server", "s2s"), is_web=F.col("is_web")
        ),
        "page_url": with_parameters(
            given(F.col("page_url")),
            {"utm_id": F.when(is_own, given(F.col("campaign_id")))},
            without_page=app_address(F.col("app_id")),
        ),
        "referrer": given(F.col("referrer")),
        "install_referrer": F.when(is_own, given(F.col("install_referrer"))),
        "user_agent": F.col("user_agent"),
        "ip": F.col("client_ip"),
        "country": F.upper("country"),
        "order_id": order,
        "value": F.coalesce(given(F.col("event_value")), member(attributes, "totalValue", "value")),
        "currency": F.coalesce(given(F.col("currency")), member(attributes, "currency")),
        "properties": F.to_json(
            F.struct(
                *(moment.alias(key) for key, moment in moments.items()),
                F.lower(given(F.col("touchpoint_type"))).alias("touch_type"),
                F.col("channel").alias("media_source"),
                F.col("event_attributes"),
            )
        ),
    }


ADAPTER = tracker_export(
    events.ADAPTER,
    columns=tuple(HEADERS),
    required=("event_category",),
    fields=fields,
    prepared=prepared,
    names=HEADERS,
)
