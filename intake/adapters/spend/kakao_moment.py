"""Kakao Moment reports as the web page downloads them, by day: won, days of Seoul.

A day is provisional until 08:00 of the next one. A later export of it replaces the earlier one, as of any platform.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.spend import ad_spend
from intake.flat_export import named_export
from intake.written_numbers import given


def with_day(rows: DataFrame, defaults: Defaults) -> DataFrame:
    """`rows` with date: the day on which the period of the row begins and ends."""
    start, end = given(F.col("date")), given(F.col("date_end"))
    is_one_day = end.isNull() | (start == end)
    return rows.withColumn("date", F.when(is_one_day, start).otherwise(F.concat(start, F.lit(" - "), end)))


ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("일", "일자", "날짜", "일별", "시작일", "date", "day", "start", "start date"),
        "date_end": ("종료일", "end", "end date"),
        "account_id": ("광고계정 ID", "광고계정ID", "광고계정번호", "광고계정 번호", "ad account id", "adaccountid"),
        "campaign_id": ("캠페인 ID", "캠페인ID", "캠페인번호", "캠페인 번호", "campaign id", "campaignid"),
        "campaign_name": ("캠페인 이름", "캠페인이름", "캠페인명", "캠페인", "campaign name", "campaign"),
        "impressions": ("노출수", "노출", "impressions", "imp"),
        "clicks": ("클릭수", "클릭", "clicks", "click"),
        "spend": ("비용", "총비용", "집행 비용", "소진액", "cost", "spending"),
        "exported_at": ("exported at", "보고서 생성일시", "생성일시"),
        "platform_conversions": ("구매 (7일)", "구매(7일)", "구매수 (7일)", "purchases (7d)"),
        "platform_conversion_value": ("구매금액 (7일)", "구매금액(7일)", "구매 금액 (7일)"),
    },
    required=("date", "spend"),
    constants={"platform": "kakao_moment", "currency": "KRW", "timezone": "Asia/Seoul"},
    prepared=with_day,
)
