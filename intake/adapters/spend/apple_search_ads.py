"""Apple Search Ads campaign reports by day, of the page and of connectors: taps are clicks, the currency is inside."""

from __future__ import annotations

from intake.adapters.spend import ad_spend
from intake.flat_export import named_export

ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("day", "날짜"),
        "account_id": ("organization_id", "org_id", "org id", "organization id", "account id"),
        "campaign_id": ("id", "campaign id", "캠페인 ID"),
        "campaign_name": ("campaign name", "campaign", "캠페인 이름"),
        "impressions": ("impressions", "노출 수"),
        "clicks": ("taps", "탭 수", "탭"),
        "spend": ("local_spend_amount", "local spend amount", "spend", "지출"),
        "currency": ("local_spend_currency", "local spend currency", "currency", "통화"),
        "timezone": ("time zone", "time_zone"),
        # Installs after a tap; after a mere view is another count, and tap_installs is the newer name.
        "platform_conversions": (
            "tap_installs",
            "installs (tap-through)",
            "conversions",
            "installs (total)",
            "installs",
        ),
        "exported_at": ("_fivetran_synced",),
    },
    required=("date", "campaign_id", "spend"),
    constants={"platform": "apple_search_ads"},
)
