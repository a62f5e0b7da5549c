"""One history of a buyer, as our own format and the trackers' exports have it: the same moments, in each spelling."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

SHOP = "https://shop.example"
FIRST_DAY = datetime(2026, 3, 1, 9, tzinfo=UTC)
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"
UTM = ("source", "medium", "campaign", "content", "term")


@dataclass(frozen=True)
class Moment:
    """One event of the history: `name` is ours, `session` the number that the sender gives its visit."""

    at: datetime
    name: str
    device: str
    login: str | None
    session: int
    page: str
    referrer: str | None = None
    order: str | None = None
    value: str | None = None

    @property
    def utm(self) -> dict[str, str]:
        """The campaign that the page's own link names."""
        return {name[4:]: text for name, text in parse_qsl(urlsplit(self.page).query) if name.startswith("utm_")}


def history(whose: str) -> list[Moment]:
    """Two devices of one buyer: an ad's click, a login, another ad and a purchase; a phone, its login, and a return."""
    laptop, phone, login = f"{whose}-laptop", f"{whose}-phone", f"{whose}-ann"
    search = f"{SHOP}/?utm_source=google&utm_medium=cpc&utm_campaign=spring-{whose}&gclid=G1{whose}"
    social = f"{SHOP}/sale?utm_source=facebook&utm_medium=paid_social&utm_campaign=retarget-{whose}&utm_content=ad%207"

    def at(day: int, minute: int) -> datetime:
        return FIRST_DAY + timedelta(days=day, minutes=minute)

    return [
        Moment(at(0, 0), "page_view", laptop, None, 101, search, "https://www.google.com/"),
        Moment(at(0, 3), "view_item", laptop, None, 101, f"{SHOP}/p/1", f"{SHOP}/"),
        Moment(at(0, 10), "login", laptop, login, 101, f"{SHOP}/login", f"{SHOP}/p/1"),
        Moment(at(1, 0), "page_view", laptop, login, 102, social, "https://l.facebook.com/"),
        Moment(at(1, 5), "purchase", laptop, login, 102, f"{SHOP}/done", f"{SHOP}/sale", f"{whose}-1001", "120.50"),
        Moment(at(2, 0), "page_view", phone, None, 103, f"{SHOP}/", "https://blog.naver.com/post"),
        Moment(at(2, 8), "login", phone, login, 103, f"{SHOP}/login", f"{SHOP}/"),
        Moment(at(3, 0), "page_view", phone, login, 104, f"{SHOP}/p/2"),
    ]


def kept_utm(moments: Sequence[Moment], moment: Moment) -> dict[str, str]:
    """The campaign of the device's last link, which libraries go on sending."""
    before = [one for one in moments if one.device == moment.device and one.at <= moment.at and one.utm]
    return before[-1].utm if before else {}


def lines_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [json.dumps(row) for row in rows]


def native(moments: Sequence[Moment]) -> list[str]:
    return lines_of(
        [
            {
                "event_id": event_id(moment),
                "event_name": moment.name,
                "event_ts": iso(moment.at),
                "anonymous_id": moment.device,
                "user_id": moment.login,
                "session_id": str(moment.session),
                "page_url": moment.page,
                "referrer": moment.referrer,
                "user_agent": AGENT,
                **({"order_id": moment.order, "value": moment.value, "currency": "USD"} if moment.order else {}),
            }
            for moment in moments
        ]
    )


def ga4(moments: Sequence[Moment]) -> list[str]:
    """Each row has the user's first source, and its session's last click, which may be one of an earlier session."""
    rows = []
    for number, moment in enumerate(moments):
        parameters = {
            "page_location": moment.page,
            "page_referrer": moment.referrer,
            "ga_session_id": moment.session,
            **({"value": float(moment.value), "currency": "USD"} if moment.value else {}),
        }
        kept, gclid = kept_utm(moments, moment), dict(parse_qsl(urlsplit(moment.page).query)).get("gclid")
        collected = {f"manual_{name}": text for name, text in moment.utm.items() if name != "campaign"}
        if moment.utm:
            collected |= {"manual_campaign_name": moment.utm["campaign"], "gclid": gclid}
        rows.append(
            {
                "event_date": f"{moment.at:%Y%m%d}",
                "event_timestamp": str(int(moment.at.timestamp() * 1_000_000)),
                "event_name": moment.name,
                "event_params": [parameter(name, value) for name, value in parameters.items() if value is not None],
                "event_bundle_sequence_id": str(9000 + number),
                "event_server_timestamp_offset": "-2000",
                "batch_page_id": "1",
                "batch_ordering_id": "1",
                "batch_event_index": str(number),
                "user_id": moment.login,
                "user_pseudo_id": moment.device,
                "stream_id": "4711",
                "platform": "WEB",
                "privacy_info": {"analytics_storage": "Yes", "ads_storage": "Unset"},
                "geo": {"country": "South Korea"},
                "ecommerce": {"transaction_id": moment.order or "(not set)", "purchase_revenue": moment.value},
                "items": [{"item_id": "sku-1", "price": 120.5}] if moment.order else [],
                "collected_traffic_source": collected or None,
                "session_traffic_source_last_click": {
                    "manual_campaign": {"source": kept.get("source"), "campaign_name": kept.get("campaign")},
                },
                "traffic_source": {"source": "google", "medium": "cpc", "name": "first of all"},
            }
        )
    return lines_of(rows)


def parameter(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, float):
        return {"key": name, "value": {"double_value": value}}
    return {"key": name, "value": {"int_value": str(value)} if isinstance(value, int) else {"string_value": value}}


