"""What other rules or lists would move: touches, and the value that they are credited with."""

from __future__ import annotations

from decimal import Decimal

from bronze_rows import collected, events, hit_knobs
from pyspark.sql import SparkSession

from touchpoints.channel_moves import Reading, moved_touches, moved_value, moves_of, named_touches
from touchpoints.channel_rules import load_channel_rules
from touchpoints.source_list import MoreSources, load_sources

RULES, SOURCES = load_channel_rules("channels.yaml"), load_sources("sources.yaml")
STRICT = RULES.model_copy(update={"is_strict": True})
SHOP = "https://shop.example/"
EVENTS = [
    {"event_id": "pmax", "page_url": f"{SHOP}?utm_source=google&utm_medium=pmax&gclid=a"},
    {"event_id": "powerlink", "page_url": f"{SHOP}?utm_source=naver&utm_medium=powerlink&n_ad=b"},
    {"event_id": "email", "page_url": f"{SHOP}?utm_source=news&utm_medium=email&gclid=c"},
    {"event_id": "forum", "page_url": SHOP, "referrer": "https://forum.example/"},
]
CREDITS = "model string, currency string, touchpoint_id string, credit double, credited_value decimal(18,6)"


def test_overrules_move_ad_clicks_and_the_value_that_was_credited_to_them(spark: SparkSession) -> None:
    rows = events(spark, EVENTS)
    old, new = (Reading(rules, SOURCES, hit_knobs()) for rules in (STRICT, RULES))

    moved = moved_touches(named_touches(rows, old), named_touches(rows, new)).persist()
    credits = spark.createDataFrame(
        [
            ("last_touch", "USD", "pmax", 1.0, Decimal(30)),
            ("last_touch", "USD", "email", 1.0, Decimal(50)),
            ("linear", "USD", "pmax", 0.5, Decimal(15)),
            ("linear", "USD", "powerlink", 0.25, Decimal(5)),
        ],
        CREDITS,
    )

    assert {row["touchpoint_id"]: (row["old_channel"], row["new_channel"]) for row in moved.collect()} == {
        "pmax": ("Organic Search", "Cross-network"),
        "powerlink": ("Organic Search", "Paid Search"),
    }
    assert {(row["new_channel"], row["new_channel_rule"], row["touches"]) for row in moves_of(moved).collect()} == {
        ("Cross-network", "cross_network_by_click_id", 1),
        ("Paid Search", "paid_search_by_click_id", 1),
    }
    values = {
        (row["model"], row["new_channel"]): row["credited_value"] for row in collected(moved_value(moved, credits))
    }
    assert values == {
        ("last_touch", "Cross-network"): 30,
        ("linear", "Cross-network"): 15,
        ("linear", "Paid Search"): 5,
    }


def test_a_new_entry_of_the_list_moves_the_referrals_of_its_site(spark: SparkSession) -> None:
    rows = events(spark, EVENTS)
    mine = MoreSources.model_validate({"sites": {"social": ["forum.example"]}})
    old, new = (Reading(RULES, sources, hit_knobs()) for sources in (SOURCES, SOURCES.with_more(mine)))

    moved = moved_touches(named_touches(rows, old), named_touches(rows, new)).collect()

    assert [(row["touchpoint_id"], row["old_channel"], row["new_channel"]) for row in moved] == [
        ("forum", "Referral", "Organic Social")
    ]
