"""When the ad of an install was clicked, as far as formats say."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from landed_text import Landing

CLICKED = datetime(2026, 3, 1, 8, 59, 57)  # UTC, as collected
AT, JUST_BEFORE = "2026-03-01 09:00:00", "2026-03-01 08:59:57"
APPSFLYER = "Event Time,Event Name,AppsFlyer ID,Platform,Attributed Touch Time,Attributed Touch Type"
ADJUST = "{activity_kind},{event_name},{created_at},{adid},{os_name},{click_time},{impression_time}"
AIRBRIDGE = "Event Category,Event Datetime,Airbridge Device ID,Platform,Touchpoint Datetime,Touchpoint Type"


def own(event_name: str, click_ts: Any) -> str:
    common = {"event_id": "1", "event_ts": "2026-03-01T09:00:00Z", "anonymous_id": "d1", "platform": "ios"}
    return json.dumps({**common, "event_name": event_name, "click_ts": click_ts})


# format: its file, and of each row when the ad was clicked
FORMATS: dict[str, tuple[list[str], list[datetime | None]]] = {
    "events": (
        [
            own("app_install", "2026-03-01T08:59:57Z"),
            own("app_install", "just before"),
            own("app_install", "0001-01-01T00:00:00Z"),
        ],
        [CLICKED, None, None],
    ),
    "appsflyer_events": (
        [
            APPSFLYER,
            f"{AT},install,af-1,ios,{JUST_BEFORE},click",
            f"{AT},install,af-1,ios,{JUST_BEFORE},impression",
            f"{AT},af_login,af-1,ios,{JUST_BEFORE},click",
        ],
        [CLICKED, None, None],
    ),
    "adjust_events": (
        [
            ADJUST,
            f"install,,1772355600,a1,ios,{1772355600 - 3},",
            "install,,1772355600,a1,ios,,1772355597",
            "install,,1772355600,a1,ios,0,",
        ],
        [CLICKED, None, None],
    ),
    "airbridge_events": (
        [
            AIRBRIDGE,
            f"Install (App),{AT},ab-1,iOS,{JUST_BEFORE},",
            f"Install (App),{AT},ab-1,iOS,{JUST_BEFORE},impression",
            f"Open (App),{AT},ab-1,iOS,{JUST_BEFORE},click",
        ],
        [CLICKED, None, None],
    ),
}


@pytest.mark.parametrize("adapter", FORMATS)
def test_an_install_has_the_time_of_its_click(adapter: str, landing: Landing) -> None:
    lines, expected = FORMATS[adapter]
    name = "1.jsonl" if lines[0].startswith('{"') else "1.csv"
    landing.land(name, *lines)

    rows = landing.parsed(adapter, name)

    assert [row["reason"] for row in rows] == [None] * len(expected)
    assert [row["clicked_at"] for row in rows] == expected
