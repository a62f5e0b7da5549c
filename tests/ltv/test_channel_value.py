"""gold.channel_value: what customers of channels and campaigns cost and bring, beside a count day by day."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ltv.channel_value import Days, build_channel_value, check_channel_value
from ltv.knobs import AcquisitionWindow, Scoring
from ltv.own_error import OwnError
from warehouse.campaign_names import campaign_names
from warehouse.contracts import Table
from warehouse.knobs import CreditStart, ReportingDay
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_CHANNEL_VALUE,
    GOLD_CUSTOMER_VALUE,
    SILVER_AD_SPEND,
    SILVER_CONVERSIONS,
)
from warehouse.tables.gold_customer_value import VALUE_HORIZONS_DAYS

AS_OF = dt.date(2026, 3, 31)
DAYS = Days(dt.date(2026, 3, 1), AS_OF, "UTC")
SCORING = Scoring(margin=0.5, annual_discount_rate=0.1, interval_level=0.95)
OWN = OwnError(0.1, 0.0, 6)  # Student's quantile of 10 degrees of freedom is 2.228139
Rows = list[dict[str, Any]]


def frame(spark: SparkSession, table: Table, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    plain = [tuple(row.get(name) for name in table.column_names) for row in rows]
    return spark.createDataFrame(plain, table.ddl)


def noon(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC)


def purchase(name: str, person: str, day: dt.date, value: int, *, is_first: bool = False) -> dict[str, Any]:
    return {
        "conversion_id": name,
        "conversion_type": "purchase",
        "person_id": person,
        "converted_at": noon(day),
        "report_value": Decimal(value),
        "report_currency": "KRW",
        "is_first_purchase": is_first,
    }


def credit(of: Mapping[str, Any], channel: str, campaign: str | None, share: float, model: str) -> dict[str, Any]:
    names = ("conversion_id", "conversion_type", "person_id", "converted_at", "is_first_purchase")
    return {name: of[name] for name in names} | {
        "model": model,
        "channel": channel,
        "campaign": campaign,
        "credit": share,
        "credited_value": of["report_value"] * Decimal(str(share)),
    }


def spent(day: dt.date, channel: str, campaign: str, spend: int) -> dict[str, Any]:
    return {"spend_date": day, "channel": channel, "campaign": campaign, "report_spend": Decimal(spend)}


def score(person: str, clv: Iterable[float], upper: float = 1.0) -> dict[str, Any]:
    figures = dict(zip(VALUE_HORIZONS_DAYS, clv, strict=True))
    return {"person_id": person, "as_of": AS_OF, "model_version": "customer-value/1"} | {
        f"clv_{days}d{end}": Decimal(str(figure)) * Decimal(str(factor))
        for days, figure in figures.items()
        for end, factor in (("", 1), ("_upper", upper))
    }


class Shop:
    """A shop's frames, as attribute would have made them of its purchases, credits and spend."""

    def __init__(self, spark: SparkSession, purchases: Rows, credits: Rows, spend: Rows, scores: Rows) -> None:
        self.conversions = frame(spark, SILVER_CONVERSIONS, purchases)
        self.credits = frame(spark, GOLD_ATTRIBUTION_CREDITS, credits)
        self.spend = frame(spark, SILVER_AD_SPEND, spend)
        self.value, self.has_scores = frame(spark, GOLD_CUSTOMER_VALUE, scores), bool(scores)
        performance = [
            {
                "model": model,
                "conversion_type": kind,
                "date_basis": basis,
                "date": row["spend_date"],
                "channel": row["channel"],
                "campaign": row["campaign"],
                "spend": row["report_spend"],
            }
            for model in sorted({row["model"] for row in credits})
            for kind in ("purchase", "sign_up")
            for basis in ("touch", "conversion")
            for row in spend
        ]
        self.performance = frame(spark, GOLD_CHANNEL_PERFORMANCE, performance)

    def table(self) -> DataFrame:
        return build_channel_value(
            self.credits,
            self.performance,
            self.conversions,
            self.value,
            campaign_names(self.spend),
            days=DAYS,
            scoring=SCORING,
            own_error=OWN,
            currency="KRW",
            model_version="customer-value/1" if self.has_scores else None,
        )

    def rows(self) -> dict[tuple[str, str], dict[str, Any]]:
        """By channel and campaign, of the only model."""
        return {(row["channel"], row["campaign"]): row.asDict() for row in self.table().collect()}

    def checks(self, table: DataFrame) -> list[bool]:
        results = check_channel_value(table, self.spend, self.conversions, self.value, days=DAYS)
        return [result.passed for result in results]


