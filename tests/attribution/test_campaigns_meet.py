"""Campaigns of links and of spend meet: by the platform's id, otherwise by every name that the id ever had."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rules_oracle import frame
from test_channel_performance import MARCH_30, credit, later, performance, spent

from warehouse.campaign_names import campaign_names
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS, SILVER_AD_SPEND

MARCH_1 = date(2026, 3, 1)


def met(spark: SparkSession, credits: list[dict[str, Any]], spend: list[dict[str, Any]]) -> dict[tuple[Any, ...], Any]:
    """(date, channel, source, medium, campaign): (spend, value, roas), of linear and purchases by touch."""
    spent_rows = frame(spark, SILVER_AD_SPEND, spend)
    rows = performance(frame(spark, GOLD_ATTRIBUTION_CREDITS, credits), spent_rows, campaign_names(spent_rows)).where(
        "model = 'linear' and conversion_type = 'purchase' and date_basis = 'touch'"
    )
    return {
        tuple(row[name] for name in ("date", "channel", "source", "medium", "campaign")): (
            row["spend"],
            row["credited_value"],
            row["roas"],
        )
        for row in rows.collect()
    }


def campaigns(found: dict[tuple[Any, ...], Any]) -> dict[str, Any]:
    """What is found, by campaign alone."""
    assert len({key[-1] for key in found}) == len(found)
    return {key[-1]: value for key, value in found.items()}


def by_id(name: str, value: str, campaign_id: str, campaign: str | None = None, **fields: Any) -> dict[str, Any]:
    """Credit of a touch whose link carries the platform's campaign id."""
    return credit(name, 1.0, value, campaign, campaign_id=campaign_id, **fields)


def test_an_auto_tagged_click_meets_the_spend_of_its_campaign_id(spark: SparkSession) -> None:
    # gad_campaignid=22200000001&gclid=… and utm_id=22200000002, each worth 100
    found = met(
        spark,
        [by_id("c1", "100", "22200000001"), by_id("c2", "100", "22200000002")],
        [spent("brand", "60", "22200000001"), spent("generic", "70", "22200000002")],
    )
    assert campaigns(found) == {"brand": (60, 100, 100 / 60), "generic": (70, 100, 100 / 70)}


def test_the_id_of_a_link_counts_before_its_name(spark: SparkSession) -> None:
    found = met(
        spark,
        [by_id("c1", "100", "7", "what the shop calls it"), by_id("c2", "10", "no spend has it", "generic")],
        [spent("brand", "60", "7"), spent("generic", "70", "8")],
    )
    assert campaigns(found) == {"brand": (60, 100, 100 / 60), "generic": (70, 10, 10 / 70)}


def test_an_id_that_no_spend_names_is_the_campaign_where_the_link_has_no_name(spark: SparkSession) -> None:
    found = met(spark, [by_id("c1", "100", "AB9"), by_id("c2", "10", "AB9", "Named")], [])
    assert campaigns(found) == {"ab9": (0, 100, None), "named": (0, 10, None)}


def test_a_campaign_without_name_meets_links_that_have_a_name_and_its_id(spark: SparkSession) -> None:
    found = met(spark, [by_id("c1", "100", "AB9", "Named")], [spent(None, "50", "ab9")])
    assert campaigns(found) == {"ab9": (50, 100, 2.0)}


def test_links_under_an_old_name_meet_the_spend_under_the_new_one(spark: SparkSession) -> None:
    def on(day: int) -> date:
        return date(2026, 4, day)

    found = met(
        spark,
        # Links keep the name that they were made with: all are touched on the 12th.
        [credit(name, 1.0, "10", campaign, **later(13)) for name, campaign in [("c1", "Beta"), ("c2", "Alpha")]],
        [spent("beta", "5", "7", spend_date=on(5)), spent("alpha", "20", "7", spend_date=on(12))],
    )
    assert {(key[0].day, key[-1]): value[:2] for key, value in found.items()} == {
        (5, "beta"): (5, 0),
        (12, "alpha"): (20, 20),
    }


