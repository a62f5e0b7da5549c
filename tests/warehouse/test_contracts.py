from __future__ import annotations

import re

import pytest
from pyspark.sql import SparkSession

from warehouse.contracts import MONEY, MONEY_SUM, Column, Table
from warehouse.tables import ALL_TABLES, TABLES


def table(*columns: Column, key: tuple[str, ...] = ("id",)) -> Table:
    return Table(layer="silver", name="things", grain="thing", key=key, columns=columns)


def test_a_contract_that_contradicts_itself_is_refused() -> None:
    one = Column("id", "string", "id")
    with pytest.raises(ValueError, match=r"silver\.things: a column is listed twice"):
        table(one, one)
    with pytest.raises(ValueError, match=r"key or ordered_by name columns it lacks: \['day'\]"):
        table(one, key=("id", "day"))


def test_a_contract_gives_its_columns_comments_and_ddl() -> None:
    things = table(Column("id", "string", "its number", nullable=False), Column("spend", MONEY, "cost", "USD"))
    assert things.full_name == "silver.things"
    assert things.column_names == ("id", "spend")
    assert things.ddl == "`id` string, `spend` decimal(18,6)"
    assert things.comment == "One row per thing."
    assert [column.comment for column in things.columns] == ["its number", "cost [USD]"]
    assert things.column("spend").unit == "USD"
    with pytest.raises(KeyError, match=r"silver\.things has no column colour"):
        things.column("colour")


def test_every_table_is_listed_once_under_its_full_name() -> None:
    assert len(TABLES) == len(ALL_TABLES)
    assert all(TABLES[one.full_name] is one for one in ALL_TABLES)


@pytest.mark.parametrize("one", ALL_TABLES, ids=lambda one: one.full_name)
def test_every_column_has_a_meaning_and_a_type_spark_knows(one: Table, spark: SparkSession) -> None:
    frame = spark.createDataFrame([], one.ddl)
    assert tuple(frame.columns) == one.column_names
    assert one.grain
    assert all(column.meaning.strip() for column in one.columns)


@pytest.mark.parametrize("one", [table for table in ALL_TABLES if table.layer != "ops"], ids=lambda one: one.full_name)
def test_names_end_in_what_they_hold(one: Table) -> None:
    for column in one.columns:
        if column.type == "timestamp":
            assert column.name.endswith("_at") or column.name in ("valid_from", "valid_to"), (
                f"{one.full_name}.{column.name} is a time"
            )
            assert column.unit == "UTC", f"{one.full_name}.{column.name} must name its zone"
        if column.name.endswith("_at"):
            assert column.type == "timestamp", f"{one.full_name}.{column.name} is named like a time"
        if column.name == "value" or re.search(r"_value$|spend$", column.name):
            # monetary_value is a mean that models take as a float
            assert column.type in (MONEY, MONEY_SUM, "double"), f"{one.full_name}.{column.name}"
            assert column.type == "double" or column.unit, f"{one.full_name}.{column.name} must name its currency"
