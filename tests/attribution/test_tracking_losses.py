"""gold.tracking_losses: what missing consent, logged-out visits and short cookies take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from rules_oracle import DAY, NOON

from attribution.tracking_losses import (
    build_tracking_losses,
    check_tracking_losses,
    losses_in_words,
    lost_conversions,
    lost_touches,
)
from warehouse.contracts import Table
from warehouse.tables import GOLD_UNATTRIBUTED_CONVERSIONS, SILVER_JOURNEYS, SILVER_TOUCHPOINTS

Row = Mapping[str, Any]


def filled(spark: SparkSession, table: Table, rows: Iterable[Row]) -> DataFrame:
    values = [tuple(row.get(name) for name in table.column_names) for row in rows]
    return spark.createDataFrame(values, table.ddl)


def touch(id_: str, before: timedelta, device: str | None, *, short: bool | None, **fields: Any) -> Row:
    common = {"person_id": f"device:{device}", "consent_ads": True}
    return {"touchpoint_id": id_, "touched_at": NOON - before, "anonymous_id": device, "has_short_cookie": short,
            **common, **fields}  # fmt: skip


def journey(id_: str, path: Iterable[Row], *, value: int, type_: str = "purchase") -> Row:
    touches = [(one["touched_at"], one["touchpoint_id"], *[None] * 5) for one in path]
    return {"journey_id": id_, "conversion_id": id_, "conversion_type": type_, "ended_at": NOON, "path": touches,
            "report_value": Decimal(value)}  # fmt: skip


# Elsewhere half of the touches are of devices that come back after a week, in Safari a quarter are.
CHROME = [
    touch("c1", 20 * DAY, "chrome 1", short=False),
    touch("c2", 1 * DAY, "chrome 1", short=False),
    touch("c3", 3 * DAY, "chrome 2", short=False, person_id="user:ann"),
    touch("c4", 2 * DAY, "chrome 3", short=False, consent_ads=False),
]
SAFARI = [
    touch("s1", 9 * DAY, "safari 1", short=True),
    touch("s2", 1 * DAY, "safari 1", short=True, person_id="user:ann"),
    *(touch(f"s{n}", 1 * DAY, f"safari {n}", short=True) for n in range(3, 9)),
]
# Its visitor came back after exactly seven days, which the cookie outlives.
A_WEEK = [touch("w1", 8 * DAY, "safari w", short=True), touch("w2", 1 * DAY, "safari w", short=True)]
OTHERS = [touch("app", 90 * DAY, "phone", short=None), touch("no device", 90 * DAY, None, short=True)]
TOUCHES = [*CHROME, *SAFARI, *A_WEEK, *OTHERS]
JOURNEYS = [
    journey("chrome, of long ago", CHROME[:2], value=300),
    journey("chrome, of now", CHROME[2:3], value=100),
    journey("safari", SAFARI[2:3], value=60),
    journey("safari, of long ago", SAFARI[:2], value=20),
    journey("safari too", SAFARI[3:4], value=80),
    journey("safari again", SAFARI[4:5], value=40),
    journey("nobody", [], value=7),
    journey("a sign-up", SAFARI[2:3], value=0, type_="sign_up"),
]
UNATTRIBUTED = [
    {"conversion_type": "purchase", "cause": "no_consent", "conversions": 1, "value": Decimal(7)},
    {"conversion_type": "purchase", "cause": "no_visit", "conversions": 5, "value": Decimal(1000)},
]


def losses(
    spark: SparkSession, *, without_ads_consent: str = "all", left_out: tuple[int, int] | None = None
) -> DataFrame:
    touchpoints = filled(spark, SILVER_TOUCHPOINTS, TOUCHES)
    events = left_out and spark.createDataFrame([left_out], "left_out_events bigint, session_events bigint")
    return build_tracking_losses(
        lost_touches(touchpoints, without_ads_consent=without_ads_consent, left_out=events or None),
        lost_conversions(
            filled(spark, SILVER_JOURNEYS, JOURNEYS),
            touchpoints,
            filled(spark, GOLD_UNATTRIBUTED_CONVERSIONS, UNATTRIBUTED),
        ),
        report_currency="USD",
    )


def rows_of(built: DataFrame, *counted: str) -> dict[tuple[str, str], tuple[Any, ...]]:
    """total, concerned, lost, lost_value and whether it is an estimate."""
    names = ("total", "concerned", "lost", "lost_value", "is_estimate")
    rows = built.collect()
    return {(r["counted"], r["cause"]): tuple(r[name] for name in names) for r in rows if r["counted"] in counted}


def test_touches_are_lost_to_log_out_and_to_short_cookies_and_by_default_none_to_consent(spark: SparkSession) -> None:
    assert rows_of(losses(spark), "touches") == {
        ("touches", "no_consent"): (16, 1, 0, None, False),
        ("touches", "logged_out"): (16, 14, 14, None, False),
        # 10 touches in Safari, of which 5 would be of devices of longer than a week and 2 are
        ("touches", "short_cookie"): (16, 10, 3, None, True),
    }


def test_what_settings_leave_out_is_lost(spark: SparkSession) -> None:
    found = rows_of(losses(spark, without_ads_consent="nothing", left_out=(10, 40)), "touches")

    # A touch without consent to ads, and 10 events without consent to analytics: 40 events have 16 touches.
    assert found["touches", "no_consent"] == (16 + 4, 1 + 4, 1 + 4, None, True)


def test_conversions_are_lost_with_their_value(spark: SparkSession) -> None:
    built = losses(spark)

    assert rows_of(built, "purchase", "sign_up") == {
        ("purchase", "no_consent"): (7, 1, 1, 7, False),
        ("purchase", "logged_out"): (7, 0, 0, 0, False),
        # Half of Chrome's purchases, three quarters of the value, come of long ago; of Safari's 4, worth 200, one does.
        ("purchase", "short_cookie"): (7, 4, 1, 130, True),
        # Elsewhere nobody signed up: there is nothing to compare with.
        ("sign_up", "no_consent"): (1, 0, 0, 0, False),
        ("sign_up", "logged_out"): (1, 0, 0, 0, False),
        ("sign_up", "short_cookie"): (1, 1, 0, 0, True),
    }
    checks = check_tracking_losses(built, filled(spark, GOLD_UNATTRIBUTED_CONVERSIONS, UNATTRIBUTED))
    assert [check.name for check in checks if not check.passed] == []


def test_a_value_that_the_causes_do_not_have_fails_the_check(spark: SparkSession) -> None:
    other = [{**UNATTRIBUTED[0], "value": Decimal(8)}]

    failed = [
        one.name
        for one in check_tracking_losses(losses(spark), filled(spark, GOLD_UNATTRIBUTED_CONVERSIONS, other))
        if not one.passed
    ]

    assert failed == ["value lost to consent and log-out"]


def test_a_run_says_what_is_lost_in_one_line(spark: SparkSession) -> None:
    assert losses_in_words(losses(spark)) == (
        "touches lost to tracking: logged out 87.5%, short cookies 18.8% (estimate): see gold.tracking_losses"
    )


@pytest.mark.parametrize("kept", [[], OTHERS])
def test_where_nothing_can_be_compared_nothing_is_estimated(kept: list[Row], spark: SparkSession) -> None:
    rows = lost_touches(filled(spark, SILVER_TOUCHPOINTS, kept), without_ads_consent="all").collect()

    assert {row["cause"]: row["lost"] for row in rows} == {
        "no_consent": 0, "logged_out": len(kept), "short_cookie": 0,
    }  # fmt: skip