def segment(moments: Sequence[Moment]) -> list[str]:
    events = {"view_item": "Product Viewed", "login": "Signed In", "purchase": "Order Completed"}
    rows = []
    for moment in moments:
        campaign = {("name" if name == "campaign" else name): text for name, text in moment.utm.items()}
        money = {"order_id": moment.order, "total": float(moment.value or 0), "revenue": 100.0, "currency": "USD"}
        rows.append(
            {
                "type": "page" if moment.name == "page_view" else "track",
                **({"event": events[moment.name]} if moment.name in events else {"name": "Home"}),
                "messageId": event_id(moment),
                "anonymousId": moment.device,
                "userId": moment.login,
                "timestamp": iso(moment.at),
                # By the device's own clock, which is an hour ahead.
                "originalTimestamp": iso(moment.at + timedelta(hours=1)),
                "sentAt": iso(moment.at + timedelta(hours=1, seconds=1)),
                "receivedAt": iso(moment.at + timedelta(seconds=1)),
                "context": {
                    "page": {"url": moment.page, "referrer": moment.referrer or ""},
                    "campaign": campaign,
                    "userAgent": AGENT,
                    "library": {"name": "analytics.js", "version": "4"},
                    "sessionId": moment.session,
                },
                "properties": money if moment.order else {"url": moment.page},
            }
        )
    return lines_of(rows)


def snowplow(moments: Sequence[Moment]) -> list[str]:
    """As CSV; a purchase is an event of the e-commerce plug-in."""
    action = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1"
    transaction = "contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1"
    rows = []
    for moment in moments:
        sale = {"transaction_id": moment.order, "revenue": float(moment.value or 0), "currency": "USD"}
        actions = {"purchase": "transaction", "view_item": "product_view"}
        rows.append(
            {
                "platform": "web",
                "event": "page_view" if moment.name == "page_view" else "unstruct",
                "event_name": "snowplow_ecommerce_action" if moment.name in actions else moment.name,
                "event_id": event_id(moment),
                "collector_tstamp": f"{moment.at + timedelta(seconds=1):%Y-%m-%d %H:%M:%S.000}",
                "derived_tstamp": f"{moment.at:%Y-%m-%d %H:%M:%S.000}",
                "domain_userid": moment.device,
                "user_id": moment.login,
                "domain_sessionid": moment.session,
                "page_url": moment.page,
                "page_referrer": moment.referrer,
                "useragent": AGENT,
                **{f"mkt_{name}": moment.utm.get(name) for name in UTM},
                action: json.dumps({"type": actions[moment.name]}) if moment.name in actions else "",
                transaction: json.dumps([sale]) if moment.order else "",
            }
        )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().splitlines()


def mixpanel(moments: Sequence[Moment]) -> list[str]:
    """On the web the library sends the campaign of the last link with every later event."""
    events = {"page_view": "$mp_web_page_view", "view_item": "Product Viewed", "login": "Sign In"}
    rows = []
    for moment in moments:
        money = {"order_id": moment.order, "amount": float(moment.value or 0), "currency": "USD"}
        rows.append(
            {
                "event": events.get(moment.name, "Purchase"),
                "properties": {
                    "time": int(moment.at.timestamp()),
                    "distinct_id": moment.login or f"$device:{moment.device}",
                    "$device_id": moment.device,
                    "$user_id": moment.login,
                    "$insert_id": event_id(moment),
                    "$current_url": moment.page,
                    "$referrer": moment.referrer or "$direct",
                    "session_id": str(moment.session),
                    "mp_lib": "web",
                    "$os": "Windows",
                    "mp_processing_time_ms": int(moment.at.timestamp() * 1000) + 1500,
                    **{f"utm_{name}": text for name, text in kept_utm(moments, moment).items()},
                    **(money if moment.order else {}),
                },
            }
        )
    return lines_of(rows)


def posthog(moments: Sequence[Moment]) -> list[str]:
    """As batch exports have it: properties as a text of JSON, with the campaign of the last link in every later one."""
    events = {"page_view": "$pageview", "view_item": "product viewed", "login": "logged in"}
    rows = []
    for moment in moments:
        money = {"order_id": moment.order, "revenue": float(moment.value or 0), "currency": "USD"}
        properties = {
            "$device_id": moment.device,
            "$user_id": moment.login,
            "$is_identified": moment.login is not None,
            "$current_url": moment.page,
            "$referrer": moment.referrer or "$direct",
            "$session_id": str(moment.session),
            "$lib": "web",
            "$os": "Windows",
            "$raw_user_agent": AGENT,
            "$initial_utm_source": "first",
            "$geoip_country_code": "KR",
            **{f"utm_{name}": text for name, text in kept_utm(moments, moment).items()},
            **(money if moment.order else {}),
        }
        rows.append(
            {
                "uuid": event_id(moment),
                "event": events.get(moment.name, "purchase"),
                "timestamp": f"{moment.at:%Y-%m-%d %H:%M:%S.000000}",
                "created_at": f"{moment.at + timedelta(seconds=1):%Y-%m-%d %H:%M:%S.000000}",
                "distinct_id": moment.login or moment.device,
                "properties": json.dumps(properties),
            }
        )
    return lines_of(rows)


def event_id(moment: Moment) -> str:
    return f"{moment.device}-{moment.at:%d%H%M}"


def iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.000Z}"


Export = Callable[[Sequence[Moment]], list[str]]
# By adapter: its writer, and how its files end.
EXPORTS: dict[str, tuple[Export, str]] = {
    "events": (native, "jsonl"),
    "ga4_events": (ga4, "jsonl"),
    "segment_events": (segment, "jsonl"),
    "snowplow_events": (snowplow, "csv"),
    "mixpanel_events": (mixpanel, "jsonl"),
    "posthog_events": (posthog, "jsonl"),
}
