"""Which person a device belongs to: the next login within the window, otherwise the last one, otherwise none."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from bronze_rows import at, collected, events, frame, orders
from pyspark.sql import SparkSession

from touchpoints.identities import build_identities, logins_of

LOGINS = "anonymous_id string, user_id string, login_at timestamp, login_id string"
DAYS = 30

# name of the device: its logins as (user, when, login_id), then the whole of its intervals as (person, from, to)
Login = tuple[str, datetime, str]
Interval = tuple[str, datetime, datetime | None]
CASES: dict[str, tuple[list[Login], list[Interval]]] = {
    "one login claims the window before it and, to the microsecond, the window after it": (
        [("ann", at(), "1")],
        [("user:ann", at(days=-30), at(days=30, microseconds=1)), ("device:*", at(days=30, microseconds=1), None)],
    ),
    "on a shared tablet the time between two logins is the next one's": (
        [("ann", at(), "1"), ("bob", at(60), "2")],
        [
            ("user:ann", at(days=-30), at(microseconds=1)),
            ("user:bob", at(microseconds=1), at(60, days=30, microseconds=1)),
            ("device:*", at(60, days=30, microseconds=1), None),
        ],
    ),
    "between logins further apart than the window the last login holds until the next one's window begins": (
        [("ann", at(), "1"), ("bob", at(days=40), "2")],
        [
            ("user:ann", at(days=-30), at(days=10)),
            ("user:bob", at(days=10), at(days=70, microseconds=1)),
            ("device:*", at(days=70, microseconds=1), None),
        ],
    ),
    "between logins further apart than both windows the device is the person": (
        [("ann", at(), "1"), ("bob", at(days=61), "2")],
        [
            ("user:ann", at(days=-30), at(days=30, microseconds=1)),
            ("device:*", at(days=30, microseconds=1), at(days=31)),
            ("user:bob", at(days=31), at(days=91, microseconds=1)),
            ("device:*", at(days=91, microseconds=1), None),
        ],
    ),
    "windows that meet leave the device no moment": (
        [("ann", at(), "1"), ("bob", at(days=60, microseconds=1), "2")],
        [
            ("user:ann", at(days=-30), at(days=30, microseconds=1)),
            ("user:bob", at(days=30, microseconds=1), at(days=90, microseconds=2)),
            ("device:*", at(days=90, microseconds=2), None),
        ],
    ),
    "logins of one person are one interval": (
        [("ann", at(), "1"), ("ann", at(5), "2"), ("ann", at(days=50), "3")],
        [("user:ann", at(days=-30), at(days=80, microseconds=1)), ("device:*", at(days=80, microseconds=1), None)],
    ),
    "of two logins at one moment the smaller id has the time before, the larger the time after": (
        [("bob", at(), "2"), ("ann", at(), "1")],
        [
            ("user:ann", at(days=-30), at(microseconds=1)),
            ("user:bob", at(microseconds=1), at(days=30, microseconds=1)),
            ("device:*", at(days=30, microseconds=1), None),
        ],
    ),
    "after two logins at one moment the next login comes first": (
        [("bob", at(), "2"), ("ann", at(), "1"), ("cat", at(days=30, microseconds=1), "3")],
        [
            ("user:ann", at(days=-30), at(microseconds=1)),
            ("user:cat", at(microseconds=1), at(days=60, microseconds=2)),
            ("device:*", at(days=60, microseconds=2), None),
        ],
    ),
    "logins of two users under one id are in order of the users": (
        [("bob", at(), "1"), ("ann", at(), "1")],
        [
            ("user:ann", at(days=-30), at(microseconds=1)),
            ("user:bob", at(microseconds=1), at(days=30, microseconds=1)),
            ("device:*", at(days=30, microseconds=1), None),
        ],
    ),
}


@pytest.fixture(scope="module")
def identities(spark: SparkSession) -> list[dict[str, Any]]:
    logins = [
        {"anonymous_id": case, "user_id": user, "login_at": login_at, "login_id": login_id}
        for case, (case_logins, _) in CASES.items()
        for user, login_at, login_id in case_logins
    ]
    return collected(build_identities(frame(spark, LOGINS, logins), login_window_days=DAYS))


@pytest.mark.parametrize("case", CASES)
def test_a_device_belongs_to(case: str, identities: list[dict[str, Any]]) -> None:
    mine = sorted((row for row in identities if row["anonymous_id"] == case), key=lambda row: row["valid_from"])

    assert [(row["person_id"], row["valid_from"], row["valid_to"]) for row in mine] == [
        (person.replace("*", case), valid_from, valid_to) for person, valid_from, valid_to in CASES[case][1]
    ]
    for row in mine:
        assert row["person_id"] == (f"user:{row['user_id']}" if row["user_id"] else f"device:{case}")


def test_an_interval_is_known_from_its_first_login_on(identities: list[dict[str, Any]]) -> None:
    def known(case: str) -> list[datetime | None]:
        mine = (row for row in identities if row["anonymous_id"] == case)
        return [row["known_at"] for row in sorted(mine, key=lambda row: row["valid_from"])]

    assert known("logins of one person are one interval") == [at(), None]
    assert known("on a shared tablet the time between two logins is the next one's") == [at(), at(60), None]
    assert known("between logins further apart than both windows the device is the person") == [
        at(),
        None,
        at(days=61),
        None,
    ]


def test_a_login_is_an_event_or_order_with_both_ids_or_a_purchase_whose_order_has_a_user(spark: SparkSession) -> None:
    event_frame = events(
        spark,
        [
            {"event_id": "e1", "anonymous_id": "d", "user_id": "ann", "event_at": at(1)},
            {"event_id": "no device", "user_id": "ann", "event_at": at(2)},
            {"event_id": "no login", "anonymous_id": "d", "event_at": at(3)},
            {"event_id": "guest", "anonymous_id": "d", "user_id": "Guest", "event_at": at(4)},
            {"event_id": "no id", "anonymous_id": "None", "user_id": "ann", "event_at": at(4)},
            {"event_id": "p1", "event_name": "purchase", "anonymous_id": "d", "order_id": "o1", "event_at": at(5)},
            {"event_id": "no feed", "event_name": "purchase", "anonymous_id": "d", "order_id": "?", "event_at": at(6)},
            {"event_id": "refund", "event_name": "refund", "anonymous_id": "e", "order_id": "o1", "event_at": at(7)},
            {"event_id": "p3", "event_name": "purchase", "anonymous_id": "d", "order_id": "o3", "event_at": at(8)},
        ],
    )
    order_frame = orders(
        spark,
        [
            {"order_id": "o1", "user_id": "bob", "order_at": at(50)},
            {"order_id": "o2", "user_id": "cat", "anonymous_id": "f", "order_at": at(51)},
            {"order_id": "o3", "user_id": "null", "anonymous_id": "d", "order_at": at(52)},
            # The first version names ann; only the newest version counts.
            {"order_id": "o4", "user_id": "ann", "anonymous_id": "g", "order_at": at(53), "updated_at": at(54)},
            {"order_id": "o4", "user_id": "dan", "anonymous_id": "g", "order_at": at(53), "updated_at": at(55)},
        ],
    )

    logins = collected(logins_of(event_frame, order_frame))

    expected = {
        ("d", "ann", at(1), "e1"),
        ("d", "bob", at(5), "p1"),
        ("f", "cat", at(51), "order:o2"),
        ("g", "dan", at(53), "order:o4"),
    }
    assert {tuple(row[name] for name in ("anonymous_id", "user_id", "login_at", "login_id")) for row in logins} == (
        expected
    )
    assert len(logins) == len(expected)
