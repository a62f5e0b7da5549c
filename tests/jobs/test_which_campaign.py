"""Which campaign was this click: a link with a click id alone, and the platform's list that says the campaign."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.jobs.places import Place
from tests.jobs.test_one_buyer import TO_CREDITS, land, last_touches, run
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_UNMATCHED_SPEND, SILVER_AD_SPEND

pytestmark = pytest.mark.system

TO_SPEND = (*TO_CREDITS, SILVER_AD_SPEND, GOLD_CHANNEL_PERFORMANCE, GOLD_UNMATCHED_SPEND)

CLICK = "https://shop.example/?gclid=EAIaIQobChMI"


def campaigns(place: Place) -> dict[str, tuple[str | None, str | None]]:
    """Campaign and id of each touch, by device."""
    return {row["anonymous_id"]: (row["campaign"], row["campaign_id"]) for row in place.table("silver.touchpoints")}


def unmatched(place: Place) -> set[tuple[str, str]]:
    return {(row["lacks"], row["campaign"]) for row in place.table("gold.unmatched_spend")}


def test_a_list_that_arrives_later_gives_the_click_its_campaign_and_the_spend_its_credit(
    spark: SparkSession, tmp_path: Path
) -> None:
    place = Place.new(tmp_path / "shop")
    for number in (1, 2):
        at = f"2026-03-05T10:0{number}:00Z"
        device = {"anonymous_id": f"d{number}", "event_ts": at, "user_id": f"c{number}"}
        view = {**device, "event_id": f"v{number}", "event_name": "page_view", "page_url": f"{CLICK}-{number}"}
        sale = {**device, "event_id": f"p{number}", "event_name": "purchase", "order_id": f"o{number}", "value": "10"}
        land(place, f"events/{number}.jsonl", view, {**sale, "currency": "USD"})
    header = "date,platform,account_id,campaign_id,campaign_name,impressions,clicks,spend,currency,exported_at\n"
    spend = place.landing / "ad_spend" / "1.csv"
    spend.parent.mkdir()
    spend.write_text(f"{header}2026-03-05,google_ads,1,111,Brand,10,1,5,USD,2026-03-06T00:00:00Z\n")

    first = run(place, spark, *TO_SPEND)

    assert campaigns(place) == {"d1": (None, None), "d2": (None, None)}
    assert unmatched(place) == {("touches", "brand"), ("spend", "(not set)")}
    assert "2 paid touches name no campaign and are credited 20.00 USD: click views or utm_id would say which" in first

    clicks = place.landing / "click_views" / "1.csv"
    clicks.parent.mkdir()
    clicks.write_text("gclid,date,campaign_id,campaign_name\nEAIaIQobChMI-1,2026-03-05,111,Brand\n")
    second = run(place, spark, *TO_SPEND)

    assert "in part: silver.touchpoints" in second
    assert campaigns(place) == {"d1": ("Brand", "111"), "d2": (None, None)}
    assert unmatched(place) == {("spend", "(not set)")}
    assert "1 paid touches name no campaign and are credited 10.00 USD" in second
    credited = {
        row["campaign"]: float(row["credited_value"])
        for row in place.table("gold.channel_performance")
        if row["model"] == "last_touch" and row["date_basis"] == "touch" and row["conversion_type"] == "purchase"
    }
    assert credited == {"brand": pytest.approx(10), "(not set)": pytest.approx(10)}
    assert set(last_touches(place).values()) == {"Paid Search"}
