"""Microsoft Advertising performance reports by day, of the web page and of its service; a copyright line at the end."""

from __future__ import annotations

from intake.adapters.spend import ad_spend
from intake.flat_export import named_export

ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("gregorian date", "time period", "timeperiod", "day", "날짜", "일"),
        "account_id": ("account id", "accountid", "account number", "계정 ID", "계정 번호"),
        "campaign_id": ("campaign id", "campaignid", "캠페인 ID"),
        "campaign_name": ("campaign", "campaign name", "campaignname", "캠페인", "캠페인 이름"),
        "impressions": ("impr.", "impressions", "노출 수", "노출수"),
        "clicks": ("clicks", "클릭 수", "클릭수"),
        "spend": ("spend", "비용", "지출"),
        "currency": ("currency code", "currencycode", "통화 코드"),
        "platform_conversions": ("conversions", "전환", "전환 수"),
        "platform_conversion_value": ("revenue", "수익"),
    },
    required=("date", "campaign_name", "spend"),
    constants={"platform": "microsoft_ads"},
)
