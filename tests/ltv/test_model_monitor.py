"""The monitor of a champion: what is counted on Spark, and the rows that it makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from ltv import model_monitor
from ltv.customer_summary import purchase_days
from ltv.findings import Finding
from ltv.gamma_gamma import GammaGammaFit
from ltv.knobs import Drift
from ltv.model_monitor import (
    CHANNEL,
    FIRST,
    GAP,
    VALUE,
    compared_inputs,
    count_inputs,
    due_forecasts_of,
    find_drift,
    follow_customers,
)
from ltv.pareto_nbd import ParetoNBDFit
from ltv.registry import Champion
from ltv.value_model import ValueModel
from warehouse.tables.gold_forecast_accuracy import GOLD_FORECAST_ACCURACY

FITTED, TODAY = dt.date(2026, 3, 31), dt.date(2026, 4, 14)
DRIFT = Drift(alarm_level=0.01, least_change=0.1, exit="warn")
CONVERSIONS = (
    "conversion_type string, person_id string, converted_at timestamp, report_value decimal(18,6), "
    "report_currency string"
)
# person, day, value
Purchase = tuple[str, dt.date, str]


def model(*, time_unit: str = "days") -> ValueModel:
    unit = {"days": 1, "weeks": 7}[time_unit]
    return ValueModel(
        purchases=ParetoNBDFit(
            params={"r": 0.8, "alpha": 40.0 / unit, "s": 0.6, "beta": 200.0 / unit},
            log_covariance=np.eye(4) * 1e-4,
        ),
        spend=GammaGammaFit.from_params(p=6.25, q=3.74, gamma=15.44),
        time_unit=time_unit,
        currency="USD",
        as_of=FITTED,
    )


def champion(**changes: Any) -> Champion:
    return Champion(model=model(**changes), at_cutoff=model(**changes), version="customer-value/7")


def conversions(spark: SparkSession, purchases: Iterable[Purchase]) -> DataFrame:
    rows = [
        ("purchase", person, dt.datetime.combine(day, dt.time(12), dt.UTC), Decimal(value), "USD")
        for person, day, value in purchases
    ]
    return spark.createDataFrame(rows, CONVERSIONS)


def april(day: int) -> dt.date:
    return dt.date(2026, 4, day)


def march(day: int) -> dt.date:
    return dt.date(2026, 3, day)


def summary(spark: SparkSession, first_days: dict[str, tuple[dt.date, str]], unit: float = 1.0) -> DataFrame:
    rows = [(person, (TODAY - day).days / unit, channel) for person, (day, channel) in first_days.items()]
    return spark.createDataFrame(rows, "person_id string, T double, acquisition_channel string")


def test_customers_of_one_course_are_one_row_as_they_were_known_on_each_day(spark: SparkSession) -> None:
    bought = [
        ("Ann", march(1), "10"),
        ("Ann", march(20), "10"),
        ("Ann", april(9), "10"),
        ("Bea", march(1), "10"),
        ("Bea", march(20), "10"),
        ("Bea", april(9), "10"),
        ("Cem", april(10), "10"),
        ("Dan", april(15), "10"),  # after the last date
    ]
    days = purchase_days(conversions(spark, bought), timezone="UTC")

    followed = follow_customers(days, (FITTED, april(7), TODAY))

    assert followed.dates == (FITTED, april(7), TODAY)
    assert followed.age.tolist() == [4.0, 44.0]
    assert followed.customers.tolist() == [1.0, 2.0]
    assert followed.purchases.tolist() == [[0.0, 0.0, 1.0], [2.0, 2.0, 3.0]]
    assert followed.span.tolist() == [[0.0, 0.0, 0.0], [19.0, 19.0, 39.0]]


def test_customers_of_one_course_and_different_attributes_are_different_rows(spark: SparkSession) -> None:
    bought = [("Ann", march(1), "10"), ("Bea", march(1), "10"), ("Cem", march(1), "10"), ("Dan", march(1), "10")]
    days = purchase_days(conversions(spark, bought), timezone="UTC")
    channels = spark.createDataFrame(
        [("Ann", "Email"), ("Bea", "Search"), ("Cem", "Search")], "person_id string, acquisition_channel string"
    )

    followed = follow_customers(days, (FITTED, TODAY), channels)

    assert followed.attributes["acquisition_channel"].tolist() == ["(unattributed)", "Email", "Search"]
    assert followed.customers.tolist() == [1.0, 1.0, 2.0]
    assert followed.age.tolist() == [44.0, 44.0, 44.0]


@pytest.mark.parametrize(("unit", "days_per_unit"), [("days", 1.0), ("weeks", 7.0)])
def test_inputs_are_counted_in_the_four_weeks_up_to_the_fit_and_lately(
    spark: SparkSession, unit: str, days_per_unit: float
) -> None:
    bought = [
        ("Ann", march(1), "8"),  # before the four weeks
        ("Ann", march(9), "8"),  # a gap of 8 days, eight: 3 doublings of 1
        ("Ann", april(10), "16"),  # a gap of 32 days
        ("Bea", march(4), "8"),  # first of the four weeks
        ("Bea", april(1), "0"),  # lately, after 28 days, refunded
        ("Cem", TODAY, "8"),
        ("Dan", april(15), "8"),  # later
    ]
    days = purchase_days(conversions(spark, bought), timezone="UTC")
    first = {
        "Ann": (march(1), "Email"),
        "Bea": (march(4), "Email"),
        "Cem": (TODAY, "Search"),
    }

    counted = count_inputs(
        days, summary(spark, first, days_per_unit), fitted=FITTED, lately=FITTED, as_of=TODAY, unit=unit
    )

    found = {(row["input"], row["period"], row["bin"]): row["rows"] for row in counted.collect()}
    assert found == {
        (GAP, "before", "12"): 1,
        (GAP, "lately", "20"): 1,
        (GAP, "lately", "19"): 1,
        (VALUE, "before", "24"): 2,
        (VALUE, "lately", "32"): 1,
        (VALUE, "lately", "24"): 1,
        (FIRST, "before", "first"): 1,
        (FIRST, "before", "later"): 1,
        (FIRST, "lately", "later"): 2,
        (FIRST, "lately", "first"): 1,
        (CHANNEL, "before", "Email"): 1,
        (CHANNEL, "lately", "Search"): 1,
    }


def shop(seed: int, *, buying: float) -> list[Purchase]:
    """Customers of a year by the champion's model, whose rate of purchases is another one after the fit."""
    rng = np.random.default_rng(seed)
    found: list[Purchase] = []
    for number in range(1500):
        first = TODAY - dt.timedelta(days=int(rng.integers(0, 365 + (TODAY - FITTED).days)))  # they come evenly
        life = rng.exponential(1) / rng.gamma(0.6, 1 / 200.0)
        rate, day = rng.gamma(0.8, 1 / 40.0), 0
        found.append((f"p{number}", first, "20"))
        while (day := day + 1) < life and (date := first + dt.timedelta(days=day)) <= TODAY:
            if rng.uniform() < rate * (buying if date > FITTED else 1.0):
                found.append((f"p{number}", date, "20"))
    return found


