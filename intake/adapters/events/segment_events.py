"""Calls of Segment and RudderStack as JSON Lines, as raw exports have them: track, page, screen, identify, alias."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.events import events
from intake.event_words import own_name
from intake.page_address import app_address, with_parameters
from intake.trackers import consent_text, member, members_of, micros_text, platform_of, tracker_export
from intake.written_days import timestamp_field
from intake.written_numbers import given
from warehouse.patterns import any_case

CONTEXT = (
    "struct<campaign:map<string,string>,page:struct<url:string,referrer:string>,library:struct<name:string>,"
    "os:struct<name:string>,device:struct<type:string,trackingStatus:string>,app:struct<namespace:string>,sessionId:string,ip:string,"
    "userAgent:string,location:struct<country:string>,consent:struct<categoryPreferences:map<string,string>>>"
)
COLUMNS = (
    "type", "event", "messageId", "anonymousId", "userId", "previousId", "channel", "timestamp", "originalTimestamp",
    "sentAt", "receivedAt", "context", "properties",
)  # fmt: skip
CALLS = {"page": "page_view", "screen": "screen_view"}  # of the others the type is the name; of track, its event
# The categories of consent that Segment's own banner and OneTrust's have.
ANALYTICS = ("Analytics", "analytics", "Performance", "performance", "C0002")
ADS = ("Advertising", "advertising", "Marketing", "marketing", "Targeting", "targeting", "C0004")
_SERVERS = "|".join(any_case(word) for word in ("node", "python", "ruby", "java", "go", "php", "net", "rust", "http"))
SERVER_LIBRARY = rf"(?:^|[-/. ])(?:{_SERVERS})(?:[-_. ]|\z)"
WEB_LIBRARY = f"{any_case('analytics.js')}|{any_case('javascript')}"


def prepared(rows: DataFrame) -> DataFrame:
    """`rows` with the call's context and properties read."""
    return rows.withColumns({"ctx": F.from_json("context", CONTEXT), "props": members_of("properties")})


def fields(defaults: Defaults) -> Mapping[str, Column]:
    """The fields of our own format."""
    context, props = F.col("ctx"), F.col("props")
    campaign = context["campaign"]
    call = F.lower("type")
    by_type = F.coalesce(*(F.when(call == type_, F.lit(name)) for type_, name in CALLS.items()))
    is_alias = call == "alias"
    library = context["library"]["name"]
    system = F.coalesce(given(context["device"]["type"]), given(context["os"]["name"]))
    is_web = library.rlike(WEB_LIBRARY)
    # An alias is what a backend knows of two ids: no visit.
    is_server = is_alias | (F.lower("channel") == "server") | (library.rlike(SERVER_LIBRARY) & ~is_web)
    page = F.coalesce(given(context["page"]["url"]), member(props, "url"))
    consent = context["consent"]["categoryPreferences"]
    return {
        "event_id": F.col("messageId"),
        "event_name": F.when(call == "track", own_name(F.col("event"), defaults.export))
        .when(call.isNotNull(), F.coalesce(by_type, call)),
        "event_ts": F.coalesce("timestamp", _corrected(defaults), "originalTimestamp", "sentAt", "receivedAt"),
        "received_ts": F.col("receivedAt"),
        "anonymous_id": F.when(is_alias, F.coalesce("previousId", "anonymousId")).otherwise(F.col("anonymousId")),
        "att_status": given(context["device"]["trackingStatus"]),
        "user_id": F.col("userId"),
        "session_id": given(context["sessionId"]),
        **{name: member(campaign, name) for name in ("source", "medium", "content", "term")},
        "campaign": member(campaign, "name", "campaign"),
        "platform": platform_of(system, is_server=is_server, is_web=is_web),
        "page_url": with_parameters(
            page,
            {"utm_id": member(campaign, "id")},
            without_page=app_address(context["app"]["namespace"]),
        ),
        "referrer": F.coalesce(given(context["page"]["referrer"]), member(props, "referrer", "referring_application")),
        "user_agent": given(context["userAgent"]),
        "ip": given(context["ip"]),
        "country": given(context["location"]["country"]),
        "consent": consent_text(member(consent, *ANALYTICS), member(consent, *ADS)),
        "order_id": member(props, "order_id", "orderId", "transaction_id"),
        "value": member(props, "total", "revenue", "value"),
        "currency": member(props, "currency"),
        "properties": F.col("properties"),
    }  # fmt: skip


def _corrected(defaults: Defaults) -> Column:
    """When it happened by the receiver's clock: the device's clock is wrong by what lies between sending and receipt.

    `timestamp` is just that, where the export has it.
    """
    happened, sent, received = (
        F.unix_micros(timestamp_field(name, defaults.export)) for name in ("originalTimestamp", "sentAt", "receivedAt")
    )
    return F.concat(micros_text(received - (sent - happened)), F.lit("Z"))


ADAPTER = tracker_export(
    events.ADAPTER,
    columns=COLUMNS,
    required=("type", "messageId"),
    fields=fields,
    prepared=prepared,
    names={
        "messageId": ("message_id",),
        "anonymousId": ("anonymous_id",),
        "userId": ("user_id",),
        "previousId": ("previous_id",),
        "originalTimestamp": ("original_timestamp",),
        "sentAt": ("sent_at",),
        "receivedAt": ("received_at",),
    },
)
