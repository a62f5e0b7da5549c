"""gold.unattributed_conversions: why a conversion has no touch in its window."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from rules_oracle import DAY, MICRO, NOON, journey_knobs

from attribution.unattributed_conversions import (
    build_unattributed_conversions,
    causes_in_words,
    causes_of_unattributed,
    check_unattributed_conversions,
)
from warehouse.contracts import Table
from warehouse.tables import (
    SILVER_CONVERSIONS,
    SILVER_JOURNEYS,
    SILVER_ORDERS,
    SILVER_SESSIONS,
    SILVER_TOUCHPOINTS,
)

Row = Mapping[str, Any]
KNOBS = journey_knobs({"purchase": 30, "sign_up": 7})
FIRST_VISIT = NOON - 100 * DAY


def touch(before: timedelta, person: str = "user:*", device: str | None = None, interaction: str = "click") -> Row:
    """A touch that long before noon, by the buyer of the case where no other is named."""
    return {"touched_at": NOON - before, "person_id": person, "anonymous_id": device, "interaction": interaction}


def visit(before: timedelta, person: str = "user:*", *, is_bot: bool = True) -> Row:
    return {"started_at": NOON - before, "person_id": person, "is_bot": is_bot}


# name: the rows of silver that a purchase at noon is looked for in, what its event says, and the cause
CASES: dict[str, tuple[Iterable[Row], Iterable[Row], Row, str]] = {
    "nobody came": ([], [], {}, "no_visit"),
    "the last touch is a microsecond older than the window": ([touch(30 * DAY + MICRO)], [], {}, "outside_window"),
    "impressions alone take no part": ([touch(DAY, interaction="impression")], [], {}, "no_visit"),
    "a touch after the conversion is none before it": ([touch(-DAY)], [], {}, "no_visit"),
    "only robots came under the buyer's name": ([touch(40 * DAY)], [visit(DAY)], {}, "robot"),
    "a robot long before is none in the window": ([], [visit(31 * DAY)], {}, "no_visit"),
    "visits of people are no robots": ([], [visit(DAY, is_bot=False)], {}, "no_visit"),
    "whom the event names came under another name": (
        [touch(DAY, "user:7 of *")],
        [],
        {"seen_person_id": "user:7 of *"},
        "other_login",
    ),
    "long before the window that explains nothing": (
        [touch(31 * DAY, "user:7 of *")],
        [],
        {"seen_person_id": "user:7 of *"},
        "no_visit",
    ),
    "somebody else came on the device of the purchase": (
        [touch(30 * DAY, "user:7 of *", "the device of *")],
        [],
        {"seen_person_id": "user:*", "seen_on": "the device of *"},
        "other_login",
    ),
    "the buyer's own old touch on the device is nobody else's": (
        [touch(31 * DAY, device="the device of *")],
        [],
        {"seen_on": "the device of *"},
        "outside_window",
    ),
    "the buyer did not agree": ([touch(40 * DAY)], [], {"seen_consent_ads": False}, "no_consent"),
    "nobody logged in on the device of the purchase in time": (
        [touch(DAY, "device:of *", "the device of *")],
        [],
        {"seen_person_id": "user:*", "seen_on": "the device of *"},
        "logged_out",
    ),
    "of another login and none the login counts": (
        [touch(DAY, "device:of *", "the device of *"), touch(DAY, "user:7 of *")],
        [],
        {"seen_person_id": "user:7 of *", "seen_on": "the device of *"},
        "other_login",
    ),
    "the buyer agreed": ([touch(40 * DAY)], [], {"seen_consent_ads": True}, "outside_window"),
}


def filled(spark: SparkSession, table: Table, rows: Iterable[Row]) -> DataFrame:
    values = [tuple(row.get(name) for name in table.column_names) for row in rows]
    return spark.createDataFrame(values, table.ddl)


def journey(conversion_id: str, ended_at: datetime = NOON, **fields: Any) -> Row:
    common = {"conversion_type": "purchase", "person_id": f"user:{conversion_id}", "report_value": Decimal(10)}
    return {"journey_id": conversion_id, "conversion_id": conversion_id, "ended_at": ended_at, "path": [],
            **common, **fields}  # fmt: skip


def of_case(case: str, rows: Iterable[Row]) -> list[Row]:
    return [{k: v.replace("*", case) if isinstance(v, str) else v for k, v in row.items()} for row in rows]


def causes(spark: SparkSession, journeys: Iterable[Row], **silver: Iterable[Row]) -> DataFrame:
    tables = (SILVER_CONVERSIONS, SILVER_ORDERS, SILVER_TOUCHPOINTS, SILVER_SESSIONS)
    frames = [filled(spark, table, silver.get(table.name, ())) for table in tables]
    return causes_of_unattributed(filled(spark, SILVER_JOURNEYS, journeys), *frames, knobs=KNOBS)


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, str]:
    orders = [row for case, (_, _, seen, _) in CASES.items() for row in of_case(case, [{"order_id": case, **seen}])]
    rows = causes(
        spark,
        [journey(case) for case in CASES],
        conversions=[{"conversion_id": case, "order_id": case} for case in CASES],
        orders=orders,
        touchpoints=[row for case, (touches, _, _, _) in CASES.items() for row in of_case(case, touches)],
        sessions=[
            {"started_at": FIRST_VISIT, "person_id": "user:first", "is_bot": False},
            *(row for case, (_, visits, _, _) in CASES.items() for row in of_case(case, visits)),
        ],
    )
    return {row["conversion_id"]: row["cause"] for row in rows.collect()}


@pytest.mark.parametrize("case", CASES)
def test_a_purchase_is_unattributed_because(case: str, found: dict[str, str]) -> None:
    assert found[case] == CASES[case][3]


def test_conversions_before_the_first_visit_come_first_and_each_type_has_its_window(spark: SparkSession) -> None:
    sign_up = {"conversion_type": "sign_up", "person_id": "user:ann"}
    rows = causes(
        spark,
        [
            journey("early", FIRST_VISIT - MICRO),
            journey("on the first day", FIRST_VISIT),
            journey("a sign-up a week later", NOON + 7 * DAY + MICRO, **sign_up),
        ],
        touchpoints=[touch(timedelta(0), "user:ann")],
        sessions=[visit(100 * DAY, "user:ann", is_bot=False)],
    )

    assert {row["conversion_id"]: row["cause"] for row in rows.collect()} == {
        "early": "before_first_visit",
        "on the first day": "no_visit",
        "a sign-up a week later": "outside_window",
    }


def test_conversions_and_amounts_by_type_and_cause(spark: SparkSession) -> None:
    sign_up = {"conversion_type": "sign_up", "report_value": Decimal(0)}
    journeys = [journey("1"), journey("2"), journey("3", FIRST_VISIT - DAY), journey("4", **sign_up)]
    attributed = {"touched_at": NOON, "touchpoint_id": "t", "channel": "Email"}
    touched = journey(
        "5",
        path=[
            tuple(
                attributed.get(name)
                for name in ("touched_at", "touchpoint_id", "channel", "source", "medium", "campaign", "campaign_id")
            )
        ],
    )
    sessions = [visit(100 * DAY, "user:ann", is_bot=False)]

    built = build_unattributed_conversions(
        causes(spark, [*journeys, touched], sessions=sessions), report_currency="USD"
    )

    assert sorted(tuple(row) for row in built.collect()) == [
        ("purchase", "before_first_visit", 1, Decimal(10), "USD"),
        ("purchase", "no_visit", 2, Decimal(20), "USD"),
        ("sign_up", "no_visit", 1, Decimal(0), "USD"),
    ]
    assert causes_in_words(built) == [
        "unattributed purchase: 3 (no visit on record: 2, older than the first visit on record: 1)",
        "unattributed sign_up: 1 (no visit on record: 1)",
    ]
    all_journeys = filled(spark, SILVER_JOURNEYS, [*journeys, touched])
    assert all(result.passed for result in check_unattributed_conversions(all_journeys, built))
    assert not all(
        result.passed for result in check_unattributed_conversions(all_journeys, built.where("conversions = 1"))
    )
