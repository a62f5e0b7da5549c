"""gold.attribution_credits: exact values, the unattributed row, conversions of 0, and which are credited."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pyspark.sql import Row, SparkSession
from rules_oracle import (
    KNOBS,
    MICRO,
    NOON,
    Touch,
    conversion,
    conversions_frame,
    journey,
    journey_knobs,
    journeys_frame,
    touchpoints_frame,
    utc,
    walk,
)

from attribution.attribution_credits import build_attribution_credits, credited_journeys
from attribution.journeys import build_journeys
from attribution.rules import RULES
from warehouse.tables import GOLD_ATTRIBUTION_CREDITS

JOURNEYS = [
    journey("three", walk("A > B > C"), value="10.00", gross="12.50"),
    journey("refunded", walk("A > B > C"), value="0", gross="20", is_first_purchase=True),
    journey("nobody", [], value="9.99", gross="11"),
    journey("ends direct", walk("A > B > Direct"), value="10.000001"),
    journey("micro", walk("A > B > C"), value="0.000001"),
    journey("large", walk("A > B > C"), value="123456789012.345678"),
    journey("named", [Touch(NOON, "t", "Email", "letter", "email", "Spring")]),
]


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> list[Row]:
    built = build_attribution_credits(journeys_frame(spark, JOURNEYS), models=list(RULES), knobs=KNOBS)
    assert tuple(built.columns) == GOLD_ATTRIBUTION_CREDITS.column_names
    return sorted(built.collect(), key=lambda row: row["position"])


def of(rows: list[Row], model: str, name: str) -> list[Row]:
    return [row for row in rows if (row["model"], row["conversion_id"]) == (model, name)]


def values(rows: list[Row], model: str, name: str, column: str = "credited_value") -> list[str]:
    return [str(row[column]) for row in of(rows, model, name)]


def test_the_last_credited_touch_takes_the_remainder(rows: list[Row]) -> None:
    assert values(rows, "linear", "three") == ["3.333333", "3.333333", "3.333334"]
    assert values(rows, "linear", "three", "gross_value") == ["4.166667", "4.166667", "4.166666"]
    assert values(rows, "time_decay_by_order", "three") == ["1.428571", "2.857143", "5.714286"]
    assert values(rows, "linear", "micro") == ["0.000000", "0.000000", "0.000001"]


def test_a_touch_without_credit_has_no_row_and_takes_no_remainder(rows: list[Row]) -> None:
    assert values(rows, "last_non_direct", "ends direct") == ["10.000001"]
    assert [row["position"] for row in of(rows, "last_non_direct", "ends direct")] == [2]
    assert all(row["credit"] > 0 for row in rows)


def test_under_every_model_credits_sum_to_1_and_values_to_the_conversions_to_the_micro(rows: list[Row]) -> None:
    for model in RULES:
        for each in JOURNEYS:
            mine = of(rows, model, each["conversion_id"])
            assert sum(row["credit"] for row in mine) == pytest.approx(1, abs=1e-15)
            assert sum(row["credited_value"] for row in mine) == each["report_value"]
            assert sum(row["gross_value"] for row in mine) == each["report_gross_value"]


def test_a_refunded_conversion_of_0_still_has_credit_1_and_value_0(rows: list[Row]) -> None:
    assert [row["credit"] for row in of(rows, "position_based", "refunded")] == pytest.approx([0.4, 0.2, 0.4])
    assert values(rows, "position_based", "refunded") == ["0.000000"] * 3
    assert values(rows, "position_based", "refunded", "gross_value") == ["8.000000", "4.000000", "8.000000"]
    assert {row["is_first_purchase"] for row in of(rows, "position_based", "refunded")} == {True}


@pytest.mark.parametrize("model", list(RULES))
def test_a_conversion_without_touches_is_unattributed(rows: list[Row], model: str) -> None:
    (row,) = of(rows, model, "nobody")
    assert (row["touchpoint_id"], row["channel"], row["position"], row["path_length"]) == (
        "(none)",
        "(unattributed)",
        0,
        0,
    )
    assert (row["source"], row["medium"], row["campaign"]) == (None, None, None)
    assert utc(row["touched_at"]) == utc(row["converted_at"]) == NOON
    assert (row["credit"], row["credited_value"], row["gross_value"]) == (1.0, Decimal("9.99"), Decimal(11))


def test_a_row_carries_its_touch_and_its_conversion(rows: list[Row]) -> None:
    (row,) = of(rows, "linear", "named")
    assert row.asDict() | {"touched_at": utc(row["touched_at"]), "converted_at": utc(row["converted_at"])} == {
        "model": "linear",
        "conversion_id": "named",
        "conversion_type": "purchase",
        "converted_at": NOON,
        "person_id": "person of named",
        "touchpoint_id": "t",
        "touched_at": NOON,
        "position": 1,
        "path_length": 1,
        "channel": "Email",
        "source": "letter",
        "medium": "email",
        "campaign": "Spring",
        "campaign_id": None,
        "credit": 1.0,
        "credited_value": Decimal(10),
        "gross_value": Decimal(10),
        "currency": "KRW",
        "is_first_purchase": False,
        "model_version": "rules",
    }


def test_conversions_before_the_start_date_and_journeys_without_one_get_no_rows(spark: SparkSession) -> None:
    # 15:00 UTC is midnight in Seoul.
    midnight = datetime(2026, 3, 30, 15, tzinfo=UTC)
    journeys = journeys_frame(
        spark,
        [
            journey("just before", [], midnight - MICRO),
            journey("first moment", [], midnight),
            journey("later", []),
            journey("lost", walk("A"), conversion_id=None),
        ],
    )

    def credited(start: date | None, zone: str) -> set[str]:
        chosen = credited_journeys(journeys, start_date=start, timezone=zone)
        return {row["conversion_id"] for row in chosen.select("conversion_id").collect()}

    assert credited(date(2026, 3, 31), "Asia/Seoul") == {"first moment", "later"}
    assert credited(date(2026, 3, 31), "UTC") == {"later"}
    assert credited(None, "Asia/Seoul") == {"just before", "first moment", "later"}


def test_touches_after_the_conversion_and_ties_from_touchpoints_to_credits(spark: SparkSession) -> None:
    touches = {
        "p": [
            Touch(NOON + MICRO, "t0 after", "Display"),
            Touch(NOON, "t2 tie", "Email"),
            Touch(NOON, "t1 tie", "Search"),
        ],
        "q": [Touch(NOON + MICRO, "u0 after", "Display")],
    }
    journeys = build_journeys(
        conversions_frame(spark, [conversion("of p", "p"), conversion("of q", "q")]),
        touchpoints_frame(spark, touches),
        journey_knobs({"purchase": 30}),
        report_currency="KRW",
    )
    chosen = credited_journeys(journeys, start_date=None, timezone="UTC")
    found = build_attribution_credits(chosen, models=["first_touch", "last_touch"], knobs=KNOBS).collect()
    assert {(row["model"], row["conversion_id"]): row["touchpoint_id"] for row in found} == {
        ("first_touch", "of p"): "t1 tie",
        ("last_touch", "of p"): "t2 tie",
        ("first_touch", "of q"): "(none)",
        ("last_touch", "of q"): "(none)",
    }