# ann was won on March 2 by Search, half by each of two campaigns; bob on March 31 by Social; old was won last year.
OLD = dt.date(2025, 6, 1)
PURCHASES = [
    purchase("a1", "ann", dt.date(2026, 3, 2), 100, is_first=True),
    purchase("a2", "ann", dt.date(2026, 3, 12), 60),
    purchase("b1", "bob", AS_OF, 40, is_first=True),
    purchase("o1", "old", OLD, 500, is_first=True),
    purchase("o2", "old", dt.date(2026, 3, 5), 80),
]
CREDITS = [
    credit(PURCHASES[0], "Search", "Brand", 0.5, "linear"),
    credit(PURCHASES[0], "Search", "shoes", 0.5, "linear"),
    credit(PURCHASES[1], "Email", None, 1.0, "linear"),
    credit(PURCHASES[2], "Social", "new", 1.0, "linear"),
    credit(PURCHASES[3], "Search", "brand", 1.0, "linear"),
    credit(PURCHASES[4], "Search", "brand", 1.0, "linear"),
]
SPEND = [
    spent(dt.date(2026, 3, 1), "Search", "brand", 20),
    spent(AS_OF, "Search", "shoes", 50),
    spent(dt.date(2026, 2, 28), "Search", "shoes", 1000),  # the day before
    spent(dt.date(2026, 3, 3), "Social", "new", 110),
    spent(dt.date(2026, 3, 3), "Display", "none", 30),
]
# Half a unit of money a day is expected of ann, and then a quarter; of bob, two a day for 30 days, and nothing more.
ANN = (15, 45, 67.5, 113.75)
SCORES = [score("ann", ANN), score("bob", (60, 60, 60, 60), 1.1)]


@pytest.fixture(scope="module")
def shop(spark: SparkSession) -> Shop:
    return Shop(spark, PURCHASES, CREDITS, SPEND, SCORES)


@pytest.fixture(scope="module")
def table(shop: Shop) -> DataFrame:
    return shop.table().persist()


@pytest.fixture(scope="module")
def rows(table: DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["channel"], row["campaign"]): row.asDict() for row in table.collect()}


def test_there_is_a_row_of_each_channel_and_campaign_with_spend_or_credit(
    table: DataFrame, rows: dict[tuple[str, str], dict[str, Any]]
) -> None:
    assert table.columns == list(GOLD_CHANNEL_VALUE.column_names)
    assert table.count() == len(rows)
    assert {key for key, row in rows.items() if row["level"] == "channel"} == {
        (channel, "(all)") for channel in ("Search", "Social", "Display")
    }
    assert {key for key, row in rows.items() if row["level"] == "campaign"} == {
        ("Search", "brand"), ("Search", "shoes"), ("Social", "new"), ("Display", "none"),
    }  # fmt: skip


