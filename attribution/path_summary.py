"""gold.path_summary: how often each sequence of channels was walked, and what came of it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.tables.gold_path_summary import GOLD_PATH_SUMMARY

MICROS_PER_DAY = 86_400_000_000


def build_path_summary(journeys: DataFrame, *, report_currency: str) -> DataFrame:
    """One row per conversion type and channel path of `journeys`, converting and not.

    days_to_convert is the mean time from the first touch to the conversion, of the conversions with a touch.
    """
    converted = F.col("conversion_id").isNotNull()
    since_first = F.unix_micros("ended_at") - F.unix_micros(F.get("path", F.lit(0))["touched_at"])
    walked = journeys.select(
        "conversion_type",
        F.transform("path", lambda touch: touch["channel"]).alias("path"),
        converted.alias("converted"),
        "report_value",
        F.when(converted, since_first / MICROS_PER_DAY).alias("days"),
    )
    summed = walked.groupBy("conversion_type", "path").agg(
        F.count_if("converted").alias("conversions"),
        F.count_if(~F.col("converted")).alias("non_conversions"),
        F.sum("report_value").alias("value"),
        F.round(F.avg("days"), 9).alias("days_to_convert"),
    )
    return conform(summed.withColumn("currency", F.lit(report_currency)), GOLD_PATH_SUMMARY)
