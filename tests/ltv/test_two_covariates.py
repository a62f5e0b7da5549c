"""Several covariates at once: channel and campaign, with many campaigns, and columns that repeat one another."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from functools import cache

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from shops import origin
from simulated_days import simulated_days
from test_customer_value import CUSTOMERS, IN_DAYS, SPEND, scored, summary
from test_drift_by_kind import followed_in
from test_training import LTV

from ltv.acquisition import ATTRIBUTES
from ltv.backtest import Backtest
from ltv.choose_covariates import MOST_GROUPS, Chosen, fit_with_covariates, levels_with_columns, mix_of
from ltv.customer_totals import customer_totals
from ltv.drift import joint_dates, purchases_test
from ltv.fitters import fit_purchases
from ltv.knobs import RetentionCampaign, Scoring
from ltv.model_totals import model_totals
from ltv.pareto_nbd import ParetoNBDFit
from ltv.pyfunc import CustomerValueModel
from ltv.registry import signature, stored_content
from ltv.retention import purchases_at_risk
from ltv.retention_candidates import retention_candidates
from ltv.scorer import Scorer
from ltv.segments import fit_segments
from ltv.value_model import Kind, ValueModel

CHANNEL, _, MEDIUM, CAMPAIGN = ATTRIBUTES
HORIZONS = {"churn_days": (30, 90), "value_days": (90,), "annual_discount_rate": 0.1}
X, T_X, T = (np.array([row[place] for row in CUSTOMERS], dtype=float) for place in (1, 2, 3))
T_X, T = np.round(T_X * 7), np.round(T * 7)
COLUMNS = {
    "transaction": {f"{CAMPAIGN}=spring": float(np.log(1.5))},
    "dropout": {f"{CHANNEL}=Paid Social": float(np.log(2))},
}
# Customers of spring buy half as often again, those of Paid Social leave twice as fast.
BY_BOTH = ValueModel(
    purchases=ParetoNBDFit(
        params=IN_DAYS.purchases.params,
        covariates=COLUMNS,
        log_covariance=np.pad(IN_DAYS.purchases.fitted_covariance(), (0, 2)) + np.diag([0, 0, 0, 0, 0.01, 0.02]),
    ),
    spend=SPEND,
    time_unit="days",
    currency="USD",
    as_of=IN_DAYS.as_of,
)
# Of each customer, in the order of CUSTOMERS: all four pairs, and texts that the fit does not know.
CHANNELS = ["Paid Social", "Email", "Paid Social", "Email", "Paid Social", "Email", "Podcast", "Paid Social"]
CAMPAIGNS = ["spring", "spring", "summer", "(not set)", "spring", "summer", "spring", "autumn"]
ASKED = {CHANNEL: CHANNELS, CAMPAIGN: CAMPAIGNS}


def expected(name: str, days: int) -> np.ndarray:
    """A prediction at each customer's own alpha and beta, by a fit without covariates."""
    plain = IN_DAYS.purchases.params
    found = []
    for x, t_x, age, channel, campaign in zip(X, T_X, T, CHANNELS, CAMPAIGNS, strict=True):
        own = ParetoNBDFit.from_params(
            **plain
            | {
                "alpha": plain["alpha"] / (1.5 if campaign == "spring" else 1.0),
                "beta": plain["beta"] / (2.0 if channel == "Paid Social" else 1.0),
            }
        )
        found.append(getattr(own, name)(days, x, t_x, age)[0])
    return np.array(found)


def people(spark: SparkSession) -> DataFrame:
    """gold.customer_summary of CUSTOMERS with these channels and campaigns."""
    rows = [(person, *pair) for (person, *_), *pair in zip(CUSTOMERS, CHANNELS, CAMPAIGNS, strict=True)]
    known = spark.createDataFrame(rows, f"person_id string, {CHANNEL} string, {CAMPAIGN} string")
    plain = summary(spark, unit_days=1)
    return plain.drop(CHANNEL, CAMPAIGN).join(known, on="person_id").select(*plain.columns)


