"""AppsFlyer's raw data: installs, in-app events and re-engagements, CSV of the page or the service, or pushed JSON.

An install has its media source. An in-app event does too, but that is its install's, of perhaps months ago: it is no
visit's source, and is not read.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.events import events
from intake.event_words import own_name
from intake.media_sources import network_of
from intake.page_address import app_address, with_parameters
from intake.trackers import member, members_of, moment_text, tracker_export
from intake.written_numbers import given
from warehouse.expressions import id_of

# By our name of a column: the header of the page's files. Those of the service are our names.
HEADERS: Mapping[str, tuple[str, ...]] = {
    "event_name": ("event name",),
    "event_time": ("event time",),
    "event_value": ("event value",),
    "event_revenue": ("event revenue",),
    "event_revenue_currency": ("event revenue currency",),
    "event_revenue_usd": ("event revenue usd",),
    "event_source": ("event source",),
    "att": ("att status", "att_status"),
    "install_time": ("install time",),
    "attributed_touch_time": ("attributed touch time",),
    "attributed_touch_type": ("attributed touch type",),
    "media_source": ("media source",),
    "campaign": (),
    "campaign_id": ("campaign id", "af_c_id"),
    "ad": ("af_ad",),
    "keywords": ("keyword", "af_keywords"),
    "is_retargeting": ("is retargeting",),
    "appsflyer_id": ("appsflyer id",),
    "customer_user_id": ("customer user id",),
    "platform": (),
    "app_id": ("app id",),
    "user_agent": ("user agent",),
    "ip": (),
    "country_code": ("country code",),
    "original_url": ("original url",),
    "http_referrer": ("http referrer",),
    "gp_referrer": ("google play referrer",),
    "gp_click_time": ("google play click time",),
    "gp_install_begin": ("google play install begin time",),
    "gclid": (),
}
INSTALLS = ("install", "reinstall", "re-install")
RETURNS = ("re-engagement", "re-attribution", "reengagement", "reattribution")
NAMES_OF_ORDER = ("af_order_id", "order_id", "transaction_id", "af_receipt_id")


def prepared(rows: DataFrame) -> DataFrame:
    """`rows` with the event's value read, and whether the row's media source is its own."""
    name, values = F.lower("event_name"), F.col("values")
    source, medium = network_of(F.col("media_source"))
    is_own = F.coalesce(name.isin(*INSTALLS, *RETURNS), F.lit(False))
    read = rows.withColumns({"values": members_of("event_value"), "is_own": is_own})
    in_value = member(values, "af_revenue")
    # Of an amount and its currency, each kind of amount has its own.
    revenue, currency = given(F.col("event_revenue")), given(F.col("event_revenue_currency"))
    usd = given(F.col("event_revenue_usd"))
    is_in_usd = (revenue.isNull() | currency.isNull()) & usd.isNotNull()
    return read.withColumns(
        {
            "source": F.when(F.col("is_own"), source),
            "medium": F.when(F.col("is_own"), medium),
            "amount": F.when(is_in_usd, usd).otherwise(F.coalesce(revenue, in_value)),
            "money": F.when(is_in_usd, F.lit("USD")).otherwise(F.coalesce(currency, member(values, "af_currency"))),
        }
    )


def fields(defaults: Defaults) -> Mapping[str, Column]:
    """The fields of our own format."""
    export, name, values = defaults.export, F.col("event_name"), F.col("values")
    # An event has one row for its install and one for a re-engagement: what makes it one is not whose ad it was.
    identity = ("appsflyer_id", "event_name", "event_time", "event_value")
    is_return = F.lower(name).isin(*RETURNS)
    is_reinstall = F.lower(name).isin(*INSTALLS[1:])
    times = {"click_time": "gp_click_time", "install_begin_time": "gp_install_begin", "install_time": "install_time"}
    click = F.coalesce(F.col("gp_click_time"), F.when(_touch() == "click", F.col("attributed_touch_time")))
    moments = {key: moment_text(F.col(column), export) for key, column in times.items()}
    moments["click_time"] = moment_text(click, export)
    return {
        "event_id": F.when(
            F.col("appsflyer_id").isNotNull() & name.isNotNull(),
            id_of(F.lit("appsflyer"), *(F.col(part) for part in identity)),
        ),
        "event_name": F.when(is_return, F.lit("app_open")).when(is_reinstall, F.lit("app_reinstall"))
        .otherwise(own_name(name, export)),
        "event_ts": moment_text(F.col("event_time"), export),
        "click_ts": F.when(F.lower(name).isin(*INSTALLS), moments["click_time"]),
        "anonymous_id": F.col("appsflyer_id"),
        "att_status": given(F.col("att")),
        "user_id": F.col("customer_user_id"),
        "source": F.col("source"),
        "medium": F.col("medium"),
        "campaign": F.when(F.col("is_own"), given(F.col("campaign"))),
        "content": F.when(F.col("is_own"), given(F.col("ad"))),
        "term": F.when(F.col("is_own"), given(F.col("keywords"))),
        "platform": F.when(F.upper("event_source") == "S2S", F.lit("server")).otherwise(F.lower("platform")),
        "page_url": F.when(
            F.col("is_own"),
            with_parameters(
                given(F.col("original_url")),
                {"utm_id": given(F.col("campaign_id")), "gclid": given(F.col("gclid"))},
                without_page=app_address(F.col("app_id")),
            ),
        ),
        "referrer": F.when(F.col("is_own"), given(F.col("http_referrer"))),
        "install_referrer": F.when(F.col("is_own"), given(F.col("gp_referrer"))),
        "user_agent": F.col("user_agent"),
        "ip": F.col("ip"),
        "country": F.col("country_code"),
        "order_id": member(values, *NAMES_OF_ORDER),
        "value": F.col("amount"),
        "currency": F.col("money"),
        "properties": F.to_json(
            F.struct(
                *(moment.alias(key) for key, moment in moments.items()),
                _touch().alias("touch_type"),
                F.col("media_source"),
                F.col("event_value"),
            )
        ),
    }  # fmt: skip


def _touch() -> Column:
    return F.lower(given(F.col("attributed_touch_type")))


ADAPTER = tracker_export(
    events.ADAPTER,
    columns=tuple(HEADERS),
    required=("event_name", "event_time", "appsflyer_id"),
    fields=fields,
    prepared=prepared,
    names=HEADERS,
)
