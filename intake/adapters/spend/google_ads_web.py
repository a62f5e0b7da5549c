"""Google Ads campaign reports as the web page downloads them, by day: amounts in units, totals below the rows."""

from __future__ import annotations

from intake.adapters.spend import ad_spend
from intake.flat_export import named_export

ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("day", "일", "날짜", "Tag", "日"),
        "account_id": ("customer id", "external customer id", "고객 ID", "Kunden-ID", "お客様 ID"),
        "campaign_id": ("campaign id", "캠페인 ID", "Kampagnen-ID", "キャンペーン ID"),
        "campaign_name": ("campaign", "campaign name", "캠페인", "Kampagne", "キャンペーン"),
        "impressions": ("impr.", "impressions", "노출수", "Impressionen", "表示回数"),
        "clicks": ("clicks", "클릭수", "Klicks", "クリック数"),
        "spend": ("cost", "비용", "Kosten", "費用"),
        "currency": ("currency code", "통화 코드", "통화", "Währungscode", "Währung", "通貨コード"),
        "timezone": ("time zone", "시간대"),
        "platform_conversions": ("conversions", "전환수", "전환", "コンバージョン"),
        "platform_conversion_value": (
            "conv. value",
            "total conv. value",
            "conversion value",
            "전환 가치",
            "전환 값",
            "Conv.-Wert",
        ),
        # The first column of the campaigns page; of its totals it says Total: Campaigns.
        "total_mark": ("campaign status", "캠페인 상태", "status", "Kampagnenstatus"),
    },
    required=("date", "campaign_name", "spend"),
    constants={"platform": "google_ads"},
)
