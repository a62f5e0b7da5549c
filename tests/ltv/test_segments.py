"""Segments of customers: the nearest centre that the guards allow, with the reason in a sentence."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import Row, SparkSession
from test_covariates import BY_CHANNEL

from ltv.season import Season
from ltv.segment_columns import FREQUENT, LATE_GAPS, count_segments, with_segments
from ltv.segments import CUT, TYPICAL, WITHOUT_FIT, Segmentation, figures, fit_segments, own_gap
from ltv.value_model import ValueModel
from warehouse.tables.gold_customer_value import RETURNING_SEGMENTS, SEGMENTS

# A shop whose customers usually come back after 60 days, and whose segments lie at the typical customers.
SHOP = Segmentation(
    pace=60.0,
    typical_value=100.0,
    mean=(1.3, 0.9, 0.65, 0.5),
    deviation=(0.6, 0.7, 0.35, 0.5),
    centres=TYPICAL,
)
# The same with the centres the other way round: guards must hold wherever they lie.
REVERSED = replace(SHOP, centres=dict(zip(TYPICAL, reversed([*TYPICAL.values()]), strict=True)))


class Customer(NamedTuple):
    """Days of first to last purchase and of first purchase to today, p_alive, chance in 90 days and value to come."""

    name: str
    frequency: int
    recency: float
    T: float
    p_alive: float
    chance: float
    value: float


CUSTOMERS = [
    Customer("buys every month", 12, 360.0, 372.0, 0.98, 0.93, 400.0),
    Customer("bought the second time last week", 1, 40.0, 47.0, 0.9, 0.5, 60.0),
    Customer("rare and late", 1, 90.0, 270.0, 0.6, 0.22, 40.0),
    Customer("bought every month and stopped", 10, 300.0, 450.0, 0.35, 0.2, 50.0),
    Customer("gone for years", 2, 50.0, 1000.0, 0.03, 0.01, 1.0),
    Customer("came last week", 0, 0.0, 7.0, 0.9, 0.34, 50.0),
    Customer("came once, long ago", 0, 0.0, 200.0, 0.5, 0.12, 20.0),
]


def segmented(
    spark: SparkSession, customers: list[Customer], segments: Segmentation = SHOP, *, days_per_unit: int = 1
) -> dict[str, Row]:
    rows = [
        (
            one.name,
            one.frequency,
            one.recency / days_per_unit,
            one.T / days_per_unit,
            one.p_alive,
            1 - one.chance,
            one.value / 20,
            20.0,
        )
        for one in customers
    ]
    columns = "name string, frequency bigint, recency double, T double, p_alive double, churn_90d double"
    frame = spark.createDataFrame(rows, f"{columns}, discounted_purchases_365d double, expected_order_value double")
    return {row["name"]: row for row in with_segments(frame, segments, days_per_unit=days_per_unit).collect()}


@pytest.fixture(scope="module")
def shop(spark: SparkSession) -> dict[str, Row]:
    return segmented(spark, CUSTOMERS)


@pytest.mark.parametrize(
    ("name", "segment", "reason"),
    [
        (
            "buys every month",
            "loyal",
            "13 purchases, the last 12 days ago, the next due after about 32 days: a frequent and valuable buyer. "
            "Chance of a purchase within 90 days: 93%.",
        ),
        (
            "bought the second time last week",
            "promising",
            "2 purchases, the last 7 days ago, the next due after about 50 days: came back, with fewer purchases or "
            "less value so far. Chance of a purchase within 90 days: 50%.",
        ),
        (
            "rare and late",
            "sleeping",
            "2 purchases, none for 180 days, the next was due after about 75 days: late, and not among the frequent "
            "buyers. Chance of a purchase within 90 days: 22%.",
        ),
        (
            "bought every month and stopped",
            "leaving",
            "11 purchases, none for 150 days, the next was due after about 33 days: a frequent buyer who is late. "
            "Chance of a purchase within 90 days: 20%.",
        ),
        (
            "gone for years",
            "lost",
            "3 purchases, none for 950 days, the next was due after about 37 days: hardly a customer any more. "
            "Chance of a purchase within 90 days: 1%.",
        ),
        (
            "came last week",
            "new",
            "First purchase 7 days ago; the shop's usual time to the next is 60 days. "
            "Chance of a purchase within 90 days: 34%.",
        ),
        (
            "came once, long ago",
            "one-time",
            "One purchase, 200 days ago; the shop's usual time to the next is 60 days. "
            "Chance of a purchase within 90 days: 12%.",
        ),
    ],
)
def test_each_customer_has_a_segment_and_the_reason_for_it(
    shop: dict[str, Row], name: str, segment: str, reason: str
) -> None:
    assert (shop[name]["segment"], shop[name]["segment_reason"]) == (segment, reason)


def test_only_the_two_columns_are_added(shop: dict[str, Row]) -> None:
    assert list(shop["rare and late"].asDict())[-2:] == ["segment", "segment_reason"]
    assert not [name for name in shop["rare and late"].asDict() if name.startswith("_")]


def test_a_purchase_of_today_and_one_day_are_written_as_people_do(spark: SparkSession) -> None:
    today = Customer("today", 0, 0.0, 0.0, 1.0, 0.4, 50.0)
    daily = Customer("daily", 400, 400.0, 401.0, 1.0, 1.0, 900.0)

    found = segmented(spark, [today, daily])

    assert found["today"]["segment_reason"].startswith("First purchase today; ")
    assert found["daily"]["segment_reason"].startswith(
        "401 purchases, the last 1 day ago, the next due after about 1 day: "
    )


@pytest.fixture(scope="module")
def worlds(spark: SparkSession) -> list[tuple[Customer, str]]:
    """3,000 customers of all kinds, each with the segment that they have at two very different places of centres."""
    rng = np.random.default_rng(1)
    customers = []
    for number in range(3000):
        frequency = int(rng.geometric(0.3) - 1)
        T = float(frequency + rng.integers(1, 1500 if number % 5 else 100))
        silent = float(min(T - frequency, rng.choice([0, 1, 2, 30, 1500]) * rng.random() if number % 4 else number % 2))
        recency = T - np.floor(silent) if frequency else 0.0
        figures_of = (float(rng.random()), float(rng.random()), float(rng.lognormal(4, 2)))
        customers.append(Customer(str(number), frequency, float(recency), T, *figures_of))
    return [
        (one, rows[one.name]["segment"])
        for segments in (SHOP, REVERSED)
        for rows in (segmented(spark, customers, segments),)
        for one in customers
    ]


def test_a_buyer_of_yesterday_is_never_sleeping_leaving_or_lost(worlds: list[tuple[Customer, str]]) -> None:
    found = {segment for one, segment in worlds if one.T - one.recency <= 1}

    assert found == {"loyal", "promising", "new"}


def test_within_the_own_pace_nobody_is_sleeping_leaving_or_lost(worlds: list[tuple[Customer, str]]) -> None:
    found = {
        segment for one, segment in worlds if one.T - one.recency <= (one.recency + SHOP.pace) / (one.frequency + 1)
    }

    assert found == {"loyal", "promising", "new"}


def test_one_purchase_is_new_or_one_time_and_two_are_neither_loyal_nor_leaving(
    worlds: list[tuple[Customer, str]],
) -> None:
    assert {segment for one, segment in worlds if not one.frequency} == {"new", "one-time"}
    assert {segment for one, segment in worlds if one.frequency == FREQUENT - 1} == {"promising", "sleeping", "lost"}
    assert {segment for one, segment in worlds if one.frequency >= FREQUENT} == {*RETURNING_SEGMENTS}


def test_who_is_silent_for_three_times_the_own_pace_is_neither_loyal_nor_promising(
    worlds: list[tuple[Customer, str]],
) -> None:
    late = [
        segment
        for one, segment in worlds
        if one.frequency and (one.T - one.recency) * (one.frequency + 1) > LATE_GAPS * (one.recency + SHOP.pace)
    ]

    assert {*late} == {"sleeping", "leaving", "lost"}


def test_nobody_is_lost_whom_the_model_holds_for_a_customer(worlds: list[tuple[Customer, str]]) -> None:
    assert 0.4 < max(one.p_alive for one, segment in worlds if segment == "lost") < 0.5


def test_who_is_not_active_and_surely_gone_is_lost_however_often_there_were_purchases(
    worlds: list[tuple[Customer, str]],
) -> None:
    gone = {
        segment
        for one, segment in worlds
        if one.frequency and one.p_alive < 0.1 and (one.T - one.recency) * (one.frequency + 1) > one.recency + SHOP.pace
    }

    assert gone == {"lost"}


def test_among_the_allowed_the_nearest_centre_counts(spark: SparkSession) -> None:
    """The figures of customers by numpy, as the fit has them, are those of the columns."""
    rng = np.random.default_rng(2)
    x = rng.integers(2, 20, 2000)
    recency = rng.integers(30, 900, 2000).astype(float)
    gap = own_gap(x, recency, SHOP.pace)
    T = recency + np.ceil(rng.uniform(1.05, 2.7, 2000) * gap)  # late enough for any segment, and not too late for any
    alive, value = rng.uniform(0.1, 1, 2000), rng.lognormal(4, 2, 2000)
    columns = zip(
        map(str, range(2000)), x.tolist(), *(c.tolist() for c in (recency, T, alive, alive, value)), strict=True
    )

    found = segmented(spark, [Customer(*row) for row in columns])

    rows = np.stack(figures(x, (T - recency) / gap, alive, value / SHOP.typical_value, log=np.log), axis=1)
    places = np.clip((rows - np.array(SHOP.mean)) / np.array(SHOP.deviation), -CUT, CUT)
    distances = ((places[:, None] - np.array([*TYPICAL.values()])) ** 2).sum(axis=2)
    distances[alive >= 0.5, RETURNING_SEGMENTS.index("lost")] = np.inf
    expected = [[*TYPICAL][nearest] for nearest in distances.argmin(axis=1)]
    assert [found[str(number)]["segment"] for number in range(2000)] == expected
    assert {*expected} == {*RETURNING_SEGMENTS}


def test_segments_do_not_depend_on_the_unit_of_time(spark: SparkSession, shop: dict[str, Row]) -> None:
    in_weeks = segmented(spark, CUSTOMERS, days_per_unit=7)

    for name, row in shop.items():
        assert in_weeks[name]["segment"] == row["segment"]
        assert in_weeks[name]["segment_reason"] == row["segment_reason"]


def test_a_version_without_segments_gives_them_by_silence_and_frequency(spark: SparkSession) -> None:
    poor = segmented(spark, CUSTOMERS, WITHOUT_FIT)
    rich = segmented(spark, [one._replace(value=one.value * 1e12) for one in CUSTOMERS], WITHOUT_FIT)

    expected = ["loyal", "promising", "sleeping", "leaving", "lost", "new", "one-time"]
    assert [row["segment"] for row in poor.values()] == expected
    assert [row["segment"] for row in rich.values()] == expected


def test_a_segmentation_survives_being_written_as_plain_data() -> None:
    written = json.dumps(SHOP.to_dict())

    assert Segmentation.from_dict(json.loads(written)) == SHOP
    assert len(written) < 1000


def test_segments_are_counted_also_those_without_customers(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("loyal",), ("loyal",), ("new",)], "segment string")

    assert count_segments(rows) == dict.fromkeys(SEGMENTS, 0) | {"loyal": 2, "new": 1}


def test_each_segment_of_returning_customers_has_a_typical_one_in_the_order_of_the_contract() -> None:
    assert tuple(TYPICAL) == RETURNING_SEGMENTS == SEGMENTS[:5]


def test_segments_are_fitted_to_what_is_predicted_for_each_channel_in_the_season_of_the_days_to_come() -> None:
    one = pd.DataFrame({"frequency": [3], "recency": [90.0], "T": [120.0], "monetary_value": [20.0]})
    channels = ["Email", "Paid Social", "Paid Social"]
    returning = pd.concat([one] * 3, ignore_index=True).assign(acquisition_channel=channels)
    known = {"churn_days": (), "value_days": (365,), "margin": 1.0, "annual_discount_rate": 0.1}
    columns = [returning[name] for name in ("frequency", "recency", "T", "monetary_value")]
    # of a year of 366 days the 365 days that are left have fewer of a strong January
    season = Season(factors=(6.0, *[0.55] * 11), log_errors=(0.0,) * 12)
    seasonal = replace(BY_CHANNEL, season=season).on(dt.date(2028, 1, 1))

    def fitted(model: ValueModel) -> Segmentation:
        return fit_segments(returning, model, annual_discount_rate=0.1, clusters=lambda points, start: start)

    for model in (BY_CHANNEL, seasonal):
        predicted = model.predict(*columns, attributes=returning, **known)
        assert predicted["clv_365d"][0] > predicted["clv_365d"][1]
        assert fitted(model).typical_value == pytest.approx(predicted["clv_365d"][1], rel=1e-5)
        assert fitted(model).mean[2] == pytest.approx(predicted["p_alive"].mean(), rel=1e-5)
    assert fitted(seasonal).typical_value != fitted(BY_CHANNEL).typical_value
