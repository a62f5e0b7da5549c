"""Totals of all customers: the sums of the scores, with their own intervals."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from test_customer_value import CUSTOMERS, MODEL, scored, summary

from ltv.backtest import Backtest
from ltv.customer_totals import CustomerTotal, customer_totals, total_metrics
from ltv.intervals import total_interval, total_purchases, total_value
from ltv.knobs import Scoring
from ltv.own_error import OwnError, with_own_error
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

BACKTEST = Backtest(purchases=OwnError(0.1, 0.02, 5), value=OwnError(0.2, -0.1, 4))


@pytest.fixture(scope="module")
def totals(spark: SparkSession) -> dict[tuple[str | None, str, int], CustomerTotal]:
    """Of the customers of the scores, the first half acquired by Email, the others by Search."""
    half = [person for person, *_ in CUSTOMERS[:4]]
    channel = F.when(F.col("person_id").isin(half), "Email").otherwise("Search")
    people = summary(spark).withColumn("acquisition_channel", channel)
    found = customer_totals(
        people,
        model=MODEL,
        days=VALUE_HORIZONS_DAYS,
        scoring=Scoring(margin=0.5, annual_discount_rate=0.1, interval_level=0.9),
        backtest=BACKTEST,
    )
    return {(total.channel, total.measure, total.days): total for total in found}


def test_totals_are_the_sums_of_the_scores(totals, spark: SparkSession) -> None:
    scores = scored(summary(spark), margin=0.5).values()

    for days in VALUE_HORIZONS_DAYS:
        purchases, value = totals[None, "purchases", days], totals[None, "value", days]
        assert purchases.interval.estimate == pytest.approx(sum(row[f"expected_purchases_{days}d"] for row in scores))
        assert value.interval.estimate == pytest.approx(float(sum(row[f"clv_{days}d"] for row in scores)))


def test_intervals_are_those_of_all_customers_on_one_machine(totals) -> None:
    x, t_x, T = (np.array([row[place] for row in CUSTOMERS], dtype=float) for place in (1, 2, 3))
    money = np.array([float(row[4]) for row in CUSTOMERS])

    def forecast(fit):
        return fit.forecast(x, t_x, T)

    purchases = total_interval(total_purchases(MODEL.purchases, forecast, 90 / 7), MODEL.purchases, level=0.9)
    value = total_value(
        MODEL.purchases,
        MODEL.spend,
        forecast,
        90 / 7,
        frequency=x,
        monetary_value=money,
        margin=0.5,
        rate=MODEL.discount_rate(0.1),
    )
    worth = total_interval(value, MODEL.purchases, MODEL.spend, level=0.9)
    for measure, expected in (("purchases", purchases), ("value", worth)):
        found = totals[None, measure, 90].if_model_holds
        assert [float(figure) for figure in found] == pytest.approx([float(figure) for figure in expected], rel=1e-6)


def test_the_interval_that_people_see_is_wider_by_the_own_error_of_its_measure(totals) -> None:
    for measure, own in (("purchases", BACKTEST.purchases), ("value", BACKTEST.value)):
        total = totals["Email", measure, 90]
        expected = with_own_error(total.if_model_holds, own, level=0.9)
        assert [float(bound) for bound in total.interval] == [float(bound) for bound in expected]
        assert total.interval.upper > total.if_model_holds.upper


def test_channels_add_up_but_their_bounds_do_not(totals) -> None:
    email, search, everybody = (totals[channel, "value", 365].if_model_holds for channel in ("Email", "Search", None))

    assert email.estimate + search.estimate == pytest.approx(float(everybody.estimate))
    assert everybody.upper < email.upper + search.upper


def test_metrics_name_the_totals_of_everybody(totals) -> None:
    metrics = total_metrics(list(totals.values()))

    assert len(metrics) == 2 * 3 * len(VALUE_HORIZONS_DAYS)
    assert metrics["total_purchases_30d_lower"] < metrics["total_purchases_30d"] < metrics["total_purchases_30d_upper"]


def test_nobody_buys_nothing(spark: SparkSession) -> None:
    found = customer_totals(
        summary(spark).limit(0),
        model=MODEL,
        days=(30,),
        scoring=Scoring(margin=1.0, annual_discount_rate=0.1, interval_level=0.95),
        backtest=Backtest(),
    )

    assert [(total.channel, total.measure, float(total.interval.estimate)) for total in found] == [
        (None, "purchases", 0.0),
        (None, "value", 0.0),
    ]
