"""What the rows of landed files say in money, and what became of it at the door: the rows of bronze.landed_money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.suspect_times import FileAccount
from warehouse.checks import CheckResult, equal
from warehouse.contracts import MONEY, MONEY_SUM, Table
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_landed_money import BRONZE_LANDED_MONEY
from warehouse.tables.bronze_orders import BRONZE_ORDERS

READ, KEPT, SAME_AGAIN, CONFLICTING = "read", "kept", "same_again", "conflicting"
REPLACING, REPLACED, QUARANTINED, NO_DATA = "replacing", "replaced", "quarantined", "no_data"
# By table with amounts: how the amount of a row is called, and the column that has it. Events are called by their name.
KINDS = {BRONZE_ORDERS: "order", BRONZE_AD_SPEND: "spend"}
AMOUNTS = {BRONZE_ORDERS: "value", BRONZE_EVENTS: "value", BRONZE_AD_SPEND: "spend"}
MONEY_EVENTS = ("purchase", "refund")
NAMES = ("table_name", "kind", "currency")
MONEY_COLUMNS = {"kind": "string", "amount": MONEY, "money_currency": "string"}

MoneyRow = Mapping[str, Any]  # a row of bronze.landed_money


def money_of(table: Table, *, as_: str = "") -> list[Column]:
    """The columns of MONEY_COLUMNS, named so after `as_`, for rows that are meant for a table; null in rows without
    money."""
    if table not in AMOUNTS:
        return [F.lit(None).cast(type_).alias(f"{as_}{name}") for name, type_ in MONEY_COLUMNS.items()]
    kind = F.lit(KINDS.get(table)).cast("string")
    if table is BRONZE_EVENTS:
        kind = F.when(F.col("event_name").isin(*MONEY_EVENTS), F.col("event_name"))
    found = {"kind": kind, "amount": F.col(AMOUNTS[table]), "money_currency": F.col("currency")}
    return [
        F.when(kind.isNotNull(), found[name]).cast(type_).alias(as_ + name) for name, type_ in MONEY_COLUMNS.items()
    ]


def outcome_of_verdict() -> Column:
    """What became of a good row's amount."""
    return (
        F.when(F.col("is_kept"), KEPT)
        .when(F.col("is_conflicting"), F.when(F.col("is_superseding"), REPLACING).otherwise(CONFLICTING))
        .otherwise(SAME_AGAIN)
    )


def replaced_rows(classified: DataFrame) -> DataFrame:
    """The events of a batch that replace a stored one of another payload; their columns known_.. have its money."""
    known = classified.where(F.col("is_superseding") & F.col("is_conflicting")).select("source_file", "known_row.*")
    return known.select("source_file", *money_of(BRONZE_EVENTS, as_="known_"))


def money_rows(
    source: str, table: Table, batch_id: str, file: str, counted: Iterable[Mapping[str, Any]]
) -> list[MoneyRow]:
    """The rows of bronze.landed_money of one file. Each of `counted` has kind, money_currency, outcome, rows (how many)
    and amount; those of outcome READ are all rows, as they were read."""
    sums: dict[tuple[str, str | None, str], list[Mapping[str, Any]]] = {}
    for row in counted:
        if row["kind"] is not None:
            sums.setdefault((row["kind"], row["money_currency"], row["outcome"]), []).append(row)
    return [
        {
            "source": source,
            "file": file,
            "table_name": table.full_name,
            "kind": kind,
            "currency": currency,
            "outcome": outcome,
            "rows": sum(row["rows"] for row in rows),
            "amount": sum((row["amount"] or Decimal(0) for row in rows), Decimal(0)),
            "batch_id": batch_id,
        }
        for (kind, currency, outcome), rows in sums.items()
    ]


def conflicts_in_words(rows: Iterable[MoneyRow]) -> str:
    """The amounts of known events that came with another payload, e.g. ', 4.00 USD'; '' where they have none."""
    return "".join(f", {amount}" for amount in _amounts_of(rows, CONFLICTING, REPLACED))


