"""Meta Ads Manager exports by day: the currency stands in the header of the amount, a summary row above the others."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.spend import ad_spend
from intake.flat_export import named_export
from intake.written_numbers import given

# Amount spent (USD) in an account of US dollars; others by `columns: {spend: …}` and `constants: {currency: …}`.
CURRENCIES = (
    "USD", "EUR", "GBP", "KRW", "JPY", "AUD", "CAD", "NZD", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON",
    "TRY", "ILS", "AED", "SAR", "INR", "IDR", "THB", "VND", "PHP", "MYR", "SGD", "HKD", "TWD", "CNY", "BRL", "MXN",
    "ZAR",
)  # fmt: skip


def _spend_column(currency: str) -> str:
    return f"spend_{currency.lower()}"


def with_own_fields(rows: DataFrame, defaults: Defaults) -> DataFrame:
    """`rows` with date, spend and currency. A row that names no campaign is the sum of the others."""
    start, end = given(F.col("date")), given(F.col("date_end"))
    is_one_day = end.isNull() | (start == end)
    day = F.coalesce(given(F.col("day")), F.when(is_one_day, start).otherwise(F.concat(start, F.lit(" - "), end)))
    is_sum = given(F.col("campaign_name")).isNull() & given(F.col("campaign_id")).isNull()
    spends = {currency: F.col(_spend_column(currency)) for currency in CURRENCIES}
    of_header = F.coalesce(*(F.when(given(spend).isNotNull(), currency) for currency, spend in spends.items()))
    return rows.withColumns(
        {
            "date": F.when(~is_sum, day),
            "total_mark": F.when(is_sum, F.lit("Total")),
            "spend": F.coalesce(F.col("spend"), *(given(spend) for spend in spends.values())),
            "currency": F.coalesce(given(F.col("currency")), of_header),
        }
    )


ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "day": ("일",),
        "date": ("reporting starts", "보고 시작"),
        "date_end": ("reporting ends", "보고 종료"),
        "account_id": ("account id", "ad account id", "계정 ID", "광고 계정 ID"),
        "campaign_id": ("campaign id", "캠페인 ID"),
        "campaign_name": ("campaign name", "캠페인 이름"),
        "impressions": ("impressions", "노출"),
        "clicks": ("link clicks", "링크 클릭"),
        "spend": ("amount spent", "지출 금액"),
        **{
            _spend_column(currency): (f"amount spent ({currency})", f"지출 금액 ({currency})", f"지출 금액({currency})")
            for currency in CURRENCIES
        },
        "platform_conversions": ("purchases", "구매"),
        "platform_conversion_value": ("purchases conversion value", "구매 전환값"),
    },
    required=("date", "campaign_name"),
    constants={"platform": "meta"},
    prepared=with_own_fields,
)
