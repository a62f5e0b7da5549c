"""Amounts that are no real ones: a row with one is set aside at the door, before a sum or a rate makes it overflow."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from warehouse.contracts import AMOUNT_AT_MOST, MONEY, Table

TOO_LARGE = f"is more than any real amount ({AMOUNT_AT_MOST:,})"


def with_money_limits(parsed: DataFrame, table: Table) -> DataFrame:
    """Parsed rows of an adapter; those with an amount beyond AMOUNT_AT_MOST get it as their reason."""
    amounts = [column.name for column in table.columns if column.type == MONEY and column.name in parsed.columns]
    limit = F.lit(AMOUNT_AT_MOST).cast(MONEY)
    too_large = (F.when(F.abs(name) > limit, F.lit(f"{name} {TOO_LARGE}")) for name in amounts)
    return parsed.withColumn("reason", F.coalesce("reason", *too_large)) if amounts else parsed
