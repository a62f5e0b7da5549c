"""Google Ads campaign reports as the web page downloads them, by day: amounts in units, totals below the rows."""

from __future__ import annotations

from intake.adapters.spend import ad_spend
from intake.flat_export import named_export

ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("day", "일", "날짜"),
        "account_id": ("customer id", "external customer id", "고객 ID"),
        "campaign_id": ("campaign id", "캠페인 ID"),
        "campaign_name": ("campaign", "campaign name", "캠페인"),
        "impressions": ("impr.", "impressions", "노출수"),
        "clicks": ("clicks", "클릭수"),
        "spend": ("cost", "비용"),
        "currency": ("currency code", "currency", "통화 코드", "통화"),
        "timezone": ("time zone", "시간대"),
        "platform_conversions": ("conversions", "전환수", "전환"),
        "platform_conversion_value": ("conv. value", "total conv. value", "conversion value", "전환 가치", "전환 값"),
        # The first column of the campaigns page; of its totals it says Total: Campaigns.
        "total_mark": ("campaign status", "캠페인 상태", "status"),
    },
    required=("date", "campaign_name", "spend"),
    constants={"platform": "google_ads"},
)
