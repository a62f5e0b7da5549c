"""TikTok Ads Manager reports by day, of the web page and of connectors; a day may be written with a midnight."""

from __future__ import annotations

from intake.adapters.spend import ad_spend
from intake.flat_export import named_export

ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("by day", "day", "date", "stat_time_day", "stat_time_hour", "날짜", "일별", "일"),
        "account_id": ("advertiser id", "advertiser_id", "account id", "광고주 ID", "계정 ID"),
        "campaign_id": ("campaign id", "캠페인 ID"),
        "campaign_name": ("campaign name", "캠페인 이름", "캠페인명"),
        "impressions": ("impressions", "impression", "노출수", "노출"),
        "clicks": ("clicks (destination)", "clicks", "destination clicks", "클릭수(목적지)", "클릭수"),
        "spend": ("cost", "spend", "비용", "지출"),
        "currency": ("currency", "통화"),
        "platform_conversions": ("conversions", "conversion", "전환수", "전환"),
        "platform_conversion_value": ("total_purchase_value", "purchase value", "total purchase value", "총 구매 금액"),
        "exported_at": ("_fivetran_synced",),
    },
    required=("date", "spend"),
    constants={"platform": "tiktok"},
)
