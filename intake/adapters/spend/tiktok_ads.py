"""TikTok Ads Manager reports of the web page and of connectors: by day, perhaps with a midnight, or by hour of UTC."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.adapter import Defaults
from intake.adapters.spend import ad_spend
from intake.flat_export import named_export
from intake.written_days import timestamp_field


def with_hour(rows: DataFrame, defaults: Defaults) -> DataFrame:
    """`rows` with the hour of stat_time_hour as date, with its offset: UTC, unless the input has a `timezone`.

    Silver puts an hour into its day in the reporting zone. The day of the export stays that of UTC: by it a later file
    replaces an earlier one.
    """
    hour = timestamp_field("hour", defaults.export, zone_when_missing="Z")
    text = F.concat(F.date_format(hour, "yyyy-MM-dd HH:mm:ss"), F.lit("Z"))
    return rows.withColumn("date", F.coalesce(text, F.col("date")))


ADAPTER = named_export(
    ad_spend.ADAPTER,
    {
        "date": ("by day", "day", "date", "stat_time_day", "stat_time_hour", "날짜", "일별", "일"),
        "hour": ("stat_time_hour",),
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
    prepared=with_hour,
)
