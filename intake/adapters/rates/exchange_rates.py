"""Daily exchange rates: CSV with date, currency, report_currency, rate and, optionally, exported_at."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.parse import (
    IMPOSSIBLE,
    decimal_field,
    first_problem,
    impossible_time,
    is_currency_code,
)
from intake.written_days import date_field, timestamp_field
from intake.written_numbers import plain_number
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES


def parse(rows: DataFrame, defaults: Defaults, lookups: Mapping[str, DataFrame]) -> DataFrame:
    """Rows of the exchange rates contract: 1 unit of currency = rate units of report_currency."""
    rate_date = date_field("date", defaults.export)
    rate = decimal_field(plain_number(F.col("rate"), defaults.export), "decimal(18,8)")

    exported = timestamp_field("exported_at", defaults.export, zone_when_missing="Z")

    def is_code(name: str) -> Column:
        return F.coalesce(is_currency_code(F.upper(name)), F.lit(False))

    reason = first_problem(
        (rate_date.isNull(), "date is missing or not a date"),
        (impossible_time(rate_date), f"date {IMPOSSIBLE}"),
        (rate.isNull(), "rate is missing or not a decimal number"),
        (rate <= 0, "rate is not above 0"),
        (~is_code("currency"), "currency is not an ISO 4217 code"),
        (~is_code("report_currency"), "report_currency is not an ISO 4217 code"),
    )
    return rows.select(
        "file",
        "line",
        "raw",
        reason.alias("reason"),
        rate_date.alias("rate_date"),
        F.upper("currency").alias("currency"),
        F.upper("report_currency").alias("report_currency"),
        rate.alias("rate"),
        F.coalesce(exported, rate_date.cast("timestamp")).alias("exported_at"),
    )


ADAPTER = Adapter(
    table=BRONZE_EXCHANGE_RATES,
    columns=("date", "currency", "report_currency", "rate", "exported_at"),
    required=("date", "currency", "report_currency", "rate"),
    parse=parse,
)
