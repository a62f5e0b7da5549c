"""Mixpanel's raw export as JSON Lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from landed_text import Landing, reasons

from intake.adapter import Defaults
from intake.knobs import Export

AT = int(datetime(2026, 3, 1, 9, tzinfo=UTC).timestamp())


def event(name: str, **properties: Any) -> str:
    return json.dumps({"event": name, "properties": {"time": AT, "$insert_id": name, **properties}})


def test_a_person_is_the_device_before_a_login_and_the_login_after_it(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event("a", distinct_id="$device:d1"),
        event("b", distinct_id="u1", **{"$device_id": "d1", "$user_id": "u1"}),
        event("c", distinct_id="u1", **{"$device_id": "d1"}),
        event("$identify", distinct_id="u1", **{"$identified_id": "u1", "$anon_id": "d2"}),
        event("$create_alias", distinct_id="d3", alias="u1"),
        event("d", distinct_id="u1", mp_lib="python"),
        event("e", distinct_id="18c-f2", mp_lib="web"),
    )
    rows = landing.parsed("mixpanel_events", "1.jsonl")

    assert reasons(rows) == [None] * 7
    assert [(row["event_name"], row["anonymous_id"], row["user_id"]) for row in rows] == [
        ("a", "d1", None),
        ("b", "d1", "u1"),
        ("c", "d1", "u1"),
        ("identify", "d2", "u1"),
        ("alias", "d3", "u1"),
        ("d", None, "u1"),
        ("e", "18c-f2", None),
    ]
    assert [row["platform"] for row in rows[4:6]] == ["server", "server"]


def test_the_campaign_of_a_web_event_is_that_of_its_page_for_the_library_keeps_the_last_one(landing: Landing) -> None:
    utm = {"utm_source": "google", "utm_medium": "cpc", "distinct_id": "d"}
    landing.land(
        "1.jsonl",
        event("$mp_web_page_view", mp_lib="web", **{"$current_url": "https://shop.example/p/1"}, **utm),
        event("no page", mp_lib="web", **utm),
        event("app", mp_lib="swift", **{"$os": "iOS"}, **utm),
    )
    page, no_page, app = landing.parsed("mixpanel_events", "1.jsonl")

    assert (page["event_name"], page["source"], page["page_url"]) == ("page_view", None, "https://shop.example/p/1")
    assert no_page["source"] is None
    assert (app["source"], app["medium"], app["platform"]) == ("google", "cpc", "ios")


def test_an_event_that_the_export_has_twice_is_one_also_where_its_person_was_merged_since(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event("a", distinct_id="$device:d1"),
        event("a", distinct_id="u1"),
        event("a", distinct_id="u1", **{"$insert_id": "other"}),
    )
    first, again, other = landing.parsed("mixpanel_events", "1.jsonl")

    assert first["event_id"] == again["event_id"] != other["event_id"]


def test_times_are_seconds_or_milliseconds_of_utc_or_of_an_old_project_s_own_zone(landing: Landing) -> None:
    landing.land("1.jsonl", event("a", distinct_id="d"), event("b", distinct_id="d", time=AT * 1000 + 250))
    utc = [row["event_at"].astimezone(UTC) for row in landing.parsed("mixpanel_events", "1.jsonl")]
    in_seoul = Defaults(export=Export(timezone="Asia/Seoul"))
    seoul = [row["event_at"].astimezone(UTC) for row in landing.parsed("mixpanel_events", "1.jsonl", defaults=in_seoul)]

    assert utc == [datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)]
    assert seoul[0] == datetime(2026, 3, 1, 0, tzinfo=UTC)


def test_money_and_bad_rows(landing: Landing) -> None:
    landing.land(
        "1.jsonl",
        event("Order Completed", distinct_id="d", order_id=1001, revenue=12.5, currency="usd"),
        event("a", distinct_id="d", time="yesterday"),
        event("a"),
        json.dumps({"properties": {"time": AT, "distinct_id": "d"}}),
    )
    rows = landing.parsed("mixpanel_events", "1.jsonl")

    assert reasons(rows) == [
        None,
        "event_ts is missing",
        "neither anonymous_id nor user_id is given",
        "event_id is missing",
    ]
    assert (rows[0]["event_name"], rows[0]["order_id"]) == ("purchase", "1001")
    assert (rows[0]["value"], rows[0]["currency"]) == (Decimal("12.500000"), "USD")
