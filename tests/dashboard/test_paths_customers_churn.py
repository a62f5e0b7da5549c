"""The pages of paths, customers and churn: what they say, link to, give as files, and keep from whom."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dashboard.serve.churn_page import PAGE as CHURN
from dashboard.serve.customers_page import PAGE as CUSTOMERS
from dashboard.serve.paths_page import PAGE as PATHS
from published.alive_matrix import AliveMatrix, read_alive_matrix
from published.publication import read_published
from tests.journey_lake import journey, published_journeys
from tests.leaving_shop import leaving_shop
from tests.published_lake import AS_OF, publish, write_table
from tests.served_pages import pages_over
from tests.small_shop import summary_row, value_row, write_shop
from warehouse.tables import GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE

PARTS = [f"/{page.key}/{part.key}" for page in (PATHS, CUSTOMERS, CHURN) for part in page.parts]
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def leaving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("leaving")
    leaving_shop(lake)
    return lake


@pytest.fixture(scope="module")
def pages(leaving: Path) -> TestClient:
    return pages_over(leaving)


@pytest.fixture(scope="module")
def pages_of_others(leaving: Path) -> TestClient:
    return pages_over(leaving, knobs={"personal_for": ("somebody",)})


@pytest.fixture(scope="module")
def pages_without_tables(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    lake = tmp_path_factory.mktemp("without")
    leaving_shop(lake, without_value=True)
    return pages_over(lake)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    lake = tmp_path_factory.mktemp("paths")
    journeys = [
        *(journey(f"a{number}", "Social Search Direct", value=100, hours=50) for number in range(40)),
        *(journey(f"b{number}", f"{SCRIPT.replace(' ', '')} Direct", value=200, hours=5) for number in range(3)),
        journey("c", "=1+1", value=300),
        journey("d", "Search"),
    ]
    published_journeys(lake, journeys)
    return pages_over(lake)


def rows_of(pages: TestClient, address: str) -> list[dict[str, str]]:
    answer = pages.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_each_panel_of_paths_has_its_sentence(paths: TestClient) -> None:
    html = paths.get("/paths").text
    for sentence in (
        "the most frequent change is from Search to Direct (40).",
        "Half of 44 purchases came within 2.1 days of the first touch",
        "98% of 44 purchases with a touch have more than one channel in their path. Search assists most: in the path "
        "of 40 that another channel closes, beside 0 that it closes itself.",
    ):
        assert sentence in html
    assert '<svg class="flow"' in html
    assert 'role="img" aria-label="Flow of purchases' in html


def test_the_start_and_the_end_of_paths_have_their_channels(paths: TestClient) -> None:
    sentence = paths.get("/paths/positions.json").json()
    assert {row["channel"]: row["early_share"] for row in sentence["rows"]}["Social"] == pytest.approx(40 / 43)
    html = paths.get("/paths/positions").text
    assert "Social opens more than it closes: 93.0% of touches at the start of paths, 0.0% at the end." in html
    assert "Direct closes more than it opens: 0.0% of touches at the start, 100.0% at the end." in html


def test_names_from_logs_stay_text_in_the_flow_and_are_defused_in_files(paths: TestClient) -> None:
    html = paths.get("/paths").text
    assert SCRIPT not in html
    assert "&lt;script&gt;" in html
    assert "'=1+1" in [row["channel"] for row in rows_of(paths, "/paths/assists.csv")]


def test_the_picture_and_its_table_hold_the_same_links(paths: TestClient) -> None:
    html = paths.get("/paths/flow").text
    ribbons = html.count('class="ribbon')
    rows = rows_of(paths, "/paths/flow.csv")
    assert ribbons == sum(row["source"] != "(path begins)" for row in rows) == 3
    assert sum(int(row["conversions"]) for row in rows if row["step"] == "Last touch") == 44


def test_a_channel_leaves_the_paths_that_hold_it(paths: TestClient) -> None:
    (only,) = rows_of(paths, "/paths/paths.csv?channel=Social")
    assert only["path"] == "Social > Search > Direct"
    assert (only["conversions"], only["non_conversions"]) == ("40", "0")


def test_a_cell_leads_to_its_customers(leaving: Path, pages: TestClient) -> None:
    found: AliveMatrix | None = read_alive_matrix(read_published(str(leaving)), "Asia/Seoul")
    assert found is not None
    html = pages.get("/customers").text
    cells = re.findall(r'<td class="alive-\d"><a href="([^"]+)"', html)
    assert len(cells) == len(found.cells) == 1
    opened = pages.get(cells[0].replace("&amp;", "&").partition("#")[0]).text
    assert "4 of 4 customers, most value at risk first" in opened
    assert 'aria-current="true">4<' in opened
    listed = rows_of(pages, "/customers/cell.csv?open=" + found.cells[0].cell.key)
    assert [(row["customer_id"], row["value_at_risk"]) for row in listed[:2]] == [
        ("maybe", "300.000000"),
        ("perhaps", "200.000000"),
    ]


def test_segments_have_their_meaning(pages: TestClient) -> None:
    html = pages.get("/customers?lang=en").text
    assert "Loyal customers are 25% of all and bring 65% of the ₩1,550 of margin" in html
    assert "a frequent buyer who is late" in html


def test_the_churn_file_has_logins_for_the_crm_and_defuses_formulas(pages: TestClient) -> None:
    listed = rows_of(pages, "/churn/leaving.csv")
    assert [(row["rank"], row["customer_id"]) for row in listed] == [("1", "maybe"), ("2", "perhaps"), ("3", "")]
    assert listed[0]["reason"] == "11 purchases, none for 30 days."
    assert listed[0]["acquisition_channel"] == "'=Search"
    assert (listed[0]["expected_gain"], listed[0]["expected_gain_lower"]) == ("15.000000", "10.000000")
    valuable = rows_of(pages, "/churn/leaving.csv?open=high_value")
    assert [row["rank"] for row in valuable] == ["1"]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """Sixty customers in one cell."""
    lake = tmp_path_factory.mktemp("many")
    persons = [f"user:{number:02}" for number in range(60)]
    values = [value_row(each, as_of=AS_OF, p_alive=0.5, churn=0.5, clv=9, channel="Search") for each in persons]
    tables = {GOLD_CUSTOMER_VALUE: values, GOLD_CUSTOMER_SUMMARY: [summary_row(each, as_of=AS_OF) for each in persons]}
    publish(lake, {table: write_table(lake, table, rows) for table, rows in tables.items()})
    return pages_over(lake)


def test_a_long_list_of_a_cell_has_pages_that_lead_to_each_other(many: TestClient) -> None:
    cell = re.search(r"open=(p\d-s\d)", many.get("/customers").text)
    assert cell is not None
    address, links = f"/customers?open={cell[1]}", []
    for _ in range(3):
        text = many.get(address).text.partition('id="cell"')[2]
        found = {words: link for link, words in re.findall(r'<a href="([^"#]+)#cell">([^<]+)</a>', text)}
        links.append(sorted(found))
        address = found.get("More customers", "").replace("&amp;", "&")
    assert links == [["More customers"], ["Customers before", "More customers"], ["Customers before"]]
    assert "51 to 60 of 60 customers" in text
    assert len(rows_of(many, f"/customers/cell.csv?open={cell[1]}&after=50")) == 60, "a file has all"
    assert "There is no customer" in many.get(f"/customers?open={cell[1]}&after=900").text
    assert "1 to 25 of 60 customers" in many.get(f"/customers?open={cell[1]}&after=x").text


@pytest.mark.parametrize("form", ["", ".csv", ".json"])
@pytest.mark.parametrize("path", ["/churn/leaving", "/customers/cell"])
def test_whoever_may_not_see_persons_sees_none(pages_of_others: TestClient, path: str, form: str) -> None:
    answer = pages_of_others.get(f"{path}{form}?open=p1-s2")
    assert answer.status_code == 200
    assert not re.search("maybe|perhaps|1234", answer.text)
    if not form:
        assert "Ids of customers are shown to readers whom serve.personal_for names." in answer.text


def test_the_profit_names_its_best_and_its_break_even(pages: TestClient) -> None:
    html = pages.get("/churn").text
    assert "Contacting 3 customers is best: ₩30 are expected (₩28 to ₩32)" in html
    assert "if at least 2.0% of leavers stay because of it" in html
    assert "Among high-value customers alone the best is 1 customer: ₩15 (₩13 to ₩17), from 2.0% on." in html
    assert "ranked above one who did not 80% of the time" in html


def test_a_korean_reason_is_korean_and_the_file_keeps_the_stored_one(pages: TestClient) -> None:
    assert "구매 2일, 30일째 구매 없음: 자주 구매했으나 구매가 늦어지고 있는 고객." in pages.get("/churn?lang=ko").text
    assert rows_of(pages, "/churn/leaving.csv?lang=ko")[0]["reason"] == "11 purchases, none for 30 days."


def test_without_a_campaign_the_page_says_how_to_make_one_and_shows_who_is_at_risk(tmp_path: Path) -> None:
    write_shop(tmp_path)
    html = pages_over(tmp_path).get("/churn").text
    assert "set retention.contact_cost and an uplift" in html
    assert "These 2 customers may be leaving" in html
    assert "user:" not in html


@pytest.mark.parametrize("path", PARTS)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_panel_without_its_tables_says_so(pages_without_tables: TestClient, path: str, language: str) -> None:
    assert pages_without_tables.get(path, params={"lang": language}).status_code == 200
