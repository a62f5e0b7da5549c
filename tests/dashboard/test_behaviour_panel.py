"""The list of who is likely not to come back: whom it has, what it says of each, and what it keeps from whom."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from published.churn import LikelyLeaver, Reason, read_likely_leavers
from published.publication import read_published
from tests.published_lake import AS_OF, publish, write_table
from tests.question_lake import Rows, churn_row, features
from tests.served_pages import pages_over
from tests.small_shop import VALUES
from warehouse.tables import GOLD_CHURN, GOLD_CUSTOMER_VALUE, GOLD_PERSON_FEATURES
from warehouse.tables.gold_person_features import FEATURES

NAMES = ("user:ann", "user:cat", "device:1", "user:gone")
SINCE = dict(zip(NAMES, (3.0, 30.0, 1.5, 30.5), strict=True))
CHANCE = dict(zip(NAMES, (0.25, 0.75, 0.25, 0.99), strict=True))


def persons_of_all() -> Rows:
    empty = features()[0]
    return [empty | {"person_id": name, "days_since_active": days} for name, days in SINCE.items()]


def churn_of_all() -> Rows:
    return [churn_row(name, AS_OF, horizon, CHANCE[name]) for name in NAMES for horizon in ("7d", "14d")]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four customers at two horizons."""
    folder = tmp_path_factory.mktemp("behaviour")
    made = {GOLD_PERSON_FEATURES: persons_of_all(), GOLD_CHURN: churn_of_all()}
    publish(folder, {table: write_table(folder, table, of) for table, of in made.items()})
    return folder


@pytest.fixture(scope="module")
def pages(lake: Path) -> TestClient:
    return pages_over(lake)


def test_the_list_has_who_was_here_in_30_days_the_likeliest_first_at_the_horizon_next_below_30_days(
    lake: Path,
) -> None:
    found = read_likely_leavers(read_published(str(lake)), most=2)
    assert found is not None

    def why(days: float) -> tuple[Reason, ...]:
        return Reason("visits_30d", 0.5, 0), Reason("days_since_active", -0.25, days)

    assert found.listed == (
        LikelyLeaver("user:cat", 0.75, 30.0, why(30.0)),
        LikelyLeaver("device:1", 0.25, 1.5, why(1.5)),
    )
    assert {name: value for name, value in asdict(found).items() if name != "listed"} == {
        "as_of": AS_OF,
        "horizon": "14d",
        "served": "behaviour",
        "model_version": "churn/1",
        "base_rate": 0.5,
        "customers": 3,
        "expected": 1.25,
    }


def test_segments_are_labels_of_the_same_day_beside_the_chance(lake: Path, tmp_path: Path) -> None:
    worth = [
        VALUES[0] | {"person_id": person, "as_of": day, "segment": segment}
        for person, day, segment in (
            ("user:cat", AS_OF, "leaving"),
            ("user:cat", AS_OF - timedelta(days=1), "loyal"),
            ("device:1", AS_OF - timedelta(days=1), "loyal"),
        )
    ]
    made = {GOLD_CUSTOMER_VALUE: worth, GOLD_CHURN: churn_of_all(), GOLD_PERSON_FEATURES: persons_of_all()}
    publish(tmp_path, {table: write_table(tmp_path, table, of) for table, of in made.items()})
    labelled = read_likely_leavers(read_published(str(tmp_path)), most=9)
    plain = read_likely_leavers(read_published(str(lake)), most=9)
    assert labelled is not None
    assert plain is not None
    assert [(each.person_id, each.segment) for each in labelled.listed] == [
        ("user:cat", "leaving"), ("device:1", None), ("user:ann", None),
    ]  # fmt: skip
    assert [each._replace(segment=None) for each in labelled.listed] == list(plain.listed)
    pages = pages_over(tmp_path)
    assert "<td>Leaving</td>" in pages.get("/churn/behaviour").text.replace('<td class="text">', "<td>")
    assert ",leaving," in pages.get("/churn/behaviour.csv").text


def test_the_panel_says_how_many_are_expected_and_why_each(pages: TestClient) -> None:
    html = pages.get("/churn").text
    assert (
        "Of 3 customers who were here in the last 30 days, 1 are expected not to come back within 14 days; 50% of all"
        in html.replace("\n", " ")
    )
    assert "visits in 30 days: 0 ↑ leaving" in html
    assert "days since the last visit or purchase: 1.50 ↓ leaving" in html
    korean = pages.get("/churn?lang=ko").text
    assert "30일간 방문 수: 0 ↑ 이탈" in korean


def test_a_reason_says_what_it_is_of_the_customer_in_its_unit(tmp_path: Path) -> None:
    values = {
        "p_alive": (0.034, "chance of still being a customer by purchases: 3% ↑"),
        "visit_trend": (math.log(0.5), "visits now and two weeks ago: ×0.50 ↑"),
        "silence_in_visit_gaps": (2.5, "silence against the usual gap between visits: 2.50 ↑"),
        "gross_value_365d": (1_234_567.0, "amount bought in a year: 1,234,567 ↑"),
        "purchase_gap_days": (None, "usual days between purchases: – ↑"),
    }
    empty = features()[0]
    persons = [empty | {"person_id": f"user:{name}", name: value} for name, (value, _) in values.items()]
    churn = [churn_row(f"user:{name}", AS_OF, "14d", 0.5, reason=name) for name in values]
    made = {GOLD_PERSON_FEATURES: persons, GOLD_CHURN: churn}
    publish(tmp_path, {table: write_table(tmp_path, table, of) for table, of in made.items()})
    html = pages_over(tmp_path).get("/churn").text
    assert [text for _, text in values.values() if text not in html] == []


def test_the_file_has_logins_features_and_weights_for_who_may_see_persons(pages: TestClient, lake: Path) -> None:
    def rows(client: TestClient) -> list[dict[str, str]]:
        answer = client.get("/churn/behaviour.csv")
        assert answer.status_code == 200, answer.text
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    first = rows(pages)[0]
    assert [
        first[name] for name in ("rank", "customer_id", "probability", "reason_1", "value_1", "contribution_1")
    ] == [
        *("1", "cat", "0.75", "visits_30d", "0", "0.5"),
    ]
    others = rows(pages_over(lake, knobs={"personal_for": ("somebody",)}))
    assert "customer_id" not in others[0]
    assert "cat" not in str(others)


def test_without_churn_from_behaviour_the_page_has_no_such_panel(tmp_path: Path) -> None:
    publish(tmp_path, {GOLD_PERSON_FEATURES: write_table(tmp_path, GOLD_PERSON_FEATURES, features())})
    assert "not to come back" not in pages_over(tmp_path).get("/churn").text
    assert read_likely_leavers(read_published(str(tmp_path)), most=5) is None


@pytest.mark.parametrize("language", ["en", "ko"])
def test_each_feature_has_a_name_in_each_language(language: str) -> None:
    from dashboard.words import words_in

    texts = words_in(language).texts
    assert {column.name for column in FEATURES} == {
        key.removeprefix("features.") for key in texts if key.startswith("features.")
    }
