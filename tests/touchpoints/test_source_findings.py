"""silver.source_findings: unknown sources by traffic, self-referrals, and ad clicks that ended unpaid."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from bronze_rows import at, collected, frame
from pyspark.sql import SparkSession

from touchpoints import source_findings
from touchpoints.channel_rules import load_channel_rules
from touchpoints.source_findings import build_source_findings, check_source_findings, findings_in_words
from touchpoints.source_list import load_sources
from warehouse.tables import SILVER_TOUCHPOINTS

RULES, SOURCES = load_channel_rules("channels.yaml"), load_sources("sources.yaml")
TOUCHES: list[dict[str, Any]] = [
    # unknown: a source of no list in a channel that its category would have decided
    {"source": "adnet", "medium": "cpc", "channel": "Paid Other"},
    {"source": "adnet", "medium": "cpc", "channel": "Paid Other", "touched_at": at(days=3)},
    {"source": "forum.example", "medium": "referral", "channel": "Referral"},
    {"source": "toss", "medium": "partner", "channel": "Unassigned"},
    # .. and these are not: the category or the medium decided
    {"source": "m.facebook.com", "medium": "referral", "channel": "Organic Social"},
    {"source": "newsletter", "medium": "email", "channel": "Email"},
    {"channel": "Direct"},
    # self-referrals, by the site of their page
    {"channel": "Direct", "source_from": "own_page", "landing_url": "https://www.shop.example/p/1"},
    {"channel": "Direct", "source_from": "own_page", "landing_url": "https://shop.example/p/2"},
    {"channel": "Direct", "source_from": "no_source", "landing_url": "https://shop.example/p/2"},
    # an ad's click id, in a channel that the link says
    {"source": "newsletter", "medium": "email", "channel": "Email", "click_id_type": "gclid"},
    {"source": "google", "medium": "cpc", "channel": "Paid Search", "click_id_type": "gclid"},
    {"source": "facebook", "medium": "social", "channel": "Organic Social", "click_id_type": "fbclid"},
]


def rows(touches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    common = {"touched_at": at(), "person_id": "user:ann", "interaction": "click", "platform": "web"}
    return [
        {
            **common,
            "touchpoint_id": str(number),
            "channel_rule": "r",
            "channel_trace": "t",
            "consent_ads": True,
            **touch,
        }
        for number, touch in enumerate(touches)
    ]


def test_findings_are_counted_by_kind_of_touch(spark: SparkSession) -> None:
    touchpoints = frame(spark, SILVER_TOUCHPOINTS.ddl, rows(TOUCHES))

    findings = build_source_findings(touchpoints, RULES, SOURCES, timezone="UTC").persist()

    day = date(2026, 3, 1)
    none = "(not set)"
    assert {tuple(row.values()) for row in collected(findings)} == {
        ("unknown_source", "adnet", "cpc", none, "Paid Other", none, 2, day, date(2026, 3, 4)),
        ("unknown_source", "forum.example", "referral", none, "Referral", none, 1, day, day),
        ("unknown_source", "toss", "partner", none, "Unassigned", none, 1, day, day),
        ("self_referral", none, none, none, "Direct", "shop.example", 2, day, day),
        ("unpaid_click", "newsletter", "email", "gclid", "Email", none, 1, day, day),
    }
    assert findings_in_words(findings, len(TOUCHES)) == [
        "4 of 13 touches have a source of no list (30.8%): adnet / cpc 2, forum.example / referral 1, toss / partner 1",
        "2 of 13 touches came from the site's own pages (15.4%): shop.example 2",
        "1 of 13 touches have an ad's click id and an unpaid channel (7.7%): newsletter / email 1",
    ]
    assert all(result.passed for result in check_source_findings(touchpoints, findings))


def test_beyond_the_most_kinds_of_a_finding_the_others_are_one_row(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_findings, "MOST", 1)
    touchpoints = frame(spark, SILVER_TOUCHPOINTS.ddl, rows(TOUCHES))

    built = collected(build_source_findings(touchpoints, RULES, SOURCES, timezone="UTC"))

    counts = {(row["finding"], row["source"]): row["touches"] for row in built}
    assert counts[("unknown_source", "adnet")] == 2
    assert counts[("unknown_source", "(other)")] == 2


def test_a_lake_without_touches_finds_nothing(spark: SparkSession) -> None:
    none = frame(spark, SILVER_TOUCHPOINTS.ddl, [])

    assert collected(build_source_findings(none, RULES, SOURCES, timezone="UTC")) == []
    assert findings_in_words(build_source_findings(none, RULES, SOURCES, timezone="UTC"), 0) == []
