"""The filter of the currency of orders: what it offers, what it leaves, and the sentence that spend stays whole."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.published.test_credited import write_credited_shop
from tests.served_pages import pages_over
from tests.small_shop import write_shop


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A shop whose orders are in KRW and USD; its reporting currency is KRW."""
    lake = tmp_path_factory.mktemp("currencies") / "lake"
    write_credited_shop(lake)
    return pages_over(lake)


def revenue(pages: TestClient, query: str) -> dict[str, tuple[float, float]]:
    answer = pages.get(f"/channels/channels.csv?{query}")
    assert answer.status_code == 200, answer.text
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    return {row["channel"]: (float(row["spend"]), float(row["credited_value"])) for row in rows}


def test_a_currency_leaves_its_orders_and_all_spend(pages: TestClient) -> None:
    every, dollars, won = (revenue(pages, query) for query in ("", "currency=USD", "currency=KRW"))
    assert dollars["Search"] == (50, 40)
    assert won["Search"] == (50, 100)
    assert every["Search"] == (50, 140)


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "has no order&#39;s currency: it stays whole"), ("ko", "주문 통화가 없으므로")]
)
def test_pages_of_spend_say_that_it_has_none(pages: TestClient, language: str, sentence: str) -> None:
    for path in ("/", "/channels"):
        assert sentence in pages.get(f"{path}?lang={language}&currency=USD").text
        assert sentence not in pages.get(f"{path}?lang={language}").text


def test_the_filter_is_offered_where_orders_are_in_several_currencies(pages: TestClient, tmp_path: Path) -> None:
    html = pages.get("/channels?currency=USD").text
    assert '<option value="USD" selected>USD</option>' in html
    assert "currency=USD" in html.split('<main id="content">')[0], "the menu keeps it"
    write_shop(tmp_path / "lake")
    assert 'name="currency"' not in pages_over(tmp_path / "lake").get("/channels").text


def test_a_currency_that_no_order_is_in_names_those_that_there_are(pages: TestClient) -> None:
    answer = pages.get("/channels/channels.json?currency=EUR")
    assert answer.status_code == 400
    assert "there are: KRW, USD" in answer.json()["error"]
