"""Ad spend of LinkedIn, Apple Search Ads, TikTok and Meta, as connectors and the platforms' services give it."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from landed_text import Landing, reasons
from pyspark.sql import Row

from intake.adapter import AdAccount, Defaults
from intake.knobs import Export
from intake.reasons import A_MONTH

US_DOLLARS = Defaults(export=Export(constants={"currency": "USD", "account_id": "1"}))


def utc(*moment: int) -> datetime:
    """As Spark returns a timestamp: in the process's own zone, without an offset."""
    return datetime(*moment, tzinfo=UTC).astimezone().replace(tzinfo=None)  # type: ignore[misc, arg-type]


def money(amount: str) -> Decimal:
    return Decimal(amount).quantize(Decimal("0.000001"))


def real(landing: Landing, shared_data: Path, *names: str) -> list[list[dict[str, str]]]:
    """Lands these files of the real exports; the rows of each. Skipped where they are not on this machine."""
    folder = shared_data / "data" / "ad_exports"
    found = []
    for name in names:
        file = folder / f"{name}_data.csv"
        if not file.is_file():
            pytest.skip(f"no {file.name} beside the repository: the real exports are not on this machine")
        landing.land(f"{name}.csv", *file.read_text(encoding="utf-8").splitlines())
        with file.open(newline="", encoding="utf-8") as lines:
            found.append(list(csv.DictReader(lines)))
    return found


def summed(rows: list[Row]) -> Decimal:
    return sum((row["spend"] for row in rows), Decimal(0))


def test_linkedin_in_the_account_s_currency_where_it_is_known_in_dollars_otherwise(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "campaign_id,day,account_id,clicks,impressions,cost_in_local_currency,cost_in_usd,external_website_conversions,"
        "conversion_value_in_local_currency",
        "7,2026-03-01 00:00:00,9,18,100,50000,38.20,2,90000",
        "7,2026-03-01 00:00:00,8,18,100,50.2,50.2,,0",
    )
    accounts = Defaults(accounts={"9": AdAccount("KRW", "Asia/Seoul")})
    won, dollars = landing.parsed("linkedin_ads", "1.csv", defaults=accounts)

    assert (won["platform"], won["spend_date"], won["timezone"]) == ("linkedin", date(2026, 3, 1), "UTC")
    assert (won["spend"], won["currency"], won["platform_conversion_value"]) == (money("50000"), "KRW", money("90000"))
    assert (dollars["spend"], dollars["currency"], dollars["timezone"]) == (money("50.2"), "USD", "UTC")
    assert dollars["platform_conversion_value"] is None, "it is in a currency that is not known"


def test_linkedin_of_campaign_manager_s_page(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "Campaign Performance Report (in UTC)",
        "Start Date (in UTC)\tAccount Name\tCurrency\tCampaign ID\tCampaign Name\tTotal Spent\tImpressions\tClicks",
        "3/1/2026\tShop\tEUR\t7\tB2B\t1,060.50\t1,200\t31",
    )
    (row,) = landing.parsed("linkedin_ads", "1.csv", defaults=Defaults(export=Export(date_format="M/d/yyyy")))

    assert (row["reason"], row["spend_date"], row["campaign_name"]) == (None, date(2026, 3, 1), "B2B")
    assert (row["spend"], row["currency"], row["clicks"]) == (money("1060.50"), "EUR", 31)


def test_the_real_rows_of_linkedin_keep_their_cost(landing: Landing, shared_data: Path) -> None:
    (exported,) = real(landing, shared_data, "linkedin_ad_analytics_by_campaign")
    rows = landing.parsed("linkedin_ads", "linkedin_ad_analytics_by_campaign.csv", defaults=US_DOLLARS)

    assert reasons(rows) == [None] * len(exported)
    assert summed(rows) == sum(money(row["cost_in_local_currency"]) for row in exported) > 0
    assert [row["campaign_id"] for row in rows] == [row["campaign_id"] for row in exported]


def test_the_real_rows_of_apple_have_taps_for_clicks_and_their_own_currency(
    landing: Landing, shared_data: Path
) -> None:
    (exported,) = real(landing, shared_data, "apple_search_campaign_report")
    rows = landing.parsed("apple_search_ads", "apple_search_campaign_report.csv")

    assert reasons(rows) == [None] * len(exported)
    taps = ("spend_date", "campaign_id", "clicks", "platform_conversions")
    assert [tuple(str(row[name]) for name in taps) for row in rows] == [
        (row["date"], row["id"], row["taps"], str(float(row["tap_installs"]))) for row in exported
    ]
    assert [(row["spend"], row["currency"]) for row in rows] == [
        (money(row["local_spend_amount"]), row["local_spend_currency"]) for row in exported
    ]


def test_hours_of_tiktok_are_utc_s_or_of_the_input_s_zone_and_a_dash_is_nothing(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "campaign_id,stat_time_hour,spend,clicks,conversion",
        "1,2026-03-01 5:00:00,22.10,-,-",
        "1,2026-03-01 20:00:00,3,4,1",
    )
    hour, evening = landing.parsed("tiktok_ads", "1.csv", defaults=US_DOLLARS)
    in_seoul = Export(constants={"currency": "USD"}, timezone="Asia/Seoul")
    of_seoul, _ = landing.parsed("tiktok_ads", "1.csv", defaults=Defaults(export=in_seoul))

    assert reasons([hour, evening, of_seoul]) == [None, None, None]
    assert (hour["spend_at"], hour["spend_date"]) == (utc(2026, 3, 1, 5), date(2026, 3, 1))
    assert (hour["clicks"], hour["platform_conversions"]) == (None, None)
    assert evening["spend_at"] == utc(2026, 3, 1, 20), "5 o'clock of the next day in Seoul: silver dates it so"
    assert (of_seoul["spend_at"], of_seoul["spend_date"]) == (utc(2026, 2, 28, 20), date(2026, 2, 28))


