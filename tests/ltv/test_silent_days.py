"""Warnings about data that a model takes for customers who left: no orders for long, and contracts."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from test_customer_summary import conversions
from test_training import LTV

from ltv.customer_summary import purchase_days, purchase_rhythm
from ltv.knobs import Ltv
from ltv.silent_days import warnings_of_days, warnings_of_rhythm
from ltv.training_data import collect_training_data
from ltv.value_fit import fit_value_model
from ltv.value_model import ValueModel

START = dt.date(2023, 1, 1)
KNOBS: Ltv = LTV.model_copy(
    update={"holdout_until": None, "holdout_days": 60, "time_unit": "days", "fitter": "exact", "min_customers": 10}
)


AT_RANDOM = pd.DataFrame({"frequency": [1, 1, 2, 5], "recency": [10.0, 200.0, 90.0, 300.0], "customers": 50})


def daily(buyers: np.ndarray) -> pd.DataFrame:
    """A shop's days from START on, with so many customers who came back; a day without any has no row."""
    days = [START + dt.timedelta(days=n) for n in range(len(buyers))]
    table = pd.DataFrame({"day": days, "first_purchases": 0, "repeat_purchases": buyers})
    return table[table["repeat_purchases"] > 0]


def orders(days: int, *, rate: float, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate, days)


def test_a_day_of_training_long_after_the_last_order_is_named() -> None:
    shop = daily(orders(365, rate=5.0))
    last = shop["day"].max()
    as_of = last + dt.timedelta(days=1278)

    assert warnings_of_days(shop, as_of=as_of) == [
        f"The last order is of {last}, 1,278 days before as_of {as_of}: to the model, nearly all customers have left. "
        "Train as of the last day of the data."
    ]


def test_a_year_without_orders_in_the_middle_is_named() -> None:
    before, after = orders(300, rate=5.0), orders(300, rate=5.0, seed=2)
    shop = daily(np.concatenate([before, np.zeros(365, int), after]))

    (warning,) = warnings_of_days(shop, as_of=START + dt.timedelta(days=964))

    assert warning.startswith("There is no order from 2023-10-28 to 2024-10-26 (365 days)")


@pytest.mark.parametrize(
    "buyers",
    [
        orders(800, rate=5.0),
        orders(800, rate=0.05),  # a small shop: three weeks without an order are chance
        np.concatenate([orders(300, rate=5.0), np.zeros(14, int), orders(300, rate=5.0)]),  # closed for two weeks
        np.random.default_rng(3).poisson(20 * np.exp(-np.arange(900) / 100)),  # one cohort that fades
        np.array([1]),
    ],
    ids=["busy", "small", "on holiday", "fading", "one order"],
)
def test_an_ordinary_shop_gets_no_warning(buyers: np.ndarray) -> None:
    shop = daily(buyers)
    assert warnings_of_days(shop, as_of=shop["day"].max() + dt.timedelta(days=2)) == []


def test_no_orders_are_no_warning() -> None:
    assert warnings_of_days(daily(np.zeros(5, int)), as_of=START) == []


@pytest.mark.parametrize(
    ("k", "is_even"), [(1, False), (3, False), (100, True)], ids=["at random", "groceries", "monthly contracts"]
)
def test_contracts_are_known_by_their_even_gaps(k: int, is_even: bool) -> None:
    gaps = np.random.default_rng(k).gamma(k, 1, (2000, 2))
    share = gaps[:, 0] / gaps.sum(axis=1)

    warnings = warnings_of_rhythm(2000, float(np.mean((share - 0.5) ** 2)), AT_RANDOM)

    assert bool(warnings) is is_even
    assert not warnings_of_rhythm(10, 0.0, AT_RANDOM), "too few customers to say"


def test_contracts_are_known_by_one_gap_for_all_where_each_customer_has_one() -> None:
    yearly = pd.DataFrame({"frequency": 1, "recency": [364.0, 365.0, 370.0], "customers": 20})

    assert warnings_of_rhythm(0, 0.0, yearly)
    assert not warnings_of_rhythm(0, 0.0, yearly.assign(customers=5)), "too few customers to say"
    assert not warnings_of_rhythm(0, 0.0, AT_RANDOM)


def test_the_rhythm_is_that_of_the_last_two_gaps_of_each_customer(spark: SparkSession) -> None:
    purchases = [
        *(("monthly", f"2026-0{month}-01", "9.99") for month in (1, 2, 3, 4)),  # gaps 31 and 28
        *(("uneven", f"2026-01-{day}", "9.99") for day in ("01", "11", "31")),  # gaps 20 and 10
        *(("daily", f"2026-01-{day}", "9.99") for day in ("01", "02", "03")),  # too close to say
        ("once", "2026-01-01", "9.99"),
    ]
    days = purchase_days(conversions(spark, purchases), timezone="UTC")

    (row,) = purchase_rhythm(days, until=dt.date(2026, 4, 30)).collect()

    assert row["pairs"] == 2
    assert row["unevenness"] == pytest.approx(((31 / 59 - 0.5) ** 2 + (2 / 3 - 0.5) ** 2) / 2)


def test_what_is_wrong_with_the_data_goes_with_the_model(spark: SparkSession) -> None:
    """A shop of monthly and quarterly contracts, trained long after its last order."""
    rows = [
        (f"c{n}", f"{START + dt.timedelta(days=start + gap * number)}", "20")
        for n in range(80)
        for gap, start in [((30, 91)[n % 2], n)]
        for number in range(9 if gap == 30 else 4)
    ]

    data = collect_training_data(
        conversions(spark, rows), as_of=dt.date(2027, 1, 1), timezone="UTC", currency="KRW", ltv=KNOBS
    )
    model = fit_value_model(data.full, data, fitter="exact", seed=1)

    stale, contracts = data.warnings
    assert stale.startswith("The last order is of ")
    assert contracts.startswith("Customers buy at even intervals, as with contracts")
    assert model.notes[:2] == [stale, contracts]
    assert any("every purchase is worth 20" in note for note in model.notes)
    assert ValueModel.from_dict(model.to_dict()) == model
