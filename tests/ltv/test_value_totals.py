"""gold.value_totals: totals with both intervals, by day of scoring and channel."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from test_customer_value import MODEL

from ltv.backtest import Backtest
from ltv.customer_totals import CustomerTotal
from ltv.intervals import Interval
from ltv.knobs import Scoring
from ltv.own_error import OwnError
from ltv.registry import Champion
from ltv.value_totals import build_value_totals, check_value_totals, stored_totals
from warehouse.tables.gold_value_totals import GOLD_VALUE_TOTALS

AS_OF = dt.date(1998, 1, 31)
SCORING = Scoring(margin=0.4, annual_discount_rate=0.1, interval_level=0.9)
CHAMPION = Champion(
    model=MODEL,
    at_cutoff=MODEL,
    version="customer-value/7",
    backtest=Backtest(purchases=OwnError(0.1, 0.0, 5), value=OwnError(0.2, 0.0, 3)),
)


def interval(estimate: float, lower: float, upper: float) -> Interval:
    return Interval(np.asarray(estimate), np.asarray(lower), np.asarray(upper))


TOTALS = [
    CustomerTotal(
        channel=channel,
        measure=measure,
        days=30,
        interval=interval(estimate, estimate - 3, upper + 3),
        if_model_holds=interval(estimate, estimate - 2, upper),
    )
    for channel, measure, estimate, upper in [
        (None, "purchases", 30.0, 32.0),
        (None, "value", 900.0, np.inf),
        ("Email", "purchases", 20.0, 22.0),
        ("Email", "value", 600.0, 602.0),
        ("Search", "purchases", 10.0, 12.0),
        ("Search", "value", 300.0, np.inf),
    ]
]


@pytest.fixture(scope="module")
def table(spark: SparkSession) -> DataFrame:
    return build_value_totals(spark, TOTALS, as_of=AS_OF, champion=CHAMPION, scoring=SCORING)


def test_a_total_has_both_intervals_and_what_it_was_made_with(table: DataFrame) -> None:
    rows = {(row["acquisition_channel"], row["measure"]): row.asDict() for row in table.collect()}

    assert table.columns == list(GOLD_VALUE_TOTALS.column_names)
    assert len(rows) == len(TOTALS)
    assert rows["Email", "purchases"] == {
        "as_of": AS_OF,
        "acquisition_channel": "Email",
        "measure": "purchases",
        "days": 30,
        "predicted": 20.0,
        "lower": 17.0,
        "upper": 25.0,
        "lower_if_model_holds": 18.0,
        "upper_if_model_holds": 22.0,
        "own_error": 0.1,
        "origins": 5,
        "interval_level": 0.9,
        "margin": 0.4,
        "annual_discount_rate": 0.1,
        "currency": "USD",
        "model_version": "customer-value/7",
        "model_as_of": dt.date(1997, 9, 30),
    }
    everybody = rows["(all)", "value"]
    assert (everybody["own_error"], everybody["origins"]) == (0.2, 3)
    assert (everybody["upper"], everybody["upper_if_model_holds"]) == (None, None), "no finite bound is no number"


def test_stored_totals_are_those_that_were_stored_in_their_order(table: DataFrame) -> None:
    assert stored_totals(table) == TOTALS


def test_totals_that_add_up_and_lie_in_their_intervals_hold(table: DataFrame) -> None:
    assert [(result.passed, result.actual) for result in check_value_totals(table, as_of=AS_OF)] == [(True, 0)] * 2
    assert [result.passed for result in check_value_totals(table, as_of=dt.date(1998, 2, 1))] == [True] * 2


@pytest.mark.parametrize(
    ("column", "wrong", "failing"),
    [
        ("predicted", "predicted + if(acquisition_channel = 'Email', 0.5, 0.0)", 0),
        ("lower", "predicted - 1", 1),
        ("upper", "predicted + 1", 1),
        ("lower_if_model_holds", "predicted + 1", 1),
    ],
)
def test_a_total_that_does_not_add_up_or_lies_elsewhere_is_found(
    table: DataFrame, column: str, wrong: str, failing: int
) -> None:
    results = check_value_totals(table.withColumn(column, F.expr(wrong)), as_of=AS_OF)

    assert [result.passed for result in results] == [place != failing for place in range(2)]


def test_a_day_without_customers_has_totals_of_nothing(spark: SparkSession) -> None:
    nothing = [replace(TOTALS[0], interval=interval(0, 0, 0), if_model_holds=interval(0, 0, 0))]

    rows = build_value_totals(spark, nothing, as_of=AS_OF, champion=CHAMPION, scoring=SCORING)

    assert [(row["predicted"], row["lower"], row["upper"]) for row in rows.collect()] == [(0.0, 0.0, 0.0)]
    assert all(result.passed for result in check_value_totals(rows, as_of=AS_OF))
