"""Scores of customers: every row gets the model's predictions, in days and in money."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from ltv.customer_value import build_customer_value
from ltv.gamma_gamma import GammaGammaFit
from ltv.intervals import prediction_intervals
from ltv.knobs import Scoring
from ltv.pareto_nbd import ParetoNBDFit
from ltv.segments import WITHOUT_FIT, Segmentation
from ltv.value_model import ValueModel
from warehouse.errors import UsageError
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import CHURN_HORIZONS_DAYS, GOLD_CUSTOMER_VALUE, VALUE_HORIZONS_DAYS

AS_OF = dt.date(1997, 9, 30)

# The fits of the CDNOW sample, in weeks, with the covariances of their logarithms.
PURCHASES = ParetoNBDFit(
    params={"r": 0.553, "alpha": 10.58, "s": 0.606, "beta": 11.67},
    log_covariance=np.array(
        [
            [0.0074, 0.0050, 0.0039, 0.0075],
            [0.0050, 0.0063, -0.0013, 0.0014],
            [0.0039, -0.0013, 0.0955, 0.1595],
            [0.0075, 0.0014, 0.1595, 0.2832],
        ]
    ),
)
SPEND = GammaGammaFit(
    params={"p": 6.25, "q": 3.74, "gamma": 15.45},
    log_covariance=np.array([[0.0362, -0.0079, -0.0421], [-0.0079, 0.0059, 0.0128], [-0.0421, 0.0128, 0.0571]]),
)
MODEL = ValueModel(
    purchases=PURCHASES,
    spend=SPEND,
    time_unit="weeks",
    currency="USD",
    as_of=AS_OF,
)
# The same model in days: alpha and beta are times.
IN_DAYS = ValueModel(
    purchases=ParetoNBDFit(
        params={"r": 0.553, "alpha": 10.58 * 7, "s": 0.606, "beta": 11.67 * 7},
        log_covariance=PURCHASES.log_covariance,
    ),
    spend=MODEL.spend,
    time_unit="days",
    currency="USD",
    as_of=AS_OF,
)

# person, frequency, recency and T in weeks, monetary value
CUSTOMERS = [
    ("one-timer", 0, 0.0, 30.0, "0"),
    ("her twin", 0, 0.0, 30.0, "0"),
    ("new today", 0, 0.0, 0.0, "0"),
    ("regular", 8, 37.0, 38.0, "35.5"),
    ("regular who spends more", 8, 37.0, 38.0, "90"),
    ("lost regular", 8, 12.0, 38.0, "35.5"),
    ("refunds everything", 1, 3.0, 20.0, "0"),
    ("buys daily", 330, 330 / 7, 330 / 7, "12"),
]


def summary(spark: SparkSession, unit_days: int = 7) -> DataFrame:
    scale = 7 / unit_days
    rows = [
        {
            "person_id": person,
            "as_of": AS_OF,
            "frequency": frequency,
            "recency": recency * scale,
            "T": T * scale,
            "monetary_value": Decimal(money),
            "orders": frequency + 1,
            "net_value": Decimal(1),
            "currency": "USD",
            "first_order_at": dt.datetime(1997, 1, 1),
            "last_order_at": dt.datetime(1997, 1, 1),
            "acquisition_channel": "Email",
            "acquisition_source": "news",
            "acquisition_medium": "email",
            "acquisition_campaign": None,  # as on days of earlier releases
        }
        for person, frequency, recency, T, money in CUSTOMERS
    ]
    return spark.createDataFrame(
        [tuple(row[name] for name in GOLD_CUSTOMER_SUMMARY.column_names) for row in rows], GOLD_CUSTOMER_SUMMARY.ddl
    )


def scored(
    summary: DataFrame, model: ValueModel = MODEL, *, margin: float = 1.0, segments: Segmentation = WITHOUT_FIT
) -> dict[str, Row]:
    value = build_customer_value(
        summary,
        model=model,
        model_version="customer-value/7",
        scoring=Scoring(margin=margin, annual_discount_rate=0.1, interval_level=0.95),
        segments=segments,
    )
    assert [(f.name, f.dataType.simpleString()) for f in value.schema] == [
        (column.name, column.type) for column in GOLD_CUSTOMER_VALUE.columns
    ]
    return {row["person_id"]: row for row in value.collect()}


@pytest.fixture(scope="module")
def scores(spark: SparkSession) -> dict[str, Row]:
    return scored(summary(spark))


def test_every_customer_of_the_summary_is_scored_once(scores: dict[str, Row]) -> None:
    assert set(scores) == {person for person, *_ in CUSTOMERS}
    assert {row["model_version"] for row in scores.values()} == {"customer-value/7"}
    assert {(row["as_of"], row["currency"], row["acquisition_channel"]) for row in scores.values()} == {
        (AS_OF, "USD", "Email")
    }


def test_scores_are_the_predictions_of_the_model_customer_by_customer(scores: dict[str, Row]) -> None:
    for person, frequency, recency, T, money in CUSTOMERS:
        row, purchases = scores[person], MODEL.purchases
        assert row["p_alive"] == pytest.approx(purchases.p_alive(frequency, recency, T)[0])
        for days in CHURN_HORIZONS_DAYS:
            no_purchase = purchases.probability_of_no_purchase(days / 7, frequency, recency, T)[0]
            assert row[f"churn_{days}d"] == pytest.approx(no_purchase)
        for days in VALUE_HORIZONS_DAYS:
            expected = purchases.expected_purchases(days / 7, frequency, recency, T)[0]
            assert row[f"expected_purchases_{days}d"] == pytest.approx(expected)
        value = MODEL.spend.expected_value(frequency, float(money))[0]
        assert row["expected_order_value"] == pytest.approx(value)


def test_clv_is_margin_times_value_times_purchases_discounted_day_by_day(spark: SparkSession) -> None:
    half_margin = scored(summary(spark), margin=0.5)

    for person, frequency, recency, T, _ in CUSTOMERS:
        for days in VALUE_HORIZONS_DAYS:
            by_day = [MODEL.purchases.expected_purchases(day / 7, frequency, recency, T)[0] for day in range(days + 1)]
            discounts = 1.1 ** -((np.arange(days) + 0.5) / 365)
            expected = 0.5 * (np.diff(by_day) @ discounts) * half_margin[person]["expected_order_value"]
            assert float(half_margin[person][f"clv_{days}d"]) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_one_time_buyer_is_expected_to_spend_like_everybody(scores: dict[str, Row]) -> None:
    assert scores["one-timer"]["expected_order_value"] == pytest.approx(6.25 * 15.45 / (3.74 - 1))


def test_money_does_not_touch_the_purchases(scores: dict[str, Row]) -> None:
    regular, spender = scores["regular"], scores["regular who spends more"]

    assert spender["expected_purchases_365d"] == regular["expected_purchases_365d"]
    assert spender["clv_365d"] > 2 * regular["clv_365d"]


def test_customers_with_hundreds_of_purchases_get_numbers_too(scores: dict[str, Row]) -> None:
    daily = scores["buys daily"]

    assert daily["p_alive"] == 1.0
    assert daily["churn_7d"] < 0.1
    assert daily["expected_purchases_30d"] == pytest.approx(23, abs=3)


def test_horizons_are_days_whatever_the_unit_of_the_summary(scores: dict[str, Row], spark: SparkSession) -> None:
    in_days = scored(summary(spark, unit_days=1), IN_DAYS)

    for person, row in scores.items():
        for column in ("p_alive", "churn_30d", "expected_purchases_90d", "expected_order_value", "clv_365d"):
            assert float(in_days[person][column]) == pytest.approx(float(row[column]), rel=1e-7, abs=2e-6)


def test_bounds_are_the_intervals_of_the_true_probability_and_expectation(scores: dict[str, Row]) -> None:
    people = [row[1:4] for row in CUSTOMERS]
    x, t_x, T = (np.array(column, dtype=float) for column in zip(*people, strict=True))
    money = np.array([float(row[4]) for row in CUSTOMERS])
    rate = MODEL.discount_rate(0.1)

    def clv(purchases: ParetoNBDFit, spend: GammaGammaFit) -> np.ndarray:
        discounted = purchases.discounted_expected_purchases(rate, x, t_x, T, horizon=90 / 7)
        return discounted * spend.expected_value(x, money)

    expected = {
        "p_alive": prediction_intervals(lambda fit: fit.p_alive(x, t_x, T), PURCHASES, scale="logit"),
        "churn_30d": prediction_intervals(
            lambda fit: fit.probability_of_no_purchase(30 / 7, x, t_x, T), PURCHASES, scale="logit"
        ),
        "expected_purchases_180d": prediction_intervals(
            lambda fit: fit.expected_purchases(180 / 7, x, t_x, T), PURCHASES
        ),
        "expected_order_value": prediction_intervals(lambda fit: fit.expected_value(x, money), SPEND),
        "clv_90d": prediction_intervals(clv, PURCHASES, SPEND),
    }
    for name, interval in expected.items():
        for place, (person, *_) in enumerate(CUSTOMERS):
            for bound in ("lower", "upper"):
                found = float(scores[person][f"{name}_{bound}"])
                assert found == pytest.approx(getattr(interval, bound)[place], rel=1e-5, abs=1e-6)


def test_every_estimate_lies_within_its_bounds(scores: dict[str, Row]) -> None:
    names = [name.removesuffix("_lower") for name in GOLD_CUSTOMER_VALUE.column_names if name.endswith("_lower")]
    assert len(names) == 1 + len(CHURN_HORIZONS_DAYS) + 2 * len(VALUE_HORIZONS_DAYS) + 1
    for row in scores.values():
        for name in names:
            assert row[f"{name}_lower"] <= row[name] <= row[f"{name}_upper"]


def test_a_customer_who_bought_on_the_last_day_is_alive_whatever_the_parameters(scores: dict[str, Row]) -> None:
    daily = scores["buys daily"]

    assert daily["p_alive_lower"] == daily["p_alive_upper"] == 1.0
    assert daily["churn_7d_lower"] < daily["churn_7d"] < daily["churn_7d_upper"]


def test_a_model_of_plain_parameters_gives_no_bounds(spark: SparkSession) -> None:
    plain = replace(MODEL, spend=GammaGammaFit.from_params(p=6.25, q=3.74, gamma=15.45))

    with pytest.raises(UsageError, match="no standard errors"):
        scored(summary(spark), plain)


def test_millions_of_dong_have_room(spark: SparkSession) -> None:
    """1,470,544,809,690 dong or rupiah, and a bound of a very uncertain fit beyond any type."""
    dong = 10**12
    wealthy = replace(SPEND, params=SPEND.params | {"gamma": SPEND.params["gamma"] * dong})
    rich = summary(spark).withColumn("monetary_value", (F.col("monetary_value") * dong).cast("decimal(28,6)"))

    scores = scored(rich, replace(MODEL, spend=wealthy))

    plain = scored(summary(spark))
    for person, row in scores.items():
        assert float(row["clv_365d"]) == pytest.approx(float(plain[person]["clv_365d"]) * dong, rel=1e-6, abs=1e6)
    assert float(scores["buys daily"]["clv_365d"]) > 10**15

    uncertain = replace(wealthy, log_covariance=np.eye(3) * 1e4)
    vast = scored(rich, replace(MODEL, spend=uncertain))["regular"]
    assert float(vast["clv_365d_upper"]) == pytest.approx(1e21)


def test_a_note_of_the_model_is_in_every_row(spark: SparkSession, scores: dict[str, Row]) -> None:
    noted = replace(
        MODEL, purchases=replace(PURCHASES, note="No churn shows."), spend=replace(SPEND, note="One price.")
    )

    assert {row["model_note"] for row in scores.values()} == {None}
    assert {row["model_note"] for row in scored(summary(spark), noted).values()} == {"No churn shows. One price."}


def test_each_customer_has_a_segment_by_the_scores_of_the_row(scores: dict[str, Row]) -> None:
    assert {person: row["segment"] for person, row in scores.items()} == {
        "one-timer": "one-time",
        "her twin": "one-time",
        "new today": "new",
        "regular": "loyal",
        "regular who spends more": "loyal",
        "lost regular": "lost",
        "refunds everything": "sleeping",
        "buys daily": "loyal",
    }
    for row in scores.values():
        chance = int(100 * (1 - row["churn_90d"]) + 0.5)
        assert row["segment_reason"].endswith(f". Chance of a purchase within 90 days: {chance}%.")


def test_segments_are_those_of_the_version(spark: SparkSession, scores: dict[str, Row]) -> None:
    """In a shop whose customers usually take a year, the one-time buyer of 30 weeks ago is new."""
    slow = replace(WITHOUT_FIT, pace=365.0)

    assert scored(summary(spark), segments=slow)["one-timer"]["segment"] == "new"
    assert scored(summary(spark, unit_days=1), IN_DAYS, segments=slow)["one-timer"]["segment"] == "new"


def test_no_customers_give_no_scores(spark: SparkSession) -> None:
    assert scored(summary(spark).limit(0)) == {}


def test_a_model_survives_being_written_as_plain_data() -> None:
    assert ValueModel.from_dict(MODEL.to_dict()) == MODEL


def test_an_unknown_unit_of_time_is_refused() -> None:
    with pytest.raises(UsageError, match="days, weeks"):
        ValueModel(purchases=MODEL.purchases, spend=MODEL.spend, time_unit="months", currency="USD", as_of=AS_OF)
