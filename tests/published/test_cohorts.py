"""Cohorts by month of first purchase: observed value and retention, in the months of the reporting zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from published.cohorts import MOST_COHORTS, read_cohorts
from published.publication import Published, read_published
from tests.published_lake import publish, write_table
from warehouse.tables import SILVER_CONVERSIONS

Purchase = tuple[str, datetime, int]


def conversion(place: int, person: str, at: datetime, value: int, type_: str = "purchase") -> dict[str, Any]:
    money = dict.fromkeys(("value", "report_value", "report_gross_value"), Decimal(value))
    return {
        "conversion_id": str(place),
        "conversion_type": type_,
        "is_final": True,
        "person_id": person,
        "converted_at": at,
        **money,
        "refunded_value": Decimal(0),
        "currency": "KRW",
        "report_currency": "KRW",
        "is_first_purchase": False,
    }


def lake_of(place: Path, purchases: Iterable[Purchase], as_of: date, *more: dict[str, Any]) -> Published:
    rows = [*(conversion(number, *purchase) for number, purchase in enumerate(purchases)), *more]
    publish(place, {SILVER_CONVERSIONS: write_table(place, SILVER_CONVERSIONS, rows)}, as_of=as_of)
    return read_published(str(place))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_cohort_has_its_buyers_and_value_by_month_and_nothing_of_a_month_that_is_not_over(tmp_path: Path) -> None:
    published = lake_of(
        tmp_path,
        [
            ("anna", utc("2026-01-05 12:00"), 100),
            ("anna", utc("2026-01-20 12:00"), 50),  # twice in one month: one active customer
            ("anna", utc("2026-03-02 12:00"), 30),
            ("bert", utc("2026-01-31 12:00"), 200),
            ("cora", utc("2026-03-15 12:00"), 70),
            ("cora", utc("2026-04-01 12:00"), 999),  # after as_of
        ],
        date(2026, 3, 30),  # a day before March is over
        conversion(99, "anna", utc("2025-11-01 12:00"), 5, "sign_up"),
    )
    found = read_cohorts(published, "UTC")
    assert found is not None
    january, march = found.cohorts
    assert (january.month, january.customers) == (date(2026, 1, 1), 2)
    assert january.active == (2, 0)  # nobody bought in February, which is 0; March is not over, which is nothing
    assert january.value == (Decimal(350), Decimal(350))
    assert (march.month, march.customers, march.active, march.value) == (date(2026, 3, 1), 1, (), ())
    assert (found.currency, found.months, found.left_out) == ("KRW", 2, 0)


@pytest.mark.parametrize(
    ("zone", "last_moment", "first_moment"),
    [
        ("Asia/Seoul", "2026-01-31 14:59:59.999999", "2026-01-31 15:00"),
        ("America/New_York", "2026-02-01 04:59:59.999999", "2026-02-01 05:00"),
        ("UTC", "2026-01-31 23:59:59.999999", "2026-02-01 00:00"),
    ],
)
def test_a_month_begins_at_midnight_of_the_reporting_zone(
    tmp_path: Path, zone: str, last_moment: str, first_moment: str
) -> None:
    purchases = [("late", utc(last_moment), 1), ("early", utc(first_moment), 1)]
    found = read_cohorts(lake_of(tmp_path, purchases, date(2026, 3, 31)), zone)
    assert found is not None
    assert [(cohort.month, cohort.customers) for cohort in found.cohorts] == [
        (date(2026, 1, 1), 1),
        (date(2026, 2, 1), 1),
    ]


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"])
def test_the_cohorts_of_many_purchases_are_those_of_a_plain_count(tmp_path: Path, zone: str) -> None:
    random, start, as_of = Random(7), utc("2025-01-01 00:00"), date(2025, 12, 31)
    purchases = [
        (f"p{random.randrange(80)}", start + timedelta(minutes=random.randrange(365 * 1440)), random.randrange(1, 900))
        for _ in range(400)
    ]
    published = lake_of(tmp_path, purchases, as_of)
    found = read_cohorts(published, zone)
    assert found is not None
    assert read_cohorts(published, zone, at_once=30) == found, "the same in 14 slices"

    months: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for person, at, value in purchases:
        local = at.astimezone(ZoneInfo(zone)).date()
        if local <= as_of:
            months[person][local.year * 12 + local.month - 1] += value
    last = as_of.year * 12 + as_of.month - 1
    for cohort in found.cohorts:
        first = cohort.month.year * 12 + cohort.month.month - 1
        members = [bought for bought in months.values() if min(bought) == first]
        ages = range(last - first + 1)
        assert cohort.customers == len(members)
        assert cohort.active == tuple(sum(first + age in bought for bought in members) for age in ages)
        assert cohort.value == tuple(
            sum(value for bought in members for month, value in bought.items() if month <= first + age) for age in ages
        )
    assert sum(cohort.customers for cohort in found.cohorts) == len(months)


def test_all_cohorts_together_count_each_month_over_those_that_have_it(tmp_path: Path) -> None:
    published = lake_of(
        tmp_path,
        [
            ("anna", utc("2026-01-05 12:00"), 100),
            ("anna", utc("2026-02-05 12:00"), 60),
            ("bert", utc("2026-02-05 12:00"), 40),
        ],
        date(2026, 2, 28),
    )
    found = read_cohorts(published, "UTC")
    assert found is not None
    assert (found.retention(0), found.retention(1), found.retention(2)) == (1.0, 1.0, None)
    # Month 0: 140 of two customers. Month 1: 60 more of the one who has it.
    assert (found.value_each(0), found.value_each(1), found.value_each(2)) == (70.0, 130.0, None)


def test_only_the_newest_cohorts_are_kept_and_the_others_counted(tmp_path: Path) -> None:
    purchases = [
        (f"p{month}", utc(f"{2020 + month // 12}-{month % 12 + 1:02d}-15 12:00"), 1)
        for month in range(MOST_COHORTS + 3)
    ]
    found = read_cohorts(lake_of(tmp_path, purchases, date(2022, 12, 31)), "UTC")
    assert found is not None
    assert (len(found.cohorts), found.left_out, found.cohorts[0].month) == (MOST_COHORTS, 3, date(2020, 4, 1))
