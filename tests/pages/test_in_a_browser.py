"""The pages in a real browser: they draw, fit, can be read by everybody, and do what a reader asks."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser

from dashboard.serve.pages import PAGES
from tests.pages.conftest import Reader

pytestmark = pytest.mark.system
PATHS = [page.path for page in PAGES]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_draws_its_charts_without_a_word_on_the_console_and_asks_this_server_alone(
    reader: Reader, path: str
) -> None:
    for language in ("en", "ko"):
        reader.open(f"{path}?lang={language}")
        assert reader.page.locator("html").get_attribute("lang") == language
    assert reader.complaints == []
    assert {urlparse(address).netloc for address in reader.asked if not address.startswith("data:")} == {
        urlparse(reader.site).netloc
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_no_serious_issue(chromium: Browser, site: str, path: str, dark: bool) -> None:
    reader = Reader(chromium, site, dark=dark)
    reader.open(path)
    assert reader.serious_issues() == []
    reader.page.context.close()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("width", [360, 412, 1280])
def test_a_page_is_as_wide_as_the_window(chromium: Browser, site: str, path: str, width: int) -> None:
    reader = Reader(chromium, site, width=width)
    page = reader.open(f"{path}?lang=ko")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.context.close()


def test_a_filter_changes_the_address_and_the_figures(reader: Reader) -> None:
    page = reader.open("/")
    shown = page.locator(".tile .value").first.inner_text()
    days = page.locator("select[name=period]")
    days.select_option("7d")
    page.wait_for_url(re.compile(r"period=7d"))
    assert page.locator(".tile .value").first.inner_text() != shown
    assert days.input_value() == "7d"
    assert "from=" not in page.url, "an empty field stays out of the address"


def test_a_channel_is_followed_to_its_campaigns(reader: Reader) -> None:
    page = reader.open("/channels")
    page.locator("#channels").get_by_role("link", name="Paid Search", exact=True).click()
    page.wait_for_url(re.compile(r"channel=Paid\+Search"))
    channels = page.locator("#campaigns tbody tr td:nth-child(2)").all_inner_texts()
    assert set(channels) == {"Paid Search"}


# Where the page answers each of the everyday questions that the warehouse can answer: the page and its panel.
QUESTIONS = {
    "ROAS by channel under several models": ("Channels", "roas"),
    "CPA of new customers by campaign": ("Channels", "campaigns"),
    "first against last touch": ("Channels", "models"),
    "top paths": ("Paths", "paths"),
    "time to convert": ("Paths", "convert-times"),
    "assisted conversions": ("Paths", "assists"),
    "revenue of new and returning customers by channel": ("Channels", "purchases"),
    "LTV:CAC by channel": ("Value", "ltv-cac"),
    "payback": ("Value", "payback"),
    "who is about to leave and worth calling": ("Churn", "leaving"),
    "who is likely not to come back, and why": ("Churn", "behaviour"),
    "retention by monthly cohort": ("Value", "cohort-retention"),
    "repeat rate by channel": ("Value", "repeat-rates"),
    "share of unattributed and direct": ("Data", "gaps"),
    "what platforms claim beside credit": ("Channels", "channels"),
    "which small step predicts a purchase": ("Paths", "small-steps"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_one_click_from_the_start(reader: Reader, question: str) -> None:
    title, panel = QUESTIONS[question]
    page = reader.open("/?lang=en")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=title, exact=True).click()
    assert page.locator(f"#{panel} .sentence").first.inner_text().strip()
    rows = page.locator(f"#{panel} tbody tr")  # behind "Show the figures" where a chart shows them
    rows.first.wait_for(state="attached")
    assert (rows.first.locator("td, th").first.text_content() or "").strip()


def test_what_changed_is_one_click_away_and_waits_for_a_second_publication(reader: Reader) -> None:
    page = reader.open("/?lang=en")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Changes", exact=True).click()
    assert page.locator("#changes .sentence").first.inner_text().strip()


def test_a_table_is_downloaded_as_the_page_shows_it(reader: Reader, tmp_path: Path) -> None:
    page = reader.open("/channels?period=7d&models=last_touch")
    rows = page.locator("#channels tbody tr").count()
    with page.expect_download() as waiting:
        page.locator("#channels .forms").get_by_role("link", name="CSV").click()
    waiting.value.save_as(tmp_path / "channels.csv")
    with (tmp_path / "channels.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == rows
    assert {"channel", "spend", "credited_value", "roas"} <= set(found[0])


def test_a_number_is_followed_to_its_conversions_and_a_conversion_to_its_landed_lines(reader: Reader) -> None:
    page = reader.open("/")
    page.locator("#kpis .tile a").first.click()
    page.wait_for_url(re.compile("/audit/credited_value"))
    assert "exactly the number" in page.locator("#conversions .sentence").inner_text()
    page.locator("#conversions tbody a").first.click()
    page.wait_for_url(re.compile("/conversions/"))
    assert page.locator("#credit .sentence").inner_text() == (
        "The credits of every model add up to the whole conversion."
    )
    places = page.locator("#landed tbody td:nth-child(3)").all_inner_texts()
    assert any(re.fullmatch(r"events/.*\.jsonl\.gz:\d+", place) for place in places)
    assert any(re.fullmatch(r"orders/.*:\d+", place) for place in places)
    assert reader.serious_issues() == []
    assert reader.complaints == []


def test_a_question_is_written_beside_its_number(reader: Reader) -> None:
    page = reader.open("/audit/roas?channel=Email")
    page.get_by_label("Your question").fill("Does this <script>alert(1)</script> hold?")
    page.get_by_role("button", name="Question this number").click()
    page.wait_for_url(re.compile("#questions"))
    notes = page.locator("#questions tbody td:nth-child(5)").all_inner_texts()
    assert "Does this <script>alert(1)</script> hold?" in page.locator("#questions tbody").inner_text(), notes
    assert reader.complaints == [], "the note is text, it does not run"


def test_language_and_theme_are_chosen_by_a_link(reader: Reader) -> None:
    page = reader.open("/paths")
    page.get_by_role("link", name="한국어").click()
    page.wait_for_url(re.compile("lang=ko"))
    assert page.locator("h1").inner_text() == "경로"
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("link", name="어둡게").click()
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert "theme" not in page.url
    assert page.locator("html").get_attribute("lang") == "ko"


def test_the_keyboard_reaches_the_figures_first(reader: Reader) -> None:
    page = reader.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the figures"
    page.keyboard.press("Enter")
    assert page.url.endswith("#content")
