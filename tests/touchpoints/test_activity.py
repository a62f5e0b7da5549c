"""Activity: each person's number of events by reporting day and kind."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from bronze_rows import at, collected, hit_knobs, visits
from pyspark.sql import SparkSession

from touchpoints.activity import build_activity


def test_hits_are_counted_by_person_reporting_day_event_page_group_and_platform(spark: SparkSession) -> None:
    shop = "https://shop.example"
    hits: list[dict[str, Any]] = [
        # Two of one kind, at the last and the first microsecond of 2 March in Seoul (UTC + 9).
        {"event_at": datetime(2026, 3, 1, 15, tzinfo=UTC), "landing_url": f"{shop}/Cart/7"},
        {"event_at": datetime(2026, 3, 2, 14, 59, 59, 999999, tzinfo=UTC), "landing_url": f"{shop}/cart"},
        # A microsecond earlier it is still 1 March there.
        {"event_at": datetime(2026, 3, 1, 14, 59, 59, 999999, tzinfo=UTC), "landing_url": f"{shop}/cart"},
        {"event_at": at(), "landing_url": shop},
        {"event_at": at(), "landing_url": f"{shop}/"},
        {"event_at": at(), "event_name": "purchase", "platform": "server"},
        {"event_at": at(), "landing_url": "shop-app://product/7", "platform": "ios"},
        {"event_at": at(), "landing_url": f"{shop}/cart", "is_bot": True},
        {"event_at": at(), "landing_url": f"{shop}/cart", "person_id": "user:bob"},
        # An order is no hit.
        {"event_at": None, "event_name": "order", "row_kind": 1},
    ]
    rows = [{"event_id": f"e{number}", "person_id": "user:ann", **row} for number, row in enumerate(hits)]

    activity = collected(build_activity(visits(spark, rows), timezone="Asia/Seoul", personal=hit_knobs()))

    assert all(row["known_on"] == row["activity_date"] for row in activity)
    first, second = date(2026, 3, 1), date(2026, 3, 2)
    names = ("person_id", "activity_date", "event_name", "page_group", "platform", "events")
    assert sorted(tuple(row[name] for name in names) for row in activity) == [
        ("user:ann", first, "page_view", "(home)", "web", 2),
        ("user:ann", first, "page_view", "cart", "web", 1),
        ("user:ann", first, "page_view", "product", "ios", 1),
        ("user:ann", first, "purchase", "(none)", "server", 1),
        ("user:ann", second, "page_view", "cart", "web", 2),
        ("user:bob", first, "page_view", "cart", "web", 1),
    ]


def test_events_are_counted_by_the_reporting_day_on_which_they_were_known_to_be_the_persons(
    spark: SparkSession,
) -> None:
    evening, midnight = datetime(2026, 3, 3, 14, 59, tzinfo=UTC), datetime(2026, 3, 3, 15, tzinfo=UTC)  # in Seoul
    logins = (None, evening, midnight, at(60))
    rows = [
        {"event_id": f"e{number}", "person_id": "user:ann", "event_at": at(), "known_at": login}
        for number, login in enumerate(logins)
    ]
    activity = collected(build_activity(visits(spark, rows), timezone="Asia/Seoul", personal=hit_knobs()))
    assert sorted((row["activity_date"], row["known_on"], row["events"]) for row in activity) == [
        (date(2026, 3, 1), date(2026, 3, 1), 2),
        (date(2026, 3, 1), date(2026, 3, 3), 1),
        (date(2026, 3, 1), date(2026, 3, 4), 1),
    ]
