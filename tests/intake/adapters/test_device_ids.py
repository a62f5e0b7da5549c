"""What each format knows of a device's id, and of App Tracking Transparency."""

from __future__ import annotations

import json
from typing import Any

import pytest
from landed_text import Landing


def of(event_id: str, **fields: Any) -> str:
    common = {"event_id": event_id, "event_name": "page_view", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "d1"}
    return json.dumps({**common, **fields})


AT = "2026-03-01 09:00:00"
APPSFLYER = "Event Time,Event Name,AppsFlyer ID,Customer User ID,Platform,Event Source,ATT"
ADJUST = "{activity_kind},{event_name},{created_at},{adid},{gps_adid},{idfa},{idfv},{user_id},{os_name},{att_status}"
AIRBRIDGE = "Event Category,Event Datetime,Airbridge Device ID,Airbridge Cookie ID,Platform,Event Source,ATT Status"
SNOWPLOW = "platform,collector_tstamp,event,event_id,domain_userid,network_userid,user_id"


def segment(id_: str, **context: Any) -> str:
    common = {"type": "page", "messageId": id_, "anonymousId": "d1", "timestamp": "2026-03-01T09:00:00Z"}
    return json.dumps({**common, "context": context})


# format: its file, and of each row id_kind and att_status
FORMATS: dict[str, tuple[list[str], list[tuple[str | None, str | None]]]] = {
    "events": (
        [
            of("1"),
            of("2", id_kind="First_Party_Cookie"),
            of("3", id_kind="advertising_id", att_status="authorized", platform="ios"),
            of("4", id_kind="fingerprint", att_status="notDetermined"),
            of("5", att_status=2),
            of("6", att_status="4"),
        ],
        [
            (None, None),
            ("first_party_cookie", None),
            ("advertising_id", "authorized"),
            (None, "not_determined"),
            (None, "denied"),
            (None, None),
        ],
    ),
    "appsflyer_events": (
        [
            APPSFLYER,
            f"{AT},af_login,af-1,,ios,SDK,af_authorized",
            f"{AT},af_login,af-1,,ios,SDK,not_determined",
            f"{AT},af_login,af-1,,android,SDK,",
        ],
        [
            ("app_instance_id", "authorized"),
            ("app_instance_id", "not_determined"),
            ("app_instance_id", None),
        ],
    ),
    "adjust_events": (
        [
            ADJUST,
            "event,add,1772355600,a1,,,,,ios,3",
            "event,add,1772355600,,,i1,,,ios,1",
            "event,add,1772355600,,g1,,,,android,",
            "event,add,1772355600,,,,v1,,ios,2",
        ],
        [
            ("app_instance_id", "authorized"),
            ("advertising_id", "restricted"),
            ("advertising_id", None),
            ("app_instance_id", "denied"),
        ],
    ),
    "airbridge_events": (
        [
            AIRBRIDGE,
            f"App Open,{AT},ab-1,,iOS,SDK,denied",
            f"Page View (Web),{AT},,c1,,web,",
        ],
        [("app_instance_id", "denied"), ("first_party_cookie", None)],
    ),
    "segment_events": (
        [
            segment("1", device={"type": "ios", "trackingStatus": "authorized"}),
            segment("2", userAgent="UA"),
        ],
        [("app_instance_id", "authorized"), ("first_party_cookie", None)],
    ),
    "snowplow_events": (
        [SNOWPLOW, f"web,{AT},pv,e1,d1,n1,", f"web,{AT},pv,e2,,n1,", f"web,{AT},pv,e3,,,u1"],
        [("first_party_cookie", None), ("third_party_cookie", None), (None, None)],
    ),
}


@pytest.mark.parametrize("adapter", FORMATS)
def test_the_kind_of_an_id_and_the_answer_to_tracking_are_known_as_far_as_the_format_says(
    adapter: str, landing: Landing
) -> None:
    lines, expected = FORMATS[adapter]
    name = "1.jsonl" if lines[0].startswith('{"') else "1.csv"
    landing.land(name, *lines)

    rows = landing.parsed(adapter, name)

    assert [row["reason"] for row in rows] == [None] * len(expected)
    assert [(row["id_kind"], row["att_status"]) for row in rows] == expected