def test_a_name_that_two_campaigns_of_a_channel_had_is_only_a_name(spark: SparkSession) -> None:
    renamed = [spent("sale", "1", "7", spend_date=MARCH_1), spent("spring", "2", "7"), spent("sale", "4", "8")]
    found = met(spark, [credit("c1", 1.0, "10", "sale")], renamed)
    assert {key[-1]: value[:2] for key, value in found.items() if key[0] == MARCH_30} == {
        "spring": (2, 0),
        "sale": (4, 10),
    }


def test_a_name_in_another_channel_is_another_campaign(spark: SparkSession) -> None:
    social = {"channel": "Paid Social", "source": "facebook", "medium": "paid_social"}
    found = met(
        spark,
        [credit("c1", 1.0, "10", "sale"), credit("c2", 1.0, "30", "sale", **social)],
        [
            spent("renamed", "1", "7"),
            spent("sale", "2", "7", spend_date=MARCH_1),
            spent("sale", "4", "8", **social),
        ],
    )
    on_the_30th = {key[1:]: value[:2] for key, value in found.items() if key[0] == MARCH_30}
    assert on_the_30th == {
        ("Paid Search", "google", "cpc", "renamed"): (1, 10),
        ("Paid Social", "facebook", "paid_social", "sale"): (4, 30),
    }


def test_spend_without_id_has_the_name_that_the_campaign_of_its_name_has_that_day(spark: SparkSession) -> None:
    spend = [spent("beta", "1", "7", spend_date=MARCH_1), spent("alpha", "2", "7"), spent("beta", "4")]
    found = met(spark, [credit("c1", 1.0, "10", "beta")], spend)
    assert {key[-1]: value[:2] for key, value in found.items() if key[0] == MARCH_30} == {"alpha": (6, 10)}


def test_source_and_medium_meet_in_any_case(spark: SparkSession) -> None:
    found = met(
        spark,
        [credit("c1", 1.0, "10", "Sale", source="Google", medium="CPC"), credit("c2", 1.0, "5", "sale")],
        [spent("sale", "3", source="GOOGLE")],
    )
    assert found == {(MARCH_30, "Paid Search", "google", "cpc", "sale"): (3, 15, 5.0)}


META = {"channel": "Paid Social", "source": "facebook", "medium": "paid_social"}
TIKTOK = {"channel": "Paid Social", "source": "tiktok", "medium": "paid_social"}


def of(source: str | None, medium: str | None = "paid") -> dict[str, Any]:
    """The channel, source and medium of a touch of paid social."""
    return {"channel": "Paid Social", "source": source, "medium": medium}


def test_links_meet_the_spend_of_their_channel_whatever_source_they_name(spark: SparkSession) -> None:
    found = met(
        spark,
        # ?utm_source=fb|ig|an&utm_medium=paid&utm_id=7, as Meta fills them in
        [by_id(name, "10", "7", "Sale", **of(name)) for name in ("fb", "ig", "an")]
        # ?utm_source=ig&utm_medium=paid&utm_campaign=Sale, and a click id alone
        + [credit("c4", 1.0, "6", "SALE", **of("ig")), credit("c5", 1.0, "4", "sale", **of(None, None))],
        [spent("sale", "20", "7", **META)],
    )
    assert found == {(MARCH_30, "Paid Social", "facebook", "paid_social", "sale"): (20, 40, 2.0)}


def test_a_campaign_without_an_id_meets_links_of_its_name_whatever_source_they_name(spark: SparkSession) -> None:
    found = met(
        spark,
        [credit(name, 1.0, "10", "Sale", **of(name)) for name in ("ig", "facebook")],
        [spent("sale", "20", **META)],
    )
    assert found == {(MARCH_30, "Paid Social", "facebook", "paid_social", "sale"): (20, 20, 1.0)}


def test_spend_without_source_meets_links_of_its_campaign(spark: SparkSession) -> None:
    found = met(spark, [credit("c1", 1.0, "10", "sale", **of("ig"))], [spent("sale", "20", **of(None, None))])
    assert found == {(MARCH_30, "Paid Social", "(not set)", "(not set)", "sale"): (20, 10, 0.5)}


