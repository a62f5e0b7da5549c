"""gold.channel_performance: what each channel, source, medium and campaign cost and earned, by day."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.conform import conform
from warehouse.tables.gold_channel_performance import GOLD_CHANNEL_PERFORMANCE

NOT_SET = "(not set)"
DIMENSIONS = ("date", "channel", "source", "medium", "campaign")
DATE_BASES = ("touch", "conversion")
EXACT_MEASURES = ("spend", "impressions", "clicks", "credited_value", "gross_value", "platform_conversion_value")
FLOAT_MEASURES = ("credited_conversions", "new_customers", "platform_conversions")
MEASURES = EXACT_MEASURES + FLOAT_MEASURES


def build_channel_performance(
    credits: DataFrame,
    spend: DataFrame,
    *,
    models: Sequence[str],
    conversion_types: Sequence[str],
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """Credit and spend side by side; every row of either is in it, matched or not.

    Credit is dated in the reporting zone by its touch and, in other rows, by its conversion. Spend repeats for each
    of `models`, `conversion_types` and date basis. Campaigns match in lower case, or by the platform's campaign id;
    a campaign that no spend row names goes by its id.
    """
    names_by_id = (
        spend.where(F.col("campaign_id").isNotNull() & F.col("campaign").isNotNull())
        .groupBy(F.lower("campaign_id").alias("known_campaign_id"))
        .agg(F.min("campaign").alias("known_campaign"))
    )
    earned = (
        credits.withColumn("campaign_key", F.lower("campaign"))
        .join(F.broadcast(names_by_id), F.col("campaign_key") == F.col("known_campaign_id"), how="left")
        .select(
            "model",
            "conversion_type",
            F.explode(_dates(timezone)).alias("dated"),
            "channel",
            "source",
            "medium",
            F.coalesce("known_campaign", "campaign_key").alias("campaign"),
            F.col("credit").alias("credited_conversions"),
            "credited_value",
            "gross_value",
            F.when(F.col("is_first_purchase"), F.col("credit")).otherwise(F.lit(0.0)).alias("new_customers"),
        )
        .select("*", "dated.date_basis", "dated.date")
    )
    named_spend = spend.withColumn("known_campaign_id", F.lower("campaign_id")).join(
        F.broadcast(names_by_id), "known_campaign_id", how="left"
    )
    spent = named_spend.select(
        _each(models).alias("model"),
        F.col("spend_date").alias("date"),
        "channel",
        "source",
        "medium",
        F.coalesce("campaign", "known_campaign", "known_campaign_id").alias("campaign"),
        F.col("report_spend").alias("spend"),
        "impressions",
        "clicks",
        "platform_conversions",
        "platform_conversion_value",
    )
    spent = spent.select("*", _each(conversion_types).alias("conversion_type"))
    spent = spent.select("*", _each(DATE_BASES).alias("date_basis"))
    sides = earned.drop("dated").unionByName(spent, allowMissingColumns=True)
    named = sides.withColumns({name: F.coalesce(name, F.lit(NOT_SET)) for name in ("source", "medium", "campaign")})
    summed = named.groupBy("model", "conversion_type", "date_basis", *DIMENSIONS).agg(
        *(_total(name) for name in MEASURES)
    )
    return conform(
        summed.withColumns(
            {
                "currency": F.lit(report_currency),
                "roas": _ratio(F.col("credited_value"), F.col("spend")),
                "cpa": _ratio(F.col("spend"), F.col("credited_conversions")),
            }
        ),
        GOLD_CHANNEL_PERFORMANCE,
    )


def _total(name: str) -> Column:
    total = F.coalesce(F.sum(name), F.lit(0))
    # Doubles add up in any order: without the rounding the last bits would differ from run to run.
    return (F.round(total, 9) if name in FLOAT_MEASURES else total).alias(name)


def _dates(timezone: str) -> Column:
    def dated(basis: str, moment: str) -> Column:
        day = F.from_utc_timestamp(moment, timezone).cast("date")
        return F.struct(F.lit(basis).alias("date_basis"), day.alias("date"))

    return F.array(dated("touch", "touched_at"), dated("conversion", "converted_at"))


def _each(names: Sequence[str]) -> Column:
    return F.explode(F.array(*(F.lit(name) for name in names)))


def _ratio(part: Column, whole: Column) -> Column:
    return F.when(whole > 0, part.cast("double") / whole.cast("double"))
