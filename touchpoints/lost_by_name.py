"""Rows that came in later and lose to earlier ones by the names of their files alone: the run names both files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.order_versions import NOT_COUNTED, newest_first
from touchpoints.spend_versions import UNIT, newest_export_first, with_units
from warehouse.change_feed import change_sign
from warehouse.conform import with_contract_columns
from warehouse.contracts import Table
from warehouse.local_files import shown
from warehouse.recipes import Work
from warehouse.store import TableVersion
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.silver_money_ledger import SILVER_MONEY_LEDGER

LINES_AT_MOST = 5
PAIR = ("input", "source_file", "other_file", "currency")


def orders_lost_by_name(orders: DataFrame, changes: DataFrame) -> DataFrame:
    """One row per file of `changes` (change feed of bronze.orders), file that counts instead, and currency: how many
    rows lose, with what they would count, and what counts (amount and other_amount: value without what was refunded).

    Those rows lose that have the same updated_at as the newest version, and would count another amount. Versions of one
    run are not compared with each other, and lines of orders, which add up, with none.
    """
    is_new = changes.where(change_sign() > 0).select("order_id", "source_file", "source_line").distinct()
    versions = (
        orders.where(F.col("part").isNull())
        .join(is_new.select("order_id").distinct(), "order_id", how="left_semi")
        .join(is_new.withColumn("is_new", F.lit(True)), ["order_id", "source_file", "source_line"], how="left")
    )
    counts_nothing = F.col("deleted") | F.col("status").isin(*NOT_COUNTED)
    amount = F.when(counts_nothing, F.lit(0)).otherwise(F.col("value") - F.coalesce("refunded_value", F.lit(0)))
    judged = versions.select(
        "order_id", "source_file", "source_line", "updated_at", "currency", "is_new", amount.alias("amount")
    )
    newest = F.first(F.struct("source_file", "updated_at", "currency", "is_new", "amount")).over(newest_first())
    lost = judged.withColumn("newest", newest).where(
        F.col("is_new") & F.col("newest.is_new").isNull() & (F.col("updated_at") == F.col("newest.updated_at"))
    )
    return _by_pair(lost.withColumn("rows", F.lit(1)), "orders")


def spend_lost_by_name(spend: DataFrame, changes: DataFrame) -> DataFrame:
    """The same of bronze.ad_spend: what a file of `changes` has of a day (of a campaign, without an account), and the
    file that counts for it instead, both with the same exported_at."""
    new_files = changes.where(change_sign() > 0).select("source_file", F.lit(True).alias("is_new")).distinct()
    exports = (
        with_units(spend)
        .groupBy(*UNIT, "source_file", "currency")
        .agg(
            F.max("exported_at").alias("file_exported_at"),
            F.sum("spend").alias("amount"),
            F.count(F.lit(1)).alias("rows"),
        )
        .join(new_files, "source_file", how="left")
    )
    newest = F.first(F.struct("source_file", "file_exported_at", "currency", "is_new", "amount")).over(
        newest_export_first()
    )
    lost = exports.withColumn("newest", newest).where(
        F.col("is_new")
        & F.col("newest.is_new").isNull()
        & (F.col("file_exported_at") == F.col("newest.file_exported_at"))
    )
    return _by_pair(lost, "ad_spend")


def _by_pair(lost: DataFrame, input_: str) -> DataFrame:
    is_other = (F.col("amount") != F.col("newest.amount")) | (F.col("currency") != F.col("newest.currency"))
    pairs = lost.where(is_other).select(
        F.lit(input_).alias("input"),
        "source_file",
        F.col("newest.source_file").alias("other_file"),
        "currency",
        F.col("newest.currency").alias("other_currency"),
        "rows",
        "amount",
        F.col("newest.amount").alias("other_amount"),
    )
    return pairs.groupBy(*PAIR, "other_currency").agg(
        *(F.sum(name).alias(name) for name in ("rows", "amount", "other_amount"))
    )


LOST = {BRONZE_ORDERS: orders_lost_by_name, BRONZE_AD_SPEND: spend_lost_by_name}


def lost_by_name(work: Work) -> list[str]:
    """The lines of a run about rows that landed since the ledger was last made; to be asked before it is written."""
    frames = []
    for table, lost in LOST.items():
        changes = _landed_since(work, table)
        if changes is not None:
            # A lake of before lacks what says which rows are lines.
            frames.append(lost(with_contract_columns(work.read(table), table), changes))
    pairs = reduce(DataFrame.unionByName, frames).collect() if frames else []  # a row per pair of files
    return in_words(row.asDict() for row in pairs)


def _landed_since(work: Work, table: Table) -> DataFrame | None:
    """The change feed of `table` since the ledger was made; None where nothing changed or it cannot be followed."""
    origin = work.lake.origin(SILVER_MONEY_LEDGER)
    if origin is None or table.full_name not in origin.inputs:
        return None
    seen, now = TableVersion.of(origin.inputs[table.full_name]), work.lake.at(table)
    if now is None or seen.id != now.id or seen.version >= now.version:
        return None
    return work.lake.changes(table, seen.version)


def in_words(pairs: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line per pair of files, the largest difference first."""
    in_order = sorted(pairs, key=lambda row: (-abs(row["amount"] - row["other_amount"]), *(row[name] for name in PAIR)))
    lines = [_in_words(row) for row in in_order[:LINES_AT_MOST]]
    more = len(in_order) - len(lines)
    return [*lines, f"{more} more pairs of files in which the one landed later loses by its name"] if more else lines


def _in_words(row: Mapping[str, Any]) -> str:
    one = row["rows"] == 1
    lost = f"{shown(row['source_file'])} ({row['amount']:,.2f} {row['currency']})"
    counted = f"{shown(row['other_file'])} ({row['other_amount']:,.2f} {row['other_currency']})"
    return (
        f"{row['input']}: {row['rows']:,} row{'' if one else 's'} of {lost} landed later and yet "
        f"{'does' if one else 'do'} not count: {counted} has the later name"
    )
