"""gold.forecast_accuracy: forecasts of the past beside what came."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from jobs.settings import load_settings
from ltv.forecast_accuracy import FORECAST_ACCURACY, build_forecast_accuracy, check_forecast_accuracy, due_forecasts
from warehouse.contracts import Table
from warehouse.recipes import Shared, Work
from warehouse.store import Lake
from warehouse.tables.gold_forecast_accuracy import GOLD_FORECAST_ACCURACY
from warehouse.tables.gold_value_totals import GOLD_VALUE_TOTALS
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_journeys import SILVER_JOURNEYS

JANUARY, TODAY = dt.date(2026, 1, 31), dt.date(2026, 3, 10)
LONG_AGO = dt.date(2026, 2, 3)
CONVERSIONS = "conversion_type string, person_id string, converted_at timestamp, report_value decimal(18,6)"


def total(**changes: Any) -> dict[str, Any]:
    """A forecast of 30 days, made on 31 January: the purchases of all customers."""
    return {
        "as_of": JANUARY,
        "acquisition_channel": "(all)",
        "measure": "purchases",
        "days": 30,
        "predicted": 4.0,
        "lower": 1.0,
        "upper": 7.0,
        "lower_if_model_holds": 3.5,
        "upper_if_model_holds": 4.5,
        "own_error": 0.1,
        "origins": 5,
        "interval_level": 0.95,
        "margin": 0.5,
        "annual_discount_rate": 0.1,
        "currency": "USD",
        "model_version": "customer-value/7",
        "model_as_of": JANUARY,
        **changes,
    }


VALUE = {"measure": "value", "predicted": 10.0, "lower": 0.0, "upper": None, "upper_if_model_holds": None}
TOTALS = [
    total(),
    total(acquisition_channel="Email"),
    total(acquisition_channel="Search"),
    total(acquisition_channel="Social"),
    total(**VALUE),
    total(**VALUE, acquisition_channel="Email", lower_if_model_holds=30.0),
]
# Email brings Ann and Bea, Search brings Cem; nobody knows what brought Dan.
PURCHASES = [
    ("Ann", "2026-01-05", "10"),
    ("Ann", "2026-02-01", "20"),  # the first day of the period
    ("Ann", "2026-02-20", "12"),
    ("Ann", "2026-02-20", "8"),  # two orders, one purchase day
    ("Ann", "2026-03-03", "99"),  # the day after it
    ("Bea", "2026-01-31", "10"),  # new on the day of the forecast, and known
    ("Bea", "2026-03-02", "40"),  # its last day
    ("Cem", "2026-01-01", "5"),
    ("Cem", "2026-01-31", "5"),  # before it
    ("Dan", "2025-06-01", "5"),
    ("Dan", "2026-02-14", "7"),
    ("Eve", "2026-02-02", "50"),  # came later: in no total
    ("Eve", "2026-02-09", "50"),
]


@pytest.fixture(scope="module")
def totals(spark: SparkSession) -> DataFrame:
    return totals_of(spark, TOTALS)


def totals_of(spark: SparkSession, rows: list[dict[str, Any]]) -> DataFrame:
    ordered = [tuple(row[name] for name in GOLD_VALUE_TOTALS.column_names) for row in rows]
    return spark.createDataFrame(ordered, GOLD_VALUE_TOTALS.ddl)


def conversions_of(spark: SparkSession) -> DataFrame:
    rows = [
        ("purchase", person, dt.datetime.fromisoformat(f"{day}T12:00:00+00:00"), Decimal(value), "USD")
        for person, day, value in PURCHASES
    ]
    return spark.createDataFrame(rows, f"{CONVERSIONS}, report_currency string")


def compared(spark: SparkSession, totals: DataFrame, *, as_of: dt.date = TODAY) -> dict[tuple[str, str], Row]:
    channels = [("Ann", "Email"), ("Bea", "Email"), ("Cem", "Search")]
    acquisition = spark.createDataFrame(channels, "person_id string, acquisition_channel string")
    due = due_forecasts(totals, as_of=as_of, since=LONG_AGO)
    table = build_forecast_accuracy(due, conversions_of(spark), acquisition, timezone="UTC")
    assert table.columns == list(GOLD_FORECAST_ACCURACY.column_names)
    return {(row["acquisition_channel"], row["measure"]): row for row in table.collect()}


def test_what_came_is_what_the_customers_of_the_day_bought_in_the_period(spark: SparkSession, totals) -> None:
    rows = compared(spark, totals)

    actual = {channel: row["actual"] for (channel, measure), row in rows.items() if measure == "purchases"}
    # Ann twice, Bea once, and Dan, whose channel is unknown
    assert actual == {"(all)": 4.0, "Email": 3.0, "Search": 0.0, "Social": 0.0}
    assert {(row["as_of"], row["until"]) for row in rows.values()} == {(JANUARY, dt.date(2026, 3, 2))}


def test_value_that_came_is_margin_discounted_as_in_the_forecast(spark: SparkSession, totals) -> None:
    rows = compared(spark, totals)

    def worth(*purchases: tuple[float, int]) -> float:
        return sum(0.5 * value * 1.1 ** (-days / 365) for value, days in purchases)

    email = worth((20, 1), (20, 20), (40, 30))
    assert rows["Email", "value"]["actual"] == pytest.approx(email)
    assert rows["(all)", "value"]["actual"] == pytest.approx(email + worth((7, 14)))


def test_a_forecast_held_where_what_came_lies_in_its_interval(spark: SparkSession, totals) -> None:
    rows = compared(spark, totals)

    held = {key: (row["held"], row["held_if_model_holds"]) for key, row in rows.items()}
    assert held == {
        ("(all)", "purchases"): (True, True),  # 4 of 4 predicted
        ("Email", "purchases"): (True, False),  # 3
        ("Search", "purchases"): (False, False),  # none
        ("Social", "purchases"): (False, False),
        ("(all)", "value"): (True, True),  # no upper bound
        ("Email", "value"): (True, True),
    }
    errors = {key[0]: row["total_error"] for key, row in rows.items() if key[1] == "purchases"}
    assert errors == {"(all)": 0.0, "Email": pytest.approx(1 / 3), "Search": None, "Social": None}


def test_only_forecasts_whose_period_is_over_are_compared_and_only_lately_ended_ones(spark: SparkSession) -> None:
    rows = [
        total(acquisition_channel="over today", days=38),
        total(acquisition_channel="over tomorrow", days=39),
        total(acquisition_channel="over long ago", days=3),
        total(acquisition_channel="over the day after", days=4),
    ]

    found = compared(spark, totals_of(spark, rows))

    assert {channel for channel, _ in found} == {"over today", "over the day after"}


def test_a_forecast_by_a_model_that_knows_what_came_is_none(spark: SparkSession) -> None:
    later = total(acquisition_channel="fitted later", model_as_of=dt.date(2026, 2, 1))

    assert {channel for channel, _ in compared(spark, totals_of(spark, [total(), later]))} == {"(all)"}


def test_each_forecast_that_has_come_due_must_be_compared(spark: SparkSession) -> None:
    # Once there are forecasts of the day itself: before, it was not scored.
    before = totals_of(spark, TOTALS)
    totals = totals_of(spark, [*TOTALS, total(as_of=TODAY, model_as_of=TODAY)])
    compared = due_forecasts(totals, as_of=TODAY, since=LONG_AGO)
    lacks_one = compared.where(F.col("acquisition_channel") != "Email")

    def checked(accuracy: DataFrame, totals: DataFrame) -> list[tuple[bool, float, float]]:
        results = check_forecast_accuracy(accuracy, totals, as_of=TODAY, since=LONG_AGO)
        return [(result.passed, result.expected, result.actual) for result in results]

    assert checked(compared, totals) == [(True, 6, 6)]
    assert checked(lacks_one, totals) == [(False, 6, 4)]
    assert checked(lacks_one, before) == []


class Stored(Lake):
    """A lake of these tables."""

    def __init__(self, spark: SparkSession, tables: dict[Table, DataFrame]) -> None:
        super().__init__(spark, "nowhere", "test")
        self.tables = tables

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        return self.tables[table]


def work_on(lake: Lake, *, as_of: dt.date) -> Work:
    run: Any = SimpleNamespace(lake=lake, as_of=as_of, knobs=load_settings().part)
    return Work(run, FORECAST_ACCURACY, Shared(ExitStack(), "test"))


def test_a_run_replaces_the_periods_that_ended_lately_by_what_is_known_now(
    spark: SparkSession, totals: DataFrame
) -> None:
    journeys = spark.createDataFrame(
        [("Ann", "purchase", "o1", "j1", [("Email",)], dt.datetime(2026, 1, 5, tzinfo=dt.UTC))],
        "person_id string, conversion_type string, conversion_id string, journey_id string, "
        "path array<struct<channel string>>, ended_at timestamp",
    )
    lake = Stored(
        spark,
        {GOLD_VALUE_TOTALS: totals, SILVER_CONVERSIONS: conversions_of(spark), SILVER_JOURNEYS: journeys},
    )

    def made(as_of: dt.date) -> tuple[int, int]:
        """Rows of the run of a day, and those of them that it replaces."""
        work = work_on(lake, as_of=as_of)
        assert FORECAST_ACCURACY.slice is not None
        rows = FORECAST_ACCURACY.build(work)
        return rows.count(), rows.where(FORECAST_ACCURACY.slice(work)).count()

    kept_days = load_settings().ltv.keep_days
    ended = dt.date(2026, 3, 2)
    assert made(ended - dt.timedelta(days=1)) == (0, 0), "the period is not over"
    assert made(ended) == (len(TOTALS), len(TOTALS))
    assert made(ended + dt.timedelta(days=kept_days - 1)) == (len(TOTALS), len(TOTALS))
    assert made(ended + dt.timedelta(days=kept_days)) == (0, 0), "older rows stay as they are"
    actual = {
        row["acquisition_channel"]: row["actual"]
        for row in FORECAST_ACCURACY.build(work_on(lake, as_of=ended)).where("measure = 'purchases'").collect()
    }
    assert actual == {"(all)": 4.0, "Email": 2.0, "Search": 0.0, "Social": 0.0}
