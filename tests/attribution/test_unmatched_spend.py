"""gold.unmatched_spend: campaigns that cost something and were never touched, and paid touches that cost nothing."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from rules_oracle import frame
from test_channel_performance import LATE, MARCH_30, MARCH_31, MIDNIGHT, credit, performance, spent

from attribution.unmatched_spend import (
    build_unmatched_spend,
    check_unmatched_spend,
    share_in_words,
    spend_by_campaign,
    touches_by_campaign,
    unknown_campaigns_in_words,
)
from warehouse.campaign_names import campaign_names
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, SILVER_AD_SPEND, SILVER_TOUCHPOINTS

PAID = ["Paid Search", "Paid Social"]


def touch(name: str, campaign: str | None = None, **fields: Any) -> dict[str, Any]:
    """A row of silver.touchpoints of the 30th in Seoul."""
    return {
        "touchpoint_id": name,
        "touched_at": LATE,
        "channel": "Paid Search",
        "source": "google",
        "medium": "cpc",
        "campaign": campaign,
        **fields,
    }


TOUCHES = [
    touch("t1", "Met"),
    touch("t2", "Met", touched_at=MIDNIGHT),
    touch("t3", campaign_id="22200000001"),
    touch("t4", "Spring Sale!"),  # the spend calls it spring sale
    touch("t5", "Spring Sale!", touched_at=MIDNIGHT),
    touch("t6", channel="Organic Search", medium="organic"),
    touch("t7", source="Bing"),
]
SPEND = [
    spent("met", "100"),
    spent("by its id", "60", "22200000001"),
    spent("spring sale", "30"),
    spent("spring sale", "10", spend_date=MARCH_31),
    spent("costs nothing", "0"),
    spent(None, "7", source=None, medium=None, channel="Paid Social"),
]
CREDITS = [credit("c1", 0.5, "40", "spring sale!"), credit("c1", 0.5, "40", "met"), credit("c2", 1.0, "9", None)]


class Frames:
    """The tables of a small shop."""

    def __init__(self, spark: SparkSession, touches: list[dict[str, Any]], spend: list[dict[str, Any]]) -> None:
        self.touchpoints = frame(spark, SILVER_TOUCHPOINTS, touches)
        self.spend = frame(spark, SILVER_AD_SPEND, [{"report_currency": "KRW", **row} for row in spend])
        self.names = campaign_names(self.spend)
        credits = frame(spark, GOLD_ATTRIBUTION_CREDITS, CREDITS)
        self.performance = performance(credits, self.spend, self.names)

    def unmatched(self, model: str = "linear") -> DataFrame:
        return build_unmatched_spend(
            self.touchpoints,
            self.spend,
            self.performance,
            self.names,
            paid_channels=PAID,
            model=model,
            timezone="Asia/Seoul",
            report_currency="KRW",
        )


@pytest.fixture(scope="module")
def frames(spark: SparkSession) -> Frames:
    return Frames(spark, TOUCHES, SPEND)


@pytest.fixture(scope="module")
def rows(frames: Frames) -> dict[tuple[str, str, str], Row]:
    return {(row["lacks"], row["source"], row["campaign"]): row for row in frames.unmatched().collect()}


def test_spend_without_touch_and_paid_touches_without_spend_stand_beside_each_other(
    rows: dict[tuple[str, str, str], Row],
) -> None:
    figures = ("spend", "touches", "credited_value", "first_day", "last_day")
    assert {key: tuple(row[name] for name in figures) for key, row in rows.items()} == {
        ("touches", "google", "spring sale"): (40, 0, 0, MARCH_30, MARCH_31),
        ("touches", "(not set)", "(not set)"): (7, 0, 0, MARCH_30, MARCH_30),
        ("spend", "google", "spring sale!"): (0, 2, 40, MARCH_30, MARCH_31),
        ("spend", "bing", "(not set)"): (0, 1, 0, MARCH_30, MARCH_30),
    }


def test_credit_is_that_of_one_model(frames: Frames, rows: dict[tuple[str, str, str], Row]) -> None:
    assert {(row["model"], row["currency"]) for row in rows.values()} == {("linear", "KRW")}
    assert rows["spend", "google", "spring sale!"]["credited_conversions"] == 0.5
    first = {row["campaign"]: row["credited_value"] for row in frames.unmatched("first_touch").collect()}
    assert first["spring sale!"] == 0


def test_matched_and_unmatched_spend_are_all_spend(frames: Frames) -> None:
    spent_by, touched_by = (
        spend_by_campaign(frames.spend, frames.names),
        touches_by_campaign(frames.touchpoints, frames.names, timezone="Asia/Seoul"),
    )
    (held,) = check_unmatched_spend(frames.spend, spent_by, touched_by, frames.unmatched())
    assert held.passed
    # A row that is lost is found.
    lost = frames.unmatched().where("campaign <> 'spring sale'")
    (broken,) = check_unmatched_spend(frames.spend, spent_by, touched_by, lost)
    assert not broken.passed


def test_the_share_that_meets_no_touch_is_reported(frames: Frames) -> None:
    line = "22.7% of ad spend (47.00 KRW, campaigns: 2) meets no touch: see gold.unmatched_spend"
    assert share_in_words(frames.spend, frames.unmatched()) == line


def test_paid_touches_without_a_campaign_are_reported_by_amount(frames: Frames, spark: SparkSession) -> None:
    assert unknown_campaigns_in_words(frames.unmatched()) == (
        "1 paid touches name no campaign and are credited 0.00 KRW: click views or utm_id would say which"
    )
    assert unknown_campaigns_in_words(Frames(spark, TOUCHES[:2], SPEND[:1]).unmatched()) == ""


def test_where_all_of_it_meets_one_nothing_is_reported(spark: SparkSession) -> None:
    frames = Frames(spark, TOUCHES[:2], SPEND[:1])
    assert frames.unmatched().count() == 0
    assert share_in_words(frames.spend, frames.unmatched()) == ""


def test_links_that_name_another_source_than_the_spend_meet_it_by_the_campaigns_name(spark: SparkSession) -> None:
    # utm_source=ig&utm_medium=paid&utm_campaign=Sale, and Meta's spend, of facebook by the platform's default
    instagram = {"channel": "Paid Social", "source": "ig", "medium": "paid"}
    meta = {"channel": "Paid Social", "source": "facebook", "medium": "paid_social"}
    touches = [touch("t1", "Sale", **instagram), touch("t2", "a post", **instagram)]
    frames = Frames(spark, touches, [spent("sale", "20", "7", **meta)])
    assert [(row["lacks"], row["campaign"]) for row in frames.unmatched().collect()] == [("spend", "a post")]
    spent_by, touched_by = (
        spend_by_campaign(frames.spend, frames.names),
        touches_by_campaign(frames.touchpoints, frames.names, timezone="Asia/Seoul"),
    )
    (held,) = check_unmatched_spend(frames.spend, spent_by, touched_by, frames.unmatched())
    assert held.passed


def test_a_shop_without_spend_sees_its_paid_touches(spark: SparkSession) -> None:
    found = {row["campaign"]: row["touches"] for row in Frames(spark, TOUCHES, []).unmatched().collect()}
    assert found == {"met": 2, "22200000001": 1, "spring sale!": 2, "(not set)": 1}
