"""Ad spend of any platform as a CSV; common headers are known, others are named by `columns`."""

from __future__ import annotations

from intake.adapters.spend import ad_spend
from intake.flat_export import named_export

NAMES = {
    "date": ("day", "day date", "날짜", "일", "일자", "일별"),
    "platform": ("network", "channel", "매체"),
    "account_id": ("account id", "customer id", "advertiser id", "account", "광고계정", "계정 ID"),
    "campaign_id": ("campaign id", "캠페인 ID"),
    "campaign_name": ("campaign name", "campaign", "캠페인 이름", "캠페인"),
    "impressions": ("impr.", "impr", "노출수", "노출"),
    "clicks": ("link clicks", "클릭수", "클릭"),
    "spend": ("cost", "amount spent", "total cost", "비용", "지출 금액", "광고비"),
    "currency": ("currency code", "통화", "통화 코드"),
    "timezone": ("time zone", "시간대"),
    "platform_conversions": ("conversions", "purchases", "전환수", "구매"),
    "platform_conversion_value": ("conversion value", "conv. value", "revenue", "전환매출액", "구매금액"),
    "exported_at": ("exported at", "export time"),
}

ADAPTER = named_export(ad_spend.ADAPTER, NAMES, required=("date", "platform", "spend"))
