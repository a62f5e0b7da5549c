"""The served pages: what an address shows, in which form, and from which publication."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from dashboard.serve.address import Asked
from dashboard.serve.pages import PAGES
from tests.published_lake import publish, write_table
from tests.served_pages import pages_over
from tests.small_shop import performance_row, performance_rows, write_shop
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE

PARTS = [f"/{page.key}/{part.key}" for page in PAGES for part in page.parts]


@pytest.fixture(scope="module")
def pages(shop: Path) -> TestClient:
    return pages_over(shop)


def rows_of(pages: TestClient, address: str) -> list[dict[str, str]]:
    answer = pages.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("path", [page.path for page in PAGES])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_page_answers_in_both_languages_and_asks_nothing_of_another_machine(
    pages: TestClient, path: str, language: str
) -> None:
    answer = pages.get(path, params={"lang": language, "period": "all"})
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
    assert [address for address in addresses if not address.startswith(("/", "#", "data:,"))] == []


@pytest.mark.parametrize("path", PARTS)
def test_every_panel_has_an_address_of_its_own(pages: TestClient, path: str) -> None:
    assert pages.get(path, params={"period": "all"}).status_code == 200


def test_a_table_is_the_same_as_html_csv_and_json(pages: TestClient) -> None:
    address = "/channels/channels{}?period=all&models=last_touch"
    (search,) = [row for row in rows_of(pages, address.format(".csv")) if row["channel"] == "Search"]
    found = pages.get(address.format(".json")).json()
    (as_json,) = [row for row in found["rows"] if row["channel"] == "Search"]

    # 10 days of 100 spend and 300 value each, credited to Search by the last touch
    assert (search["spend"], search["credited_value"], search["roas"]) == ("1000.000000", "3000.000000", "3.0")
    assert (as_json["spend"], as_json["credited_value"], as_json["roas"]) == ("1000.000000", "3000.000000", 3.0)
    assert (found["run_id"], found["as_of"]) == ("run-1", "2026-03-31")
    assert ">1,000<" in pages.get(address.format("")).text


def test_the_names_of_columns_are_the_same_in_every_language(pages: TestClient) -> None:
    header = [
        pages.get("/channels/roas.csv", params={"period": "all", "lang": lang}).text.splitlines()[0]
        for lang in ("en", "ko")
    ]
    assert header[0] == header[1] == "\ufeffchannel,spend,conversions,net_value,last_touch,first_touch"


def test_the_days_of_an_address_are_the_days_that_are_summed(pages: TestClient) -> None:
    (total,) = [
        row
        for row in rows_of(pages, "/overview/kpis.csv?from=2026-03-30&to=2026-03-31&compare=previous")
        if row["metric"] == "Spend"
    ]
    # Two days of 100 for Search and 50 for Display, as much in the two days before.
    assert (total["now"], total["before"]) == ("300.000000", "300.000000")


def test_a_channel_leads_to_its_campaigns_and_days_alone(pages: TestClient) -> None:
    rows = rows_of(pages, "/channels/campaigns.csv?period=all&channel=Display&models=last_touch")
    assert [(row["channel"], row["spend"]) for row in rows] == [("Display", "500.000000")]
    days = rows_of(pages, "/channels/days.csv?from=2026-03-30&to=2026-03-31&channel=Display")
    assert [(row["day"], row["spend"]) for row in days] == [("2026-03-31", "50.000000"), ("2026-03-30", "50.000000")]


def test_a_ratio_over_few_conversions_has_their_number_and_its_interval(pages: TestClient) -> None:
    # 10 conversions of Search: 4.79 to 18.39 would do for chance, so ROAS 3 lies between 1.44 and 5.52.
    page = pages.get("/channels/channels?period=all&models=last_touch").text.replace("\u00a0", " ")
    assert "3.00 (1.44 to 5.52; 10)" in page
    # Spend of 100 for each of them: a CPA of 100, from 1,000 / 18.39 to 1,000 / 4.79.
    assert "100 (54 to 209; 10)" in page


def test_a_channel_without_spend_has_neither_roas_nor_cpa(pages: TestClient) -> None:
    (direct,) = [
        row
        for row in rows_of(pages, "/channels/channels.csv?period=all&models=last_touch")
        if row["channel"] == "Direct"
    ]
    assert (direct["spend"], direct["roas"], direct["cpa"]) == ("0.000000", "", ""), "no figure, and not 0"
    table = pages.get("/channels/channels?period=all&models=last_touch").text
    (row,) = re.findall(r"<tr>(?:(?!</tr>).)*>Direct</a>.*?</tr>", table, flags=re.DOTALL)
    assert re.findall(r"\b(?:nan|inf|None)\b", row) == []


def test_the_state_of_a_page_is_its_address(pages: TestClient) -> None:
    asked = Asked(language="ko", first=date(2026, 3, 30), models=("last_touch",), channel="Paid & Search")
    query = asked.query()
    assert query == "?lang=ko&from=2026-03-30&models=last_touch&channel=Paid+%26+Search"
    assert asked.query(channel=None, first=None, language="en") == "?lang=en&models=last_touch"


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("models=guess", 400, "no model is called &#39;guess&#39; in what was published; there are: last_touch"),
        ("type=lead", 400, "no conversion type is called &#39;lead&#39;"),
        ("from=2026-03-31&to=2026-03-30", 400, "is later than the last"),
        ("run=yesterday", 404, "run yesterday published nothing"),
        ("period=2d", 422, ""),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_line(pages: TestClient, query: str, status: int, message: str) -> None:
    answer = pages.get(f"/channels?{query}")
    assert answer.status_code == status
    assert message in answer.text


def test_days_without_figures_say_so_and_the_other_panels_are_shown(pages: TestClient) -> None:
    answer = pages.get("/channels?from=2027-01-01&to=2027-01-02")
    assert answer.status_code == 200
    assert "No conversion and no spend in these days." in answer.text


def test_the_theme_is_kept_and_an_address_stays_as_it_was(pages: TestClient) -> None:
    with pages as browser:
        answer = browser.get("/paths?lang=ko&theme=dark", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/paths?lang=ko")
        assert 'data-theme="dark"' in browser.get("/paths?lang=ko").text
        browser.cookies.clear()


def test_a_page_is_of_one_publication_and_the_next_answer_of_the_next(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    write_shop(lake)
    pages = pages_over(lake)
    address = "/channels/channels.csv?period=all&models=last_touch"
    before = rows_of(pages, address)
    doubled = [{**row, "spend": row["spend"] * 2} for row in performance_rows()]
    version = write_table(lake, GOLD_CHANNEL_PERFORMANCE, doubled)

    assert rows_of(pages, address) == before, "a run that has not published yet changes nothing"
    publish(lake, {GOLD_CHANNEL_PERFORMANCE: version}, run_id="run-2", publication=2)
    after = rows_of(pages, address)
    assert [float(row["spend"]) for row in after] == [2 * float(row["spend"]) for row in before]
    assert rows_of(pages, address + "&run=run-1") == before, "the former publication is still there"


def test_an_empty_lake_says_what_to_do(tmp_path: Path) -> None:
    answer = pages_over(tmp_path / "lake").get("/")
    assert answer.status_code == 404
    assert "run `distributary pipeline` first" in answer.text


def test_a_table_that_is_not_published_is_named_in_a_line(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    write_shop(lake, without=[GOLD_CHANNEL_PERFORMANCE])
    answer = pages_over(lake).get("/channels")
    assert answer.status_code == 200
    assert "Channel performance is not published yet" in answer.text


def test_a_shop_without_a_row_says_so_on_every_page(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    publish(lake, {GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, [])})
    pages = pages_over(lake)
    assert {path: pages.get(path).status_code for path in (page.path for page in PAGES)} == {
        page.path: 200 for page in PAGES
    }
    assert "no conversion and no spend came yet" in pages.get("/").text


def test_the_description_of_the_interface_lists_every_table(pages: TestClient) -> None:
    paths = pages.get("/openapi.json").json()["paths"]
    assert {f"{part}.{form}" for part in PARTS for form in ("csv", "json")} <= set(paths)


SCRIPT = '<script>alert("x")</script>'
LONG = "k" * 10_000


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A shop whose links were written by somebody else."""
    lake = tmp_path_factory.mktemp("hostile") / "lake"
    names = {
        SCRIPT: "</script><svg onload=alert(1)>",
        LONG: "=HYPERLINK(1)",
        "\u202egnp.exe": "@SUM(A1)",
        "-2+3": "+cmd|' /C calc'!A0",
    }
    day = date(2026, 3, 30)
    rows = [
        {
            **performance_row("last_touch", "purchase", "conversion", day, "Search", spend=10, conversions=1, value=30),
            "campaign": campaign,
            "source": source,
        }
        for campaign, source in names.items()
    ]
    publish(lake, {GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, rows)})
    return pages_over(lake)


