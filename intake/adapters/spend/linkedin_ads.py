"""LinkedIn campaign reports by day, of Campaign Manager's page and of connectors: days are UTC's."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.spend import ad_spend
from intake.flat_export import named_export
from intake.parse import account_field, of_account
from intake.written_numbers import given


def with_own_fields(rows: DataFrame, defaults: Defaults) -> DataFrame:
    """`rows` with spend and currency: cost in the account's currency where that is known, otherwise in US dollars.

    What LinkedIn claims is in the account's currency, so beside dollars it is left out.
    """
    currency = of_account("currency", account_field("account_id"), defaults)
    in_usd = currency.isNull() & given(F.col("cost_in_usd")).isNotNull()
    nothing = F.lit(None).cast("string")
    return rows.withColumns(
        {
            "spend": F.when(in_usd, F.col("cost_in_usd")).otherwise(F.col("spend")),
            "currency": F.when(in_usd, F.lit("USD")).otherwise(currency),
            "platform_conversion_value": F.when(in_usd, nothing).otherwise(F.col("platform_conversion_value")),
        }
    )


ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("day", "start date (in utc)", "start date", "date range start", "시작일(utc)", "시작일"),
        "account_id": ("account id", "ad account id", "광고 계정 ID"),
        "campaign_id": ("campaign id", "캠페인 ID"),
        "campaign_name": ("campaign name", "campaign", "캠페인 이름"),
        "impressions": ("impressions", "노출 수", "노출"),
        "clicks": ("clicks", "클릭 수", "클릭"),
        "spend": ("cost_in_local_currency", "cost in local currency", "total spent", "지출 총액", "총 지출"),
        "cost_in_usd": ("cost in usd",),
        "platform_conversions": ("external_website_conversions", "conversions", "전환 수", "전환"),
        "platform_conversion_value": ("conversion_value_in_local_currency", "total conversion value", "총 전환 가치"),
        "exported_at": ("_fivetran_synced", "exported at"),
    },
    required=("date", "campaign_id", "spend"),
    constants={"platform": "linkedin", "timezone": "UTC"},
    prepared=with_own_fields,
)
