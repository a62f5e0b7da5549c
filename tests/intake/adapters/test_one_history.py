"""One history through every tracker's export: the same events, but for what an export does not have."""

from __future__ import annotations

import pytest
from landed_text import Landing, reasons
from pyspark.sql import Row

from tests.tracker_histories import EXPORTS, history
from touchpoints.marketing_params import UTM

# What visits, touches and persons are made of. Source and campaign may be fields of their own or stand in the page.
SAME = (
    "event_name", "event_at", "anonymous_id", "user_id", "session_id", "platform", "page_url", "referrer", "order_id",
    "value", "currency", "is_clock_skewed",
)  # fmt: skip
OWN_IDS = {"ga4_events", "mixpanel_events"}  # made from content


def seen(rows: list[Row]) -> list[tuple[object, ...]]:
    return sorted((tuple(row[name] for name in SAME) for row in rows), key=repr)


def test_the_same_history_is_the_same_events_in_every_export(landing: Landing) -> None:
    moments = history("ann")
    of = {}
    for adapter, (export, ending) in EXPORTS.items():
        landing.land(f"{adapter}.{ending}", *export(moments))
        of[adapter] = landing.parsed(adapter, f"{adapter}.{ending}")

    assert {adapter: reasons(rows) for adapter, rows in of.items()} == {
        adapter: [None] * len(moments) for adapter in EXPORTS
    }
    for adapter, rows in of.items():
        assert seen(rows) == seen(of["events"]), adapter
        assert len({row["event_id"] for row in rows}) == len(moments), adapter
        if adapter not in OWN_IDS:
            assert {row["event_id"] for row in rows} == {row["event_id"] for row in of["events"]}, adapter


@pytest.mark.parametrize("adapter", [name for name in EXPORTS if name != "events"])
def test_a_campaign_is_sent_only_where_the_visitor_came_by_its_link(landing: Landing, adapter: str) -> None:
    export, ending = EXPORTS[adapter]
    moments = history("ann")
    landing.land(f"1.{ending}", *export(moments))

    rows = {row["event_at"]: row for row in landing.parsed(adapter, f"1.{ending}")}

    for moment in moments:
        row = rows[moment.at.astimezone().replace(tzinfo=None)]
        sent = {name: row[name] for name in UTM if row[name] is not None}
        assert sent in ({}, moment.utm), f"{adapter} at {moment.at}"
