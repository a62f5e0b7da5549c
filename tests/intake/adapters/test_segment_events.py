"""Calls of Segment and RudderStack as JSON Lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from landed_text import Landing, reasons


def call(type_: str, **fields: Any) -> str:
    common = {"messageId": f"m-{type_}", "anonymousId": "d1", "timestamp": "2026-03-01T09:00:00.000Z"}
    return json.dumps({"type": type_, **common, **fields})


def utc(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]


def test_each_call_is_an_event_with_the_page_and_campaign_of_its_context(landing: Landing) -> None:
    campaign = {"name": "spring", "source": "google", "medium": "cpc", "content": "ad 7", "term": "shoes", "id": "222"}
    page = {"url": "https://shop.example/", "referrer": "https://www.google.com/"}
    landing.land(
        "1.jsonl",
        call("page", name="Home", context={"page": page, "campaign": campaign, "ip": "192.0.2.1", "userAgent": "UA"}),
        call("screen", name="Home", context={"device": {"type": "ios"}, "app": {"namespace": "com.shop.app"}}),
        call("track", event="Video Played", context={"os": {"name": "Android"}}),
        call("identify", userId="u1", traits={"email": "ann@shop.example"}),
        call("group", userId="u1", groupId="g"),
    )
    page_view, screen, track, identify, group = landing.parsed("segment_events", "1.jsonl")

    assert reasons([page_view, screen, track, identify, group]) == [None] * 5
    assert [row["event_name"] for row in (page_view, screen, track, identify, group)] == [
        "page_view", "screen_view", "Video Played", "identify", "group",
    ]  # fmt: skip
    assert [row["platform"] for row in (page_view, screen, track, identify)] == ["web", "ios", "android", "web"]
    assert tuple(page_view[name] for name in ("source", "medium", "campaign", "content", "term")) == (
        "google", "cpc", "spring", "ad 7", "shoes",
    )  # fmt: skip
    assert page_view["page_url"] == "https://shop.example/?utm_id=222"
    assert (page_view["referrer"], page_view["ip"], page_view["user_agent"]) == (page["referrer"], "192.0.2.1", "UA")
    assert (identify["anonymous_id"], identify["user_id"]) == ("d1", "u1")
    assert (identify["properties"], identify["extra"]) == (None, None), "traits, often an e-mail, are not kept"


def test_an_alias_binds_the_id_of_before_to_the_login_and_is_no_visit(landing: Landing) -> None:
    landing.land("1.jsonl", call("alias", previousId="d0", userId="u1"))
    (alias,) = landing.parsed("segment_events", "1.jsonl")

    assert (alias["event_name"], alias["anonymous_id"], alias["user_id"], alias["platform"]) == (
        "alias", "d0", "u1", "server",
    )  # fmt: skip


def test_orders_and_refunds_have_what_the_customer_paid(landing: Landing) -> None:
    order = {"order_id": "00123", "total": 120.5, "revenue": 100, "currency": "USD"}
    landing.land(
        "1.jsonl",
        call("track", event="Order Completed", properties=order),
        call("track", event="Order Refunded", messageId="r", properties={"order_id": "00123", "total": 20}),
        call("track", event="Signed Up", messageId="s", channel="server", context={"library": {"name": "x"}}),
        call("track", event="Checkout Started", messageId="c", context={"library": {"name": "analytics-python"}}),
    )
    order_completed, refund, sign_up, checkout = landing.parsed("segment_events", "1.jsonl")

    assert (order_completed["event_name"], order_completed["order_id"]) == ("purchase", "00123")
    assert (order_completed["value"], order_completed["currency"]) == (Decimal("120.500000"), "USD")
    assert (refund["event_name"], refund["value"], refund["currency"]) == ("refund", Decimal("20.000000"), None)
    assert [(row["event_name"], row["platform"]) for row in (sign_up, checkout)] == [
        ("sign_up", "server"),
        ("begin_checkout", "server"),
    ]


def test_a_wrong_clock_is_corrected_by_what_lies_between_sending_and_receipt(landing: Landing) -> None:
    hour_ahead = {
        "timestamp": None,
        "originalTimestamp": "2026-03-01T10:00:00Z",
        "sentAt": "2026-03-01T10:00:30Z",
        "receivedAt": "2026-03-01T09:00:31.500Z",
    }
    landing.land("1.jsonl", call("track", event="a", **hour_ahead), call("track", event="b", messageId="2"))
    corrected, as_sent = landing.parsed("segment_events", "1.jsonl")

    assert (corrected["event_at"], corrected["is_clock_skewed"]) == (utc(2026, 3, 1, 9, 0, 1, 500_000), False)
    assert as_sent["event_at"] == utc(2026, 3, 1, 9, 0)


def test_consent_is_that_of_the_banner_s_categories(landing: Landing) -> None:
    def consent(**categories: bool) -> dict[str, Any]:
        return {"context": {"consent": {"categoryPreferences": categories}}}

    landing.land(
        "1.jsonl",
        call("page", **consent(Advertising=False, Analytics=True)),
        call("page", **consent(C0002=True, C0004=False)),
        call("page"),
    )
    rows = landing.parsed("segment_events", "1.jsonl")

    assert [(row["consent_analytics"], row["consent_ads"]) for row in rows] == [
        (True, False), (True, False), (None, None),
    ]  # fmt: skip


def test_a_call_without_ids_time_or_kind_is_quarantined(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        call("track", event="a", anonymousId=None),
        call("track", event="a", timestamp=None),
        call("track"),
        call("page", messageId=None),
    )
    assert reasons(landing.parsed("segment_events", "1.jsonl")) == [
        "neither anonymous_id nor user_id is given",
        "event_ts is missing",
        "event_name is missing",
        "event_id is missing",
    ]
