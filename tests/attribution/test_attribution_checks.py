"""The checks of conservation find every single row that was dropped, doubled or changed, and name it."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from rules_oracle import KNOBS, frame, journey, journeys_frame, walk

from attribution.attribution_credits import build_attribution_credits, check_credits
from attribution.channel_performance import build_channel_performance, check_performance
from attribution.path_summary import build_path_summary, check_paths
from warehouse.campaign_names import campaign_names
from warehouse.checks import CheckResult, equal, none_found, require_all
from warehouse.errors import CheckFailed
from warehouse.knobs import Retargeting
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_PATH_SUMMARY,
    SILVER_AD_SPEND,
)

Rows = list[dict[str, Any]]
MICRO_UNIT = Decimal("0.000001")
JOURNEYS = [
    journey("c1", walk("A > B > C"), value="10", gross="12"),
    journey("c2", walk("A > B > C"), value="10", gross="12"),
    journey("c3 refunded", walk("A > B"), value="0", gross="5"),
    journey("c4 unattributed", [], value="3"),
]
SPEND: Rows = [{"channel": "A", "report_spend": Decimal("7.5"), "spend_date": walk("A")[0].at.date()}]


def changed(index: int, column: str, by: Any) -> Callable[[Rows], Rows]:
    def change(rows: Rows) -> Rows:
        return [{**row, column: row[column] + by} if at == index else row for at, row in enumerate(rows)]

    return change


def both(one: Callable[[Rows], Rows], other: Callable[[Rows], Rows]) -> Callable[[Rows], Rows]:
    return lambda rows: other(one(rows))


# The credits in order of (conversion, position): c1 0-2, c2 3-5, c3 6-7, c4 8.
DAMAGE: dict[str, tuple[Callable[[Rows], Rows], set[str]]] = {
    "sound": (lambda rows: rows, set()),
    "touch dropped": (lambda rows: rows[1:], {"net", "gross", "credit", "own value"}),
    "touch of 0 dropped": (lambda rows: [*rows[:6], *rows[7:]], {"gross", "credit", "own value"}),
    "conversion dropped": (lambda rows: rows[:8], {"conversions", "net", "gross"}),
    "touch doubled": (lambda rows: [*rows, rows[0]], {"net", "gross", "credit", "own value"}),
    "conversion doubled": (lambda rows: [*rows, rows[8]], {"net", "gross", "credit", "own value"}),
    "a micro more": (changed(4, "credited_value", MICRO_UNIT), {"net", "own value"}),
    "a micro less of gross": (changed(4, "gross_value", -MICRO_UNIT), {"gross", "own value"}),
    "a micro from one conversion to another": (
        both(changed(0, "credited_value", -MICRO_UNIT), changed(3, "credited_value", MICRO_UNIT)),
        {"own value"},
    ),
    "credit changed": (changed(0, "credit", 1e-6), {"credit"}),
    "credit not a number": (changed(0, "credit", math.nan), {"credit"}),
    "credit missing": (lambda rows: [*rows[:8], {**rows[8], "credit": None}], {"credit"}),
    "given to an unknown conversion": (
        lambda rows: [*rows[:8], {**rows[8], "conversion_id": "unknown"}],
        {"own value"},
    ),
    "nothing credited": (lambda rows: [], {"conversions", "net", "gross"}),
}
CHECKS = {
    "conversions": "conversions credited",
    "net": "net value credited",
    "gross": "gross value credited",
    "credit": "conversions whose credit is not 1",
    "own value": "conversions credited with another value",
}


@pytest.fixture(scope="module")
def sound_credits(spark: SparkSession) -> Rows:
    built = build_attribution_credits(journeys_frame(spark, JOURNEYS), models=["linear"], knobs=KNOBS).collect()
    return sorted((row.asDict() for row in built), key=lambda row: (row["conversion_id"], row["position"]))


def of_models(rows: Rows, damage: dict[str, tuple[Callable[[Rows], Rows], set[str]]]) -> Rows:
    """The rows once for each damage, as a model of that name."""
    return [{**row, "model": name} for name, (change, _) in damage.items() for row in change(rows)]


def failed(results: list[CheckResult], prefix: str) -> set[str]:
    return {
        result.name.removeprefix(prefix) for result in results if result.name.startswith(prefix) and not result.passed
    }


@pytest.fixture(scope="module")
def credit_results(spark: SparkSession, sound_credits: Rows) -> list[CheckResult]:
    rows = of_models(sound_credits, DAMAGE)
    rows += [{**row, "model": "not requested"} for row in sound_credits]
    credits = frame(spark, GOLD_ATTRIBUTION_CREDITS, rows)
    return check_credits(journeys_frame(spark, JOURNEYS), credits, models=list(DAMAGE))


@pytest.mark.parametrize("damage", list(DAMAGE))
def test_damaged_credits_fail_the_checks_that_concern_them(credit_results: list[CheckResult], damage: str) -> None:
    assert failed(credit_results, f"{damage}: ") == {CHECKS[name] for name in DAMAGE[damage][1]}


def test_a_model_that_was_not_requested_is_named(credit_results: list[CheckResult]) -> None:
    (result,) = [result for result in credit_results if result.name == "models that were not requested"]
    assert (result.passed, result.expected, result.actual, result.detail) == (False, 0, 1, "not requested")


PERFORMANCE_DAMAGE: dict[str, tuple[Callable[[Rows], Rows], set[str]]] = {
    "sound": (lambda rows: rows, set()),
    "row dropped": (
        lambda rows: rows[:-1],
        {"touch: conversions", "touch: value", "touch: gross value"},
    ),
    "row doubled": (
        lambda rows: [*rows, rows[-1]],
        {"touch: conversions", "touch: value", "touch: gross value"},
    ),
    "a micro more": (changed(0, "credited_value", MICRO_UNIT), {"conversion: value"}),
    "a micro more of gross": (changed(0, "gross_value", MICRO_UNIT), {"conversion: gross value"}),
    "a micro more spent": (changed(0, "spend", MICRO_UNIT), {"conversion: spend"}),
    "a basis dropped": (
        lambda rows: [row for row in rows if row["date_basis"] == "touch"],
        {"conversion: conversions", "conversion: value", "conversion: gross value", "conversion: spend"},
    ),
    "everything dropped": (
        lambda rows: [],
        {
            f"{of}: {what}"
            for of in ("touch", "conversion")
            for what in ("conversions", "value", "gross value", "spend")
        },
    ),
}


@pytest.fixture(scope="module")
def performance_results(spark: SparkSession, sound_credits: Rows) -> list[CheckResult]:
    spend = frame(spark, SILVER_AD_SPEND, SPEND)
    credits = frame(
        spark,
        GOLD_ATTRIBUTION_CREDITS,
        [{**row, "model": name} for name in PERFORMANCE_DAMAGE for row in sound_credits],
    )
    built = build_channel_performance(
        frame(spark, GOLD_ATTRIBUTION_CREDITS, [{**row, "model": "sound"} for row in sound_credits]),
        spend,
        campaign_names(spend),
        models=["sound"],
        conversion_types=["purchase"],
        retargeting=Retargeting(words=[], rules=[]),
        timezone="UTC",
        report_currency="KRW",
    ).collect()
    # First the spend, whose day has no credit, by conversion; last the credit of A by touch.
    order = ("date_basis", "credited_conversions", "channel")
    sound = sorted((row.asDict() for row in built), key=lambda row: [row[name] for name in order])
    performance = frame(spark, GOLD_CHANNEL_PERFORMANCE, of_models(sound, PERFORMANCE_DAMAGE))
    return check_performance(credits, spend, performance)


@pytest.mark.parametrize("damage", list(PERFORMANCE_DAMAGE))
def test_damaged_performance_fails_the_checks_that_concern_it(
    performance_results: list[CheckResult], damage: str
) -> None:
    assert failed(performance_results, f"performance of {damage}, purchase, by ") == PERFORMANCE_DAMAGE[damage][1]


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda rows: rows, set()),
        (lambda rows: rows[1:], {"journeys without conversion in path_summary"}),
        (
            lambda rows: [*rows, rows[-1]],
            {"converting journeys in path_summary", "value of journeys in path_summary"},
        ),
        (changed(1, "value", MICRO_UNIT), {"value of journeys in path_summary"}),
    ],
    ids=["sound", "a path without conversion dropped", "a path doubled", "a micro more"],
)
def test_damaged_path_summary_fails_the_checks_that_concern_it(
    spark: SparkSession, sound_paths: Rows, damage: Callable[[Rows], Rows], expected: set[str]
) -> None:
    paths = frame(spark, GOLD_PATH_SUMMARY, damage(sound_paths))
    assert failed(check_paths(journeys_frame(spark, all_journeys()), paths), "") == expected


def all_journeys() -> Rows:
    return [*JOURNEYS, journey("lost", walk("B"), conversion_id=None, value="0")]


@pytest.fixture(scope="module")
def sound_paths(spark: SparkSession) -> Rows:
    built = build_path_summary(journeys_frame(spark, all_journeys()), report_currency="KRW").collect()
    return sorted((row.asDict() for row in built), key=lambda row: row["value"] if row["conversions"] else -1)


def test_decimals_and_counts_must_be_equal_and_floats_nearly_so() -> None:
    assert equal("x", Decimal("1.000000"), Decimal(1)).passed
    assert not equal("x", Decimal("1.000000"), Decimal("1.000001")).passed
    assert not equal("x", Decimal("1234567890123456.000000"), Decimal("1234567890123456.000001")).passed
    assert not equal("x", 10**15, 10**15 + 1).passed
    assert equal("x", 1e6, 1e6 + 1e-4).passed
    assert not equal("x", 1e6, 1e6 + 1e-2).passed
    assert not equal("x", 1.0, math.nan).passed


def test_the_sum_of_nothing_counts_as_0() -> None:
    assert equal("x", None, 0).passed
    assert none_found("x", None).passed
    assert not equal("x", None, Decimal("0.000001")).passed


def test_failed_checks_are_named_with_their_figures_and_the_rest_counted() -> None:
    require_all([equal("fine", 1, 1)])
    bad = [equal(f"check {number}", 1000, number, detail="of May" if number == 1 else "") for number in range(5)]
    with pytest.raises(CheckFailed) as failure:
        require_all([equal("fine", 1, 1), *bad])
    assert failure.value.exit_code == 1
    assert str(failure.value) == (
        "5 of 6 checks failed, nothing is published: check 0: expected 1,000, found 0; "
        "check 1: expected 1,000, found 1 (of May); check 2: expected 1,000, found 2; and 2 more"
    )
