"""gold.channel_performance: what each channel, source, medium and campaign cost and earned, by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

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
    names: DataFrame,
    *,
    models: Sequence[str],
    conversion_types: Sequence[str],
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """Credit and spend side by side; every row of either is in it, matched or not.

    Credit is dated in the reporting zone by its touch and, in other rows, by its conversion. Spend repeats for each
    of `models`, `conversion_types` and date basis. Campaigns match in lower case, or by the platform's campaign id
    (`names`, from `campaign_names` of all spend); a campaign that no spend row names goes by its id.
    """
    earned = (
        credits.withColumn("campaign_key", F.lower("campaign"))
        .join(F.broadcast(names), F.col("campaign_key") == F.col("known_campaign_id"), how="left")
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
        F.broadcast(names), "known_campaign_id", how="left"
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


def campaign_names(spend: DataFrame) -> DataFrame:
    """One row per campaign id, in lower case, with the name it goes by: known_campaign_id, known_campaign."""
    named = spend.where(F.col("campaign_id").isNotNull() & F.col("campaign").isNotNull())
    return named.groupBy(F.lower("campaign_id").alias("known_campaign_id")).agg(
        F.min("campaign").alias("known_campaign")
    )


def before_changes(spend: DataFrame, changes: DataFrame) -> DataFrame:
    """campaign_id and campaign of the spend rows that were there before `changes` (a change feed) came."""
    came = F.col("_change_type").isin("insert", "update_postimage")
    columns = ("campaign_id", "campaign")
    counted = spend.select(*columns, F.lit(1).alias("rows")).unionByName(
        changes.select(*columns, F.when(came, F.lit(-1)).otherwise(F.lit(1)).alias("rows"))
    )
    return counted.groupBy(*columns).agg(F.sum("rows").alias("rows")).where(F.col("rows") > 0).drop("rows")


def renamed(names: DataFrame, names_before: DataFrame) -> DataFrame:
    """The campaign ids that go by another name in one of two frames of `campaign_names`: known_campaign_id."""
    signed = names.withColumn("surplus", F.lit(1)).unionByName(names_before.withColumn("surplus", F.lit(-1)))
    surplus = signed.groupBy(*names.columns).agg(F.sum("surplus").alias("surplus"))
    return surplus.where(F.col("surplus") != 0).select("known_campaign_id").distinct()


@dataclass(frozen=True)
class Dates:
    """A range of dates, both ends included, in the reporting zone."""

    first: date
    last: date

    def hold(self, day: Column) -> Column:
        """Whether a date is one of them."""
        return day.between(F.lit(self.first), F.lit(self.last))

    def of_credits(self, credits: DataFrame, *, timezone: str) -> DataFrame:
        """The credits whose touch or conversion is on one of the dates, and those of both."""
        return credits.where(self._hold_day_of("touched_at", timezone) | self._hold_day_of("converted_at", timezone))

    def _hold_day_of(self, moment: str, timezone: str) -> Column:
        # Wide enough for any zone, and literals: files outside are not opened.
        near = F.col(moment).between(F.lit(self.first - timedelta(days=2)), F.lit(self.last + timedelta(days=2)))
        return near & self.hold(_day(moment, timezone))


def changed_dates(
    credits: DataFrame,
    spend: DataFrame,
    *,
    credit_changes: DataFrame,
    spend_changes: DataFrame,
    renamed_campaigns: DataFrame,
    timezone: str,
) -> DataFrame:
    """One row, first and last: the range of the dates whose rows may differ, those of changed credits and spend (change
    feeds), and of what `renamed_campaigns` (known_campaign_id) earned or cost in all of `credits` and `spend`. Null
    where nothing changed.
    """
    of_renamed = F.broadcast(renamed_campaigns)
    earned = credits.join(of_renamed, F.lower("campaign") == F.col("known_campaign_id"), how="left_semi")
    spent = spend.join(of_renamed, F.lower("campaign_id") == F.col("known_campaign_id"), how="left_semi")
    moments = ("touched_at", "converted_at")
    dated = credit_changes.select(*moments).unionByName(earned.select(*moments))
    touched, converted = (_day(moment, timezone) for moment in moments)
    of_credits = dated.select(F.least(touched, converted).alias("from"), F.greatest(touched, converted).alias("to"))
    of_spend = spend_changes.select("spend_date").unionByName(spent.select("spend_date"))
    ranges = of_credits.unionAll(of_spend.select("spend_date", "spend_date"))
    return ranges.agg(F.min("from").alias("first"), F.max("to").alias("last"))


def _total(name: str) -> Column:
    total = F.coalesce(F.sum(name), F.lit(0))
    # Doubles add up in any order: without the rounding the last bits would differ from run to run.
    return (F.round(total, 9) if name in FLOAT_MEASURES else total).alias(name)


def _dates(timezone: str) -> Column:
    def dated(basis: str, moment: str) -> Column:
        return F.struct(F.lit(basis).alias("date_basis"), _day(moment, timezone).alias("date"))

    return F.array(dated("touch", "touched_at"), dated("conversion", "converted_at"))


def _day(moment: str, timezone: str) -> Column:
    return F.from_utc_timestamp(moment, timezone).cast("date")


def _each(names: Sequence[str]) -> Column:
    return F.explode(F.array(*(F.lit(name) for name in names)))


def _ratio(part: Column, whole: Column) -> Column:
    return F.when(whole > 0, part.cast("double") / whole.cast("double"))
