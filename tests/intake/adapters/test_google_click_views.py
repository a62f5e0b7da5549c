"""Google Ads click views: which campaign each gclid was of."""

from __future__ import annotations

from datetime import UTC, date, datetime

from landed_text import Landing, reasons


def test_a_click_has_its_campaign_and_ad_group(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "click_view.gclid,segments.date,customer.id,campaign.id,campaign.name,ad_group.id,ad_group.name",
        "EAIaIQobChMI-x_1,2026-03-05,123-456-7890,111,Brand,22,Shoes",
        "EAIaIQobChMI-x_2,2026-03-05,123-456-7890,112,,,",
    )

    one, other = landing.parsed("google_click_views", "1.csv")

    assert (one["click_id"], one["click_id_type"]) == ("EAIaIQobChMI-x_1", "gclid")
    assert (one["click_date"], one["account_id"]) == (date(2026, 3, 5), "1234567890")
    assert (one["campaign_id"], one["campaign_name"]) == ("111", "Brand")
    assert (one["ad_group_id"], one["ad_group_name"]) == ("22", "Shoes")
    assert one["exported_at"].astimezone(UTC) == datetime(2026, 3, 6, tzinfo=UTC)
    assert [other[name] for name in ("campaign_id", "campaign_name", "ad_group_id", "reason")] == [
        "112",
        None,
        None,
        None,
    ]


def test_a_row_that_says_no_click_no_day_or_no_campaign_is_bad(landing: Landing) -> None:
    landing.land(
        "1.csv",
        "gclid,date,campaign_id",
        ",2026-03-05,111",
        "a,,111",
        "b,2026-03-05,",
        "c,2026-03-05,1.11E+10",
        "d,2026-03-05,111",
    )

    assert reasons(landing.parsed("google_click_views", "1.csv")) == [
        "gclid is missing",
        "date is missing or not a date",
        "campaign_id is missing",
        "campaign_id: a spreadsheet has rounded this id",
        None,
    ]
