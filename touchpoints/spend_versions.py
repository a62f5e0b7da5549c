"""Which rows of ad spend are valid: a file exported later replaces what it restates, and nothing besides."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.window import WindowSpec

from touchpoints.exchange_rates import is_too_large, with_rate
from touchpoints.knobs import PlatformDefault
from touchpoints.names import LONGEST_NAME, with_names, without_codes
from touchpoints.outcomes import COUNTED, LEFT_OUT, NO_ROOM, REPLACED, TOO_LARGE, UNSETTLED, as_outcomes
from touchpoints.unsettled import because_of, newer_than, newest_quarantined
from warehouse.contracts import COUNT_LIMIT, MONEY
from warehouse.days import report_day
from warehouse.file_order import file_order
from warehouse.record_ids import spend_record_id
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND

SPEND = "ad_spend"
# What an export restates as a whole.
UNIT = ("platform", "account_id", "spend_date", "unit_campaign")
LACKS_CAMPAIGN = "a later file of this platform, account and day lacks the campaign or its hour"


def valid_spend(spend: DataFrame, *, timezone: str) -> DataFrame:
    """The valid rows of bronze.ad_spend; the date of hourly rows is their day in the reporting zone.

    For each (platform, account, date of the export) only the file exported last is valid: by its newest exported_at,
    then by name (`file_order`). Rows without an account may be of any: for them this holds for each campaign, so that
    files of two accounts add up.
    """
    valid_rows = _with_newest_export(spend).where(F.col("source_file") == F.col("newest.source_file"))
    hour_date = report_day("spend_at", timezone)
    return valid_rows.withColumn("spend_date", F.coalesce(hour_date, F.col("spend_date"))).select(*spend.columns)


def with_key(spend: DataFrame, *, platforms: Mapping[str, PlatformDefault]) -> DataFrame:
    """The rows with source, medium and campaign as in the key of silver.ad_spend; `platforms` gives source and medium
    where the rows have none."""

    def given(name: str) -> Column:
        defaults = {platform: getattr(default, name) for platform, default in platforms.items()}
        return F.coalesce(name, *(F.when(F.col("platform") == one, F.lit(text)) for one, text in defaults.items()))

    return _named(spend).withColumns(
        {"source": given("source"), "medium": given("medium"), "campaign": F.lower("campaign_name")}
    )


def _named(spend: DataFrame) -> DataFrame:
    """`spend` with its names in the form that those of touches have."""
    names = ("source", "medium", "campaign_name", "campaign_id")
    plain = spend.withColumns({name: without_codes(F.substring(name, 1, LONGEST_NAME)) for name in names})
    return with_names(plain, names)


def is_too_large_spend(spend: Column, claimed_value: Column) -> Column:
    """Whether a sum of spend, or of what the platform claims, is more than fits at the row's `rate` or without it."""
    one = F.lit(1).cast("decimal(18,8)")
    found = (is_too_large(amount, rate) for amount in (spend, claimed_value) for rate in (F.col("rate"), one))
    return reduce(Column.__or__, found)


