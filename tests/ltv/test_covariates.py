"""Covariates: the acquisition channel in the fit of purchases, kept where a likelihood-ratio test asks for it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from shops import origin
from simulated_days import simulated_days
from test_customer_value import AS_OF, CUSTOMERS, IN_DAYS, SPEND, scored, summary
from test_training import LTV

from ltv import registry
from ltv.acquisition import with_attributes
from ltv.backtest import Backtest
from ltv.choose_covariates import Chosen, fit_with_covariates, mix_of
from ltv.customer_summary import count_histories, purchase_days, purchase_histories
from ltv.customer_totals import customer_totals
from ltv.fitters import fit_purchases
from ltv.knobs import Scoring
from ltv.origins import Origin
from ltv.pareto_nbd import ParetoNBDFit
from ltv.plots import track
from ltv.scorer import Scorer
from ltv.training import train_customer_value
from ltv.training_data import TrainingData, collect_training_data
from ltv.value_fit import fit_value_model
from ltv.value_model import Kind, ValueModel
from warehouse.errors import UsageError
from warehouse.knobs import Mlflow
from warehouse.model_registry import mlflow

CHANNEL = "acquisition_channel"
FICKLE = {"Direct": 1.0, "Email": 1.0, "Paid Social": 3.0}  # who comes by Paid Social leaves three times as fast
ALIKE = dict.fromkeys(FICKLE, 1.0)
CUTOFF = "2025-11-01"
HORIZONS = {"churn_days": (30, 90), "value_days": (60, 365), "annual_discount_rate": 0.1}
X, T_X, T = (np.array([row[place] for row in CUSTOMERS], dtype=float) for place in (1, 2, 3))
T_X, T = np.round(T_X * 7), np.round(T * 7)
# of a shop whose Paid Social customers leave twice as fast
BY_CHANNEL = ValueModel(
    purchases=ParetoNBDFit(
        params=IN_DAYS.purchases.params,
        covariates={"dropout": {f"{CHANNEL}=Paid Social": float(np.log(2))}},
        log_covariance=np.pad(IN_DAYS.purchases.fitted_covariance(), (0, 1)) + np.diag([0, 0, 0, 0, 0.01]),
    ),
    spend=SPEND,
    time_unit="days",
    currency="USD",
    as_of=AS_OF,
    mix=(Kind({CHANNEL: "Direct"}, 0.75), Kind({CHANNEL: "Paid Social"}, 0.25)),
)


def days_of(seed: int, leaving: dict[str, float], customers: int = 6000) -> pd.DataFrame:
    days = simulated_days(customers, seed, first="2024-01-01", until="2025-12-31", leaving=leaving)
    return days.rename(columns={"channel": CHANNEL})


def newest(days: pd.DataFrame) -> Origin:
    """The last 60 days, with the channel of each history."""
    parts = [
        origin(of_channel, pd.Timestamp(CUTOFF), 60).holdout.assign(**{CHANNEL: name})
        for name, of_channel in days.groupby(CHANNEL)
    ]
    return replace(
        origin(days, pd.Timestamp(CUTOFF), 60), holdout=pd.concat(parts, ignore_index=True), covariates=(CHANNEL,)
    )


def chosen(seed: int, leaving: dict[str, float], customers: int = 6000) -> Chosen:
    return fit_tested(newest(days_of(seed, leaving, customers)).histories)


def fit_tested(counts: pd.DataFrame) -> Chosen:
    return fit_with_covariates(counts, [CHANNEL], fit_purchases(counts, fitter="exact", seed=1))


def test_a_channel_whose_customers_leave_faster_is_found_and_only_in_how_fast_they_leave() -> None:
    found = chosen(3, FICKLE)

    assert found.p_values["dropout", CHANNEL] < 1e-6
    assert found.p_values["transaction", CHANNEL] >= 0.01
    assert found.fit.covariates["transaction"] == {}
    fickle = found.fit.covariates["dropout"][f"{CHANNEL}=Paid Social"]
    error = found.fit.standard_errors[f"dropout.{CHANNEL}=Paid Social"]
    assert fickle == pytest.approx(np.log(3), abs=3 * error)
    assert found.findings == [
        f"Covariate {CHANNEL} on how fast they leave: p = {found.p_values['dropout', CHANNEL]:.2g}, "
        f"Email x {np.exp(found.fit.covariates['dropout'][f'{CHANNEL}=Email']):.2f}, "
        f"Paid Social x {np.exp(fickle):.2f} of the base.",
        f"Covariate {CHANNEL} on how often customers buy: p = {found.p_values['transaction', CHANNEL]:.2g}, left out.",
    ]


def test_totals_of_the_channels_are_nearer_with_it() -> None:
    without, within = [], []
    for seed in range(6):
        period = newest(days_of(seed, FICKLE))
        plain = fit_purchases(period.histories, fitter="exact", seed=1)
        fit = fit_tested(period.histories).fit
        for purchases, errors in ((plain, without), (fit, within)):
            model = replace(IN_DAYS, purchases=purchases)
            holdout = period.holdout
            known = model.forecast(holdout["frequency"], holdout["recency"], holdout["T"], holdout)
            sums = holdout.assign(
                expected=known.expected_purchases(60) * holdout["customers"],
                came=holdout["holdout_purchases"] * holdout["customers"],
            )
            of_channel = sums.groupby(CHANNEL)[["expected", "came"]].sum()
            errors.append((of_channel["expected"] / of_channel["came"] - 1)["Paid Social"])

    # Over six shops Paid Social is forecast too high without it.
    assert np.mean(without) > 0.04
    assert abs(np.mean(within)) < np.mean(without) / 2


def test_where_channels_do_not_differ_nothing_is_kept() -> None:
    kept = [bool(chosen(seed, ALIKE, 1500).fit.coefficient_names) for seed in range(20)]

    assert sum(kept) <= 1


def test_a_small_level_and_the_most_common_one_are_the_base() -> None:
    days = days_of(3, FICKLE)
    few = days["customer"].isin(days.loc[days[CHANNEL] == "Email", "customer"].unique()[60:])
    most = days.assign(**{CHANNEL: days[CHANNEL].where(~few, "Direct")})

    found = fit_tested(newest(most).histories)

    assert [*found.fit.covariates["dropout"]] == [f"{CHANNEL}=Paid Social"]


def test_one_channel_for_all_gives_the_plain_fit_and_says_why() -> None:
    period = newest(days_of(3, {"Direct": 1.0}, 1500))

    found = fit_tested(period.histories)

    assert found.fit == fit_purchases(period.histories, fitter="exact", seed=1)
    assert found.findings == [
        "Covariates: none, since no level but the most common one of acquisition_channel has 100 customers and 20 "
        "repeat purchases."
    ]


def test_where_a_weak_prior_decides_nothing_is_tested() -> None:
    rows = [(0, 0.0, 40.0, 300, "Email"), (0, 0.0, 40.0, 300, "Direct"), (1, 40.0, 40.0, 30, "Email")]
    counts = pd.DataFrame(
        [*rows, (1, 20.0, 40.0, 30, "Direct")], columns=["frequency", "recency", "T", "customers", CHANNEL]
    )

    found = fit_tested(counts)

    assert found.fit.note
    assert found.findings == [
        "Covariates: none, since a weak prior decides the fit without them, so nothing can be tested."
    ]


def test_a_customer_of_an_unknown_or_missing_channel_is_one_of_the_base() -> None:
    base = IN_DAYS.purchase_predictions(X, T_X, T, **HORIZONS)

    for attributes in (None, {}, {CHANNEL: ["Podcast", None, np.nan, pd.NA, *["Direct"] * 4]}):
        found = BY_CHANNEL.purchase_predictions(X, T_X, T, **HORIZONS, attributes=attributes)
        assert {name: column.tolist() for name, column in found.items()} == {
            name: column.tolist() for name, column in base.items()
        }
    fickle = BY_CHANNEL.purchase_predictions(X, T_X, T, **HORIZONS, attributes={CHANNEL: ["Paid Social"] * len(X)})
    expected = BY_CHANNEL.purchases.probability_of_no_purchase(
        90, X, T_X, T, dropout_covariates={f"{CHANNEL}=Paid Social": np.ones(len(X))}
    )
    assert fickle["churn_90d"].tolist() == expected.tolist()


def test_a_stored_model_scores_by_channel_as_the_fit_does() -> None:
    plain = json.loads(json.dumps(BY_CHANNEL.to_dict()))
    attributes = {CHANNEL: ["Paid Social", "Direct"] * 4}

    assert ValueModel.from_dict(plain) == BY_CHANNEL
    served = Scorer.from_dict(plain)
    assert served.attributes == (CHANNEL,)
    theirs, ours = (
        model.purchase_intervals(X, T_X, T, **HORIZONS, level=0.9, attributes=attributes)
        for model in (served, BY_CHANNEL)
    )
    assert {name: column.tolist() for name, column in theirs.items()} == {
        name: column.tolist() for name, column in ours.items()
    }


def test_purchases_are_tracked_over_the_mix_of_channels() -> None:
    ages = np.array([30.0, 300.0])
    each = [
        BY_CHANNEL.purchases.expected_purchases(
            ages, *np.zeros((3, 2)), dropout_covariates={f"{CHANNEL}=Paid Social": np.full(2, fickle)}
        )
        for fickle in (0.0, 1.0)
    ]

    found = BY_CHANNEL.expected_repeat_purchases(ages)

    assert found.tolist() == pytest.approx((0.75 * each[0] + 0.25 * each[1]).tolist())
    counts = pd.DataFrame({CHANNEL: ["Direct", "Paid Social", "Direct"], "customers": [50, 25, 25]})
    mix = (Kind({CHANNEL: "(other)"}, 0.75), Kind({CHANNEL: "Paid Social"}, 0.25))
    assert mix_of(counts, BY_CHANNEL.purchases.covariates) == mix
    assert mix_of(counts, {}) == ()


def test_scores_and_totals_are_those_of_each_customer_s_channel(spark: SparkSession) -> None:
    fickle = {"regular", "lost regular", "one-timer"}
    channel = F.when(F.col("person_id").isin(sorted(fickle)), "Paid Social").otherwise("Email")
    people = summary(spark, unit_days=1).withColumn(CHANNEL, channel)
    channels = ["Paid Social" if person in fickle else "Email" for person, *_ in CUSTOMERS]
    expected = BY_CHANNEL.purchase_predictions(
        X, T_X, T, churn_days=(90,), value_days=(90,), annual_discount_rate=0.1, attributes={CHANNEL: channels}
    )

    scores = scored(people, BY_CHANNEL)
    totals = customer_totals(
        people,
        model=BY_CHANNEL,
        days=(90,),
        scoring=Scoring(margin=1.0, annual_discount_rate=0.1, interval_level=0.95),
        backtest=Backtest(),
    )

    for place, (person, *_) in enumerate(CUSTOMERS):
        assert scores[person]["churn_90d"] == pytest.approx(expected["churn_90d"][place], rel=1e-5)
    of_channel = {total.channel: float(total.interval.estimate) for total in totals if total.measure == "purchases"}
    social = [name == "Paid Social" for name in channels]
    assert of_channel["Paid Social"] == pytest.approx(expected["expected_purchases_90d"][social].sum(), rel=1e-5)
    assert of_channel[None] == pytest.approx(expected["expected_purchases_90d"].sum(), rel=1e-5)


def orders(spark: SparkSession, days: pd.DataFrame) -> tuple[DataFrame, DataFrame]:
    """silver.conversions of purchase days, and the channel of each person but the first."""
    rows = [
        ("purchase", f"person-{customer}", day.to_pydatetime().replace(tzinfo=dt.UTC), Decimal(f"{value:.2f}"), "USD")
        for customer, day, value in zip(days["customer"], days["day"], days["value"], strict=True)
    ]
    columns = "conversion_type string, person_id string, converted_at timestamp, report_value decimal(18,6)"
    people = days[days["customer"] > 0].drop_duplicates("customer")
    channels = [(f"person-{row['customer']}", row[CHANNEL]) for _, row in people.iterrows()]
    return (
        spark.createDataFrame(rows, f"{columns}, report_currency string"),
        spark.createDataFrame(channels, f"person_id string, {CHANNEL} string"),
    )


ASKED = LTV.model_copy(
    update={
        "covariates": (CHANNEL,),
        "fitter": "exact",
        "time_unit": "days",
        "holdout_days": 60,
        "holdout_until": None,
        "origins": 2,
    }
)


@pytest.fixture(scope="module")
def counted(spark: SparkSession) -> TrainingData:
    conversions, channels = orders(spark, days_of(3, FICKLE, 4000))
    return collect_training_data(
        conversions,
        as_of=dt.date(2025, 12, 31),
        timezone="UTC",
        currency="USD",
        ltv=ASKED,
        attributes=channels,
    )


def test_histories_are_counted_by_channel_and_a_person_without_one_is_unattributed(
    counted: TrainingData, spark: SparkSession
) -> None:
    days = days_of(3, FICKLE, 4000)
    customers = days.drop_duplicates("customer")
    sizes = counted.full.histories.groupby(CHANNEL)["customers"].sum().to_dict()

    assert sizes.pop("(unattributed)") == 1
    assert sizes == customers[customers["customer"] > 0].groupby(CHANNEL)["customer"].nunique().to_dict()
    assert [CHANNEL in table for table in (counted.holdout, counted.earlier[0].histories)] == [True, True]
    assert counted.newest.histories["customers"].sum() == counted.calibration.customers
    conversions, _ = orders(spark, days[days["customer"] < 50])
    plain = purchase_histories(
        purchase_days(conversions, timezone="UTC"), as_of=dt.date(2025, 12, 31), time_unit="days"
    )
    assert count_histories(with_attributes(plain, None)).columns == ["frequency", "recency", "T", "customers"]


def test_training_tests_the_channel_and_logs_stores_and_serves_what_it_found(
    counted: TrainingData, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mlflow")
    tracking = Mlflow(
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        artifact_root=str(folder / "artifacts"),
        experiment="value",
        model_name="customer-value",
        champion_may_be_missing=False,
    )

    result = train_customer_value(counted, ltv=ASKED, tracking=tracking, tags={})

    champion = registry.find_champion(tracking)
    assert champion
    model = champion.model
    assert f"{CHANNEL}=Paid Social" in model.purchases.covariates["dropout"]
    assert model.purchases.covariates["transaction"] == {}
    assert result.findings == list(model.findings)
    run = mlflow.get_run(result.run_id)
    assert run.data.metrics[f"dropout.{CHANNEL}_p_value"] == model.p_values[f"dropout.{CHANNEL}"] < 0.01
    name = f"dropout.{CHANNEL}_Paid Social"
    assert run.data.metrics[name] == pytest.approx(model.purchases.covariates["dropout"][f"{CHANNEL}=Paid Social"])
    card = mlflow.MlflowClient().get_model_version("customer-value", "1").description
    assert model.findings[0] in card
    assert f"dropout.{CHANNEL}=Paid Social" in card
    assert track(counted.daily, model)["expected"].iloc[-1] == pytest.approx(
        counted.daily["repeat_purchases"].sum(), rel=0.1
    )

    served = mlflow.pyfunc.load_model("models:/customer-value@champion")
    customers = pd.DataFrame({"frequency": X, "recency": T_X, "T": T, "monetary_value": 20.0})
    social = served.predict(customers.assign(**{CHANNEL: "Paid Social"}))
    expected = model.purchase_predictions(X, T_X, T, **HORIZONS, attributes={CHANNEL: ["Paid Social"] * len(X)})
    assert social["churn_90d"].tolist() == pytest.approx(expected["churn_90d"].tolist())
    unknown = served.predict(customers.assign(**{CHANNEL: "Podcast"}))
    pd.testing.assert_frame_equal(served.predict(customers), unknown)
    with pytest.raises(MlflowException):
        served.predict(customers.drop(columns="T").assign(**{CHANNEL: "Email"}))


def test_covariates_need_the_exact_fit(counted: TrainingData) -> None:
    with pytest.raises(UsageError, match=r"ltv\.covariates needs ltv\.fitter exact"):
        fit_value_model(counted.calibration, counted, fitter="lifetimes", seed=1)