def test_names_that_came_from_links_are_text_wherever_they_stand(hostile: TestClient) -> None:
    page = hostile.get("/channels", params={"campaign": SCRIPT, "channel": "Search"}).text
    assert "<script>alert" not in page
    assert "<svg onload" not in page
    assert "&lt;script&gt;" in page


def test_a_long_name_is_shortened_and_is_whole_in_csv(hostile: TestClient) -> None:
    page = hostile.get("/channels/campaigns").text
    table = page[page.index("<table>") : page.index("</table>")]
    assert LONG not in re.sub(r'href="[^"]*"', "", table)
    assert "k" * 59 + "…" in table
    assert LONG in [row["campaign"] for row in rows_of(hostile, "/channels/campaigns.csv")]


def test_marks_that_turn_the_reading_direction_are_shown_as_a_sign(hostile: TestClient) -> None:
    page = hostile.get("/channels/campaigns").text
    assert "\u202e" not in page
    assert "�gnp.exe" in page


def test_no_cell_of_a_csv_runs_in_a_spreadsheet(hostile: TestClient) -> None:
    rows = rows_of(hostile, "/channels/campaigns.csv")
    assert sorted(row["source"] for row in rows) == [
        "'+cmd|' /C calc'!A0",
        "'=HYPERLINK(1)",
        "'@SUM(A1)",
        "</script><svg onload=alert(1)>",
    ]
    assert "'-2+3" in [row["campaign"] for row in rows]


def test_every_answer_forbids_scripts_styles_and_frames_of_others(pages: TestClient) -> None:
    for path in ("/", "/channels/roas.csv", "/static/page.js", "/nothing"):
        headers = pages.get(path).headers
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    page = pages.get("/channels").text
    assert re.search(r"<script(?! type=\"application/json\"| src=)", page) is None
    assert re.search(r"\son\w+=|\sstyle=", page) is None
