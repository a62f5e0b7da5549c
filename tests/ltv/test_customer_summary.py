"""Purchase histories: what a purchase day is, and the four numbers that models take from them."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame, SparkSession

from ltv.acquisition import ATTRIBUTES, acquisitions, without_rare_values
from ltv.customer_summary import (
    build_customer_summary,
    count_histories,
    count_holdout,
    count_spend,
    daily_purchases,
    purchase_days,
    purchase_histories,
)
from ltv.knobs import SummaryUnit
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

UTC = dt.UTC
DAYS = SummaryUnit(time_unit="days")
CONVERSIONS = (
    "conversion_type string, person_id string, converted_at timestamp, report_value decimal(18,6), "
    "report_currency string"
)
# person, time (UTC), net value
Purchase = tuple[str, str, str]
NO_UTM = (None, None, None)
MICRO = Decimal("0.000001")


def conversions(spark: SparkSession, purchases: Iterable[Purchase], kind: str = "purchase") -> DataFrame:
    rows = [
        (kind, person, dt.datetime.fromisoformat(at).replace(tzinfo=UTC), Decimal(value), "KRW")
        for person, at, value in purchases
    ]
    return spark.createDataFrame(rows, CONVERSIONS)


def nobody_acquired(spark: SparkSession) -> DataFrame:
    return spark.createDataFrame([], ", ".join(f"{name} string" for name in ("person_id", *ATTRIBUTES)))


def summary_rows(
    spark: SparkSession, purchases: Iterable[Purchase], as_of: str, timezone: str = "UTC", time_unit: str = "days"
) -> dict[str, dict[str, Any]]:
    summary = build_customer_summary(
        conversions(spark, purchases),
        nobody_acquired(spark),
        as_of=dt.date.fromisoformat(as_of),
        timezone=timezone,
        unit=SummaryUnit(time_unit=time_unit),  # type: ignore[arg-type]
    )
    return {row["person_id"]: row.asDict() for row in summary.collect()}


def test_two_orders_on_one_day_are_one_purchase_day_and_repeat_days_make_the_monetary_value(
    spark: SparkSession,
) -> None:
    rows = summary_rows(
        spark,
        [
            ("ann", "2026-03-01T08:00", "50"),
            ("ann", "2026-03-04T08:00", "10"),
            ("ann", "2026-03-04T20:00", "20"),
            ("ann", "2026-03-11T09:00", "40"),
            ("bob", "2026-03-10T09:00", "99"),
        ],
        as_of="2026-03-15",
    )

    ann, bob = rows["ann"], rows["bob"]
    assert (ann["frequency"], ann["recency"], ann["T"]) == (2, 10.0, 14.0)
    assert ann["monetary_value"] == Decimal("35")  # (10 + 20) and 40, not the first day's 50
    assert (ann["orders"], ann["net_value"], ann["currency"]) == (4, Decimal("120"), "KRW")
    assert (ann["first_order_at"], ann["last_order_at"]) == (
        dt.datetime(2026, 3, 1, 8, 0),
        dt.datetime(2026, 3, 11, 9, 0),
    )
    assert (bob["frequency"], bob["recency"], bob["T"], bob["monetary_value"]) == (0, 0.0, 5.0, Decimal("0"))


def test_as_of_is_inclusive_and_days_are_those_of_the_reporting_zone(spark: SparkSession) -> None:
    purchases = [
        ("ann", "2026-03-01T14:59:59", "1"),  # 23:59:59 on the 1st in Seoul
        ("ann", "2026-03-01T15:00:00", "1"),  # midnight of the 2nd in Seoul, still the 1st in UTC
        ("ann", "2026-03-10T14:59:59", "1"),  # last second of the 10th in Seoul
        ("ann", "2026-03-10T15:00:00", "1"),  # the 11th
    ]

    seoul = summary_rows(spark, purchases, as_of="2026-03-10", timezone="Asia/Seoul")["ann"]
    utc = summary_rows(spark, purchases, as_of="2026-03-10", timezone="UTC")["ann"]

    assert (seoul["frequency"], seoul["recency"], seoul["T"], seoul["orders"]) == (2, 9.0, 9.0, 3)
    assert (utc["frequency"], utc["recency"], utc["T"], utc["orders"]) == (1, 9.0, 9.0, 4)


def test_a_fully_refunded_order_makes_a_purchase_day_worth_nothing(spark: SparkSession) -> None:
    purchases = [("ann", "2026-03-01", "50"), ("ann", "2026-03-03", "0"), ("ann", "2026-03-05", "30")]

    ann = summary_rows(spark, purchases, as_of="2026-03-05")["ann"]

    assert (ann["frequency"], ann["monetary_value"], ann["net_value"]) == (2, Decimal("15"), Decimal("80"))


def test_weeks_are_days_over_seven_unrounded(spark: SparkSession) -> None:
    purchases = [("ann", "2026-03-01", "5"), ("ann", "2026-03-04", "5")]

    ann = summary_rows(spark, purchases, as_of="2026-03-11", time_unit="weeks")["ann"]

    assert (ann["recency"], ann["T"]) == (3 / 7, 10 / 7)


def test_later_customers_and_other_conversions_are_left_out(spark: SparkSession) -> None:
    signed_up = conversions(spark, [("cat", "2026-03-01", "0")], kind="sign_up")
    bought = conversions(spark, [("bob", "2026-03-02", "5"), ("ann", "2026-03-01", "5")])

    summary = build_customer_summary(
        bought.union(signed_up),
        nobody_acquired(spark),
        as_of=dt.date(2026, 3, 1),
        timezone="UTC",
        unit=DAYS,
    )

    assert [(row["person_id"], row["as_of"], row["T"]) for row in summary.collect()] == [
        ("ann", dt.date(2026, 3, 1), 0.0)
    ]
    assert [(f.name, f.dataType.simpleString()) for f in summary.schema] == [
        (column.name, column.type) for column in GOLD_CUSTOMER_SUMMARY.columns
    ]


def plain_summary(purchases: list[Purchase], as_of: dt.date, zone: str) -> dict[str, tuple[int, float, float, Decimal]]:
    """The definition, customer by customer."""
    by_person: dict[str, dict[dt.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for person, at, value in purchases:
        day = dt.datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
        if day <= as_of:
            by_person[person][day] += Decimal(value)
    summary = {}
    for person, values in by_person.items():
        first, *later = sorted(values)
        mean = sum((values[day] for day in later), Decimal(0)) / len(later) if later else Decimal(0)
        last = later[-1] if later else first
        summary[person] = (
            len(later),
            float((last - first).days),
            float((as_of - first).days),
            mean.quantize(MICRO, ROUND_HALF_UP),
        )
    return summary


def test_random_shops_give_what_the_definition_gives(spark: SparkSession) -> None:
    draw = random.Random(20260301)
    start = dt.datetime(2026, 3, 1)
    purchases = [
        (f"p{draw.randrange(60)}", (start + dt.timedelta(minutes=draw.randrange(40 * 1440))).isoformat(), value)
        for value in (f"{draw.randrange(10_000_000) / 1000:.3f}" for _ in range(400))
    ]
    zone = "America/New_York"  # with a change of clocks on 2026-03-08

    rows = summary_rows(spark, purchases, as_of="2026-04-01", timezone=zone)

    found = {p: (r["frequency"], r["recency"], r["T"], r["monetary_value"]) for p, r in rows.items()}
    assert found == plain_summary(purchases, dt.date(2026, 4, 1), zone)


def journeys(spark: SparkSession, *rows: tuple[str, str, str, str | None, str, list[Any]]) -> DataFrame:
    """Rows of journey, type, person, conversion, end, touches of the path: a channel, or all four of UTM."""
    full = [
        {
            "journey_id": journey,
            "conversion_type": kind,
            "person_id": person,
            "conversion_id": conversion,
            "ended_at": dt.datetime.fromisoformat(end),
            "report_value": Decimal(0),
            "report_gross_value": Decimal(0),
            "report_currency": "KRW",
            "is_first_purchase": False,
            "milestones": None,
            "path": [
                (
                    dt.datetime.fromisoformat(end),
                    f"t{i}",
                    *(touch if isinstance(touch, tuple) else (touch, *NO_UTM)),
                    None,
                )
                for i, touch in enumerate(touches)
            ],
        }
        for journey, kind, person, conversion, end, touches in rows
    ]
    return spark.createDataFrame(
        [tuple(row[name] for name in SILVER_JOURNEYS.column_names) for row in full], SILVER_JOURNEYS.ddl
    )


def test_acquisition_is_the_first_touch_of_the_first_purchase_or_sign_up(spark: SparkSession) -> None:
    seen = journeys(
        spark,
        ("j1", "purchase", "ann", "c1", "2026-03-05", ["Email", "Direct"]),
        ("j2", "sign_up", "ann", "c2", "2026-03-02", ["Paid Search", "Direct"]),  # earlier: it counts
        ("j3", "app_install", "ann", "c3", "2026-03-01", ["Display"]),  # no acquisition type
        ("j4", "purchase", "ann", None, "2026-02-01", ["Affiliates"]),  # led to nothing
        ("j5", "purchase", "bob", "c5", "2026-03-03", []),  # no touch at all
        ("j6", "purchase", "bob", "c6", "2026-03-04", ["Email"]),
        ("j8", "purchase", "cat", "c8", "2026-03-04", ["Email"]),
        ("j7", "sign_up", "cat", "c7", "2026-03-04", ["Direct"]),  # same instant: smaller journey_id
    )

    channels = {r["person_id"]: r["acquisition_channel"] for r in acquisitions(seen).collect()}

    assert channels == {"ann": "Paid Search", "bob": "(unattributed)", "cat": "Direct"}


def test_channel_source_medium_and_campaign_of_acquisition_are_those_of_one_touch(spark: SparkSession) -> None:
    spring = ("Paid Search", "google", "cpc", "spring")
    no_campaign = ("Direct", "(direct)", None, None)
    seen = journeys(
        spark,
        ("j2", "sign_up", "ann", "c2", "2026-03-02", [spring, no_campaign]),
        ("j1", "purchase", "ann", "c1", "2026-03-05", [("Email", "news", "email", "june")]),
        ("j3", "purchase", "bob", "c3", "2026-03-03", []),
        ("j4", "purchase", "bob", "c4", "2026-03-04", [spring]),
        ("j6", "purchase", "cat", "c6", "2026-03-04", [spring]),
        ("j5", "sign_up", "cat", "c5", "2026-03-04", [no_campaign]),  # same instant: smaller journey_id
    )

    found = {row["person_id"]: tuple(row[name] for name in ATTRIBUTES) for row in acquisitions(seen).collect()}

    assert found == {
        "ann": spring,
        "bob": ("(unattributed)",) * 4,
        "cat": ("Direct", "(direct)", "(not set)", "(not set)"),
    }


def test_the_summary_has_the_attributes_or_unattributed(spark: SparkSession) -> None:
    columns = ", ".join(f"{name} string" for name in ("person_id", *ATTRIBUTES))
    acquisition = spark.createDataFrame([("ann", "Email", "news", "email", "june")], columns)
    bought = conversions(spark, [("ann", "2026-03-01", "5"), ("bob", "2026-03-01", "5")])

    summary = build_customer_summary(
        bought, acquisition, as_of=dt.date(2026, 3, 1), timezone="UTC", unit=DAYS
    ).collect()

    assert {row["person_id"]: tuple(row[name] for name in ATTRIBUTES) for row in summary} == {
        "ann": ("Email", "news", "email", "june"),
        "bob": ("(unattributed)",) * 4,
    }


def test_a_value_that_few_customers_have_is_other(spark: SparkSession) -> None:
    people = [(f"p{i}", "Email" if i < 120 else "Direct", f"campaign {i // 110 if i < 190 else i}") for i in range(220)]
    known = spark.createDataFrame(people, "person_id string, acquisition_channel string, acquisition_campaign string")

    found = without_rare_values(known).collect()

    channels, campaigns = (
        Counter(row[name] for row in found) for name in ("acquisition_channel", "acquisition_campaign")
    )
    assert channels == {"Email": 120, "Direct": 100}
    assert campaigns == {"campaign 0": 110, "(other)": 110}  # 80 of another campaign, 30 with one of their own


@pytest.fixture
def four_customers(spark: SparkSession) -> DataFrame:
    """Purchase days: ann and bob share a history up to the 10th; cat only comes later; dan's repeat is refunded."""
    return purchase_days(
        conversions(
            spark,
            [
                *(("ann", f"2026-03-{day}", "10") for day in ("01", "05", "11", "12")),
                *(("bob", f"2026-03-{day}", "20") for day in ("01", "05", "20")),
                ("cat", "2026-03-12", "30"),
                ("dan", "2026-03-01", "5"),
                ("dan", "2026-03-08", "0"),
            ],
        ),
        timezone="UTC",
    )