def found_in(
    spark: SparkSession, bought: list[Purchase], model: ValueModel | None = None, **changes: Any
) -> list[Finding]:
    """What is found of the champion or another model. Every third customer came by Paid Social."""
    first: dict[str, tuple[dt.date, str]] = {}
    for person, day, _ in bought:
        first.setdefault(person, (day, "Email" if len(first) % 3 else "Paid Social"))
    known = champion() if model is None else Champion(model=model, at_cutoff=model, version="customer-value/7")
    options = {"as_of": TODAY, "drift": DRIFT, **changes}
    return find_drift(
        known,
        conversions=conversions(spark, bought),
        summary=summary(spark, first),
        accuracy=spark.createDataFrame([], GOLD_FORECAST_ACCURACY.ddl),
        timezone="UTC",
        interval_level=0.95,
        seed=1,
        **options,
    )


def test_a_shop_that_holds_has_a_row_for_each_check_and_no_alarm(spark: SparkSession) -> None:
    found = found_in(spark, shop(1, buying=1.0))
    assert [(one.check, one.subject) for one in found] == [
        ("purchases", "newest 7 days"),
        ("purchases", "since the fit"),
        ("score", "newest 7 days"),
        ("score", "since the fit"),
        ("inputs", GAP),
        ("inputs", VALUE),
        ("inputs", FIRST),
        ("inputs", CHANNEL),
    ]
    assert [one.subject for one in found if one.is_alarm] == []
    since_the_fit = found[1]
    assert (since_the_fit.since, since_the_fit.until) == (FITTED, TODAY)