def test_predictions_are_those_of_each_customers_own_channel_and_campaign() -> None:
    found = BY_BOTH.purchase_predictions(X, T_X, T, **HORIZONS, attributes=ASKED)

    assert found["churn_90d"] == pytest.approx(expected("probability_of_no_purchase", 90), rel=1e-12)
    assert found["expected_purchases_90d"] == pytest.approx(expected("expected_purchases", 90), rel=1e-12)
    assert BY_BOTH.attributes == (CAMPAIGN, CHANNEL)


def test_a_stored_version_takes_both_columns_and_predicts_the_same() -> None:
    content = json.loads(json.dumps(stored_content(BY_BOTH, BY_BOTH, {"margin": 1.0})))
    served = Scorer.from_dict(content["model"])

    theirs, ours = (
        one.purchase_intervals(X, T_X, T, **HORIZONS, level=0.9, attributes=pd.DataFrame(ASKED))
        for one in (served, BY_BOTH)
    )

    assert {name: column.tolist() for name, column in theirs.items()} == {
        name: column.tolist() for name, column in ours.items()
    }
    assert {column.name for column in signature(content).inputs} >= {CHANNEL, CAMPAIGN}


def test_a_served_version_takes_both_columns_as_text() -> None:
    params = {"margin": 1.0, "annual_discount_rate": 0.1, "interval_level": 0.95}
    served = CustomerValueModel(stored_content(BY_BOTH, BY_BOTH, params), "customer-value/7")
    customers = pd.DataFrame({"frequency": X, "recency": T_X, "T": T, "monetary_value": 20.0})

    found, of_base = (served.predict(customers.assign(**columns)) for columns in (ASKED, {}))

    assert found["churn_90d"].to_numpy() == pytest.approx(expected("probability_of_no_purchase", 90), rel=1e-12)
    base = IN_DAYS.purchase_predictions(X, T_X, T, **HORIZONS)["churn_90d"]
    assert of_base["churn_90d"].to_numpy() == pytest.approx(base, rel=1e-12)


def test_a_column_is_named_once_and_is_one_of_the_first_touch() -> None:
    for wrong, reason in (((CHANNEL, CHANNEL), "name one of them twice"), (("person_id",), "acquisition_channel")):
        with pytest.raises(ValidationError, match=reason):
            type(LTV).model_validate(LTV.model_dump() | {"covariates": wrong, "fitter": "exact"})


def test_scores_and_totals_take_both(spark: SparkSession) -> None:
    scoring = Scoring(margin=1.0, annual_discount_rate=0.1, interval_level=0.95)

    scores = scored(people(spark), BY_BOTH)
    totals = customer_totals(people(spark), model=BY_BOTH, days=(90,), scoring=scoring, backtest=Backtest())

    churn, purchases = (
        dict(zip((person for person, *_ in CUSTOMERS), figures.tolist(), strict=True))
        for figures in (expected("probability_of_no_purchase", 90), expected("expected_purchases", 90))
    )
    assert {person: row["churn_90d"] for person, row in scores.items()} == pytest.approx(churn, rel=1e-5)
    assert {person: row["expected_purchases_90d"] for person, row in scores.items()} == pytest.approx(purchases)
    of_all = next(total for total in totals if total.channel is None and total.measure == "purchases")
    assert float(of_all.interval.estimate) == pytest.approx(sum(purchases.values()), rel=1e-5)


def test_value_at_risk_takes_both(spark: SparkSession) -> None:
    campaign = RetentionCampaign(
        contact_cost=1.0,
        uplift=0.1,
        uplift_lower=0.05,
        uplift_upper=0.15,
        experiment=None,
        leaving_days=30,
        horizon_days=365,
        high_value_share=0.2,
        max_refunded_share=1.0,
        max_days_since_purchase=None,
        max_contacts=None,
    )
    scoring = Scoring(margin=1.0, annual_discount_rate=0.1, interval_level=0.95)
    worth = people(spark).select(
        "person_id",
        "as_of",
        "currency",
        CHANNEL,
        F.lit("customer-value/7").alias("model_version"),
        F.lit(30.0).alias("expected_order_value"),
        F.lit(33.0).alias("expected_order_value_upper"),
    )
    nobody = spark.createDataFrame([], "person_id string, refunded_share double")

    found = retention_candidates(
        worth, people(spark), nobody, model=BY_BOTH, campaign=campaign, scoring=scoring, timezone="UTC"
    )

    at_risk = purchases_at_risk(BY_BOTH, X, T_X, T, leaving_days=30, horizon_days=365, attributes=ASKED)
    leaving = dict(zip((person for person, *_ in CUSTOMERS), at_risk["leaving"].tolist(), strict=True))
    assert {row["person_id"]: row["leaving"] for row in found.collect()} == pytest.approx(leaving)