def test_a_customer_counts_by_the_credit_of_the_first_purchase_with_all_that_it_brings(
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    names = ("spend", "new_customers", "cac", "value_to_date", "predicted_30d", "predicted_365d", "returning_value")
    assert [rows["Search", "(all)"][name] for name in names] == [
        70, 1.0, 70.0, 160, 15, Decimal("113.75"), 80,
    ]  # fmt: skip
    assert [rows["Search", "brand"][name] for name in names] == [
        20, 0.5, 40.0, 80, Decimal("7.5"), Decimal("56.875"), 80,
    ]  # fmt: skip
    assert [rows["Display", "(all)"][name] for name in names] == [30, 0.0, None, 0, 0, 0, 0]


def test_lifetime_value_is_of_one_age_for_all_customers(rows: dict[tuple[str, str], dict[str, Any]]) -> None:
    # ann is 29 days old: 336 days are lacking, of which 156 come after the 180th, at a quarter a day.
    assert rows["Search", "(all)"]["lifetime_value"] == 80 + Decimal("67.5") + 39
    assert rows["Search", "(all)"]["ltv_to_cac"] == pytest.approx(186.5 / 70)
    assert rows["Search", "(all)"]["ltv_roas"] == pytest.approx((0.5 * 80 + 186.5) / 70)
    assert rows["Social", "(all)"]["lifetime_value"] == 20 + 60
    assert (rows["Social", "(all)"]["ltv"], rows["Social", "(all)"]["cac"]) == (80.0, 110.0)


@pytest.mark.parametrize(
    ("channel", "campaign", "payback_days", "payback"),
    [
        ("Search", "(all)", 10, "observed"),  # 50 on the first day, 80 on the tenth after it
        ("Search", "brand", 0, "observed"),
        ("Search", "shoes", 69, "predicted"),  # 40 of 50 by the tenth; from 30 on a quarter a day: 10 more in 40 days
        ("Social", "(all)", None, "not reached"),
        ("Display", "(all)", None, "no customers"),
    ],
)
def test_payback_is_the_age_at_which_margin_has_reached_the_cost(
    rows: dict[tuple[str, str], dict[str, Any]], channel: str, campaign: str, payback_days: int, payback: str
) -> None:
    row = rows[channel, campaign]
    assert (row["payback_days"], row["payback"]) == (payback_days, payback)


def test_the_interval_has_the_number_of_customers_the_parameters_and_the_own_error(
    rows: dict[tuple[str, str], dict[str, Any]],
) -> None:
    row, ratio = rows["Social", "(all)"], 80 / 110
    # One customer: the variance of the logarithm is 1, and Student's quantile so much wider.
    customers = 1.959964 + (1.959964**3 + 1.959964) / 4
    if_holds = math.hypot(customers, math.log(1.1) * 60 / 80)
    with_own = math.hypot(if_holds, 2.228139 * 0.1 * 60 / 80)

    assert row["ltv_to_cac"] == pytest.approx(ratio)
    assert row["upper_if_model_holds"] == pytest.approx(ratio * math.exp(if_holds), rel=1e-6)
    assert row["lower_if_model_holds"] == pytest.approx(ratio / math.exp(if_holds), rel=1e-6)
    assert row["upper"] == pytest.approx(ratio * math.exp(with_own), rel=1e-6)
    assert row["lower"] == pytest.approx(ratio / math.exp(with_own), rel=1e-6)


def test_without_scores_cost_and_observed_payback_remain(spark: SparkSession) -> None:
    found = Shop(spark, PURCHASES, CREDITS, SPEND, []).rows()

    search, social = found["Search", "(all)"], found["Social", "(all)"]
    assert (search["cac"], search["payback"], search["payback_days"]) == (70.0, "observed", 10)
    assert (social["cac"], social["payback"], social["payback_days"]) == (110.0, "not scored", None)
    of_scores = ("lifetime_value", "predicted_365d", "ltv", "ltv_to_cac", "lower", "upper", "ltv_roas")
    assert {search[name] for name in of_scores} == {None}


def test_a_channel_without_spend_has_value_and_no_ratio(spark: SparkSession) -> None:
    row = Shop(spark, PURCHASES, CREDITS, [], SCORES).rows()["Search", "(all)"]

    assert (row["ltv"], row["cac"], row["ltv_to_cac"], row["payback"]) == (186.5, None, None, "no spend")


def test_days_end_at_as_of_and_begin_where_credit_begins() -> None:
    zone = ReportingDay(timezone="Asia/Seoul")
    window = AcquisitionWindow(acquisition_days=365)

    assert Days.of(AS_OF, window, CreditStart(start_date=None), zone).first == dt.date(2025, 4, 1)
    assert Days.of(AS_OF, window, CreditStart(start_date=dt.date(2026, 3, 1)), zone).first == dt.date(2026, 3, 1)
    assert Days.of(AS_OF, AcquisitionWindow(acquisition_days=1), CreditStart(start_date=OLD), zone).first == AS_OF


def test_channels_have_all_spend_customers_and_value_of_the_days(shop: Shop, table: DataFrame) -> None:
    assert shop.checks(table) == [True] * 8
    assert shop.checks(table.limit(0)) == []


@pytest.mark.parametrize("place", range(8))
def test_what_is_lost_is_found(shop: Shop, table: DataFrame, place: int) -> None:
    level = ("channel", "campaign")[place // 4]
    column = ("spend", "new_customers", "value_to_date", "predicted_365d")[place % 4]
    more = F.when((F.col("level") == level) & (F.col("channel") == "Search"), F.col(column) + F.lit(Decimal("0.02")))
    wrong = table.withColumn(column, F.coalesce(more, F.col(column)))

    assert shop.checks(wrong) == [other != place for other in range(8)]


def test_value_and_payback_of_many_customers_are_those_of_a_count_day_by_day(spark: SparkSession) -> None:
    draw = random.Random(5)
    purchases, credits, scores = [], [], []
    weights: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    bought: dict[str, list[tuple[dt.date, int]]] = defaultdict(list)
    clv: dict[str, list[int]] = {}
    campaigns = [("Search", "brand"), ("Search", "shoes"), ("Social", "new")]
    for number in range(40):
        person = f"p{number}"
        day = first = DAYS.first + dt.timedelta(days=draw.randrange(31))
        while day <= AS_OF:
            row = purchase(f"{person}/{day}", person, day, draw.randrange(1, 60), is_first=day == first)
            purchases.append(row)
            bought[person].append((day, int(row["report_value"])))
            shares = (0.25, 0.25, 0.5)
            for (channel, campaign), share in zip(draw.sample(campaigns, 3), shares, strict=True):
                credits.append(credit(row, channel, campaign, share, "linear"))
                if day == first:
                    weights[channel, campaign][person] += share
                    weights[channel, "(all)"][person] += share
            day += dt.timedelta(days=draw.randrange(1, 25))
        steps = [draw.randrange(0, 40) for _ in VALUE_HORIZONS_DAYS]
        clv[person] = [sum(steps[: place + 1]) for place in range(4)]
        scores.append(score(person, clv[person]))
    costs = {("Search", "brand"): 130, ("Search", "shoes"): 700, ("Social", "new"): 420}
    spend = [spent(AS_OF, *key, cost) for key, cost in costs.items()]
    shop = Shop(spark, purchases, credits, spend, scores)
    table = shop.table().persist()
    found = {(row["channel"], row["campaign"]): row for row in table.collect()}

    def margins(person: str) -> list[float]:
        """Of a customer by each age: purchases, and what is expected of the days after as_of."""
        first = min(day for day, _ in bought[person])
        gained = [0.0] * 800
        for day, value in bought[person]:
            gained[(day - first).days] += 0.5 * value
        start, before = 0, 0
        for end, total in zip(VALUE_HORIZONS_DAYS, clv[person], strict=True):
            for ahead in range(start + 1, end + 1):
                gained[(AS_OF - first).days + ahead] += (total - before) / (end - start)
            start, before = end, total
        return [sum(gained[: age + 1]) for age in range(366)]

    costs["Search", "(all)"], costs["Social", "(all)"] = 830, 420
    by_age = {person: margins(person) for person in bought}
    ages: list[int | None] = []
    for key, cost in costs.items():
        curve = [sum(share * by_age[one][age] for one, share in weights[key].items()) for age in range(366)]
        reached = next((age for age, so_far in enumerate(curve) if so_far >= cost), None)
        assert float(found[key]["lifetime_value"]) == pytest.approx(curve[-1])
        assert found[key]["ltv_to_cac"] == pytest.approx(curve[-1] / cost)
        assert found[key]["payback_days"] == reached
        ages.append(reached)
    assert len(set(ages)) > 2, "the costs are reached at different ages"
    assert shop.checks(table) == [True] * 8