def test_a_shop_whose_customers_buy_half_as_often_has_an_alarm(spark: SparkSession) -> None:
    alarms = [(one.check, one.subject) for one in found_in(spark, shop(2, buying=0.5)) if one.is_alarm]
    assert ("purchases", "since the fit") in alarms


def test_a_champion_by_channel_forecasts_each_customer_by_the_own_channel(spark: SparkSession) -> None:
    bought = shop(1, buying=1.0)
    plain = model()
    fit = plain.purchases
    assert isinstance(fit, ParetoNBDFit)
    covariance = np.pad(fit.fitted_covariance(), (0, 1)) + np.diag([0, 0, 0, 0, 1e-4])
    columns = {"transaction": {"acquisition_channel=Paid Social": -20.0}}
    idle = replace(fit, covariates=columns, log_covariance=covariance)

    as_plain = found_in(spark, bought)[1]
    by_channel = found_in(spark, bought, replace(plain, purchases=idle))[1]

    # Paid Social customers, a third of all, hardly ever buy: nothing is expected of them.
    assert as_plain.subject == by_channel.subject == "since the fit"
    assert as_plain.change is not None
    assert by_channel.change is not None
    assert (1 + as_plain.change) / (1 + by_channel.change) == pytest.approx(2 / 3, abs=0.05)


def test_of_a_large_shop_a_sample_of_customers_is_looked_at_the_same_on_every_run(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = shop(3, buying=0.2)
    everybody = found_in(spark, bought)
    monkeypatch.setattr(model_monitor, "MOST_CUSTOMERS", 500)
    sample = found_in(spark, bought)
    assert sample == found_in(spark, bought)
    assert everybody[1].statistic is not None
    assert sample[1].statistic is not None
    assert abs(sample[1].statistic) < abs(everybody[1].statistic)
    assert sample[1].change == pytest.approx(everybody[1].change, abs=0.15)


def test_in_the_first_week_nothing_is_counted_and_a_row_says_so(spark: SparkSession) -> None:
    (row,) = found_in(spark, [("Ann", march(1), "8")], as_of=FITTED + dt.timedelta(days=6))
    assert row.detail == "the fit is of 2026-03-31: nothing is looked at in its first 7 days"


def test_the_forecasts_that_count_are_those_of_all_customers_by_this_version_that_have_come_due(
    spark: SparkSession,
) -> None:
    def row(**changes: Any) -> tuple[Any, ...]:
        plain = {
            "as_of": march(1),
            "until": march(31),
            "acquisition_channel": "(all)",
            "measure": "purchases",
            "days": 30,
            "predicted": 4.0,
            "lower": 1.0,
            "upper": 7.0,
            "lower_if_model_holds": 3.5,
            "upper_if_model_holds": 4.5,
            "actual": 9.0,
            "total_error": -0.5,
            "held": False,
            "held_if_model_holds": False,
            "currency": "USD",
            "model_version": "customer-value/7",
        }
        assert set(plain) == set(GOLD_FORECAST_ACCURACY.column_names)
        return tuple((plain | changes)[name] for name in GOLD_FORECAST_ACCURACY.column_names)

    rows = [
        row(),
        row(days=45, until=april(15)),  # ends tomorrow
        row(acquisition_channel="Email"),
        row(measure="value", model_version="customer-value/6"),
    ]
    accuracy = spark.createDataFrame(rows, GOLD_FORECAST_ACCURACY.ddl)
    (due,) = due_forecasts_of(accuracy, "customer-value/7", as_of=TODAY)
    assert due == ("purchases", 30, march(1), march(31), False)


def test_inputs_without_rows_are_too_few_to_compare(spark: SparkSession) -> None:
    empty = spark.createDataFrame([], "period string, input string, bin string, rows bigint")
    assert compared_inputs(empty) == {GAP: None, VALUE: None, FIRST: None, CHANNEL: None}
