"""The report: one self-contained file, with each figure in a sentence and in a table, and the same bytes every time."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dashboard.report import write_report
from published.run_facts import StepTime
from published.view import View
from tests.published_lake import publish, write_table
from tests.small_shop import CHECKS, NOON, write_shop
from warehouse.contracts import Table
from warehouse.errors import InputError, UsageError
from warehouse.tables import (
    BRONZE_LANDED_FILES,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_CUSTOMER_VALUE,
    GOLD_PATH_SUMMARY,
    OPS_QUALITY_RESULTS,
    OPS_RUN_LOG,
)

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """The elements with their attributes and the texts of a page; its tags must be balanced."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def html(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    place = write_report(str(shop), tmp_path_factory.mktemp("report") / "new" / "report.html", timezone="Asia/Seoul")
    return place.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def report_without(tmp_path: Path, *tables: Table) -> Page:
    write_shop(tmp_path / "lake", without=tables)
    return Page(write_report(str(tmp_path / "lake"), tmp_path / "report.html").read_text(encoding="utf-8"))


def test_the_file_loads_nothing_from_the_network(html: str, page: Page) -> None:
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\s\"'<>)]+", html)) <= namespaces
    assert not re.search(r"@import|url\((?!#)", html)
    assert {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "object"} == set()


def test_the_headline_shows_revenue_and_spend(page: Page) -> None:
    for sentence in (
        "10 purchases brought ₩3,000 net of refunds, beside ₩1,500 of ad spend: 2.00 KRW of revenue for each KRW spent",
        "Net revenue ₩3,000 ₩6,000 before refunds",
        "Ad spend ₩1,500 on 2 channels",
        "Blended ROAS 2.00",
        "Purchases 10 5 from new customers · 10 sign-ups",
        "Customers 5",
        "Expected value ₩1,550",
        "22 March 2026 to 31 March 2026 · days in Asia/Seoul · amounts in KRW, net of refunds",
    ):
        assert sentence in page.words


def test_each_panel_has_its_sentence(page: Page) -> None:
    for sentence in (
        "For every 1 KRW spent on Search, last touch says 3.00 came back, first touch 2.00.",
        "Against last touch, first touch differs most: it moves ₩1,000 (33% of all credited value), most of it to "
        "Display and away from Search.",
        "In the seven days to 31 March 2026, each 1 KRW of spend stands beside 2.00 of value from conversions of those "
        "days and 1.71 from touches of those days, under last touch.",
        "On 10 of 10 days with spend, the channels that cost money were credited more than they cost.",
        "45% of 11 purchases with a known journey came after more than one touch",
        "The most frequent way to a purchase is Search alone (6 purchases)",
        "Of 4 customers, 1 (25%) are more likely than not still active; 3 will more likely than not buy nothing within "
        "30 days.",
        "All 4 customers together are expected to bring ₩1,550 of margin within 365 days.",
        "These 2 customers may be leaving, and with them ₩850 of expected margin within 365 days.",
        "Of 160 rows read, 150 were kept, 8 were known already and 2 were set aside with a reason: nothing is missing.",
        "All 2 checks of these tables held.",
        "The run took 1 min 42 s; attribute took longest, 1 min 30 s.",
        "Run run-1 published 4 tables together at 2026-04-01 03:00 UTC; customers are as of 31 March 2026, "
        "all other tables hold everything that has landed.",
    ):
        assert sentence in page.words


