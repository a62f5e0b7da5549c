"""A file that lands later and loses to an earlier one by its name is named, with what both say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from bronze_rows import Fields, at, bronze
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from touchpoints.lost_by_name import LINES_AT_MOST, in_words, orders_lost_by_name, spend_lost_by_name
from warehouse.contracts import Table
from warehouse.tables import BRONZE_AD_SPEND, BRONZE_ORDERS

FIRST, SECOND = "shop/orders_1.csv", "shop/orders_1%20(1).csv"


def order(value: str, file: str, refunded: str = "0", **fields: Any) -> Fields:
    amounts = {"value": Decimal(value), "refunded_value": Decimal(refunded)}
    return {"order_id": "1001", "updated_at": at(), "source_file": file, "source_line": 2, **amounts, **fields}


def spent(value: str, file: str, **fields: Any) -> Fields:
    row = {"spend": Decimal(value), "source_file": file, "exported_at": at(), "account_id": "7"}
    return {**row, "campaign_id": "1", "campaign_name": "sale", **fields}


def lines(spark: SparkSession, table: Table, earlier: list[Fields], later: list[Fields]) -> list[str]:
    """What a run says in which `later` lands beside `earlier`."""
    lost = {BRONZE_ORDERS: orders_lost_by_name, BRONZE_AD_SPEND: spend_lost_by_name}[table]
    changes: DataFrame = bronze(spark, table, later).withColumn("_change_type", F.lit("insert"))
    return in_words(lost(bronze(spark, table, [*earlier, *later]), changes).collect())


REFUND_IGNORED = (
    "orders: 1 row of shop/orders_1.csv (50.00 USD) landed later and yet does not count: "
    "shop/orders_1 (1).csv (80.00 USD) has the later name"
)
# what landed before, what lands now, what the run says
ORDERS: dict[str, tuple[list[Fields], list[Fields], list[str]]] = {
    "a refund in a file whose name is the earlier one": (
        [order("80", SECOND)],
        [order("80", FIRST, "30")],
        [REFUND_IGNORED],
    ),
    "a cancelled order counts nothing": (
        [order("80", SECOND)],
        [order("80", FIRST, status="cancelled")],
        [REFUND_IGNORED.replace("50.00", "0.00")],
    ),
    "the later name wins": ([order("80", FIRST)], [order("80", SECOND, "30")], []),
    "the same amount": ([order("80", SECOND)], [order("80", FIRST, items=3)], []),
    "a newer updated_at decides, whatever the names are": (
        [order("80", SECOND, updated_at=at(1))],
        [order("80", FIRST, "30")],
        [],
    ),
    "both landed in one run": ([], [order("80", SECOND), order("80", FIRST, "30")], []),
    "both landed before": (
        [order("80", SECOND), order("80", FIRST, "30")],
        [order("1", FIRST, order_id="1002", source_line=3)],
        [],
    ),
    "lines of an order add up": (
        [order("80", SECOND, part="sale")],
        [order("8", FIRST, part="sale")],
        [],
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_that_lands_later_under_an_earlier_name(spark: SparkSession, name: str) -> None:
    earlier, later, expected = ORDERS[name]
    assert lines(spark, BRONZE_ORDERS, earlier, later) == expected


MAY, JUNE = "meta/a-May-4-2026.csv", "meta/a-Jun-1-2026.csv"
SPEND: dict[str, tuple[list[Fields], list[Fields], list[str]]] = {
    "a day that a file of an earlier name restates": (
        [spent("100", JUNE), spent("20", JUNE, campaign_id="2")],
        [spent("90", MAY), spent("10", MAY, campaign_id="2")],
        [
            "ad_spend: 2 rows of meta/a-May-4-2026.csv (100.00 USD) landed later and yet do not count: "
            "meta/a-Jun-1-2026.csv (120.00 USD) has the later name"
        ],
    ),
    "without an account, campaign by campaign": (
        [spent("100", JUNE, account_id=None), spent("20", JUNE, account_id=None, campaign_id="2")],
        [spent("90", MAY, account_id=None), spent("20", MAY, account_id=None, campaign_id="2")],
        [
            "ad_spend: 1 row of meta/a-May-4-2026.csv (90.00 USD) landed later and yet does not count: "
            "meta/a-Jun-1-2026.csv (100.00 USD) has the later name"
        ],
    ),
    "the later name wins": ([spent("100", MAY)], [spent("90", JUNE)], []),
    "the same spend": ([spent("100", JUNE)], [spent("100", MAY)], []),
    "a later exported_at decides": ([spent("100", JUNE, exported_at=at(1))], [spent("90", MAY)], []),
}


@pytest.mark.parametrize("name", SPEND)
def test_spend_that_lands_later_under_an_earlier_name(spark: SparkSession, name: str) -> None:
    earlier, later, expected = SPEND[name]
    assert lines(spark, BRONZE_AD_SPEND, earlier, later) == expected


def test_of_many_pairs_of_files_the_largest_are_named() -> None:
    def pair(number: int) -> dict[str, Any]:
        files = {"input": "orders", "source_file": f"{number}.csv", "other_file": "z.csv"}
        amounts = {"amount": Decimal(number), "other_amount": Decimal(0), "rows": 1}
        return {**files, **amounts, "currency": "USD", "other_currency": "USD"}

    found = in_words(pair(number) for number in range(8))
    assert [line.split()[4] for line in found[:LINES_AT_MOST]] == ["7.csv", "6.csv", "5.csv", "4.csv", "3.csv"]
    assert found[LINES_AT_MOST:] == ["3 more pairs of files in which the one landed later loses by its name"]
