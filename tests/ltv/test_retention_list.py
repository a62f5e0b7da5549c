"""gold.retention_list and gold.retention_profit: who is contacted, in which order, and what that is to earn."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from test_customer_value import IN_DAYS
from test_retention import KNOWN, OFF

from ltv.customer_value import build_customer_value
from ltv.knobs import RetentionCampaign, Scoring
from ltv.mbg_cnbd_k import MBGCNBDFit
from ltv.retention import Uplift, mean_discount, purchases_at_risk, uplift_of
from ltv.retention_candidates import refunded_shares, retention_candidates
from ltv.retention_list import build_retention_list, check_retention_list
from ltv.retention_profit import (
    build_retention_profit,
    campaign_lines,
    campaign_thresholds,
    check_retention_profit,
)
from ltv.season import Season
from ltv.value_model import ValueModel
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_retention_list import GOLD_RETENTION_LIST
from warehouse.tables.gold_retention_profit import GOLD_RETENTION_PROFIT

AS_OF = dt.date(1998, 1, 31)
SCORING = Scoring(margin=0.5, annual_discount_rate=0.1, interval_level=0.9)
CAMPAIGN = RetentionCampaign(**{**OFF, **KNOWN, "contact_cost": 0.5, "max_days_since_purchase": 300})
UPLIFT = Uplift(0.1, 0.05, 0.15)
FOR_REGULAR_BUYERS = replace(
    IN_DAYS,
    purchases=MBGCNBDFit(
        params={"r": 1.3, "alpha": 14.0, "a": 0.45, "b": 1.6}, k=2, log_covariance=np.diag([0.01, 0.01, 0.02, 0.02])
    ),
)

# person, frequency, recency and T in days, monetary value
CUSTOMERS = [
    ("one-timer", 0, 0, 200, "0"),
    ("new today", 0, 0, 0, "0"),
    ("regular", 8, 258, 260, "35.5"),
    ("lost regular", 8, 80, 260, "35.5"),
    ("lost regular who spends more", 8, 80, 260, "90"),
    ("lost regular who sends all back", 8, 80, 260, "90"),
    ("lost regular who sent half back", 8, 80, 260, "60"),
    ("silent for 301 days", 8, 80, 381, "90"),
    ("silent for 300 days", 8, 80, 380, "90"),
]
# person, type, day before as_of, gross and net value
CONVERSIONS = [
    ("lost regular who sends all back", "purchase", 180, 300, 140),
    ("lost regular who sends all back", "purchase", 190, 100, 40),
    ("lost regular who sent half back", "purchase", 190, 100, 0),
    ("lost regular who sent half back", "purchase", 180, 100, 100),
    ("lost regular", "purchase", -1, 1000, 0),
    ("regular", "purchase", 2, 0, 0),
    ("one-timer", "sign_up", 200, 10, 0),
]


def conversions(spark: SparkSession) -> DataFrame:
    rows = [
        (person, kind, dt.datetime(1998, 1, 31, 12) - dt.timedelta(days=days), Decimal(gross), Decimal(net))
        for person, kind, days, gross, net in CONVERSIONS
    ]
    ddl = (
        "person_id string, conversion_type string, converted_at timestamp, "
        "report_gross_value decimal(18,6), report_value decimal(18,6)"
    )
    return spark.createDataFrame(rows, ddl)


def summary(spark: SparkSession) -> DataFrame:
    rows = [
        {
            "person_id": person,
            "as_of": AS_OF,
            "frequency": frequency,
            "recency": float(recency),
            "T": float(T),
            "monetary_value": Decimal(money),
            "orders": frequency + 1,
            "net_value": Decimal(1),
            "currency": "USD",
            "first_order_at": dt.datetime(1998, 1, 31, 12) - dt.timedelta(days=T),
            "last_order_at": dt.datetime(1998, 1, 31, 12) - dt.timedelta(days=T - recency),
            "acquisition_channel": "Email",
            "acquisition_source": "news",
            "acquisition_medium": "email",
            "acquisition_campaign": "(not set)",
        }
        for person, frequency, recency, T, money in CUSTOMERS
    ]
    return spark.createDataFrame(
        [tuple(row[name] for name in GOLD_CUSTOMER_SUMMARY.column_names) for row in rows], GOLD_CUSTOMER_SUMMARY.ddl
    )


def candidates_by(
    spark: SparkSession, campaign: RetentionCampaign = CAMPAIGN, model: ValueModel = IN_DAYS
) -> DataFrame:
    customers = summary(spark)
    return retention_candidates(
        build_customer_value(customers, model=model, model_version="customer-value/7", scoring=SCORING),
        customers,
        refunded_shares(conversions(spark), as_of=AS_OF, timezone="UTC"),
        model=model,
        campaign=campaign,
        scoring=SCORING,
        timezone="UTC",
    )


@pytest.fixture(scope="module")
def candidates(spark: SparkSession) -> DataFrame:
    return candidates_by(spark).cache()


def listed(candidates: DataFrame, campaign: RetentionCampaign = CAMPAIGN, uplift: Uplift = UPLIFT) -> list[Row]:
    table = build_retention_list(candidates, campaign=campaign, uplift=uplift, interval_level=0.9)
    assert [(f.name, f.dataType.simpleString()) for f in table.schema] == [
        (column.name, column.type) for column in GOLD_RETENTION_LIST.columns
    ]
    return table.orderBy("rank").collect()


def test_who_has_left_most_surely_and_spent_most_comes_first_and_a_buyer_of_this_week_is_not_worth_a_contact(
    candidates: DataFrame,
) -> None:
    assert [row["person_id"] for row in listed(candidates)] == [
        "silent for 300 days",  # who spends as much as the next, and has left more surely
        "lost regular who spends more",
        "lost regular who sent half back",
        "lost regular",
        "one-timer",
    ]


def test_customers_refunded_above_the_limit_are_left_out_and_those_at_it_are_not(candidates: DataFrame) -> None:
    """Refunds of later days and of other conversions count nowhere; an order worth nothing is no refund."""
    people = {row["person_id"] for row in candidates.collect()}

    assert {person for person, *_ in CUSTOMERS} - people == {
        "lost regular who sends all back",
        "silent for 301 days",
    }


def test_without_limits_all_customers_can_be_contacted(spark: SparkSession) -> None:
    free = CAMPAIGN.model_copy(update={"max_refunded_share": 1.0, "max_days_since_purchase": None})

    assert candidates_by(spark, free).count() == len(CUSTOMERS)


@pytest.mark.parametrize("model", [IN_DAYS, FOR_REGULAR_BUYERS], ids=lambda model: model.purchases.MODEL)
def test_value_at_risk_is_margin_times_order_value_times_the_purchases_that_leaving_costs(
    spark: SparkSession, model: ValueModel
) -> None:
    found = {row["person_id"]: row for row in listed(candidates_by(spark, model=model))}
    assert len(found) >= 5
    for person, frequency, recency, T, money in CUSTOMERS:
        if person not in found:
            continue
        risk = purchases_at_risk(
            model, *(np.array([float(one)]) for one in (frequency, recency, T)), leaving_days=30, horizon_days=365
        )
        order_value = model.spend.expected_value(frequency, float(money))[0]
        at_risk = 0.5 * mean_discount(365, 0.1) * order_value * risk["lost_purchases"][0]
        row = found[person]
        assert float(row["value_at_risk"]) == pytest.approx(at_risk, rel=1e-6)
        assert row["leaving"] == pytest.approx(risk["leaving"][0])
        assert float(row["value_if_kept"]) == pytest.approx(at_risk / risk["leaving"][0], rel=1e-6)
        assert float(row["expected_gain"]) == pytest.approx(0.1 * at_risk - 0.5, rel=1e-6, abs=1e-6)
        assert row["last_purchase_on"] == AS_OF - dt.timedelta(days=T - recency)


def test_with_covariates_customers_leave_as_those_of_their_channel_do(spark: SparkSession) -> None:
    plain = IN_DAYS.purchases
    covariance = np.pad(plain.fitted_covariance(), (0, 1)) + np.diag([0, 0, 0, 0, 1e-4])
    fit = replace(plain, covariates={"dropout": {"acquisition_channel=Email": 1.0}}, log_covariance=covariance)
    by_channel = replace(IN_DAYS, purchases=fit)

    found, as_plain = (
        {row["person_id"]: row["leaving"] for row in candidates_by(spark, model=model).collect()}
        for model in (by_channel, IN_DAYS)
    )

    assert found.keys() == as_plain.keys()
    assert all(found[person] > as_plain[person] for person in found), "all of them came by Email"


def test_a_season_multiplies_what_leavers_would_buy_and_changes_nobody_s_leaving() -> None:
    season = Season(factors=(1.5,) * 12, log_errors=(0.1,) * 12)
    history = (np.array([8.0]), np.array([80.0]), np.array([260.0]))

    plain, seasonal = (
        purchases_at_risk(model, *history, leaving_days=30, horizon_days=365)
        for model in (IN_DAYS, replace(IN_DAYS, season=season))
    )

    error = season.pace(IN_DAYS.as_of, 365).log_error
    assert 0 < error < 0.1
    assert seasonal["leaving"] == plain["leaving"]
    assert seasonal["lost_purchases"] == pytest.approx(1.5 * plain["lost_purchases"])
    assert seasonal["lost_pairs"] == pytest.approx(1.5**2 * plain["lost_pairs"])
    assert seasonal["lost_log_error"] == pytest.approx(np.hypot(plain["lost_log_error"], error))


def test_bounds_have_the_uncertainty_of_the_uplift_and_of_the_parameters(candidates: DataFrame) -> None:
    certain = candidates.withColumn("log_error", F.lit(0.0))
    (first, *_), (plain, *_) = listed(candidates), listed(certain)

    at_risk = float(plain["value_at_risk"])
    assert float(plain["expected_gain_lower"]) == pytest.approx(0.05 * at_risk - 0.5, rel=1e-6)
    assert float(plain["expected_gain_upper"]) == pytest.approx(0.15 * at_risk - 0.5, rel=1e-6)
    assert first["expected_gain_lower"] < plain["expected_gain_lower"]
    assert first["expected_gain_upper"] > plain["expected_gain_upper"]


def test_a_dearer_contact_is_worth_it_for_fewer(candidates: DataFrame) -> None:
    dear = CAMPAIGN.model_copy(update={"contact_cost": 15.0})

    assert [(row["rank"], row["person_id"]) for row in listed(candidates, dear)] == [
        (1, "silent for 300 days"),
        (2, "lost regular who spends more"),
        (3, "lost regular who sent half back"),
    ]


def test_the_list_ends_after_max_contacts_or_where_a_contact_keeps_nobody(candidates: DataFrame) -> None:
    few = CAMPAIGN.model_copy(update={"max_contacts": 2})

    assert [row["person_id"] for row in listed(candidates, few)] == [
        "silent for 300 days",
        "lost regular who spends more",
    ]
    assert listed(candidates, uplift=Uplift(-0.1, -0.2, 0.0)) == []


def test_high_value_customers_are_the_share_with_the_most_value_if_kept(candidates: DataFrame) -> None:
    """7 may be contacted; a fifth of them begins with the two best."""
    rows = candidates.orderBy(F.col("value_if_kept").desc()).collect()

    assert [row["is_valuable"] for row in rows] == [True, True, *[False] * 5]


def profit_of(spark: SparkSession, candidates: DataFrame, campaign: RetentionCampaign = CAMPAIGN) -> DataFrame:
    return build_retention_profit(
        spark,
        campaign_thresholds(candidates, campaign=campaign, uplift=UPLIFT),
        as_of=AS_OF,
        campaign=campaign,
        uplift=UPLIFT,
        interval_level=0.9,
        currency="USD",
        model_version="customer-value/7",
    )


def test_profit_by_threshold_adds_up_the_customers_with_the_most_value_at_risk(
    spark: SparkSession, candidates: DataFrame
) -> None:
    table = profit_of(spark, candidates)
    rows = {(row["audience"], row["threshold"]): row for row in table.collect()}
    at_risk = sorted((row["value_at_risk"] for row in candidates.collect()), reverse=True)

    assert table.columns == list(GOLD_RETENTION_PROFIT.column_names)
    # 7 customers have 7 tenths
    assert [threshold for audience, threshold in rows if audience == "everybody"] == [
        *(f"{tenth}0%" for tenth in range(1, 8)),
        "best",
    ]
    for count in range(1, 8):
        row = rows["everybody", f"{count}0%"]
        assert row["contacts"] == count
        assert row["least_at_risk"] == pytest.approx(at_risk[count - 1])
        assert row["at_risk"] == pytest.approx(sum(at_risk[:count]))
        assert row["expected_profit"] == pytest.approx(0.1 * sum(at_risk[:count]) - 0.5 * count)
        assert row["break_even_uplift"] == pytest.approx(0.5 * count / sum(at_risk[:count]))
        assert row["expected_profit_lower"] < row["expected_profit"] < row["expected_profit_upper"]
    best = rows["everybody", "best"]
    assert best["contacts"] == 5
    assert best["expected_profit"] == max(row["expected_profit"] for row in rows.values())


def test_high_value_customers_alone_have_thresholds_of_their_own(spark: SparkSession, candidates: DataFrame) -> None:
    rows = [row for row in profit_of(spark, candidates).collect() if row["audience"] == "high_value"]

    assert [(row["threshold"], row["contacts"]) for row in rows] == [("10%", 1), ("20%", 2), ("best", 2)]


def test_nobody_worth_a_contact_is_a_campaign_of_nobody(spark: SparkSession, candidates: DataFrame) -> None:
    dear = CAMPAIGN.model_copy(update={"contact_cost": 1e6})
    table = profit_of(spark, candidates, dear)
    best = [row for row in table.collect() if row["threshold"] == "best"]

    assert [(row["contacts"], row["expected_profit"], row["break_even_uplift"]) for row in best] == [(0, 0.0, None)] * 2
    assert campaign_lines(table) == [
        "retention, everybody: no contact is worth its cost",
        "retention, high value: no contact is worth its cost",
    ]


def test_the_best_contacts_are_a_line_of_the_run(spark: SparkSession, candidates: DataFrame) -> None:
    everybody, _ = campaign_lines(profit_of(spark, candidates))

    assert everybody.startswith("retention, everybody: 5 contacts are expected to earn ")
    assert " USD (" in everybody


def test_no_customers_give_no_list_and_a_profit_of_nothing(spark: SparkSession, candidates: DataFrame) -> None:
    nobody = candidates.limit(0)

    assert listed(nobody) == []
    assert [row["contacts"] for row in profit_of(spark, nobody).collect()] == [0, 0]


def test_tables_that_belong_together_pass_their_checks_and_others_do_not(
    spark: SparkSession, candidates: DataFrame
) -> None:
    table = build_retention_list(candidates, campaign=CAMPAIGN, uplift=UPLIFT, interval_level=0.9)
    value = build_customer_value(summary(spark), model=IN_DAYS, model_version="customer-value/7", scoring=SCORING)
    profit = profit_of(spark, candidates)

    def passed(*results: Any) -> list[bool]:
        return [result.passed for result in results]

    assert passed(*check_retention_list(table, value, as_of=AS_OF)) == [True, True]
    assert passed(*check_retention_profit(profit, table, as_of=AS_OF)) == [True, True]
    without_first = table.where("rank > 1")
    strangers = value.where("person_id <> 'lost regular'")
    elsewhere = profit.withColumn("expected_profit_upper", F.col("expected_profit") - 1)
    assert passed(*check_retention_list(without_first, strangers, as_of=AS_OF)) == [False, False]
    assert passed(*check_retention_profit(elsewhere, without_first, as_of=AS_OF)) == [False, False]


def test_a_very_uncertain_model_gives_bounds_that_fit_their_type(spark: SparkSession, candidates: DataFrame) -> None:
    vast = candidates.withColumn("log_error", F.lit(1e30))

    assert {float(row["expected_gain_upper"]) for row in listed(vast)} == {1e21}


def test_the_uplift_of_the_knobs_is_that_of_the_list() -> None:
    assert uplift_of(CAMPAIGN, level=0.9) == UPLIFT