def test_the_real_rows_of_tiktok_by_hour_and_by_day(landing: Landing, shared_data: Path) -> None:
    hourly, daily = real(landing, shared_data, "tiktok_campaign_report_hourly", "tiktok_campaign_country_report")
    by_hour = landing.parsed("tiktok_ads", "tiktok_campaign_report_hourly.csv", defaults=US_DOLLARS)
    by_day = landing.parsed("tiktok_ads", "tiktok_campaign_country_report.csv", defaults=US_DOLLARS)

    assert reasons(by_hour) == [None] * len(hourly)
    assert reasons(by_day) == [None] * len(daily)
    assert summed(by_hour) == sum(money(row["SPEND"]) for row in hourly)
    assert summed(by_day) == sum(money(row["spend"]) for row in daily)
    assert by_hour[0]["spend_at"] == utc(2021, 9, 15, 5)
    assert [row["spend_at"] for row in by_day] == [None] * len(daily), "a midnight is no hour"


def test_meta_s_insights_have_one_kind_of_action_and_never_their_sum(landing: Landing) -> None:
    row = {
        "date_start": "2026-03-01", "date_stop": "2026-03-01", "account_id": "act_77", "campaign_id": "120210000000001",
        "campaign_name": "Spring", "impressions": "1200", "inline_link_clicks": "31", "spend": "60.50",
        "account_currency": "USD",
        "actions": [
            {"action_type": "link_click", "value": "31"},
            {"action_type": "purchase", "value": "3"},
            {"action_type": "omni_purchase", "value": "4"},
            {"action_type": "offsite_conversion.fb_pixel_purchase", "value": "3"},
        ],
        "action_values": [
            {"action_type": "purchase", "value": "150.50"},
            {"action_type": "omni_purchase", "value": "200"},
        ],
    }  # fmt: skip
    month = {**row, "date_stop": "2026-03-31"}
    landing.land("1.jsonl", json.dumps(row), json.dumps({**row, "actions": []}), json.dumps(month))
    of_default = landing.parsed("meta_insights", "1.jsonl")
    omni = Defaults(export=Export(constants={"action_type": "omni_purchase"}))
    of_omni = landing.parsed("meta_insights", "1.jsonl", defaults=omni)

    assert reasons(of_default) == [None, None, A_MONTH]
    day, without, _ = of_default
    assert (day["platform"], day["account_id"], day["campaign_id"], day["clicks"]) == (
        "meta", "77", "120210000000001", 31,
    )  # fmt: skip
    assert (day["platform_conversions"], day["platform_conversion_value"]) == (3.0, money("150.50"))
    assert without["platform_conversions"] == 0.0
    assert (of_omni[0]["platform_conversions"], of_omni[0]["platform_conversion_value"]) == (4.0, money("200"))


def test_meta_s_ads_of_a_connector_have_their_campaign_and_one_kind_of_action(landing: Landing) -> None:
    landing.land(
        "ads.csv",
        "ad_id,date,account_id,impressions,inline_link_clicks,spend",
        "11,2026-03-01,77,100,10,5.50",
        "12,2026-03-01,77,100,10,4.50",
    )
    landing.land(
        "history.csv",
        "id,campaign_id,updated_time",
        "11,500,2026-01-01T10:00:00",
        "11,501,2026-02-01T9:00:00",
    )
    landing.land(
        "campaigns.csv", "id,name,updated_time", "500,Old,2026-01-01T00:00:00", "501,Spring,2026-01-01T00:00:00"
    )
    landing.land(
        "actions.csv",
        "ad_id,date,action_type,value,_7_d_click",
        "11,2026-03-01,purchase,2.0,2.0",
        "11,2026-03-01,omni_purchase,2.0,2.0",
        "11,2026-03-01,link_click,10,10",
        "11,2026-03-02,purchase,7.0,7.0",
    )
    lookups = {"ad_history": "history.csv", "campaign_history": "campaigns.csv", "ad_actions": "actions.csv"}
    known, unknown = landing.parsed("meta_basic_ads", "ads.csv", defaults=US_DOLLARS, lookups=lookups)

    assert reasons([known, unknown]) == [None, None]
    assert (known["campaign_id"], known["campaign_name"], known["platform_conversions"]) == ("501", "Spring", 2.0)
    assert (unknown["campaign_id"], unknown["spend"], unknown["platform_conversions"]) == (None, money("4.50"), 0.0)


def test_the_real_rows_of_meta_s_ads_keep_their_spend_once(landing: Landing, shared_data: Path) -> None:
    spent, *_ = real(
        landing, shared_data, "facebook_ads_basic_ad", "facebook_ads_basic_ad_actions", "facebook_ads_ad_history",
        "facebook_ads_campaign_history",
    )  # fmt: skip
    lookups = {
        "ad_history": "facebook_ads_ad_history.csv",
        "campaign_history": "facebook_ads_campaign_history.csv",
        "ad_actions": "facebook_ads_basic_ad_actions.csv",
    }
    rows = landing.parsed("meta_basic_ads", "facebook_ads_basic_ad.csv", defaults=US_DOLLARS, lookups=lookups)

    assert reasons(rows) == [None] * len(spent)
    assert summed(rows) == sum(money(row["spend"]) for row in spent) > 0