def test_segments_are_fitted_to_values_by_both() -> None:
    """Twelve times the returning customers; the value to come of the fit is that of BY_BOTH for each."""
    returning = pd.DataFrame({"frequency": X, "recency": T_X, "T": T, "monetary_value": 20.0, **ASKED})
    returning = pd.concat([returning[returning["frequency"] > 0]] * 12, ignore_index=True)

    found = fit_segments(returning, BY_BOTH, annual_discount_rate=0.1, clusters=lambda points, start: start)

    value = BY_BOTH.predict(
        *(returning[name] for name in ("frequency", "recency", "T", "monetary_value")),
        churn_days=(),
        value_days=(365,),
        margin=1.0,
        annual_discount_rate=0.1,
        attributes=returning,
    )["clv_365d"]
    assert found.typical_value == pytest.approx(np.median(value), rel=1e-5)


@cache
def shop() -> pd.DataFrame:
    """Purchase days of 6,000 customers: those of Paid Social leave thrice as fast, those of spring buy twice as often.

    Medium is the channel in other words.
    """
    leaving = {"Direct": 1.0, "Email": 1.0, "Paid Social": 3.0}
    days = simulated_days(6000, 5, first="2024-01-01", until="2025-12-31", leaving=leaving, spring=2.0)
    return days.rename(columns={"channel": CHANNEL, "campaign": CAMPAIGN}).assign(
        **{MEDIUM: days["channel"].str.lower()}
    )


def counted(days: pd.DataFrame, *attributes: str) -> pd.DataFrame:
    """The counted histories of 1 November 2025."""
    parts = []
    for kind, of_kind in days.groupby(list(attributes)):
        histories = origin(of_kind, pd.Timestamp("2025-11-01"), 60).histories
        parts.append(histories.assign(**dict(zip(attributes, kind, strict=True))))
    return pd.concat(parts, ignore_index=True)


def chosen(*attributes: str, counts: pd.DataFrame | None = None) -> Chosen:
    known = counted(shop(), *attributes) if counts is None else counts
    plain = fit_purchases(known, fitter="exact", seed=1)
    assert isinstance(plain, ParetoNBDFit)
    return fit_with_covariates(known, attributes, plain)


def test_each_column_is_tested_in_each_process_and_kept_where_it_acts() -> None:
    found = chosen(CHANNEL, CAMPAIGN)

    assert {term: p < 0.01 for term, p in found.p_values.items()} == {
        ("transaction", CHANNEL): False,
        ("dropout", CHANNEL): True,
        ("transaction", CAMPAIGN): True,
        ("dropout", CAMPAIGN): False,
    }
    spring = found.fit.covariates["transaction"][f"{CAMPAIGN}=spring"]
    social = found.fit.covariates["dropout"][f"{CHANNEL}=Paid Social"]
    errors = found.fit.standard_errors
    assert spring == pytest.approx(np.log(2), abs=3 * errors[f"transaction.{CAMPAIGN}=spring"])
    assert social == pytest.approx(np.log(3), abs=3 * errors[f"dropout.{CHANNEL}=Paid Social"])
    assert len(found.findings) == 4


def test_a_column_that_repeats_one_before_it_is_left_out_and_the_log_says_so() -> None:
    with_medium, without = chosen(CHANNEL, MEDIUM), chosen(CHANNEL)

    assert with_medium.fit.covariates == {
        process: pytest.approx(columns) for process, columns in without.fit.covariates.items()
    }
    assert with_medium.findings[-1] == (
        f"Covariate {MEDIUM}: left out, since none of its levels is large enough and says more than the columns "
        "named before it."
    )


