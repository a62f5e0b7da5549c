"""Which rows of ad spend are valid: a file exported later replaces what it restates, and nothing besides."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from touchpoints.outcomes import COUNTED, LEFT_OUT, REPLACED, as_outcomes
from warehouse.days import report_day

SPEND = "ad_spend"
# What an export restates as a whole.
UNIT = ("platform", "account_id", "spend_date", "unit_campaign")
LACKS_CAMPAIGN = "a later file of this platform, account and day lacks the campaign"


def valid_spend(spend: DataFrame, *, timezone: str) -> DataFrame:
    """The valid rows of bronze.ad_spend; the date of hourly rows is their day in the reporting zone.

    For each (platform, account, date of the export) only the file exported last is valid: by its newest exported_at,
    then by name. Rows without an account may be of any: for them this holds for each campaign, so that files of two
    accounts add up.
    """
    valid_rows = _with_newest_export(spend).where(F.col("source_file") == F.col("newest.source_file"))
    hour_date = report_day("spend_at", timezone)
    return valid_rows.withColumn("spend_date", F.coalesce(hour_date, F.col("spend_date"))).select(*spend.columns)


def spend_outcomes(spend: DataFrame) -> DataFrame:
    """One row per row of bronze.ad_spend; see `touchpoints.outcomes`.

    A row of an earlier file is replaced where the valid file has its campaign, by id or by name; otherwise its amount
    is left out.
    """
    rows = _with_newest_export(spend)
    is_valid = F.col("source_file") == F.col("newest.source_file")
    outcome = F.when(is_valid, COUNTED).when(_is_restated(), REPLACED).otherwise(LEFT_OUT)
    return as_outcomes(
        rows,
        SPEND,
        record_id=F.concat_ws(" ", "platform", "account_id", F.col("spend_date").cast("string")),
        outcome=outcome,
        reason=F.when(outcome == LEFT_OUT, F.lit(LACKS_CAMPAIGN)).otherwise(""),
        amount=F.col("spend"),
        counted_file=F.col("newest.source_file"),
    )


def _with_newest_export(spend: DataFrame) -> DataFrame:
    """The rows with `newest`, the export that counts: its source_file, and the ids and names of its campaigns."""
    name = F.lower("campaign_name")
    with_units = spend.withColumn(
        "unit_campaign", F.when(F.col("account_id").isNull(), F.coalesce("campaign_id", name))
    )
    exports = with_units.groupBy(*UNIT, "source_file").agg(
        F.max("exported_at").alias("file_exported_at"),
        F.collect_set("campaign_id").alias("campaign_ids"),
        F.collect_set(name).alias("campaign_names"),
        F.max(_is_unnamed().cast("int")).alias("has_unnamed"),
    )
    newest = Window.partitionBy(*UNIT).orderBy(F.col("file_exported_at").desc(), F.col("source_file").desc())
    newest_exports = (
        exports.select("*", F.row_number().over(newest).alias("rank"))
        .where(F.col("rank") == 1)
        .select(
            *(F.col(name).alias(f"newest_{name}") for name in UNIT),
            F.struct("source_file", "campaign_ids", "campaign_names", "has_unnamed").alias("newest"),
        )
    )
    same_unit = [F.col(name).eqNullSafe(F.col(f"newest_{name}")) for name in UNIT]
    return with_units.join(newest_exports, same_unit, how="inner")


def _is_unnamed() -> Column:
    """Whether a row names no campaign."""
    return F.col("campaign_id").isNull() & F.col("campaign_name").isNull()


def _is_restated() -> Column:
    """Whether the newest export has the row's campaign."""
    by_id = F.array_contains(F.col("newest.campaign_ids"), F.col("campaign_id"))
    by_name = F.array_contains(F.col("newest.campaign_names"), F.lower("campaign_name"))
    unnamed = _is_unnamed() & (F.col("newest.has_unnamed") == 1)
    return F.coalesce(by_id, F.lit(False)) | F.coalesce(by_name, F.lit(False)) | unnamed
