"""Amounts in the reporting currency."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from warehouse.contracts import MONEY, MONEY_AT_MOST
from warehouse.days import report_day
from warehouse.errors import InputError
from warehouse.file_order import file_order


def build_daily_rates(rates: DataFrame, *, report_currency: str, max_age_days: int) -> DataFrame:
    """One row per (rate_day, rate_currency): the rate that holds on that day.

    That is the day's own rate, otherwise the last earlier one at most `max_age_days` old. Of several rates for one date
    the newest (exported_at, source_file, source_line) counts, by `file_order`. The reporting currency has no rows.
    """
    newest = Window.partitionBy("rate_date", "currency").orderBy(
        F.col("exported_at").desc(), file_order("source_file").desc(), F.col("source_line").desc()
    )
    valid_rates = (
        rates.where(F.col("report_currency") == report_currency)
        .select("*", F.row_number().over(newest).alias("rank"))
        .where(F.col("rank") == 1)
    )
    days = F.sequence("rate_date", F.date_add("rate_date", max_age_days))
    rates_by_day = valid_rates.select("currency", "rate_date", "rate", F.explode(days).alias("rate_day"))
    return rates_by_day.groupBy("rate_day", F.col("currency").alias("rate_currency")).agg(
        F.max_by("rate", "rate_date").alias("rate")
    )


def with_rate(frame: DataFrame, daily_rates: DataFrame, *, day: Column, report_currency: str) -> DataFrame:
    """`frame` with `rate`: units of the reporting currency for one of `currency` on `day`; null where none holds."""
    rated = with_rates_of(frame, daily_rates, day=day)
    return rated.withColumn("rate", rate_of(F.col("currency"), report_currency=report_currency)).drop("rates")


def in_report_currency(amount: Column) -> Column:
    """An amount times the row's `rate`, rounded half up to 6 decimals; null where that `is_too_large`."""
    return (amount * F.col("rate")).try_cast(MONEY)


def is_too_large(amount: Column, rate: Column) -> Column:
    """Whether an amount times its rate is more than the tables of money hold; false where no rate holds."""
    return F.coalesce(F.abs(amount * rate) > F.lit(MONEY_AT_MOST), F.lit(False))


def with_rates_of(frame: DataFrame, daily_rates: DataFrame, *, day: Column) -> DataFrame:
    """`frame` with `rates`: by currency, the units of the reporting currency for one of it on `day`; see `rate_of`."""
    rates = daily_rates.groupBy("rate_day").agg(
        F.map_from_entries(F.collect_list(F.struct("rate_currency", "rate"))).alias("rates")
    )
    joined = frame.withColumn("rate_wanted_on", day).join(
        F.broadcast(rates), F.col("rate_wanted_on") == F.col("rate_day"), how="left"
    )
    return joined.drop("rate_day", "rate_wanted_on")


def rate_of(currency: Column, *, report_currency: str) -> Column:
    """Units of the reporting currency for one of `currency`, by the row's `rates`; null where none holds."""
    own = F.lit(1).cast("decimal(18,8)")
    return F.when(currency == report_currency, own).otherwise(F.try_element_at("rates", currency))


def missing_rates(
    frame: DataFrame, daily_rates: DataFrame, *, day: str, timezone: str, report_currency: str
) -> DataFrame:
    """One row per day and currency of `frame` (columns `day`, a moment, and currency) for which no rate holds."""
    wanted = frame.select(report_day(day, timezone).alias("day"), "currency").distinct()
    rated = with_rate(wanted, daily_rates, day=F.col("day"), report_currency=report_currency)
    return rated.where(F.col("rate").isNull()).select("day", "currency")


def require_rates(
    frame: DataFrame,
    daily_rates: DataFrame,
    *,
    day: str,
    timezone: str,
    report_currency: str,
    max_age_days: int,
    what: str,
) -> None:
    """InputError for the first of the `missing_rates` of `frame`; `what` names its rows in the message."""
    missing = missing_rates(frame, daily_rates, day=day, timezone=timezone, report_currency=report_currency)
    first = missing.orderBy("day", "currency").first()
    if first is not None:
        raise InputError(
            f"{what}: no exchange rate from {first['currency']} to {report_currency} for {first['day']} or the "
            f"{max_age_days} days before (exchange_rates.max_age_days); land one as a file of exchange rates"
        )