def test_the_whole_page_can_be_korean(shop: Path, tmp_path: Path) -> None:
    place = write_report(str(shop), tmp_path / "r.html", timezone="Asia/Seoul", view=View(language="ko"))
    html = place.read_text(encoding="utf-8")
    page = Page(html)
    assert '<html lang="ko">' in html
    for sentence in (
        "마케팅 리포트 2026년 3월 22일 ~ 2026년 3월 31일 · 일자 기준 Asia/Seoul · 금액 단위 원, 환불 제외",
        "구매 10건에서 환불을 제외한 매출은 3,000원, 집행한 광고비는 1,500원입니다.",
        "전체 채널 기준으로 광고비 1원당 매출 2.00원에 해당합니다.",
        "통합 ROAS 200%",
        "구매 10 신규 고객 5건 · 회원가입 10건",
        "Search 채널에 쓴 광고비 1원당 매출은 라스트 터치 기준 3.00원, 퍼스트 터치 기준 2.00원입니다.",
        "라스트 터치 대비 차이가 가장 큰 모델은 퍼스트 터치입니다.",
        "여정이 확인된 구매 11건 중 45%는 터치가 두 번 이상이었으며",
        "가장 많은 구매 경로는 Search 단독(구매 6건)입니다.",
        "고객 4명 중 1명(25%)은 아직 활성 고객일 가능성이 높고",
        "아래 고객 2명은 이탈할 가능성이 있으며",
        "게시된 테이블의 검사 2건을 모두 통과했습니다.",
        "전체 실행에 1분 42초가 걸렸고, 가장 오래 걸린 단계는 attribute(1분 30초)입니다.",
        "Distributary · 실행 run-1 · 고객 기준일 2026년 3월 31일",
    ):
        assert sentence in page.words


def test_both_languages_have_the_same_panels_and_cells(html: str, shop: Path, tmp_path: Path) -> None:
    korean = write_report(str(shop), tmp_path / "r.html", view=View(language="ko")).read_text(encoding="utf-8")
    for part in (r'id="([^"]+)"', "<(td|th|dd|figure|details|caption)\\b"):
        assert re.findall(part, korean) == re.findall(part, html)


def test_the_page_shows_the_days_models_and_date_basis_of_the_view(shop: Path, tmp_path: Path) -> None:
    view = View(first_day=date(2026, 3, 30), models=("first_touch",), date_basis="touch")
    page = Page(write_report(str(shop), tmp_path / "r.html", view=view).read_text(encoding="utf-8"))
    # Each touch is on the day before its purchase: one day of credit by touch, two days of spend.
    assert "30 March 2026 to 31 March 2026 · credit dated by touch · amounts in KRW" in page.words
    assert "Net revenue ₩300" in page.words
    assert "Ad spend ₩300" in page.words
    assert "Only first touch was credited, so there is nothing to compare." in page.words


def test_roas_is_shown_by_channel_and_model_with_a_dash_without_spend(page: Page) -> None:
    assert "Search † 1,000 10.0 3,000 3.00 2.00" in page.words
    assert "Display † 500 0.0 0 0.00 2.00" in page.words
    assert "Direct † 0 0.0 0 – –" in page.words
    assert "All channels 1,500 10.0 3,000 2.00 2.00" in page.words
    assert "† fewer than 30 conversions" in page.words


def test_repeats_on_a_path_are_counted_on_its_chip(html: str) -> None:
    assert '<span class="chip">Display <b>×2</b></span> <span class="arrow">→</span> <span class="chip">Search' in html
    assert "×9" in html


def test_each_chart_has_a_description_and_a_table(html: str) -> None:
    articles = {part.split('"')[1]: part for part in html.split('<article class="panel" ')[1:]}
    with_chart = {key: article for key, article in articles.items() if "<svg" in article}
    assert {"roas", "models", "time", "days", "touches", "customers", "acquisition"} <= set(with_chart)
    for article in with_chart.values():
        assert re.search(r'role="img" aria-label="[^"]{30,}"', article)
        assert '<th scope="col"' in article
        assert '<th scope="row">' in article


def test_every_table_has_a_caption_and_scoped_headings(page: Page) -> None:
    counts = Counter(tag for tag, _ in page.elements)
    assert counts["table"] == counts["caption"] > 10
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.attributes("th"))