def many_campaigns(sizes: list[int]) -> pd.DataFrame:
    """Histories of campaigns of these sizes, a third of whose customers bought again."""
    rows = [
        (x, 30.0 * x, 90.0, customers * share / 3, f"campaign {number:02}", "Email" if number % 2 else "Search")
        for number, customers in enumerate(sizes)
        for x, share in ((0, 2), (1, 1))
    ]
    return pd.DataFrame(rows, columns=["frequency", "recency", "T", "customers", CAMPAIGN, CHANNEL])


def test_a_column_with_a_value_for_each_customer_gets_no_parameter() -> None:
    counts = origin(shop(), pd.Timestamp("2025-11-01"), 60).histories
    each = counts.loc[counts.index.repeat(counts["customers"])].assign(customers=1)
    each[CAMPAIGN] = [f"campaign {number}" for number in range(len(each))]

    found = chosen(CAMPAIGN, counts=each)

    assert found.fit.coefficient_names == ()
    assert found.findings[0].startswith("Covariates: none, since no level but the most common one")


def test_only_the_largest_levels_get_columns_and_the_others_are_the_base() -> None:
    sizes = [*range(900, 300, -30), *[90] * 30]  # 20 large campaigns, 30 small ones
    counts = many_campaigns(sizes)

    assert levels_with_columns(counts, (CAMPAIGN,)) == {
        CAMPAIGN: [f"campaign {number:02}" for number in range(MOST_GROUPS)]
    }
    both = levels_with_columns(counts, (CAMPAIGN, CHANNEL))
    assert both == {CAMPAIGN: [f"campaign {number:02}" for number in range(MOST_GROUPS // 2)], CHANNEL: ["Email"]}
    columns = {"transaction": [f"{CAMPAIGN}=campaign 00"], "dropout": []}
    share = 900 / sum(sizes)
    assert mix_of(counts, columns) == (
        Kind({CAMPAIGN: "(other)"}, pytest.approx(1 - share)),
        Kind({CAMPAIGN: "campaign 00"}, pytest.approx(share)),
    )


def test_where_the_others_are_too_few_the_most_common_level_joins_them() -> None:
    counts = many_campaigns([900, 600, 300, 90])

    assert levels_with_columns(counts, (CAMPAIGN,)) == {CAMPAIGN: ["campaign 01", "campaign 02"]}


def test_the_windows_of_the_monitor_take_both() -> None:
    found = chosen(CHANNEL, CAMPAIGN)
    fitted_on = dt.date(2025, 11, 1)
    model = replace(IN_DAYS, purchases=found.fit, as_of=fitted_on)
    followed = followed_in(shop(), joint_dates(fitted_on, dt.date(2025, 11, 29)), CHANNEL, CAMPAIGN)

    tested = purchases_test(model, followed, fitted_on)

    known = followed.histories(fitted_on, model)
    rows = pd.DataFrame(
        {"frequency": known.frequency, "recency": known.recency, "T": known.T, "customers": known.weights}
    ).assign(monetary_value=20.0, **followed.known_attributes(fitted_on))
    total = model_totals(model, rows, days=28, margin=1.0, annual_discount_rate=0.0)["purchases"]
    assert tested.expected == pytest.approx(total.estimate)
    assert tested.p_value > 0.001
    assert Decimal(tested.actual or 0) > 0


def test_the_largest_version_with_covariates_takes_few_bytes() -> None:
    names = [f"{CAMPAIGN}=a campaign with a long name {number}" for number in range(MOST_GROUPS)]
    covariates = {process: dict.fromkeys(names, 1 / 3) for process in ("transaction", "dropout")}
    size = 4 + 2 * MOST_GROUPS
    covariance = np.linalg.inv(np.eye(size) * 30 + np.ones((size, size)))
    model = replace(
        BY_BOTH,
        purchases=replace(BY_BOTH.purchases, covariates=covariates, log_covariance=covariance),
        mix=tuple(Kind({CAMPAIGN: name.split("=")[1]}, 1 / 11) for name in [*names, "=(other)"]),
    )

    text = json.dumps(stored_content(model, model, {"margin": 1.0}), separators=(",", ":"))

    assert len(text) < 22_000
