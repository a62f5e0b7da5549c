"""Adjust's raw data, as its CSV uploads have it: one activity a row, headers with or without braces.

Installs, reattributions, clicks and views have their network. An in-app event has its install's, which is not read.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.events import events
from intake.device_ids import ADVERTISING_ID, APP_INSTANCE_ID
from intake.event_words import own_name
from intake.media_sources import network_of
from intake.page_address import app_address, with_parameters
from intake.trackers import epoch_text, member, members_of, platform_of, tracker_export
from intake.written_numbers import given
from warehouse.expressions import id_of

COLUMNS = (
    "activity_kind", "event", "event_name", "created_at", "received_at", "adid", "gps_adid", "idfa", "idfv",
    "user_id", "network_name", "campaign_name", "adgroup_name", "creative_name", "tracker_name", "click_time",
    "impression_time", "installed_at", "install_begin_time", "referrer", "deeplink", "gclid", "revenue_float",
    "revenue", "currency", "reporting_revenue", "reporting_currency", "os_name", "user_agent", "ip_address", "country",
    "environment", "app_id", "att_status", "partner_parameters", "publisher_parameters",
)  # fmt: skip
KINDS = {
    "install": "app_install",
    "reinstall": "app_reinstall",
    "reattribution": "app_open",
    "session": "app_open",
    "click": "ad_click",
    "impression": "ad_impression",
}
OWN_SOURCE = ("install", "reinstall", "reattribution", "click", "impression")  # whose network is the row's own
ADS = ("click", "impression")
TEST = "sandbox"
NAMES_OF_ORDER = ("order_id", "transaction_id", "orderId")
OF_TRACKER = "::"  # network::campaign::adgroup::creative
IDS = ("user_id", "userId", "customer_user_id")


def prepared(rows: DataFrame) -> DataFrame:
    """`rows` with their parameters read, and whether the row's network is its own."""
    kind = F.lower("activity_kind")
    tracker = F.split("tracker_name", OF_TRACKER)
    parts = {name: F.coalesce(given(F.col(column)), given(F.get(tracker, F.lit(place)))) for place, (name, column) in
             enumerate((("network", "network_name"), ("campaign", "campaign_name"), ("adgroup", "adgroup_name"),
                        ("creative", "creative_name")))}  # fmt: skip
    read = rows.withColumns(
        {
            **parts,
            "partner": members_of("partner_parameters"),
            "publisher": members_of("publisher_parameters"),
            "is_own": F.coalesce(kind.isin(*OWN_SOURCE), F.lit(False)),
            "is_test": F.coalesce(F.lower("environment") == TEST, F.lit(False)),
            "device": F.coalesce(*(given(F.col(name)) for name in ("adid", "gps_adid", "idfa", "idfv"))),
        }
    )
    login = F.coalesce(given(F.col("user_id")), member(F.col("partner"), *IDS), member(F.col("publisher"), *IDS))
    return read.withColumns({"login": login, "is_nobody": kind.isin(*ADS) & F.col("device").isNull() & login.isNull()})


def fields(defaults: Defaults) -> Mapping[str, Column]:
    """The fields of our own format."""
    export, kind, is_own = defaults.export, F.lower("activity_kind"), F.col("is_own")
    source, medium = network_of(F.col("network"))
    by_kind = F.coalesce(*(F.when(kind == known, F.lit(name)) for known, name in KINDS.items()), kind)
    event = F.coalesce(given(F.col("event_name")), given(F.col("event")))
    at = F.coalesce(
        F.when(kind == "click", F.col("click_time")), F.when(kind == "impression", F.col("impression_time"))
    )
    happened = F.coalesce(at, F.col("created_at"))
    own_money = F.coalesce(given(F.col("revenue_float")), given(F.col("revenue")))
    is_reported = own_money.isNull() | given(F.col("currency")).isNull()
    order = F.coalesce(member(F.col("partner"), *NAMES_OF_ORDER), member(F.col("publisher"), *NAMES_OF_ORDER))
    identity = (F.col("device"), kind, event, happened, own_money, order)
    times = ("click_time", "install_begin_time")
    return {
        "event_id": F.when(kind.isNotNull() & happened.isNotNull(), id_of(F.lit("adjust"), *identity)),
        "event_name": F.when(kind == "event", own_name(event, export)).otherwise(by_kind),
        "event_ts": epoch_text(happened, export),
        "received_ts": epoch_text(F.col("received_at"), export),
        "click_ts": F.when(kind == "install", epoch_text(given(F.col("click_time")), export)),
        "anonymous_id": F.col("device"),
        "id_kind": F.when(given(F.col("adid")).isNotNull(), F.lit(APP_INSTANCE_ID))
        .when(F.coalesce(*(given(F.col(name)) for name in ("gps_adid", "idfa"))).isNotNull(), F.lit(ADVERTISING_ID))
        .when(given(F.col("idfv")).isNotNull(), F.lit(APP_INSTANCE_ID)),
        "att_status": given(F.col("att_status")),
        "user_id": F.col("login"),
        "source": F.when(is_own, source),
        "medium": F.when(is_own, medium),
        "campaign": F.when(is_own & source.isNotNull(), F.col("campaign")),
        "content": F.when(is_own & source.isNotNull(), F.coalesce("creative", "adgroup")),
        "platform": platform_of(F.col("os_name"), is_server=F.lit(False), is_web=F.lit(False)),
        "page_url": F.when(
            is_own,
            with_parameters(
                given(F.col("deeplink")), {"gclid": given(F.col("gclid"))}, without_page=app_address(F.col("app_id"))
            ),
        ),
        "install_referrer": F.when(is_own, given(F.col("referrer"))),
        "user_agent": F.col("user_agent"),
        "ip": F.col("ip_address"),
        "country": F.upper("country"),
        "order_id": order,
        "value": F.when(is_reported, given(F.col("reporting_revenue"))).otherwise(own_money),
        "currency": F.when(is_reported, given(F.col("reporting_currency"))).otherwise(given(F.col("currency"))),
        "properties": F.to_json(
            F.struct(
                *(epoch_text(given(F.col(name)), export).alias(name) for name in times),
                epoch_text(given(F.col("installed_at")), export).alias("install_time"),
                F.when(given(F.col("click_time")).isNotNull(), F.lit("click"))
                .when(given(F.col("impression_time")).isNotNull(), F.lit("impression"))
                .alias("touch_type"),
                F.col("network").alias("media_source"),
            )
        ),
    }


ADAPTER = tracker_export(
    events.ADAPTER,
    columns=COLUMNS,
    required=("activity_kind", "created_at", "adid"),
    fields=fields,
    prepared=prepared,
    names={
        **{name: (f"{{{name}}}",) for name in COLUMNS},
        "deeplink": ("{deeplink}", "{deeplink_url}"),
        "user_id": ("{user_id}", "{external_id}", "{external_device_id}", "external_device_id"),
        "app_id": ("{app_id}", "{store_id}"),
    },
)
