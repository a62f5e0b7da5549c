"""First-week value of campaigns: whom it counts, what it sets beside what, and where it says that there are too few."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from scipy import stats

from dashboard.first_week_panel import MOST_CAMPAIGNS, first_week_panel
from dashboard.report import write_report
from dashboard.words import words_in
from published.early_value import read_first_weeks
from published.figures import read_figures
from published.publication import read_published
from published.view import EVERYTHING, Language, View
from tests.published_lake import AS_OF, publish, write_table
from tests.question_lake import Rows, early_row, predicted
from tests.served_pages import pages_over
from tests.small_shop import performance_row
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_EARLY_VALUE

HOSTILE = "<script>alert(1)</script>"
SINCE, UNTIL = AS_OF - timedelta(days=29), AS_OF - timedelta(days=10)


def users(campaign: str, number: int, of_each: dict[str, Any], *, channel: str = "Search", **more: Any) -> Rows:
    """New users of a campaign who came on a day each, from SINCE on to UNTIL and again."""
    days = [{"first_day": SINCE + timedelta(days=place % 20)} for place in range(number)]
    return [
        early_row(f"device:{channel}-{campaign}-{place}", AS_OF, campaign, channel=channel) | day | of_each | more
        for place, day in enumerate(days)
    ]


# Of 40 new users of "brand" 10 have brought 200, and each buys for 400 more with a probability of a quarter.
ROWS = [
    *users("brand", 40, predicted(0.25, 400.0))[10:],
    *users("brand", 10, predicted(0.25, 400.0, to_date=200)),
    *users(HOSTILE, 30, predicted(0.125, 80.0)),
    *users("tiny", 29, predicted(0.5, 1000.0)),
    *users("brand", 40, predicted(1.0, 9.0), age_days=1),
    *users("brand", 40, predicted(1.0, 9.0), horizon_days=365),
    *(row | {"as_of": AS_OF - timedelta(days=1)} for row in users("brand", 40, predicted(1.0, 9.0))),
]


def spend(campaign: str, amount: int, back: int, channel: str = "Search") -> Rows:
    return [
        performance_row(model, "purchase", "conversion", AS_OF - timedelta(days=back), channel, spend=amount, value=1)
        | {"campaign": campaign}
        for model in ("last_touch", "linear")
    ]


# Of brand's spend 3,000 was on days of the first visits, the rest was before and after.
SPENT = [
    *spend("brand", 1000, 29),
    *spend("brand", 2000, 10),
    *spend("brand", 500, 30),
    *spend("brand", 700, 9),
    *spend(HOSTILE, 900, 20),
    *spend("nobody came", 50, 20, "Display"),
]


def lake_of(place: Path, early: Rows, spent: Rows = SPENT) -> Path:
    tables = {GOLD_EARLY_VALUE: early, GOLD_CHANNEL_PERFORMANCE: spent}
    publish(place, {table: write_table(place, table, rows) for table, rows in tables.items()})
    return place


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake_of(tmp_path_factory.mktemp("first-week"), ROWS)


@pytest.fixture(scope="module")
def pages(lake: Path) -> TestClient:
    return pages_over(lake)


def rows_of(pages: TestClient, address: str) -> list[dict[str, str]]:
    answer = pages.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_campaign_has_its_new_users_at_the_age_of_a_week_and_the_spend_of_their_first_days(lake: Path) -> None:
    found = read_first_weeks(read_published(str(lake)), EVERYTHING)
    assert found is not None
    assert (found.as_of, found.first_day, found.last_day, found.horizon_days) == (AS_OF, SINCE, UNTIL, 90)
    brand, hostile, tiny, nobody = found.campaigns
    assert (brand.campaign, brand.new_users, brand.buyers) == ("brand", 40, 10)
    # 10 x 200 so far; 40 x 0.25 x 400 to come.
    assert (brand.value_to_date, brand.to_come, brand.value) == (2000, 4000.0, 6000.0)
    assert (brand.spend, brand.each(brand.spend), brand.for_spend(brand.value)) == (3000, 75.0, 2.0)
    assert (hostile.campaign, tiny.campaign, nobody.campaign) == (HOSTILE, "tiny", "nobody came")
    assert (nobody.new_users, nobody.each(nobody.value), nobody.for_spend(nobody.value)) == (0, None, 0.0)


def test_the_interval_is_that_of_a_gamma_distribution_and_from_0_where_maybe_nobody_buys(lake: Path) -> None:
    found = read_first_weeks(read_published(str(lake)), EVERYTHING)
    assert found is not None
    brand, hostile, *_ = found.campaigns
    # An amount that varies as much as it is large has twice its square as second moment: p 2 m^2 - (p m)^2 each.
    by_chance = 40 * (0.25 * 2 * 400**2 - (0.25 * 400) ** 2)
    assert brand.variance == pytest.approx(by_chance + (0.1 * 4000) ** 2)
    gamma = stats.gamma(4000**2 / brand.variance, scale=brand.variance / 4000)
    assert brand.bounds == pytest.approx((2000 + gamma.ppf(0.025), 2000 + gamma.ppf(0.975)), rel=0.01)
    assert hostile.buyers_to_come == pytest.approx(30 / 8)
    few = read_first_weeks(read_published(str(lake)), View(campaign="nobody came"))
    assert few is not None
    assert few.campaigns[0].bounds == (0, 0)


def test_where_nobody_at_all_may_as_well_buy_the_interval_begins_at_what_was_brought(tmp_path: Path) -> None:
    rows = users("brand", 30, predicted(0.1, 100.0, to_date=7))
    found = read_first_weeks(read_published(str(lake_of(tmp_path, rows, []))), EVERYTHING)
    assert found is not None
    assert found.campaigns[0].bounds.lower == 210.0  # of 3 buyers who are expected, none comes 1 time in 20
    assert found.campaigns[0].bounds.upper > found.campaigns[0].value


def test_the_longest_horizon_counts_where_there_is_none_of_90_days(tmp_path: Path) -> None:
    young = [*users("brand", 30, predicted(0.5, 10.0), horizon_days=30)]
    found = read_first_weeks(read_published(str(lake_of(tmp_path, young, []))), EVERYTHING)
    assert found is not None
    assert (found.horizon_days, found.campaigns[0].spend) == (30, Decimal(0))


def test_the_panel_names_the_surest_campaign_and_what_costs_more_than_it_can_bring(pages: TestClient) -> None:
    html = pages.get("/value/first-week").text.replace("\n", " ")
    # 6,000 of brand, 30 x 10 of the next and 29 x 500 of tiny, of 99 new users.
    assert "99 new users are expected to bring ₩210 each within 90 days of their first day" in html
    assert "Search · brand is surest to bring most: ₩150 for each new user (" in html
    # 30 for each of 30 new users, who bring 10 each.
    upper = next(float(row["interval"].split(" to ")[1]) for row in rows_of(pages, "/value/first-week.csv")[1:2])
    assert upper < 30
    assert "Of 2 campaigns with spend, 1 cost more for each new user than the upper end" in html
    assert "first visit or purchase was from 2 March 2026 to 21 March 2026" in html


def test_a_campaign_with_few_new_users_is_marked_and_not_drawn_and_names_are_escaped(pages: TestClient) -> None:
    html = pages.get("/value/first-week").text
    assert "tiny †" in html
    assert "† fewer than 30 new users" in html.replace("\n", " ")
    assert "Search · tiny" not in html
    assert HOSTILE not in html
    assert "&lt;script&gt;alert(1)" in html
    rows = rows_of(pages, "/value/first-week.csv")
    assert [(row["campaign"], row["new_users"], row["buyers"]) for row in rows] == [
        ("brand", "40", "10"), (HOSTILE, "30", "0"), ("tiny", "29", "0"), ("nobody came", "0", "0"),
    ]  # fmt: skip
    assert [row["spend_each"] for row in rows] == ["75.0", "30.0", "", ""]
    assert (rows[0]["to_date"], rows[0]["value"], rows[0]["value_to_spend"]) == ("50.0", "150.0", "2.0")


def test_a_channel_may_be_looked_at_alone(pages: TestClient) -> None:
    rows = rows_of(pages, "/value/first-week.csv?channel=Display")
    assert [row["campaign"] for row in rows] == ["nobody came"]


def test_a_page_lists_the_largest_campaigns_and_the_file_all(tmp_path: Path) -> None:
    rows = [row for place in range(MOST_CAMPAIGNS + 1) for row in users(f"c{place:02}", 1, predicted(0.5, 10.0))]
    pages = pages_over(lake_of(tmp_path, rows, []))
    html = pages.get("/value/first-week").text.replace("\n", " ")
    assert "Of 51 campaigns those with most new users are listed" in html
    assert len(rows_of(pages, "/value/first-week.csv")) == MOST_CAMPAIGNS + 1


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "At the end of their first week, 99 new users are expected to bring ₩210 each"),
        ("ko", "첫 주가 지난 신규 이용자 99명은 첫날부터 90일 동안 1인당 210원"),
    ],
)
def test_the_report_has_the_panel(lake: Path, tmp_path: Path, language: Language, sentence: str) -> None:
    page = write_report(str(lake), tmp_path / "report.html", view=View(language=language))
    html = page.read_text(encoding="utf-8")
    assert sentence in html
    assert HOSTILE not in html


def test_the_note_says_what_predicts(tmp_path: Path) -> None:
    rows = users("brand", 30, predicted(0.5, 10.0), served="channel_mean")
    panel = first_week_panel(read_figures(str(lake_of(tmp_path, rows))), words_in("en"))
    assert panel is not None
    assert "predicts no more than the mean of their channel" in panel.note
    assert "early-value/1" in panel.note


def test_without_early_value_the_page_says_what_it_needs_and_the_report_nothing(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: write_table(tmp_path, GOLD_CHANNEL_PERFORMANCE, SPENT)})
    assert "behaviour.early_value" in pages_over(tmp_path).get("/value/first-week").text
    assert first_week_panel(read_figures(str(tmp_path)), words_in("en")) is None
    # Nobody's first week is over.
    young = lake_of(tmp_path / "young", users("brand", 3, predicted(0.5, 10.0), age_days=1))
    assert read_first_weeks(read_published(str(young)), EVERYTHING) is None