def test_histories_and_spend_are_counted_once_each(four_customers: DataFrame) -> None:
    histories = purchase_histories(four_customers, as_of=dt.date(2026, 3, 10), time_unit="days")

    assert sorted(map(tuple, count_histories(histories).collect())) == [(1, 4.0, 9.0, 2), (1, 7.0, 9.0, 1)]
    # dan's repeat purchase is worth nothing: the Gamma-Gamma cannot take it
    assert sorted(map(tuple, count_spend(histories).collect())) == [(1, 10.0, 1), (1, 20.0, 1)]


def test_the_holdout_counts_purchase_days_after_the_cutoff_of_customers_known_at_it(
    four_customers: DataFrame,
) -> None:
    cutoff, until = dt.date(2026, 3, 10), dt.date(2026, 3, 12)
    histories = purchase_histories(four_customers, as_of=cutoff, time_unit="days")

    holdout = count_holdout(histories, four_customers, cutoff=cutoff, until=until)

    names = ["frequency", "recency", "T", "holdout_purchases", "customers", "monetary_value", "holdout_value"]
    assert holdout.columns == names
    assert sorted(map(tuple, holdout.collect())) == [
        (1, 4.0, 9.0, 0, 1, 20.0, 0.0),  # bob, who comes back only after `until`
        (1, 4.0, 9.0, 2, 1, 10.0, 20.0),  # ann, on the 11th and the 12th (inclusive)
        (1, 7.0, 9.0, 0, 1, 0.0, 0.0),  # dan
    ]


def test_days_count_first_and_repeat_buyers(four_customers: DataFrame) -> None:
    days = [tuple(row) for row in daily_purchases(four_customers, until=dt.date(2026, 3, 12)).collect()]

    assert days == [
        (dt.date(2026, 3, 1), 3, 0),
        (dt.date(2026, 3, 5), 0, 2),
        (dt.date(2026, 3, 8), 0, 1),
        (dt.date(2026, 3, 11), 0, 1),
        (dt.date(2026, 3, 12), 1, 1),
    ]
