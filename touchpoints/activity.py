"""silver.activity: how much each person did of what, by day."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.tables.silver_activity import SILVER_ACTIVITY

# A deep link's own scheme (shop-app://product/7) has no host: what stands there is the first part of its path.
SCHEME_AND_HOST = r"^(?i:https?://[^/?#]*/?|[a-z][a-z0-9+.-]*:/*)"


def build_activity(visits: DataFrame, *, timezone: str) -> DataFrame:
    """Counts of hits by person, reporting day, event name, page group (first part of the path) and platform."""
    path = F.regexp_replace("landing_url", SCHEME_AND_HOST, "")
    page_group = F.lower(F.substring_index(path, "/", 1))
    hits = visits.where(F.col("event_at").isNotNull() & ~F.col("is_bot")).select(
        "person_id",
        report_day("event_at", timezone).alias("activity_date"),
        "event_name",
        F.when(F.col("landing_url").isNull(), F.lit("(none)"))
        .when(page_group == "", F.lit("(home)"))
        .otherwise(page_group)
        .alias("page_group"),
        "platform",
    )
    counted = hits.groupBy("person_id", "activity_date", "event_name", "page_group", "platform").agg(
        F.count(F.lit(1)).alias("events")
    )
    return conform(counted, SILVER_ACTIVITY)