def spend_outcomes(
    spend: DataFrame,
    quarantine: DataFrame,
    daily_rates: DataFrame,
    *,
    platforms: Mapping[str, PlatformDefault],
    timezone: str,
    report_currency: str,
) -> DataFrame:
    """One row per row of bronze.ad_spend; see `touchpoints.outcomes`.

    A row of an earlier file is replaced where the valid file has its campaign (and hour), by id or by name; otherwise
    its amount is left out. Valid rows whose sum is more than fits do not count; those of a day of which a later file
    has rows in `quarantine` (bronze.quarantine) count, unsettled.
    """
    day = F.coalesce(report_day("spend_at", timezone), F.col("spend_date"))
    rows = with_key(_with_newest_export(spend), platforms=platforms).withColumns(
        {
            "is_valid": F.col("source_file") == F.col("newest.source_file"),
            "export_date": F.col("spend_date"),
            "spend_date": day,
        }
    )
    of_key = Window.partitionBy("is_valid", *SILVER_AD_SPEND.key)
    sums = {
        "summed_spend": F.sum("spend").over(of_key),
        "summed_claims": F.sum(F.coalesce("platform_conversion_value", F.lit(0).cast(MONEY))).over(of_key),
    }
    rated = (
        with_rate(rows.withColumns(sums), daily_rates, day=F.col("spend_date"), report_currency=report_currency)
        .withColumn("record_id", spend_record_id(F.col("export_date")))
        .join(newest_quarantined(quarantine, BRONZE_AD_SPEND), "record_id", how="left")
    )
    # Of one file, rows in quarantine are missing, but no newer version.
    after_file = F.lit(COUNT_LIMIT).cast("bigint")
    unread = newer_than(F.col("newest.file_exported_at"), "newest.source_file", after_file)
    outcome = (
        F.when(~F.col("is_valid"), F.when(_is_restated(), REPLACED).otherwise(LEFT_OUT))
        .when(is_too_large_spend(F.col("summed_spend"), F.col("summed_claims")), TOO_LARGE)
        .when(unread.isNotNull(), UNSETTLED)
        .otherwise(COUNTED)
    )
    return as_outcomes(
        rated,
        SPEND,
        outcome=outcome,
        reason=F.when(outcome == LEFT_OUT, LACKS_CAMPAIGN)
        .when(outcome == TOO_LARGE, NO_ROOM)
        .when(outcome == UNSETTLED, because_of(unread))
        .otherwise(""),
        amount=F.col("spend"),
        other_amount=F.when(F.col("is_valid"), unread["amount"]),
        other_file=F.when(F.col("is_valid"), unread["file"]).otherwise(F.col("newest.source_file")),
        other_line=F.when(F.col("is_valid"), unread["line"]),
    )


def _with_newest_export(spend: DataFrame) -> DataFrame:
    """The rows with `newest`, the export that counts: its source_file, and the ids and names of its campaigns."""
    name, rows = F.lower("campaign_name"), with_units(spend)
    exports = rows.groupBy(*UNIT, "source_file").agg(
        F.max("exported_at").alias("file_exported_at"),
        F.collect_set(_in_its_hour(F.col("campaign_id"))).alias("campaign_ids"),
        F.collect_set(_in_its_hour(name)).alias("campaign_names"),
        F.max(_is_unnamed().cast("int")).alias("has_unnamed"),
    )
    newest_exports = (
        exports.select("*", F.row_number().over(newest_export_first()).alias("rank"))
        .where(F.col("rank") == 1)
        .select(
            *(F.col(name).alias(f"newest_{name}") for name in UNIT),
            F.struct("source_file", "file_exported_at", "campaign_ids", "campaign_names", "has_unnamed").alias(
                "newest"
            ),
        )
    )
    same_unit = [F.col(name).eqNullSafe(F.col(f"newest_{name}")) for name in UNIT]
    return rows.join(newest_exports, same_unit, how="inner")


def with_units(spend: DataFrame) -> DataFrame:
    """The rows with unit_campaign, the part of UNIT that rows without an account have."""
    campaign = F.coalesce("campaign_id", F.lower("campaign_name"))
    return _named(spend).withColumn("unit_campaign", F.when(F.col("account_id").isNull(), campaign))


def newest_export_first() -> WindowSpec:
    """The exports of a UNIT (file_exported_at, source_file), the one that counts first."""
    return Window.partitionBy(*UNIT).orderBy(F.col("file_exported_at").desc(), file_order("source_file").desc())


def _in_its_hour(campaign: Column) -> Column:
    """A campaign's id or name, with the hour of hourly rows; null without one."""
    return F.when(campaign.isNotNull(), F.concat_ws("@", campaign, F.col("spend_at").cast("string")))


def _is_unnamed() -> Column:
    """Whether a row names no campaign."""
    return F.col("campaign_id").isNull() & F.col("campaign_name").isNull()


def _is_restated() -> Column:
    """Whether the newest export has the row's campaign, of hourly rows in that hour."""
    by_id = F.array_contains(F.col("newest.campaign_ids"), _in_its_hour(F.col("campaign_id")))
    by_name = F.array_contains(F.col("newest.campaign_names"), _in_its_hour(F.lower("campaign_name")))
    unnamed = _is_unnamed() & (F.col("newest.has_unnamed") == 1)
    return F.coalesce(by_id, F.lit(False)) | F.coalesce(by_name, F.lit(False)) | unnamed