def quarantined_in_words(rows: Iterable[MoneyRow]) -> str:
    """The amounts of rows that are set aside, e.g. ' (4.00 USD)'; '' where they have none. Those of totals rows and the
    like are no data."""
    amounts = _amounts_of(rows, QUARANTINED)
    return f" ({', '.join(amounts)})" if amounts else ""


def _amounts_of(rows: Iterable[MoneyRow], *outcomes: str) -> list[str]:
    """The sum of each currency, e.g. '4.00 USD'."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row["outcome"] in outcomes and row["amount"]:
            currency = row["currency"] or "without currency"
            sums[currency] = sums.get(currency, Decimal(0)) + row["amount"]
    return [f"{amount:,.2f} {currency}" for currency, amount in sorted(sums.items())]


def money_from_bronze(files: Sequence[FileAccount], read: Callable[[Table], DataFrame]) -> list[MoneyRow]:
    """The amounts of files that were taken in before this table, as bronze has them now: read and kept."""
    by_name = {file["file"]: file for file in files}
    rows: list[MoneyRow] = []
    for table in AMOUNTS:
        stored = read(table).select("source_file", *money_of(table)).where(F.col("kind").isNotNull())
        sums = stored.groupBy("source_file", "kind", "money_currency").agg(
            F.count(F.lit(1)).alias("rows"), F.sum("amount").alias("amount")
        )
        twice = sums.withColumn("outcome", F.explode(F.array(F.lit(READ), F.lit(KEPT))))
        for row in twice.collect():  # a few rows per file with money
            if file := by_name.get(row["source_file"]):
                rows += money_rows(file["source"], table, file["batch_id"], file["file"], [row.asDict()])
    return rows


def check_landed_money(read: Callable[[Table], DataFrame]) -> list[CheckResult]:
    """By table, kind and currency: what the files say is what became of it, and what was kept is in the table.

    No result before the first files after an upgrade, which bring the amounts of the files before them.
    """
    money = read(BRONZE_LANDED_MONEY)
    nothing = F.lit(0).cast(MONEY_SUM)

    def amount_of(*outcomes: str) -> Column:
        return F.when(F.col("outcome").isin(*outcomes), F.col("amount")).otherwise(nothing)

    at_the_door = money.select(
        *NAMES,
        amount_of(READ).alias("read"),
        amount_of(KEPT, REPLACING, SAME_AGAIN, CONFLICTING, QUARANTINED, NO_DATA).alias("accounted"),
        (amount_of(KEPT, REPLACING) - amount_of(REPLACED)).cast(MONEY_SUM).alias("kept"),
        nothing.alias("stored"),
    )
    stored = [
        read(table)
        .select(*money_of(table))
        .where(F.col("kind").isNotNull())
        .select(
            F.lit(table.full_name).alias("table_name"),
            "kind",
            F.col("money_currency").alias("currency"),
            *(nothing.alias(name) for name in ("read", "accounted", "kept")),
            F.coalesce("amount", nothing).cast(MONEY_SUM).alias("stored"),
        )
        for table in AMOUNTS
    ]
    sums = reduce(DataFrame.unionByName, [at_the_door, *stored]).groupBy(*NAMES)
    found = sums.agg(*(F.sum(name).alias(name) for name in ("read", "accounted", "kept", "stored"))).collect()
    if not any(row["read"] for row in found):
        return []
    results = []
    for row in sorted(found, key=lambda row: tuple(row[name] or "" for name in NAMES)):
        amounts = f"{row['kind']} amounts in {row['currency'] or 'no currency'}"
        results += [
            equal(f"{amounts}: what the files say is what became of it", row["read"], row["accounted"]),
            equal(f"{amounts}: what was kept is in {row['table_name']}", row["kept"], row["stored"]),
        ]
    return results
