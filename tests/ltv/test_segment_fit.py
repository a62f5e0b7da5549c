"""Segments are fitted by Spark ML, and stay what they are from run to run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from regular_shop import regular_shop
from shops import cdnow_days, summary

from ltv import bg_nbd, gamma_gamma, mbg_cnbd_k, mbg_nbd, registry
from ltv.fitters import fit_purchases
from ltv.knobs import Ltv
from ltv.purchase_fits import PurchaseFit
from ltv.segment_columns import with_segments
from ltv.segments import TYPICAL, WITHOUT_FIT, Segmentation, fit_segments
from ltv.training import train_customer_value
from ltv.training_data import collect_training_data
from ltv.value_model import ValueModel
from warehouse.jvm.clusters import k_means
from warehouse.knobs import Mlflow
from warehouse.tables.gold_customer_value import RETURNING_SEGMENTS, SEGMENTS

pytestmark = pytest.mark.spark_only  # Spark ML is the JVM's

MONDAY = pd.Timestamp(1998, 6, 22)
NEXT_MONDAY = pd.Timestamp(1998, 6, 29)


@dataclass(frozen=True)
class Week:
    """A training on all of CDNOW (23,570 customers) up to a day."""

    customers: pd.DataFrame
    model: ValueModel
    segments: Segmentation


def fitted(spark: SparkSession, customers: pd.DataFrame, model: ValueModel) -> Segmentation:
    returning = customers[customers["frequency"] > 0]
    return fit_segments(returning, model, annual_discount_rate=0.1, clusters=partial(k_means, spark))


def trained(spark: SparkSession, day: pd.Timestamp) -> Week:
    customers = summary(cdnow_days("master"), day)
    history = ["frequency", "recency", "T"]
    spent = customers[(customers["frequency"] > 0) & (customers["monetary_value"] > 0)]
    model = ValueModel(
        purchases=fit_purchases(
            customers.groupby(history, as_index=False).size().rename(columns={"size": "customers"}),
            fitter="exact",
            seed=1,
        ),
        spend=gamma_gamma.fit(spent["frequency"], spent["monetary_value"]),
        time_unit="days",
        currency="USD",
        as_of=day.date(),
    )
    return Week(customers, model, fitted(spark, customers, model))


def segments_of(spark: SparkSession, customers: pd.DataFrame, model: ValueModel, segments: Segmentation) -> Any:
    """The segment of each customer, as scored by a version on a day."""
    columns = [customers[name].to_numpy() for name in ("frequency", "recency", "T", "monetary_value")]
    known = model.predict(*columns, churn_days=(90,), value_days=(365,), margin=1.0, annual_discount_rate=0.1)
    value = known["expected_order_value"]
    figures = (*columns[:3], known["p_alive"], known["churn_90d"], known["clv_365d"] / value, value)
    rows = [*zip(range(len(customers)), *(column.tolist() for column in figures), strict=True)]
    names = "number int, frequency bigint, recency double, T double, p_alive double, churn_90d double"
    frame = spark.createDataFrame(rows, f"{names}, discounted_purchases_365d double, expected_order_value double")
    found = with_segments(frame, segments, days_per_unit=1).select("number", "segment").collect()
    return np.array([row["segment"] for row in sorted(found, key=lambda row: row["number"])])


@pytest.fixture(scope="module")
def last_week(spark: SparkSession) -> Week:
    return trained(spark, MONDAY)


@pytest.fixture(scope="module")
def this_week(spark: SparkSession) -> Week:
    return trained(spark, NEXT_MONDAY)


def test_two_trainings_on_the_same_data_give_the_same_segments(spark: SparkSession, last_week: Week) -> None:
    assert fitted(spark, last_week.customers, last_week.model) == last_week.segments


def test_each_centre_lies_nearest_to_the_typical_customer_that_it_is_named_after(last_week: Week) -> None:
    typical = np.array([*TYPICAL.values()])
    for name, centre in last_week.segments.centres.items():
        distances = ((typical - np.array(centre)) ** 2).sum(axis=1)
        assert [*TYPICAL][distances.argmin()] == name


def test_a_training_seven_days_later_changes_the_segment_of_few_who_did_not_buy(
    spark: SparkSession, last_week: Week, this_week: Week
) -> None:
    """Scored on the same day by both versions, and on their own days, when seven days of silence count too."""
    known = this_week.customers.loc[last_week.customers.index]
    did_not_buy = (known["frequency"] == last_week.customers["frequency"]).to_numpy()
    returning = did_not_buy & (known["frequency"] > 0).to_numpy()
    before = segments_of(spark, last_week.customers, last_week.model, last_week.segments)
    by_old = segments_of(spark, known, last_week.model, last_week.segments)
    by_new = segments_of(spark, known, this_week.model, this_week.segments)

    by_training = float((by_old != by_new)[returning].mean())
    in_all = float((before != by_new)[did_not_buy].mean())

    assert did_not_buy.mean() > 0.9
    assert by_training <= 0.01
    assert in_all <= 0.02
    assert {*RETURNING_SEGMENTS} < {*by_new}


@pytest.mark.parametrize(
    "fit", [mbg_nbd.fit, bg_nbd.fit, partial(mbg_cnbd_k.fit, k=3)], ids=["mbg_nbd", "bg_nbd", "mbg_cnbd_k"]
)
def test_a_shop_of_regular_buyers_has_all_segments_by_a_model_whose_customers_leave_after_a_purchase(
    spark: SparkSession, last_week: Week, fit: Callable[..., PurchaseFit]
) -> None:
    shop = regular_shop(2000, 3, seed=4, days=730.0)
    opened = pd.Timestamp(2024, 1, 1)
    customers = summary(shop.days("2024-01-01"), opened + pd.Timedelta(days=729))
    purchases = fit(customers["frequency"], customers["recency"], customers["T"])
    model = replace(last_week.model, purchases=purchases)

    found = fitted(spark, customers, model)
    named = pd.Series(segments_of(spark, customers, model, found), index=customers.index)

    typical = np.array([*TYPICAL.values()])
    for name, centre in found.centres.items():
        assert [*TYPICAL][((typical - np.array(centre)) ** 2).sum(axis=1).argmin()] == name
    silent, gap = customers["T"] - customers["recency"], customers["recency"] / customers["frequency"]
    frequent = customers["frequency"] >= 5
    assert {*named} == {*SEGMENTS}
    assert {*named[frequent & (silent < gap / 2)]} <= {"loyal", "promising"}
    assert {*named[frequent & (silent > 6 * gap) & (silent > 100)]} <= {"leaving", "lost", "sleeping"}
    assert {*named[customers["frequency"] == 0]} == {"new", "one-time"}


def test_a_few_thousandfold_buyers_draw_no_centre(spark: SparkSession, last_week: Week) -> None:
    wholesale = last_week.customers.assign(monetary_value=0.0).tail(20)
    wholesale = wholesale.assign(frequency=300, recency=500.0, T=510.0, monetary_value=30_000.0)
    with_wholesale = pd.concat([last_week.customers, wholesale])

    found = fitted(spark, with_wholesale, last_week.model)

    for name, centre in last_week.segments.centres.items():
        assert found.centres[name] == pytest.approx(centre, abs=0.25)


def test_customers_who_do_not_differ_leave_the_centres_where_typical_customers_are(
    spark: SparkSession, last_week: Week
) -> None:
    twins = pd.DataFrame({"frequency": [3] * 50, "recency": 90.0, "T": 100.0, "monetary_value": 20.0})

    found = fitted(spark, twins, last_week.model)

    assert found.pace == 30
    moved = [name for name, centre in found.centres.items() if centre != TYPICAL[name]]
    assert moved == ["sleeping"]  # all of them lie at the mean, to which the typical sleeping customer is nearest


LTV = Ltv(
    time_unit="weeks",
    model="pareto_nbd",
    covariates=(),
    season="none",
    holidays=(),
    fitter="exact",
    purchase_days=False,
    holdout_days=91,
    holdout_until=None,
    acquisition_days=365,
    margin=0.5,
    annual_discount_rate=0.1,
    seed=1,
    min_customers=100,
    keep_days=35,
    driver_rows=1_000_000,
    fit_sample_customers=None,
    origins=0,
    interval_level=0.95,
)


def test_a_training_stores_the_segments_with_the_version_and_no_customer(spark: SparkSession, tmp_path: Path) -> None:
    days = cdnow_days("sample")
    rows = [
        (
            "purchase",
            f"person-{row.customer}",
            row.day.to_pydatetime().replace(tzinfo=dt.UTC),
            Decimal(str(row.value)),
            "USD",
        )
        for row in days.itertuples()
    ]
    columns = "conversion_type string, person_id string, converted_at timestamp, report_value decimal(18,6)"
    conversions = spark.createDataFrame(rows, f"{columns}, report_currency string")
    as_of = dt.date(1998, 6, 30)
    data = collect_training_data(conversions, as_of=as_of, timezone="UTC", currency="USD", ltv=LTV)
    tracking = Mlflow(
        tracking_uri=f"sqlite:///{tmp_path}/mlflow.db",
        artifact_root=str(tmp_path / "artifacts"),
        experiment="value",
        model_name="customer-value",
        champion_may_be_missing=False,
    )

    assert sorted(data.returning.columns) == ["T", "frequency", "monetary_value", "recency"]
    customers = summary(days, pd.Timestamp(as_of))
    assert len(data.returning) == (customers["frequency"] > 0).sum()

    result = train_customer_value(data, ltv=LTV, tracking=tracking, tags={}, clusters=partial(k_means, spark))

    champion = registry.load_version(tracking, result.model_version)
    assert champion.segments == fitted(spark, data.returning, champion.model) != WITHOUT_FIT
    again = customers[customers["frequency"] > 0]
    assert champion.segments.pace == pytest.approx((again["recency"] / again["frequency"]).median(), rel=1e-5)
    stored = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
    assert [path.name for path in stored if b"person-" in path.read_bytes()] == []
