"""A published mart in the dictionary, in SQL and in the tools of agents; its table is all that readers have of it."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from fastapi.testclient import TestClient

from dashboard.agents.server import AgentServer
from published.publication import read_published
from published.sql import ask, delta_tables
from tests.dashboard.test_agent_tools import answer, error, shop_of
from tests.published_lake import publish
from tests.served_pages import pages_over
from tests.small_shop import write_shop
from warehouse.contracts import Column, Table
from warehouse.errors import InputError
from warehouse.languages import BothLanguages
from warehouse.stored_mart import PROPERTY, StoredMart
from warehouse.tables import TABLES

BUYERS = StoredMart(
    contract=Table(
        layer="mart",
        name="buyers",
        grain="buyer",
        owner="growth team",
        freshness="every pipeline run (marts)",
        key=("buyer",),
        columns=(
            Column("buyer", "string", "who bought", nullable=False, personal=True),
            Column("orders", "bigint", "orders of the buyer", "count"),
        ),
        notes="How often did each buyer order?",
    ),
    sentence=BothLanguages(en="How often did each buyer order?", ko="구매자마다 몇 번 주문했습니까?"),
    reads=("gold.customer_summary",),
    sql="select person_id as buyer, orders from gold_customer_summary",
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shop with a mart."""
    lake = tmp_path_factory.mktemp("marts") / "lake"
    write_shop(lake)
    rows = pa.table({"buyer": ["ann", "bob"], "orders": [3, 4]})
    write_deltalake(lake / "mart" / "buyers", rows)
    DeltaTable(lake / "mart" / "buyers").alter.set_table_properties({PROPERTY: BUYERS.text}, raise_if_not_exists=False)
    versions = {TABLES[name]: version for name, version in read_published(str(lake)).versions.items()}
    publish(lake, {**versions, BUYERS.contract: 1}, run_id="run-2", publication=2)
    return lake


@pytest.fixture(scope="module")
def pages(lake: Path) -> TestClient:
    return pages_over(lake)


def rows_of(pages: TestClient, address: str) -> list[dict[str, str]]:
    answered = pages.get(address)
    assert answered.status_code == 200, answered.text
    return list(csv.DictReader(io.StringIO(answered.text.lstrip("\ufeff"))))


def test_the_dictionary_lists_it_after_the_projects_own_tables_and_has_an_entry(pages: TestClient) -> None:
    *_, last = rows_of(pages, "/dictionary/tables.csv")
    assert (last["table"], last["owner"], last["version"]) == ("mart.buyers", "growth team", "1")
    columns = rows_of(pages, "/dictionary/mart.buyers.csv")
    assert [(row["column"], row["meaning"], row["personal"]) for row in columns] == [
        ("buyer", "who bought", "true"),
        ("orders", "orders of the buyer", "false"),
    ]
    assert "How often did each buyer order?" in pages.get("/dictionary/mart.buyers").text
    assert "구매자마다 몇 번 주문했습니까?" in pages.get("/dictionary/mart.buyers?lang=ko").text


def test_its_lineage_leads_from_landed_tables_to_it_and_from_its_input_to_it(pages: TestClient) -> None:
    assert "mart.buyers" in [row["table"] for row in rows_of(pages, "/dictionary/gold.customer_summary.csv?table=2")]
    text = pages.get("/dictionary/mart.buyers").text
    assert '<svg class="lineage"' in text
    assert "bronze.orders" in text


def test_sql_reads_it_and_hides_its_columns_of_persons(lake: Path) -> None:
    published = read_published(str(lake))
    assert ask(published, "select * from mart_buyers order by buyer", limit=9).rows == (("ann", 3), ("bob", 4))
    assert ask(published, "select * from mart_buyers", limit=9, personal=False).columns == ("orders",)
    assert "mart_buyers" in delta_tables(published)


def test_agents_find_it_and_read_it_without_persons(lake: Path) -> None:
    server = AgentServer(shop_of(lake))
    described = answer(server, "describe_table", name="mart.buyers")
    assert [(one["name"], one["is_hidden"]) for one in described["columns"]] == [("buyer", True), ("orders", False)]
    assert answer(server, "query_sql", sql="select sum(orders) as n from mart_buyers")["rows"] == [{"n": "7"}]
    assert "personal columns are hidden: buyer" in error(server, "query_sql", sql="select buyer from mart_buyers")


def test_one_that_cannot_be_read_any_more_says_so_and_hides_no_other(lake: Path, tmp_path: Path) -> None:
    copy = tmp_path / "lake"
    shutil.copytree(lake, copy)
    shutil.rmtree(copy / "mart")
    *_, last = rows_of(pages_over(copy), "/dictionary/tables.csv")
    assert last["table"] == "mart.buyers"
    assert "cannot be read" in last["one_row"]
    published = read_published(str(copy))
    assert ask(published, "select 1 as n from gold_path_summary limit 1", limit=1).rows == ((1,),)
    with pytest.raises(InputError, match=r"mart\.buyers"):
        ask(published, "select * from mart_buyers", limit=1)
