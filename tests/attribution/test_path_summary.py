"""gold.path_summary: sequences of channels, with what came of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
from rules_oracle import journey, journeys_frame, walk

from attribution.path_summary import build_path_summary


@pytest.fixture(scope="module")
def summary(spark: SparkSession) -> dict[tuple[str, str], Row]:
    lost: dict[str, Any] = {"conversion_id": None, "value": "0"}
    rows = [
        journey("one", walk("A > B", days_before=[3, 1]), value="10"),
        journey("two", walk("A > B", days_before=[2, 0]), value="0.000001"),
        journey("three", walk("A > B", days_before=[9, 0]), **lost),
        journey("four", walk("B > A", days_before=[1, 0]), **lost),
        journey("five", walk("A > A > B", days_before=[5, 4, 0]), value="7"),
        journey("six", [], value="3"),
        journey("seven", walk("A > B", days_before=[1, 0]), conversion_type="sign_up", value="0"),
    ]
    built = build_path_summary(journeys_frame(spark, rows), report_currency="KRW").collect()
    found = {(row["conversion_type"], " > ".join(row["path"])): row for row in built}
    assert len(found) == len(built)
    return found


def test_a_path_counts_its_journeys_with_and_without_conversion(summary: dict[tuple[str, str], Row]) -> None:
    assert {key: (row["conversions"], row["non_conversions"], row["value"]) for key, row in summary.items()} == {
        ("purchase", "A > B"): (2, 1, Decimal("10.000001")),
        ("purchase", "B > A"): (0, 1, 0),
        ("purchase", "A > A > B"): (1, 0, 7),
        ("purchase", ""): (1, 0, 3),
        ("sign_up", "A > B"): (1, 0, 0),
    }


def test_days_to_convert_is_the_mean_from_the_first_touch_of_the_converting_journeys(
    summary: dict[tuple[str, str], Row],
) -> None:
    assert {key: row["days_to_convert"] for key, row in summary.items()} == {
        ("purchase", "A > B"): 2.5,
        ("purchase", "B > A"): None,
        ("purchase", "A > A > B"): 5.0,
        ("purchase", ""): None,
        ("sign_up", "A > B"): 1.0,
    }


def test_values_are_in_the_reporting_currency(summary: dict[tuple[str, str], Row]) -> None:
    assert {row["currency"] for row in summary.values()} == {"KRW"}
