"""silver.touchpoints: the marketing touches."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS


def build_touchpoints(visits: DataFrame, sessions: DataFrame) -> DataFrame:
    """One row per touch of `build_visits`; those of bots are left out.

    An ad_click whose neighbour on the device (the touch before or after it) carries the same click id is that
    neighbour's click: the landing is the touch, the ad_click is not.
    """
    bot_sessions = sessions.where(F.col("is_bot")).select("session_id")
    touches = (
        visits.where(F.col("is_touch") & ~F.col("is_bot"))
        .join(bot_sessions, "session_id", how="left_anti")
        .withColumns({"touchpoint_id": F.col("event_id"), "touched_at": F.col("event_at")})
    )
    device = Window.partitionBy("device_key", "device").orderBy("touched_at", "touchpoint_id")
    is_ad_click = F.col("event_name") == "ad_click"
    landing = F.when(~is_ad_click, F.col("click_id"))
    is_landed = is_ad_click & (
        F.lag(landing).over(device).eqNullSafe(F.col("click_id"))
        | F.lead(landing).over(device).eqNullSafe(F.col("click_id"))
    )
    told = touches.select("*", (is_landed & F.col("click_id").isNotNull()).alias("is_landed"))
    interaction = F.when(F.col("event_name") == "ad_impression", F.lit("impression")).otherwise(F.lit("click"))
    return conform(told.where(~F.col("is_landed")).withColumn("interaction", interaction), SILVER_TOUCHPOINTS)