def test_links_under_an_old_name_have_the_source_of_the_spend_too(spark: SparkSession) -> None:
    spend = [spent("old", "1", "7", spend_date=MARCH_1, **META), spent("new", "20", "7", **META)]
    found = met(spark, [credit("c1", 1.0, "10", "old", **of("ig"))], spend)
    assert found[MARCH_30, "Paid Social", "facebook", "paid_social", "new"] == (20, 10, 0.5)
    assert len(found) == 2


@pytest.mark.parametrize("ids", [("7", "8"), (None, None)], ids=["with ids", "with names alone"])
def test_of_two_platforms_with_one_campaign_name_a_link_meets_the_one_that_its_source_names(
    spark: SparkSession, ids: tuple[str | None, str | None]
) -> None:
    found = met(
        spark,
        [
            credit("c1", 1.0, "10", "sale", **of("Facebook")),
            credit("c2", 1.0, "30", "sale", **of("tiktok")),
            credit("c3", 1.0, "5", "sale", **of("ig")),  # it may be of either: no match
            credit("c4", 1.0, "7", "sale", **of(None, None)),
        ],
        [spent("sale", "20", ids[0], **META), spent("sale", "10", ids[1], **TIKTOK)],
    )
    assert {key[2:4]: value[:2] for key, value in found.items()} == {
        ("facebook", "paid_social"): (20, 10),
        ("tiktok", "paid_social"): (10, 30),
        ("ig", "paid"): (0, 5),
        ("(not set)", "(not set)"): (0, 7),
    }


def test_of_two_platforms_with_one_campaign_name_a_link_with_an_id_meets_that_of_the_id(spark: SparkSession) -> None:
    spend = [spent("sale", "20", "7", **META), spent("sale", "10", "8", **TIKTOK)]
    found = met(spark, [by_id("c1", "10", "8", "sale", **of("ig"))], spend)
    assert {key[2]: value[:2] for key, value in found.items()} == {"facebook": (20, 0), "tiktok": (10, 10)}


def test_a_campaign_with_two_media_of_one_source_gives_links_of_another_medium_none(spark: SparkSession) -> None:
    spend = [spent("sale", "20", **META), spent("sale", "5", **{**META, "medium": "story"})]
    touches = [credit("c1", 1.0, "10", "sale", **of("facebook")), credit("c2", 1.0, "3", "sale", **META)]
    assert {key[3]: value[:2] for key, value in met(spark, touches, spend).items()} == {
        "paid_social": (20, 3),
        "story": (5, 0),
        "paid": (0, 10),
    }


def test_a_campaign_that_only_links_name_keeps_their_source(spark: SparkSession) -> None:
    touches = [credit("c1", 1.0, "10", "organic post", **of("ig")), credit("c2", 1.0, "5", None, **of("ig"))]
    found = met(spark, touches, [spent("sale", "20", "7", **META), spent(None, "3", **META)])
    assert {key[2:]: value[:2] for key, value in found.items()} == {
        ("facebook", "paid_social", "sale"): (20, 0),
        ("facebook", "paid_social", "(not set)"): (3, 0),
        ("ig", "paid", "organic post"): (0, 10),
        ("ig", "paid", "(not set)"): (0, 5),
    }


def test_a_touch_of_another_channel_keeps_its_source(spark: SparkSession) -> None:
    organic = {"channel": "Organic Search", "source": "google", "medium": "organic"}
    found = met(spark, [by_id("c1", "10", "7", **organic)], [spent("sale", "20", "7", source="google", medium="cpc")])
    assert set(found) == {
        (MARCH_30, "Paid Search", "google", "cpc", "sale"),
        (MARCH_30, "Organic Search", "google", "organic", "sale"),
    }


def test_a_campaign_with_spend_of_two_sources_gives_no_touch_one_of_them(spark: SparkSession) -> None:
    spend = [spent("sale", "20", "7"), spent("sale", "5", "7", source="bing")]
    found = met(spark, [by_id("c1", "10", "7", source="yahoo")], spend)
    assert {key[2]: value[:2] for key, value in found.items()} == {"google": (20, 0), "bing": (5, 0), "yahoo": (0, 10)}