def test_ids_are_unique_and_links_have_targets(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {str(a["href"]).removeprefix("#") for a in page.attributes("a")} <= set(ids)


def test_the_page_adapts_to_dark_screens_and_to_paper(html: str) -> None:
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media print" in html


def test_the_same_tables_give_the_same_bytes(html: str, shop: Path, tmp_path: Path) -> None:
    again = write_report(str(shop), tmp_path / "again.html", timezone="Asia/Seoul")
    assert again.read_bytes() == html.encode()


def test_the_caller_can_set_the_title_and_the_steps_of_an_unfinished_run(shop: Path, tmp_path: Path) -> None:
    steps = [StepTime("ingest", 3.0, "done"), StepTime("train", 9.0, "done", "customer-value/3 is champion")]
    place = write_report(str(shop), str(tmp_path / "r.html"), title="Spring & summer", steps=steps)
    page = Page(place.read_text(encoding="utf-8"))
    assert page.words.startswith("Spring & summer · 31 March 2026")
    assert "The run took 12.0 s; train took longest, 9.0 s." in page.words
    assert "customer-value/3 is champion" in page.words


def test_names_from_the_data_cannot_become_markup(tmp_path: Path) -> None:
    hostile = '<script>alert("x")</script>'
    write_shop(tmp_path / "lake", channel_names={"Search": hostile})
    html = write_report(str(tmp_path / "lake"), tmp_path / "r.html", title=hostile).read_text(encoding="utf-8")
    assert "<script" not in html
    assert hostile in Page(html).words


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (
            GOLD_CUSTOMER_VALUE,
            "Customer value is not published yet: `distributary train` and `distributary score` make it.",
        ),
        (GOLD_CHANNEL_PERFORMANCE, "Channel performance is not published yet: `distributary pipeline` makes it."),
        (GOLD_PATH_SUMMARY, "No paths are published yet: `distributary pipeline` makes them."),
        (OPS_QUALITY_RESULTS, "No checks are on record for this publication."),
        (OPS_RUN_LOG, "The times of this run's steps are not on record."),
        (BRONZE_LANDED_FILES, "No account of the files read is on record."),
    ],
    ids=lambda value: value.full_name if isinstance(value, Table) else "",
)
def test_a_missing_table_is_reported_in_one_sentence_and_the_other_panels_remain(
    tmp_path: Path, missing: Table, sentence: str
) -> None:
    page = report_without(tmp_path, missing)
    assert page.words.count(sentence) >= 1
    assert "What was published" in page.words


def test_a_failed_check_comes_first(tmp_path: Path) -> None:
    write_shop(tmp_path / "lake")
    results = [
        *CHECKS,
        {"check_name": "zero is zero", "passed": False, "expected": 0.0, "actual": 2.0, "detail": "day 3"},
    ]
    rows = [{**check, "run_id": "run-1", "checked_at": NOON} for check in results]
    write_table(tmp_path / "lake", OPS_QUALITY_RESULTS, rows)

    page = Page(write_report(str(tmp_path / "lake"), tmp_path / "r.html").read_text(encoding="utf-8"))

    assert "1 of 3 checks failed." in page.words
    assert page.words.index("zero is zero failed 0 2 day 3") < page.words.index("nothing is lost held")


def test_nothing_published_writes_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing is published here"):
        write_report(str(tmp_path / "lake"), tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_a_file_that_cannot_be_written_is_one_clear_error(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cannot be written to .*report\.file"):
        write_report(str(shop), tmp_path / "file" / "report.html")


def test_a_publication_without_any_gold_table_still_makes_a_page(tmp_path: Path) -> None:
    publish(tmp_path, {OPS_QUALITY_RESULTS: 0})
    page = Page(write_report(str(tmp_path), tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "Nothing is known about channels yet." in page.words


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_numbers_its_customers_and_holds_no_id_of_them(shop: Path, tmp_path: Path, language: str) -> None:
    html = write_report(str(shop), tmp_path / "report.html", view=View(language=language)).read_text()
    assert not re.search(r"user:|device:|maybe|perhaps", html)
    assert "read_figures(lake).customers.at_risk" in html
