"""GA4's BigQuery export (tables events_YYYYMMDD and events_intraday_YYYYMMDD) as JSON Lines: one event a row.

GA4 has no id of an event: it is made from content that the day's two tables have in common.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.events import events
from intake.event_words import named_by_settings
from intake.page_address import app_address, with_parameters
from intake.trackers import consent_text, micros_text, object_of, tracker_export
from intake.written_numbers import given
from warehouse.expressions import id_of

PARAMETERS = (
    "array<struct<key:string,value:struct<string_value:string,int_value:string,float_value:string,"
    "double_value:string>>>"
)
_CAMPAIGN = "campaign_id:string,campaign_name:string,source:string,medium:string"
# The records of the export that are read, and what of them.
RECORDS = {
    "event_params": PARAMETERS,
    "privacy_info": "struct<analytics_storage:string,ads_storage:string>",
    "geo": "struct<country:string>",
    "app_info": "struct<id:string>",
    "ecommerce": (
        "struct<transaction_id:string,purchase_revenue:string,purchase_revenue_in_usd:string,refund_value:string,"
        "refund_value_in_usd:string>"
    ),
    "collected_traffic_source": (
        "struct<manual_campaign_id:string,manual_campaign_name:string,manual_source:string,manual_medium:string,"
        "manual_term:string,manual_content:string,manual_source_platform:string,manual_creative_format:string,"
        "manual_marketing_tactic:string,gclid:string,dclid:string,srsltid:string>"
    ),
    "session_traffic_source_last_click": (
        f"struct<manual_campaign:struct<{_CAMPAIGN}>,google_ads_campaign:struct<campaign_id:string,"
        f"campaign_name:string>,cross_channel_campaign:struct<{_CAMPAIGN}>>"
    ),
    "traffic_source": "struct<name:string,medium:string,source:string>",
}
COLUMNS = (
    *RECORDS, "event_timestamp", "event_server_timestamp_offset", "event_name", "event_value_in_usd", "user_id",
    "user_pseudo_id", "stream_id", "platform", "event_bundle_sequence_id", "batch_page_id", "batch_ordering_id",
    "batch_event_index", "items",
)  # fmt: skip
# What makes an event, in both tables of its day.
IDENTITY = (
    "stream_id", "user_pseudo_id", "event_timestamp", "event_name", "event_bundle_sequence_id", "batch_page_id",
    "batch_ordering_id", "batch_event_index",
)  # fmt: skip
# Parameters that the final table may fill in.
OF_CAMPAIGN = ("source", "medium", "campaign", "campaign_id", "content", "term", "gclid", "srsltid")
# GA4's texts for no data, and for what it made of a referrer itself.
NONE = ("(direct)", "(none)", "(not set)", "(organic)", "(referral)", "(not provided)")
PURCHASES = ("purchase", "ecommerce_purchase", "in_app_purchase", "app_store_subscription_convert",
             "app_store_subscription_renew")  # fmt: skip
OF_APP_STORES = PURCHASES[2:]  # their value is in millionths; only the amount in US dollars is one
# A page whose query has one of these was reached by a click on an ad of Google.
CLICK_OF_GOOGLE = r"[?&](?:gclid|gbraid|wbraid|gad_source|gad_campaignid)=[^&]"


def prepared(rows: DataFrame) -> DataFrame:
    """`rows` with the export's records read, and what several fields are made from."""
    records = {f"_{name}": F.from_json(name, type_) for name, type_ in RECORDS.items()}
    read = rows.withColumns(records)
    collected, ads = F.col("_collected_traffic_source"), "_session_traffic_source_last_click.google_ads_campaign"
    page = _parameter("page_location")
    of_link = {
        "source": ("manual_source", "source"),
        "medium": ("manual_medium", "medium"),
        "campaign": ("manual_campaign_name", "campaign"),
        "content": ("manual_content", "content"),
        "term": ("manual_term", "term"),
    }
    # Exports of before 2023 have the campaign in parameters alone; a medium among them tells it from the shop's own.
    has_medium = collected.isNull() & _parameter("medium").isNotNull()
    links = {
        f"link_{name}": F.coalesce(_named(collected[field]), F.when(has_medium, _named(_parameter(parameter))))
        for name, (field, parameter) in of_link.items()
    }
    with_links = read.withColumns(
        {
            **links,
            "page": page,
            "gclid": F.coalesce(collected["gclid"], _parameter("gclid")),
            "amount_usd": F.coalesce(
                F.when(F.col("event_name").isin(*PURCHASES), F.col("_ecommerce.purchase_revenue_in_usd")),
                F.when(F.col("event_name") == "refund", F.col("_ecommerce.refund_value_in_usd")),
                F.col("event_value_in_usd"),
            ),
            "amount": _amount(),
            "amount_currency": _parameter("currency"),
        }
    )
    # The session's last click may be one of weeks ago: it is this event's where the event itself is a click's landing.
    is_click = F.coalesce(F.col("gclid").isNotNull() | F.col("page").rlike(CLICK_OF_GOOGLE), F.lit(False))
    final = ("manual_campaign.source", "cross_channel_campaign.source", "google_ads_campaign.campaign_id")
    is_final = F.coalesce(
        "_traffic_source.source",
        "_traffic_source.medium",
        *(F.col(f"_session_traffic_source_last_click.{name}") for name in final),
    ).isNotNull()
    return with_links.withColumns(
        {
            "ads_campaign": F.when(is_click, _named(F.col(f"{ads}.campaign_name"))),
            "ads_campaign_id": F.when(is_click, _named(F.col(f"{ads}.campaign_id"))),
            "is_final": is_final,
            "is_nobody": F.col("user_pseudo_id").isNull() & F.col("user_id").isNull(),
            "in_usd": F.col("amount").isNull() | F.col("amount_currency").isNull(),
        }
    )


