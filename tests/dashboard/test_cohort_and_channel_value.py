"""What the page of value and the report say of cohorts and of what customers of channels cost and bring."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboard.channel_value_panels import payback_panel, value_to_cost_panel
from dashboard.words import words_in
from published.channel_value import read_channel_value
from published.expected_cohorts import read_expected_cohorts
from published.figures import read_figures
from published.publication import read_published
from published.view import EVERYTHING, View
from tests.published_lake import AS_OF, publish, write_table
from tests.served_pages import pages_over
from tests.small_shop import performance_row
from tests.value_shop import channel_row, cohort_rows
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_CHANNEL_VALUE, GOLD_COHORT_VALUE

CHANNELS = [
    channel_row("Search", "last_touch", 1000, 40.0, value=3000, lifetime=4000, bounds=(3.0, 5.3),
                payback=(9, "observed")),
    channel_row("Social", "last_touch", 600, 30.0, value=900, lifetime=900, bounds=(0.9, 2.5),
                payback=(80, "predicted")),
    channel_row("Display", "last_touch", 400, 2.0, value=40, lifetime=100, bounds=(0.1, 9.0),
                payback=(None, "not reached"), returning=600),
    channel_row("Direct", "last_touch", 0, 25.0, value=700, lifetime=800, bounds=None, payback=(None, "no spend")),
    channel_row("Search", "linear", 1000, 20.0, value=1500, lifetime=2000, bounds=(1.5, 2.6), payback=(20, "observed")),
    channel_row("Search", "last_touch", 1000, 40.0, campaign="brand", value=3000, lifetime=4000, bounds=(3.0, 5.3),
                payback=(9, "observed")),
]  # fmt: skip
COHORTS = [
    *cohort_rows(date(2026, 2, 1), "Search", 10, [(10, 100), (4, 40)], [20, 30]),
    *cohort_rows(date(2026, 2, 1), "Social", 10, [(10, 60), (2, 20)], [5, 15]),
    *cohort_rows(date(2026, 3, 1), "Search", 5, [(5, 50)], [10, 10]),
]


def lake_of(place: Path, channels: list[dict[str, Any]], cohorts: list[dict[str, Any]]) -> Path:
    performance = [
        performance_row(model, "purchase", "conversion", AS_OF, "Search", spend=9, value=9)
        for model in ("last_touch", "linear")
    ]
    tables = {GOLD_CHANNEL_PERFORMANCE: performance, GOLD_CHANNEL_VALUE: channels, GOLD_COHORT_VALUE: cohorts}
    publish(place, {table: write_table(place, table, rows) for table, rows in tables.items()})
    return place


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake_of(tmp_path_factory.mktemp("value"), CHANNELS, COHORTS)


@pytest.fixture(scope="module")
def pages(lake: Path) -> TestClient:
    return pages_over(lake)


def rows_of(pages: TestClient, address: str) -> list[dict[str, str]]:
    answer = pages.get(address)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_channels_are_those_of_the_first_model_or_of_the_one_asked_for(lake: Path) -> None:
    published = read_published(str(lake))
    found, linear = (read_channel_value(published, view) for view in (EVERYTHING, View(models=("linear",))))
    assert found is not None
    assert linear is not None
    assert [row.channel for row in found.rows] == ["Search", "Social", "Display", "Direct"]
    # 4,000, 900 and 100 of channels that cost 2,000; Direct costs nothing.
    assert found.ltv_to_cac == pytest.approx(2.5)
    assert (linear.model, linear.ltv_to_cac) == ("linear", pytest.approx(2.0))
    only = read_channel_value(published, View(channel="Social"))
    assert only is not None
    assert [row.channel for row in only.rows] == ["Social"]


def test_ltv_to_cac_names_the_channel_that_is_surest_and_not_the_luckiest(pages: TestClient) -> None:
    text = pages.get("/value/ltv-cac").text
    assert "For each unit of spend, new customers bring 2.50 by an age of 365 days" in text
    assert "Search is surest to bring most: 4.00 (3.00 to 5.30)." in text
    assert "Margin is 50% of net value (ltv.margin)." in text
    rows = rows_of(pages, "/value/ltv-cac.csv")
    assert [row["channel"] for row in rows][:4] == ["Search", "Social", "Display", "Direct"]
    assert (rows[0]["cac"], rows[0]["ltv"], rows[0]["ltv_to_cac"]) == ("25.0", "100.0", "4.0")
    assert rows[2]["ltv_roas"] == "1.0"  # half of 600 and 100, of 400


def test_payback_says_how_many_channels_pay_back_and_which_takes_longest(pages: TestClient) -> None:
    text = pages.get("/value/payback").text
    assert "Of 3 channels with spend, 1 have brought what they cost by margin to date, and 1 are expected to" in text
    assert "Social takes longest: its average new customer has brought what it cost at an age of 80 days." in text
    rows = rows_of(pages, "/value/payback.csv")
    assert [(row["channel"], row["payback_days"], row["payback"]) for row in rows] == [
        ("Search", "9", "observed"),
        ("Social", "80", "predicted"),
        ("Display", "", "not reached"),
    ]
    assert rows[0]["returned"] == "1.5"


def test_cohorts_of_all_channels_go_on_with_what_is_predicted(lake: Path, pages: TestClient) -> None:
    found = read_expected_cohorts(read_published(str(lake)))
    assert found is not None
    february, march = found.cohorts
    # Half of 160 in February and of 60 in March, then 25 and 45 more are expected.
    assert [int(value) for value in february.expected] == [80, 110, 135, 180]
    assert (february.over, february.to_date, february.predicted) == (2, 110, 70)
    assert (march.customers, march.over, march.each(march.to_date)) == (5, 1, 5.0)
    assert (found.customers, found.to_date, found.predicted) == (25, 135, 90)

    text = pages.get("/value/cohort-expected").text
    assert "All 25 customers together have brought ₩135 of margin so far and are expected to bring ₩90 more" in text
    rows = rows_of(pages, "/value/cohort-expected.csv")
    assert [(row["cohort"], row["each_to_date"], row["each"]) for row in rows] == [
        ("2026-03", "5.0", "9.0"),
        ("2026-02", "5.5", "9.0"),
    ]


def test_the_report_has_both_panels_of_channels_in_each_language(lake: Path) -> None:
    figures = read_figures(str(lake))
    for language in ("en", "ko"):
        costs, payback = (make(figures, words_in(language)) for make in (value_to_cost_panel, payback_panel))
        assert costs is not None
        assert payback is not None
        assert costs.more


def test_without_scores_there_is_payback_by_margin_to_date_alone(tmp_path: Path) -> None:
    unscored: dict[str, Any] = {"lifetime": None, "bounds": None}
    rows = [
        channel_row("Search", "last_touch", 100, 9.0, value=900, payback=(0, "observed"), **unscored),
        channel_row("Social", "last_touch", 100, 9.0, value=9, payback=(None, "not scored"), **unscored),
    ]
    pages = pages_over(lake_of(tmp_path, rows, cohort_rows(date(2026, 3, 1), "Search", 9, [(9, 9)])))
    assert "No customer value beside cost is published yet" in pages.get("/value/ltv-cac").text
    assert "No expected value of cohorts is published yet" in pages.get("/value/cohort-expected").text
    assert [row["payback"] for row in rows_of(pages, "/value/payback.csv")] == ["observed", "not scored"]


def test_where_no_channel_pays_back_none_is_named(tmp_path: Path) -> None:
    row = channel_row(
        "Social", "last_touch", 100, 9.0, value=9, lifetime=20, bounds=(0.1, 0.4), payback=(None, "not reached")
    )
    pages = pages_over(lake_of(tmp_path, [row], []))
    assert "Of 1 channels with spend, 0 have brought what they cost" in pages.get("/value/payback").text
