"""gold.cohort_value: what cohorts by month and channel have brought, and what is expected of them."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import defaultdict
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from test_customer_summary import Purchase, conversions

from ltv.cohort_value import build_cohort_value, check_cohort_value
from ltv.knobs import Scoring
from warehouse.tables.gold_cohort_value import GOLD_COHORT_VALUE
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

AS_OF = dt.date(2026, 3, 15)
SCORING = Scoring(margin=0.5, annual_discount_rate=0.1, interval_level=0.95)
SUMMARY = "person_id string, as_of date, acquisition_channel string"
VALUE = "person_id string, as_of date, model_version string, " + ", ".join(
    f"clv_{days}d{end} decimal(28,6)" for days in VALUE_HORIZONS_DAYS for end in ("", "_upper")
)
TOTALS = (
    "acquisition_channel string, measure string, days int, predicted double, upper double, "
    "upper_if_model_holds double, interval_level double"
)
# ann and bob came by Search in January, cat by Email in March.
PURCHASES: list[Purchase] = [
    ("ann", "2026-01-05T12:00", "100"),
    ("ann", "2026-01-05T18:00", "10"),
    ("ann", "2026-03-02T12:00", "30"),
    ("bob", "2026-01-31T12:00", "200"),
    ("cat", "2026-03-15T12:00", "70"),
    ("cat", "2026-03-16T12:00", "999"),  # after as_of
]
CHANNELS = {"ann": "Search", "bob": "Search", "cat": "Email"}
# Discounted margin within 30, 90, 180 and 365 days.
CLV = {"ann": (15, 45, 90, 183), "bob": (0, 0, 0, 2), "cat": (30, 90, 180, 365)}


def frames(
    spark: SparkSession,
    clv: dict[str, Any] | None = None,
    *,
    channels: dict[str, str] | None = None,
    upper: Decimal = Decimal(1),
) -> tuple[DataFrame, DataFrame, DataFrame]:
    """The customers with their channels, their scores, and totals of channels whose intervals are 40% of the predicted
    value either way if the model holds, 50% with the model's own error (which is so 30%). `upper` is what a score's
    upper bound is of the score, by the fitted parameters."""
    clv, channels = CLV if clv is None else clv, channels or CHANNELS
    by_channel = {
        channel: [sum(figures) for figures in zip(*(clv[one] for one in clv if channels[one] == channel), strict=True)]
        for channel in {channels[one] for one in clv}
    }
    totals = [
        (channel, "value", days, float(total), total * 1.5, total * 1.4, 0.95)
        for channel, of_channel in by_channel.items()
        for days, total in zip(VALUE_HORIZONS_DAYS, of_channel, strict=True)
    ]
    return (
        spark.createDataFrame([(person, AS_OF, channel) for person, channel in channels.items()], SUMMARY),
        spark.createDataFrame(
            [
                (person, AS_OF, "customer-value/1", *(Decimal(str(f)) * n for f in figures for n in (1, upper)))
                for person, figures in clv.items()
            ],
            VALUE,
        ),
        spark.createDataFrame(totals, TOTALS),
    )


def built(spark: SparkSession, *given: DataFrame, purchases: DataFrame | None = None, zone: str = "UTC") -> DataFrame:
    purchases = conversions(spark, PURCHASES) if purchases is None else purchases
    return build_cohort_value(purchases, *given, as_of=AS_OF, timezone=zone, scoring=SCORING)  # type: ignore[call-arg]


@pytest.fixture(scope="module")
def table(spark: SparkSession) -> DataFrame:
    return built(spark, *frames(spark)).persist()


@pytest.fixture(scope="module")
def rows(table: DataFrame) -> dict[tuple[str, int], dict[str, Any]]:
    """By channel and age: each channel has one cohort."""
    return {(row["acquisition_channel"], row["age"]): row.asDict() for row in table.collect()}


def test_a_month_has_its_buyers_and_value_and_one_without_purchases_has_none(
    table: DataFrame, rows: dict[tuple[str, int], dict[str, Any]]
) -> None:
    names = ("month", "is_complete", "customers", "active_customers", "repeat_customers", "orders", "value")
    found = [tuple(rows["Search", age][name] for name in (*names, "value_to_date")) for age in range(4)]

    assert table.columns == list(GOLD_COHORT_VALUE.column_names)
    assert found == [
        (dt.date(2026, 1, 1), True, 2, 2, 0, 3, 310, 310),  # two orders on one day do not make a repeat customer
        (dt.date(2026, 2, 1), True, 2, 0, 0, 0, 0, 310),
        (dt.date(2026, 3, 1), False, 2, 1, 1, 1, 30, 340),
        (dt.date(2026, 4, 1), False, 2, None, None, None, None, 340),  # to come
    ]
    assert (rows["Email", 0]["cohort"], rows["Email", 0]["orders"]) == (dt.date(2026, 3, 1), 1)


def test_months_to_come_are_those_up_to_the_longest_horizon(rows: dict[tuple[str, int], dict[str, Any]]) -> None:
    assert {channel: max(age for name, age in rows if name == channel) for channel in CHANNELS.values()} == {
        "Search": 14,
        "Email": 12,
    }
    assert rows["Email", 12]["month"] == dt.date(2027, 3, 1)


def test_the_value_of_a_horizon_is_spread_evenly_over_the_days_since_the_horizon_before(
    rows: dict[tuple[str, int], dict[str, Any]],
) -> None:
    # Of cat one unit of money a day is expected, so each month has its days; the last one has 15.
    assert [rows["Email", age]["predicted_value"] for age in range(13)] == [
        16, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 15,
    ]  # fmt: skip
    # Of Search: half a unit a day for 180 days, to September 11, then 95 within 185 days. 16 days are in March.
    assert [rows["Search", age]["predicted_to_date"] for age in (0, 1, 2, 3, 14)] == [0, 0, 8, 23, 185]
    expected = Decimal(90) + Decimal(95 * 19) / 185
    assert abs(rows["Search", 8]["predicted_to_date"] - expected) < Decimal("0.000001")


def test_what_is_expected_is_the_margin_of_what_came_and_the_predicted_one(
    rows: dict[tuple[str, int], dict[str, Any]],
) -> None:
    assert [rows["Search", age]["expected_to_date"] for age in (0, 1, 2, 14)] == [155, 155, 178, 170 + 185]


def test_a_channel_of_one_cohort_has_the_intervals_of_its_total(rows: dict[tuple[str, int], dict[str, Any]]) -> None:
    last = rows["Email", 12]

    assert last["lower"] == pytest.approx(35 + 365 * 0.5)
    assert last["upper"] == pytest.approx(35 + 365 * 1.5)
    assert last["lower_if_model_holds"] == pytest.approx(35 + 365 * 0.6)
    assert last["upper_if_model_holds"] == pytest.approx(35 + 365 * 1.4)
    assert (rows["Search", 1]["lower"], rows["Search", 1]["upper"]) == (155, 155), "a month that is over is known"


def test_chance_of_a_cohort_is_its_share_of_the_channels_variance_and_the_own_error_is_in_proportion(
    spark: SparkSession,
) -> None:
    table = built(spark, *frames(spark, channels=dict.fromkeys(CHANNELS, "Search")))
    last = table.where("cohort = DATE'2026-03-01' AND age = 12").collect()[0]

    chance, own = 0.4 * 550 * math.sqrt(365 / 550), 0.3 * 365
    assert last["upper_if_model_holds"] == pytest.approx(35 + 365 + chance)
    assert last["upper"] == pytest.approx(35 + 365 + math.hypot(chance, own))


def test_the_error_of_the_parameters_is_in_proportion_and_only_the_rest_is_chance(spark: SparkSession) -> None:
    both = frames(spark, channels=dict.fromkeys(CHANNELS, "Search"), upper=Decimal("1.3"))
    last = built(spark, *both).where("cohort = DATE'2026-03-01' AND age = 12").collect()[0]

    parameters = math.log(1.3)
    chance = 550 * math.sqrt((0.4**2 - parameters**2) * 365 / 550)
    assert last["upper_if_model_holds"] == pytest.approx(400 + math.hypot(chance, parameters * 365))


def test_a_total_without_a_finite_bound_gives_none(spark: SparkSession) -> None:
    summary, value, totals = frames(spark)
    endless = totals.withColumns({name: F.lit(None).cast("double") for name in ("upper", "upper_if_model_holds")})
    last = built(spark, summary, value, endless).where("acquisition_channel = 'Email' AND age = 12").collect()[0]

    assert (last["lower"], last["upper"]) == (35, None)


def test_without_scores_there_is_what_was_observed_alone(spark: SparkSession) -> None:
    summary, value, totals = frames(spark)
    table = built(spark, summary, value.limit(0), totals.limit(0))
    found = {
        (row["acquisition_channel"], row["age"]): (row["value_to_date"], row["expected_to_date"])
        for row in table.collect()
    }

    # March is not over: its margin to date is not what it will be.
    assert found == {("Search", 0): (310, 155), ("Search", 1): (310, 155), ("Search", 2): (340, None),
                     ("Email", 0): (70, None)}  # fmt: skip


def test_a_shop_without_customers_has_no_cohorts(spark: SparkSession) -> None:
    summary, value, totals = (frame.limit(0) for frame in frames(spark))
    nothing = built(spark, summary, value, totals, purchases=conversions(spark, []))

    assert nothing.collect() == []
    assert check_cohort_value(nothing, conversions(spark, []), value, as_of=AS_OF, timezone="UTC") == []


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"])
def test_cohorts_of_many_purchases_are_those_of_a_plain_count(spark: SparkSession, zone: str) -> None:
    draw, start = random.Random(11), dt.datetime(2025, 6, 1)
    purchases = [
        (f"p{draw.randrange(60)}", (start + dt.timedelta(minutes=draw.randrange(300 * 1440))).isoformat(), str(place))
        for place in range(240)
    ]
    channels = {f"p{number}": ("Search", "Email", "Direct")[number % 3] for number in range(60)}
    clv = {person: [draw.randrange(1, 90) * step for step in (1, 3, 7, 11)] for person in channels}
    frame = conversions(spark, purchases)
    table = built(spark, *frames(spark, clv, channels=channels), purchases=frame, zone=zone).persist()
    found = {(row["cohort"], row["acquisition_channel"], row["age"]): row for row in table.collect()}

    bought: dict[str, list[tuple[dt.date, int]]] = defaultdict(list)
    for person, at, value in purchases:
        day = dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).date()
        if day <= AS_OF:
            bought[person].append((day, int(value)))
    for (cohort, channel, age), row in found.items():
        last = (row["month"] + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        members = [
            bought[one] for one in bought
            if min(bought[one])[0].replace(day=1) == cohort and channels[one] == channel
        ]  # fmt: skip
        of_month = [[value for day, value in one if day.replace(day=1) == row["month"]] for one in members]
        assert row["customers"] == len(members) > 0
        assert (row["month"].year - cohort.year) * 12 + row["month"].month - cohort.month == age
        if row["month"] <= AS_OF:
            assert row["active_customers"] == sum(map(bool, of_month))
            assert row["orders"] == sum(map(len, of_month))
            assert row["value"] == sum(map(sum, of_month))
            assert row["repeat_customers"] == sum(len({day for day, _ in one if day <= last}) > 1 for one in members)
        assert row["value_to_date"] == sum(value for one in members for day, value in one if day <= last)
    assert sum(row["customers"] for (_, _, age), row in found.items() if age == 0) == len(bought)

    _, value, _ = frames(spark, clv, channels=channels)
    known = value.where(F.col("person_id").isin(list(bought)))
    results = check_cohort_value(table, frame, known, as_of=AS_OF, timezone=zone)
    assert [result.passed for result in results] == [True] * 4
    assert sum(row["predicted_value"] for row in found.values()) == sum(clv[one][-1] for one in bought), "to the digit"


@pytest.mark.parametrize(
    ("column", "wrong", "failing"),
    [
        ("customers", "customers + if(age = 0, 1, 0)", 0),
        ("orders", "orders + 1", 1),
        ("value", "value + 0.000001", 2),
        ("predicted_value", "predicted_value + if(age = 12, 0.000001, 0)", 3),
    ],
)
def test_a_total_that_is_lost_is_found(
    spark: SparkSession, table: DataFrame, column: str, wrong: str, failing: int
) -> None:
    changed = table.withColumn(column, F.expr(wrong))
    _, value, _ = frames(spark)
    results = check_cohort_value(changed, conversions(spark, PURCHASES), value, as_of=AS_OF, timezone="UTC")

    assert [result.passed for result in results] == [place != failing for place in range(4)]
