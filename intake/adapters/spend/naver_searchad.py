"""Naver Search Ad reports as the web page downloads them, by day: won, days of Seoul, a title above the header."""

from __future__ import annotations

from intake.adapters.spend import ad_spend
from intake.flat_export import named_export

ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("일별", "일자", "날짜", "date", "day"),
        "account_id": ("광고주 ID", "고객 ID", "customer id", "customer_id"),
        "campaign_id": ("캠페인 ID", "캠페인ID", "campaign id"),
        "campaign_name": ("캠페인", "캠페인 이름", "캠페인명", "campaign", "campaign name"),
        "impressions": ("노출수", "impressions"),
        "clicks": ("클릭수", "clicks"),
        "spend": (
            "총비용(VAT포함,원)", "총비용(VAT포함)", "총비용(VAT제외,원)", "총비용(원)", "총비용", "비용",
            "total cost(VAT incl.)", "total cost", "cost",
        ),
        "platform_conversions": ("총 전환수", "전환수", "구매완료 전환수", "conversions"),
        "platform_conversion_value": (
            "총 전환매출액(원)", "전환매출액(원)", "구매완료 전환매출액(원)", "전환매출액", "conversion revenue",
        ),
    },
    required=("date", "campaign_name", "spend"),
    constants={"platform": "naver_searchad", "currency": "KRW", "timezone": "Asia/Seoul"},
)  # fmt: skip
