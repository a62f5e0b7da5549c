"""A shop of 1,000,000 customers: its pages answer soon, stay small and add up to every customer."""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from fastapi.testclient import TestClient

from tests.served_pages import pages_over
from warehouse.tables import GOLD_CUSTOMER_VALUE

pytestmark = pytest.mark.system

BENCH = Path(__file__).parents[2] / "bench"
CUSTOMERS = 1_000_000
SECONDS_AT_MOST = 15  # of processor time for a whole page; some 4 on a machine that does nothing else
CHARACTERS_AT_MOST = 200_000


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sys.path.insert(0, str(BENCH))
    made = tmp_path_factory.mktemp("million") / "lake"
    importlib.import_module("bench_panels").make_lake(made, customers=CUSTOMERS, journeys=1_000)
    return made


@pytest.fixture(scope="module")
def pages(lake: Path) -> TestClient:
    return pages_over(lake)


@pytest.mark.parametrize("address", ["/customers?period=all", "/customers?period=all&open=p0-s6", "/churn", "/value"])
def test_a_page_is_there_soon_and_small(pages: TestClient, address: str) -> None:
    begun = time.process_time()
    answer = pages.get(address)
    assert time.process_time() - begun < SECONDS_AT_MOST
    assert answer.status_code == 200
    assert len(answer.text) < CHARACTERS_AT_MOST


def test_cells_add_up_to_every_customer_and_their_whole_value(pages: TestClient, lake: Path) -> None:
    cells = pages.get("/customers/alive.json").json()["rows"]
    stored = DeltaTable(lake / "gold" / GOLD_CUSTOMER_VALUE.name).to_pyarrow_table(columns=["clv_365d"])["clv_365d"]
    assert sum(cell["customers"] for cell in cells) == CUSTOMERS
    assert sum(round(float(cell["value"]) * 100) for cell in cells) == round(float(pc.sum(stored).as_py()) * 100)
