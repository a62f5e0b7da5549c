"""The reliability curve of churn: whose version it is, which horizon, and which tenths chance does not explain."""

from __future__ import annotations

import csv
import io
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from published.churn_reliability import read_reliability
from published.publication import read_published
from tests.published_lake import AS_OF, publish, write_table
from tests.question_lake import Rows, churn_row, features
from tests.served_pages import pages_over
from warehouse.tables import GOLD_CHURN, GOLD_CHURN_RELIABILITY, GOLD_PERSON_FEATURES

CUTOFF = AS_OF - timedelta(days=14)


def tenths(
    horizon: str, off: dict[int, float], *, version: str = "churn/1", predictor: str = "behaviour", **more: Any
) -> Rows:
    """Ten tenths of 40 customers, given 5% to 95%, of whom just as many left but for those that are `off`."""
    return [
        {
            "model_version": version, "horizon": horizon, "predictor": predictor, "tenth": tenth, "is_served": True,
            "cutoff": CUTOFF, "customers": 40.0, "predicted": tenth / 10 - 0.05,
            "actual": tenth / 10 - 0.05 + off.get(tenth, 0.0), **more,
        }
        for tenth in range(1, 11)
    ]  # fmt: skip


ROWS = [
    *tenths("14d", {3: 0.2, 9: -0.1}),
    *tenths("14d", {3: 0.5}, predictor="recency", is_served=False),
    *tenths("14d", {3: 0.6}, version="churn/0"),
    *tenths("7d", {}, predictor="recency", customers=20.5),
]


def lake_of(place: Path, reliability: Rows | None) -> Path:
    made = {
        GOLD_PERSON_FEATURES: features(),
        GOLD_CHURN: [churn_row("user:ann", AS_OF, horizon, 0.5) for horizon in ("7d", "14d")],
        **({} if reliability is None else {GOLD_CHURN_RELIABILITY: reliability}),
    }
    publish(place, {table: write_table(place, table, rows) for table, rows in made.items()})
    return place


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake_of(tmp_path_factory.mktemp("reliability"), ROWS)


@pytest.fixture(scope="module")
def pages(lake: Path) -> TestClient:
    return pages_over(lake)


def wilson(share: float, of: float) -> tuple[float, float]:
    """The ends of the shares p whose distance from the one that was seen is 1.96 of p's own standard errors."""

    def edge(sign: int) -> float:
        inside, outside = share, float(sign > 0)
        for _ in range(60):
            middle = (inside + outside) / 2
            far = abs(middle - share) > 1.959964 * math.sqrt(middle * (1 - middle) / of)
            inside, outside = (inside, middle) if far else (middle, outside)
        return inside

    return edge(-1), edge(1)


def test_the_curve_is_of_the_version_and_the_horizon_that_the_list_has_by_what_is_served(lake: Path) -> None:
    found = read_reliability(read_published(str(lake)))
    assert found is not None
    assert found.model_version == "churn/1"
    shown, other = found.horizons
    assert (shown.horizon, shown.served, shown.cutoff, shown.customers) == ("14d", "behaviour", CUTOFF, 400)
    assert (other.horizon, other.served, other.customers) == ("7d", "recency", 205)
    assert [one.tenth for one in shown.tenths] == list(range(1, 11))
    assert (shown.furthest.tenth, shown.furthest.off) == (3, pytest.approx(0.2))
    assert shown.mean_distance == pytest.approx((0.2 + 0.1) / 10)


def test_a_tenth_is_off_where_its_interval_does_not_hold_the_chance(lake: Path) -> None:
    found = read_reliability(read_published(str(lake)))
    assert found is not None
    for one in found.horizons[0].tenths:
        low, high = wilson(one.actual, 40)
        assert one.bounds == pytest.approx((low, high), abs=1e-6)
        assert one.is_within_chance == (low <= one.predicted <= high)
    assert [one.tenth for one in found.horizons[0].tenths if not one.is_within_chance] == [3]
    assert found.horizons[1].within_chance == 10


def test_the_panel_says_how_many_tenths_came_true_and_which_is_furthest_off(pages: TestClient) -> None:
    html = pages.get("/churn/reliability").text.replace("\n", " ")
    assert "400 customers of 17 March 2026 were given a chance of not coming back within 14 days" in html
    assert "In 9 of 10 tenths" in html
    assert "the furthest was given 25%, and 45% did not come back" in html
    assert "Of the model churn/1" in html
    assert "확률을 매겼습니다" in pages.get("/churn/reliability?lang=ko").text
    assert 'id="reliability"' in pages.get("/churn").text


def test_the_file_has_the_tenths_of_the_curve(pages: TestClient) -> None:
    answer = pages.get("/churn/reliability.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["tenth"] for row in rows] == [str(tenth) for tenth in range(1, 11)]
    assert (float(rows[2]["predicted"]), float(rows[2]["actual"])) == pytest.approx((0.25, 0.45))


def test_tenths_of_few_customers_are_marked(lake: Path) -> None:
    assert "3 †" in pages_over(lake, knobs={"smallest_count": 41}).get("/churn/reliability").text
    assert "3 †" not in pages_over(lake).get("/churn/reliability").text


@pytest.mark.parametrize("rows", [None, tenths("14d", {}, version="churn/0")])
def test_without_the_tenths_of_the_version_in_use_there_is_no_curve(tmp_path: Path, rows: Rows | None) -> None:
    place = lake_of(tmp_path, rows)
    assert read_reliability(read_published(str(place))) is None
    assert 'id="reliability"' not in pages_over(place).get("/churn").text
