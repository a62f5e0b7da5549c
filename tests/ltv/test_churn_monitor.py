"""The monitor of churn on tables: whose predictions have come due, who left, and which features are compared."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from behaviour_world import ZONE, after, day_after, purchase, silver, visit
from pyspark.sql import SparkSession

from ltv.churn_model import ChurnModel, HorizonScorer
from ltv.churn_monitor import (
    ChurnTables,
    compared_features,
    due_churn,
    find_churn_drift,
    read_by,
    reference_day,
)
from ltv.churn_scorer import Classifier, Inputs, Linear
from ltv.knobs import Drift
from warehouse.tables.gold_churn import GOLD_CHURN
from warehouse.tables.gold_person_features import GOLD_PERSON_FEATURES

DRIFT = Drift(alarm_level=0.01, least_change=0.1, exit="warn")
DAY = day_after(40)


def prediction(person: str, horizon: str, day: dt.date, probability: float, **more: Any) -> dict[str, Any]:
    given = {
        "person_id": person,
        "as_of": day,
        "horizon": horizon,
        "probability": probability,
        "base_rate": 0.4,
        "served": "behaviour",
        "model_version": "churn/1",
        **{f"contribution_{place}": 0.0 for place in (1, 2, 3)},
        "other_contribution": 0.0,
    }
    return given | more


def features_of(person: str, day: dt.date, **more: Any) -> dict[str, Any]:
    counts = {column.name: 0 for column in GOLD_PERSON_FEATURES.columns if column.type == "bigint"}
    given = {"person_id": person, "as_of": day, "cycle_days": 10.0, "gross_value_365d": 0.0, **counts}
    return given | {"days_since_first_purchase": 50.0, "days_since_active": 3.0} | more


def tables(
    spark: SparkSession,
    predictions: list[dict[str, Any]],
    facts: dict[str, list[dict[str, Any]]],
    features: list[dict[str, Any]] | None = None,
) -> ChurnTables:
    cycle = {"ann": 8.0}
    known = features or [
        features_of(person, day, cycle_days=cycle.get(person, 20.0))
        for person, day in sorted({(one["person_id"], one["as_of"]) for one in predictions})
    ]

    def frame(table: Any, rows: list[dict[str, Any]]) -> Any:
        return spark.createDataFrame([tuple(row.get(name) for name in table.column_names) for row in rows], table.ddl)

    return ChurnTables(
        churn=frame(GOLD_CHURN, predictions), features=frame(GOLD_PERSON_FEATURES, known), silver=silver(spark, facts)
    )


PERSONS = ("ann", "bea", "cem", "dan")
BOUGHT = [purchase(person, 1.0) for person in PERSONS]


def test_of_each_horizon_the_newest_predictions_that_are_over_count(spark: SparkSession) -> None:
    later = DAY + dt.timedelta(days=3)
    found = due_churn(
        tables(
            spark,
            [
                *(prediction("ann", horizon, DAY, 0.5) for horizon in ("7d", "14d", "30d", "cycle")),
                *(
                    prediction("ann", horizon, later, 0.5, model_version="churn/2")
                    for horizon in ("7d", "14d", "cycle")
                ),
            ],
            {"conversions": BOUGHT},
        ),
        as_of=DAY + dt.timedelta(days=14),
        timezone=ZONE,
    )
    assert [(one.horizon, one.as_of, one.until, one.model_version) for one in found] == [
        ("7d", later, later + dt.timedelta(days=7), "churn/2"),
        ("14d", DAY, DAY + dt.timedelta(days=14), "churn/1"),
    ]


def test_who_visits_or_buys_within_the_horizon_has_not_left(spark: SparkSession) -> None:
    end = 40 + 15 / 24  # of DAY, in ZONE
    assert (after(end) + dt.timedelta(hours=9)).time() == dt.time(0, 0)
    facts = {
        "conversions": [*BOUGHT, purchase("bea", end + 6.9)],
        "sessions": [
            visit("ann", end - 1.0),  # before: says nothing
            visit("ann", end + 9.0),  # within 14 days, not within 7, nor within the own cycle of 8
            visit("cem", end + 7.5),
            visit("dan", end + 0.1, is_bot=True),
        ],
    }
    predictions = [
        prediction(person, horizon, DAY, probability)
        for horizon in ("7d", "14d", "cycle")
        for person, probability in zip(PERSONS, (0.5, 0.5, 0.5, 0.25), strict=True)
    ]
    found = due_churn(tables(spark, predictions, facts), as_of=DAY + dt.timedelta(days=30), timezone=ZONE)
    assert {
        one.horizon: list(zip(one.probability.tolist(), one.customers.tolist(), one.left.tolist(), strict=True))
        for one in found
    } == {
        "7d": [(0.25, 1.0, 1.0), (0.5, 3.0, 2.0)],  # Ann and Cem left, Bea bought
        "14d": [(0.25, 1.0, 1.0), (0.5, 3.0, 0.0)],
        "cycle": [(0.25, 1.0, 1.0), (0.5, 3.0, 1.0)],  # Ann's is 8 days, the others' are 20
    }
    assert found[0].base_rate == 0.4


def test_who_has_become_another_person_since_is_left_out(spark: SparkSession) -> None:
    predictions = [prediction(person, "7d", DAY, 0.5) for person in ("ann", "phone 7")]
    (found,) = due_churn(
        tables(spark, predictions, {"conversions": BOUGHT}), as_of=DAY + dt.timedelta(days=7), timezone=ZONE
    )
    assert found.customers.sum() == 1


def scorer(*names: str) -> HorizonScorer:
    zeros = (0.0,) * len(names)
    inputs = Inputs(names=names, fill=zeros, is_log=(False,) * len(names), low=zeros, high=zeros)
    linear = Linear(intercept=0.0, coefficients=zeros, means=zeros)
    classifier = Classifier(inputs=inputs, model=linear)
    return HorizonScorer(name="7d", classifier=classifier, base_rate=0.5, lookback_days=60)


def test_what_is_compared_is_what_the_model_reads_and_does_not_grow_by_itself() -> None:
    model = ChurnModel(
        horizons=(scorer("visits_30d", "days_since_first_purchase"), scorer("p_alive", "days_since_active")),
        purchases=None,
    )
    assert read_by(model) == ("days_since_active", "visits_30d")


def test_features_are_compared_with_the_last_day_up_to_the_fit_otherwise_with_the_first_after_it(
    spark: SparkSession,
) -> None:
    days = [DAY + dt.timedelta(days=number) for number in (0, 2, 5, 9)]
    features = tables(spark, [], {}, [features_of("ann", day) for day in days]).features
    assert reference_day(features, fitted=days[1], as_of=days[3]) == days[1]
    assert reference_day(features, fitted=DAY + dt.timedelta(days=4), as_of=days[3]) == days[1]
    assert reference_day(features, fitted=DAY - dt.timedelta(days=4), as_of=days[3]) == days[0]
    assert reference_day(features, fitted=days[0], as_of=days[0]) is None


@pytest.fixture(scope="module")
def moved(spark: SparkSession) -> ChurnTables:
    """200 customers, who visit as before but no longer see products; a visitor, and one who is silent for long."""
    before, lately = DAY, DAY + dt.timedelta(days=14)
    rows = []
    for number in range(200):
        visits = {"visits_30d": number % 9, "app_share_90d": None if number % 4 else 0.5}
        rows.append(features_of(f"u{number}", before, product_views_30d=number % 20, **visits))
        rows.append(features_of(f"u{number}", lately, product_views_30d=number % 3, **visits))
        silent = {"days_since_active": 31.0, "visits_30d": 0}
        rows.append(features_of(f"s{number}", lately, **silent))
        rows.append(features_of(f"v{number}", lately, days_since_first_purchase=None, visits_30d=50))
    return tables(spark, [], {"conversions": BOUGHT}, rows)


def test_customers_who_were_active_lately_are_compared(moved: ChurnTables) -> None:
    found = compared_features(
        moved.features, ["visits_30d", "app_share_90d", "product_views_30d"], DAY, DAY + dt.timedelta(days=14)
    )
    stable = {name: one and (round(one.index, 3), one.p_value > 0.99) for name, one in found.items()}
    assert stable["visits_30d"] == stable["app_share_90d"] == (0.0, True)
    views = found["product_views_30d"]
    assert views is not None
    assert views.index > 0.25


def test_a_run_has_rows_of_what_is_due_and_of_inputs_and_otherwise_one_that_says_nothing_is(
    moved: ChurnTables,
) -> None:
    def find(fitted: dt.date) -> list[tuple[str, str, bool]]:
        model = ChurnModel(horizons=(scorer("visits_30d", "product_views_30d"),), purchases=None)
        found = find_churn_drift(
            model,
            moved,
            (),
            version="churn/1",
            fitted=fitted,
            as_of=DAY + dt.timedelta(days=14),
            timezone=ZONE,
            drift=DRIFT,
        )
        return [(one.check, one.subject, one.is_alarm) for one in found]

    assert find(DAY) == [
        ("churn_inputs", "product_views_30d", True),
        ("churn_inputs", "visits_30d", False),
    ]
    assert find(DAY + dt.timedelta(days=8)) == [("churn_share", "since the fit", False)]