def fields(defaults: Defaults) -> Mapping[str, Column]:
    """The fields of our own format."""
    micros = F.col("event_timestamp").try_cast("bigint")
    offset = F.coalesce(F.col("event_server_timestamp_offset").try_cast("bigint"), F.lit(0))
    # Of two payloads of one event the one received first counts: the final table's, in whatever order they land.
    received = micros + offset + F.when(F.col("is_final"), F.lit(0)).otherwise(F.lit(1))
    name = F.col("event_name")
    # The first source of a user is that of the install; of a visit it says nothing.
    of_user = {key: F.when(name == "first_open", _named(F.col(f"_traffic_source.{key}"))) for key in
               ("source", "medium", "name")}  # fmt: skip
    is_usd = F.col("in_usd") & F.col("amount_usd").isNotNull()
    return {
        "event_id": F.when(micros.isNotNull() & name.isNotNull(), id_of(F.lit("ga4"), *_identity())),
        "event_name": named_by_settings(
            F.when(name.isin(*PURCHASES), F.lit("purchase"))
            .when(name == "first_open", F.lit("app_install"))
            .otherwise(name),
            defaults.export,
            sent=name,
        ),
        "event_ts": F.concat(micros_text(micros), F.lit("Z")),
        "received_ts": F.concat(micros_text(received), F.lit("Z")),
        "anonymous_id": F.col("user_pseudo_id"),
        "user_id": F.col("user_id"),
        "session_id": _parameter("ga_session_id"),
        "source": F.coalesce(_own_source(), of_user["source"]),
        "medium": F.coalesce(_own_medium(), of_user["medium"]),
        "campaign": F.coalesce("link_campaign", "ads_campaign", of_user["name"]),
        "content": F.col("link_content"),
        "term": F.col("link_term"),
        "platform": F.col("platform"),
        "page_url": _page_url(),
        "referrer": _parameter("page_referrer"),
        "country": F.col("_geo.country"),
        "consent": consent_text(_answer("analytics_storage"), _answer("ads_storage")),
        "order_id": F.coalesce(_named(F.col("_ecommerce.transaction_id")), _named(_parameter("transaction_id"))),
        "value": F.when(is_usd, F.col("amount_usd")).otherwise(F.col("amount")),
        "currency": F.when(is_usd, F.lit("USD")).otherwise(F.col("amount_currency")),
        "properties": object_of({name: F.col(name) for name in ("event_params", "items")}),
    }


def _parameter(name: str) -> Column:
    """The text of an event parameter, whatever its type."""
    found = F.get(F.filter("_event_params", lambda one: one["key"] == name), F.lit(0))["value"]
    return given(F.coalesce(*(found[type_] for type_ in ("string_value", "int_value", "double_value", "float_value"))))


def _identity() -> list[Column]:
    """What makes an event one; without an index in its batch, which apps and old exports lack, also its parameters."""
    stable = F.filter("_event_params", lambda one: ~one["key"].isin(*OF_CAMPAIGN))
    content = F.when(F.col("batch_event_index").isNull(), F.to_json(F.array_sort(stable)))
    whose = F.when(F.col("user_pseudo_id").isNull(), F.col("user_id"))
    return [*(F.col(name) for name in IDENTITY), whose, content]


def _amount() -> Column:
    name, ecommerce = F.col("event_name"), F.col("_ecommerce")
    return F.when(
        ~name.isin(*OF_APP_STORES),
        F.coalesce(
            F.when(name.isin(*PURCHASES), ecommerce["purchase_revenue"]),
            F.when(name == "refund", ecommerce["refund_value"]),
            _parameter("value"),
        ),
    )


def _is_of_referrer() -> Column:
    """Whether GA4 made source and medium of the referrer: our own rules, with the shop's own pages, do so again."""
    has_referrer = _parameter("page_referrer").isNotNull()
    return F.coalesce((F.col("link_medium") == "referral") & has_referrer, F.lit(False))


def _own_source() -> Column:
    return F.when(~_is_of_referrer(), F.col("link_source"))


def _own_medium() -> Column:
    return F.when(~_is_of_referrer(), F.col("link_medium"))


def _page_url() -> Column:
    """The page with the click ids and campaign ids that GA4 kept beside it."""
    collected = F.col("_collected_traffic_source")
    beside = {
        "gclid": F.col("gclid"),
        "dclid": collected["dclid"],
        "srsltid": collected["srsltid"],
        "gad_campaignid": F.col("ads_campaign_id"),
        "utm_id": _named(F.coalesce(collected["manual_campaign_id"], _parameter("campaign_id"))),
        "utm_source_platform": _named(collected["manual_source_platform"]),
        "utm_creative_format": _named(collected["manual_creative_format"]),
        "utm_marketing_tactic": _named(collected["manual_marketing_tactic"]),
    }
    return with_parameters(F.col("page"), beside, without_page=app_address(F.col("_app_info.id")))


def _named(text: Column) -> Column:
    """The text; null where it is GA4's for no data."""
    return F.when(~text.isin(*NONE), given(text))


def _answer(storage: str) -> Column:
    """Yes or No; Unset, where the page has not asked, is no answer."""
    answer = F.col(f"_privacy_info.{storage}")
    return F.when(F.lower(answer).isin("yes", "no"), answer)


ADAPTER = tracker_export(
    events.ADAPTER,
    columns=COLUMNS,
    required=("event_timestamp", "event_name"),
    fields=fields,
    prepared=prepared,
)
