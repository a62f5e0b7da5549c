"""From a number on a page to its conversions, a conversion's touches and credits, and the landed lines; questions."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from published.questions import questions_for
from tests.audited_shop import ANN, SEOUL, write_audited_shop
from tests.served_pages import pages_over

ALL = "period=all&models=last_touch"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit pages")
    return write_audited_shop(folder)


@pytest.fixture(scope="module")
def pages(lake: Path) -> TestClient:
    return pages_over(lake, timezone=SEOUL, landing_root=str(lake.parent / "landing"))


def rows_of(pages: TestClient, address: str) -> list[dict[str, str]]:
    answer = pages.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_number_leads_to_its_definition_its_sql_and_the_conversions_that_add_up_to_it(pages: TestClient) -> None:
    page = pages.get(f"/audit/credited_value?{ALL}").text
    assert "sum(credited_value)" in page
    assert "from gold_channel_performance" in page
    assert re.search(r"conversions add up to ₩[\d,]+, exactly the number", page)
    (link,) = set(re.findall(rf'href="(/conversions/{ANN}[^"]*)"', page))
    assert pages.get(link.replace("&amp;", "&")).status_code == 200


def test_a_conversion_shows_its_touches_the_rules_the_credits_and_where_its_lines_landed(pages: TestClient) -> None:
    path = rows_of(pages, f"/conversions/{ANN}/conversion.csv")
    assert [(row["position"], row["channel"], row["rule"]) for row in path] == [
        ("1", "Paid Search", "paid_search by medium cpc"),
        ("2", "Email", "email by medium email"),
    ]
    credit = rows_of(pages, f"/conversions/{ANN}/credit.csv")
    assert {row["model"]: (row["touch_1"], row["touch_2"], row["sum"]) for row in credit}["last_touch"] == (
        "0.0",
        "1.0",
        "1.0",
    )
    landed = rows_of(pages, f"/conversions/{ANN}/landed.csv")
    assert {row["place"].split(":")[0] for row in landed} == {"events/1.jsonl.gz", "orders/1.csv"}


def test_ids_and_addresses_are_shown_to_readers_who_may_see_persons_alone(pages: TestClient, lake: Path) -> None:
    others = pages_over(
        lake, timezone=SEOUL, landing_root=str(lake.parent / "landing"), knobs={"personal_for": ("owner",)}
    )
    assert "203.0.113.7" in pages.get(f"/conversions/{ANN}").text
    assert "user:ann" in pages.get(f"/conversions/{ANN}").text
    hidden = others.get(f"/conversions/{ANN}").text
    assert "203.0.113.7" not in hidden
    assert "user:ann" not in hidden


def test_spend_leads_to_the_landed_rows(pages: TestClient) -> None:
    rows = rows_of(pages, f"/audit/spend/spend.csv?{ALL}")
    assert all(re.match(r"ad_spend/1.csv:\d+", row["landed"]) for row in rows)
    assert "exactly the number" in pages.get(f"/audit/spend?{ALL}").text


def test_a_question_stands_beside_the_number_that_it_is_about(pages: TestClient, lake: Path) -> None:
    address = f"/audit/roas?lang=en&{ALL}&channel=Email"
    answer = pages.post(address, data={"note": "Why is <b>this</b> so high?"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("#questions")
    (asked,) = questions_for(str(lake), metric="roas")
    assert (asked.asked_by, asked.note, asked.filters["channel"]) == ("local", "Why is <b>this</b> so high?", "Email")
    assert asked.run_id == "run-1"
    page = pages.get("/audit/roas").text
    assert "Why is &lt;b&gt;this&lt;/b&gt; so high?" in page


@pytest.mark.parametrize(
    ("headers", "note", "status"),
    [({"sec-fetch-site": "cross-site"}, "hello", 403), ({}, "", 400), ({}, "x" * 2_001, 400), ({}, "x" * 70_000, 413)],
)
def test_a_question_of_another_site_or_without_words_is_refused(
    pages: TestClient, lake: Path, headers: dict[str, str], note: str, status: int
) -> None:
    assert pages.post("/audit/cpa", data={"note": note}, headers=headers).status_code == status
    assert questions_for(str(lake), metric="cpa") == ()


def test_what_is_not_there_is_named(pages: TestClient) -> None:
    assert "run-1 published no conversion of this id" in pages.get("/conversions/0123").text
    unknown = pages.get("/audit/roass")
    assert (unknown.status_code, "roas" in unknown.text) == (400, True)
    assert pages.get("/audit/roas/nothing.csv").status_code == 404
