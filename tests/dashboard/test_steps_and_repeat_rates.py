"""Small steps before a purchase, and who buys again: the panels, beside plain counts of the rows they read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from published.publication import read_published
from published.repeat_rates import read_repeat_rates
from published.small_steps import read_small_steps
from published.view import View
from tests.published_lake import publish, write_table
from tests.question_lake import write_questions
from tests.served_pages import pages_over
from tests.small_shop import write_shop
from warehouse.contracts import Table
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_COHORT_VALUE, GOLD_CONVERSION_LINKS

Rows = Mapping[Table, list[dict[str, Any]]]
STEP: dict[str, Any] = {
    "conversion_type": "purchase", "within_days": 7, "visits": 200, "followed": 60, "probability": 0.3,
    "probability_lower": 0.24, "probability_upper": 0.37, "other_visits": 1000, "other_followed": 100, "lift": 3.0,
    "lift_lower": 2.27, "lift_upper": 3.96, "seconds_to_conversion": Decimal(216_000),
    "value": Decimal(6_000), "value_per_visit": 30.0, "currency": "KRW",
}  # fmt: skip


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("questions") / "lake"


@pytest.fixture(scope="module")
def rows(lake: Path) -> Rows:
    return write_questions(lake)


def test_steps_have_the_figures_of_all_channels_or_of_the_one_that_is_asked_for(lake: Path, rows: Rows) -> None:
    published = read_published(str(lake))
    of_purchases = [row for row in rows[GOLD_CONVERSION_LINKS] if row["conversion_type"] == "purchase"]
    for channel in {row["channel"] for row in of_purchases}:
        view = View(conversion_type="purchase", channel=None if channel == "(all)" else channel)
        found = read_small_steps(published, view)
        assert found is not None
        wanted = {row["auxiliary_type"]: row for row in of_purchases if row["channel"] == channel}
        assert {one.step for one in found.steps} == {*wanted}
        for one in found.steps:
            row = wanted[one.step]
            assert (one.visits, one.followed, one.lift) == (row["visits"], row["followed"], row["lift"])
            assert one.other_probability == pytest.approx(row["other_followed"] / row["other_visits"])


def test_rates_are_those_of_cohorts_that_reached_an_age_that_most_channels_have(lake: Path, rows: Rows) -> None:
    found = read_repeat_rates(read_published(str(lake)))
    assert found is not None
    assert found.age == 2, "January's cohorts alone have reached it, and in both channels"
    for one in found.channels:
        of_age = [
            row
            for row in rows[GOLD_COHORT_VALUE]
            if row["is_complete"] and row["age"] == found.age and row["acquisition_channel"] == one.channel
        ]
        assert one.customers == sum(row["customers"] for row in of_age)
        assert one.rate == pytest.approx(sum(row["repeat_customers"] for row in of_age) / one.customers)
        assert one.lower < one.rate < one.upper
    assert [one.rate for one in found.channels] == sorted((one.rate for one in found.channels), reverse=True)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A shop with two steps, one of them without a difference."""
    lake = tmp_path_factory.mktemp("steps") / "lake"
    write_shop(lake)
    alike = {"followed": 20, "probability": 0.1, "lift": 1.0, "lift_lower": 0.6, "lift_upper": 1.6}
    steps = [
        STEP | {"auxiliary_type": "add_to_cart", "channel": "(all)"},
        STEP | alike | {"auxiliary_type": "view_item", "channel": "(all)"},
        STEP | alike | {"auxiliary_type": "view_item", "channel": "Search"},
    ]
    version = write_table(lake, GOLD_CONVERSION_LINKS, steps)
    publish(lake, {GOLD_CONVERSION_LINKS: version, GOLD_CHANNEL_PERFORMANCE: 0}, run_id="run-2", publication=2)
    return pages_over(lake)


def test_the_sentence_names_the_step_that_is_beyond_chance_alone(pages: TestClient) -> None:
    page = pages.get("/paths/small-steps?type=purchase").text
    assert (
        "30% of visits with add to cart are followed by a purchase within 7 days, beside 10% of visits without" in page
    )
    assert "3.00 times as often" in page
    of_search = pages.get("/paths/small-steps?type=purchase&channel=Search").text
    assert (
        "No step is followed by a purchase within 7 days more often than visits without it, beyond chance." in of_search
    )


def test_a_shop_without_these_tables_says_so(pages: TestClient) -> None:
    assert "No month of customers is over yet." in pages.get("/value/repeat-rates").text
