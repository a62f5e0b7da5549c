"""The page of changes: this publication beside the one before it, or beside one that the reader names."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.published.two_publications import ZONE, Order, Shop, Touch, at, publish_shops
from tests.served_pages import pages_over

SEARCH = Touch("t1", "ann", at(3), "Search")
SOLD = Shop(touches=(SEARCH,), orders=(Order("o1", "ann", at(2), Decimal(1000)),))
REFUNDED = Shop(touches=(SEARCH,), orders=(Order("o1", "ann", at(2), Decimal(1000), refunded=Decimal(400)),))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    lake = tmp_path_factory.mktemp("changes") / "lake"
    publish_shops(lake, (SOLD, REFUNDED, REFUNDED))
    return pages_over(lake, timezone=ZONE)


def test_a_refund_since_the_publication_before_is_named_with_its_amount(pages: TestClient) -> None:
    page = pages.get("/changes?run=run-2").text
    assert "₩400" in page
    assert "Refunds took ₩400 from Search" in page


def test_a_reader_names_the_publication_to_compare_with(pages: TestClient) -> None:
    assert "Nothing changed between run run-2 and run run-3" in pages.get("/changes").text
    assert "Refunds took ₩400 from Search" in pages.get("/changes?open=run-1").text


def test_the_first_publication_says_that_there_is_none_before(pages: TestClient) -> None:
    answer = pages.get("/changes?run=run-1")
    assert answer.status_code == 200
    assert "there is nothing before it to compare with" in answer.text


def test_every_other_publication_is_a_link(pages: TestClient, tmp_path: Path) -> None:
    page = pages.get("/changes/others").text
    assert [f"open=run-{number}" in page for number in (1, 2, 3)] == [True, True, False]
