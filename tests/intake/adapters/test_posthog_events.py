"""PostHog's export of events as JSON Lines."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from landed_text import Landing, reasons


def event(name: str, distinct_id: str | None = "d1", *, at: str = "2026-03-01T09:00:00.000Z", **properties: Any) -> str:
    fields = {"uuid": f"id-{name}", "event": name, "timestamp": at, "distinct_id": distinct_id}
    return json.dumps({**fields, "properties": properties})


def test_a_person_is_the_device_before_a_login_and_the_login_after_it(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event("$pageview", **{"$device_id": "d1", "$lib": "web", "$current_url": "https://shop.example/"}),
        event("$identify", "u1", **{"$device_id": "d1", "$anon_distinct_id": "d1"}),
        event("a", "u1", **{"$device_id": "d1", "$is_identified": True}),
        event("b", "u1", **{"$lib": "posthog-python"}),
        event("$create_alias", "d2", alias="u1"),
        event("Application Installed", "d3", **{"$lib": "posthog-ios", "$os": "iOS"}),
    )
    rows = landing.parsed("posthog_events", "1.jsonl")

    assert reasons(rows) == [None] * 6
    assert [(row["event_name"], row["anonymous_id"], row["user_id"], row["platform"]) for row in rows] == [
        ("page_view", "d1", None, "web"),
        ("identify", "d1", "u1", "web"),
        ("a", "d1", "u1", "web"),
        ("b", None, "u1", "server"),
        ("alias", "d2", "u1", "server"),
        ("app_install", "d3", None, "ios"),
    ]


def test_the_campaign_of_a_web_event_is_that_of_its_page_for_the_library_keeps_the_last_one(landing: Landing) -> None:
    kept = {"utm_source": "google", "utm_medium": "cpc", "gclid": "G1", "$initial_utm_source": "first"}
    landing.land(
        "1.jsonl",
        event(
            "$pageview", **{"$lib": "web", "$current_url": "https://shop.example/p/1", "$referrer": "$direct"}, **kept
        ),
        event("opened", **{"$lib": "posthog-android", "$os": "Android", "$app_namespace": "com.shop.app"}, **kept),
    )
    page, app = landing.parsed("posthog_events", "1.jsonl")

    assert (page["source"], page["page_url"], page["referrer"]) == (None, "https://shop.example/p/1", None)
    assert (app["source"], app["medium"], app["page_url"]) == ("google", "cpc", "app://com.shop.app/?gclid=G1")


def test_times_without_an_offset_are_utc_and_bad_rows_say_why(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event("purchase", at="2026-03-01 09:00:00.000000", order_id="00123", value=12.5, currency="EUR"),
        event("a", at="today"),
        event("a", None),
    )
    purchase, *bad = landing.parsed("posthog_events", "1.jsonl")

    assert (purchase["order_id"], purchase["value"], purchase["currency"]) == ("00123", Decimal("12.500000"), "EUR")
    assert reasons(bad) == [
        "event_ts is not ISO 8601 with an offset",
        "neither anonymous_id nor user_id is given",
    ]
