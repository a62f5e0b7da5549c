"""A published lake with something for every ready view: sixty days, four channels, three models, drawn by one seed.

Its rows are kept as plain dicts, so that a test can compute by itself what a view must answer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.published_lake import AS_OF, publish, write_table
from tests.small_shop import SUMMARIES, VALUES, path_row, performance_row
from tests.value_shop import channel_row, cohort_rows
from warehouse.contracts import Table
from warehouse.tables import (
    GOLD_ATTRIBUTION_CREDITS,
    GOLD_CHANNEL_PERFORMANCE,
    GOLD_CHANNEL_VALUE,
    GOLD_CHURN,
    GOLD_COHORT_VALUE,
    GOLD_CONVERSION_LINKS,
    GOLD_CUSTOMER_SUMMARY,
    GOLD_CUSTOMER_VALUE,
    GOLD_EARLY_VALUE,
    GOLD_PATH_SUMMARY,
    GOLD_PERSON_FEATURES,
    GOLD_RETENTION_LIST,
    GOLD_UNMATCHED_SPEND,
    SILVER_CONVERSIONS,
)
from warehouse.tables.gold_early_value import AGES_DAYS

Rows = list[dict[str, Any]]
MODELS = ("first_touch", "last_touch", "linear", "markov")
CAMPAIGNS = {  # channel: its campaigns
    "Paid Search": ("brand", "generic", "tiny", "nobody"),
    "Display": ("banner", "lost"),
    "Direct": ("(not set)",),
    "(unattributed)": ("(not set)",),
}
LOST = ("Display", "lost")  # spend that no touch is matched with
NEWEST, FORMER = "run-2", "run-1"


def write_questions(lake: Path) -> Mapping[Table, Rows]:
    """Write and publish the lake twice; the rows of every table of the newest publication."""
    rows = {
        GOLD_CHANNEL_PERFORMANCE: performance(),
        GOLD_UNMATCHED_SPEND: unmatched(),
        SILVER_CONVERSIONS: conversions(),
        GOLD_ATTRIBUTION_CREDITS: credits_of(conversions()),
        GOLD_PATH_SUMMARY: paths(),
        GOLD_CONVERSION_LINKS: links(),
        GOLD_CUSTOMER_VALUE: [dict(row, segment="loyal", segment_reason="buys") for row in VALUES],
        GOLD_CUSTOMER_SUMMARY: SUMMARIES,
        GOLD_RETENTION_LIST: retention(),
        GOLD_COHORT_VALUE: cohorts(),
        GOLD_CHANNEL_VALUE: channel_values(),
        GOLD_PERSON_FEATURES: features(),
        GOLD_CHURN: churn(),
        GOLD_EARLY_VALUE: early_values(),
    }
    former = {table: write_table(lake, table, of[:1]) for table, of in rows.items()}
    publish(lake, former, run_id=FORMER, publication=1, as_of=AS_OF - timedelta(days=7))
    publish(lake, {t: write_table(lake, t, of) for t, of in rows.items()}, run_id=NEWEST, publication=2)
    return rows


def performance() -> Rows:
    """Spend by day and campaign, the same in each model, type and basis; some rows are later than as_of."""
    chance, rows = random.Random(1), []
    for back in range(-2, 58):
        day = AS_OF - timedelta(days=back)
        for channel, campaigns in CAMPAIGNS.items():
            for campaign in campaigns:
                paid = channel in ("Paid Search", "Display")
                spend = Decimal(chance.randint(100, 999)) if paid and campaign != "tiny" else Decimal(paid)
                shown, claimed = chance.randint(100, 900), float(chance.randint(0, 3))
                for model in MODELS:
                    for conversion_type in ("purchase", "sign_up"):
                        for basis in ("conversion", "touch"):
                            sold = 0 if (channel, campaign) == LOST or campaign == "nobody" else chance.randint(0, 4)
                            credit = performance_row(
                                *(model, conversion_type, basis, day, channel),
                                spend=spend,
                                conversions=sold / 2,
                                value=sold * chance.randint(50, 700) if conversion_type == "purchase" else 0,
                            )
                            more = {"campaign": campaign, "impressions": shown, "clicks": shown // 9}
                            claims = {"platform_conversions": claimed if paid else 0.0}
                            money = {"platform_conversion_value": Decimal(claimed * 300) if paid else Decimal(0)}
                            rows.append({**credit, **more, **claims, **money})
    return rows


def unmatched() -> Rows:
    """The lost campaign, which has no touch, and a campaign with touches and no spend."""
    shared = {
        "source": "(not set)", "medium": "(not set)", "touches": 0, "model": "last_touch", "credited_conversions": 0.0,
        "credited_value": Decimal(0), "currency": "KRW", "first_day": AS_OF, "last_day": AS_OF,
    }  # fmt: skip
    channel, campaign = LOST
    return [
        {**shared, "lacks": "touches", "channel": channel, "campaign": campaign, "spend": Decimal(9)},
        {
            **shared,
            "lacks": "spend",
            "channel": "Paid Search",
            "campaign": "generic",
            "spend": Decimal(0),
            "touches": 5,
        },
    ]


def conversions() -> Rows:
    """Conversions at any second of the last fifty days, across the end of February."""
    chance, rows = random.Random(2), []
    for number in range(120):
        at = datetime(2026, 4, 1, tzinfo=UTC) - timedelta(seconds=chance.randint(0, 50 * 86_400))
        value = Decimal(chance.randint(50, 900))
        rows.append(
            {
                "conversion_id": f"c{number}", "conversion_type": "sign_up" if number % 6 == 0 else "purchase",
                "is_final": True, "person_id": f"p{number}", "converted_at": at, "value": value,
                "refunded_value": Decimal(0), "currency": "KRW", "report_value": value, "report_gross_value": value,
                "report_currency": "KRW", "is_first_purchase": number % 3 == 0,
            }
        )  # fmt: skip
    return rows


def credits_of(converted: Rows) -> Rows:
    """Each conversion with up to four touches in the days before it, under last touch and linear."""
    chance, rows = random.Random(3), []
    for conversion in converted:
        length = chance.randint(0, 4)
        seconds = sorted((chance.randint(1, 20 * 86_400) for _ in range(length)), reverse=True)
        channels = [chance.choice(("Paid Search", "Display", "Direct")) for _ in range(length)]
        touches = list(zip(channels, seconds, strict=True)) or [("(unattributed)", 0)]
        for model in ("last_touch", "linear"):
            for position, (channel, before) in enumerate(touches, start=1 if length else 0):
                credit = 1 / max(length, 1) if model == "linear" else float(position == length)
                if credit:
                    touch = {"channel": channel, "position": position, "path_length": length, "credit": credit}
                    at = conversion["converted_at"] - timedelta(seconds=before)
                    rows.append({**_credit(conversion, credit), **touch, "model": model, "touched_at": at})
    return rows


def _credit(conversion: dict[str, Any], credit: float) -> dict[str, Any]:
    """What all credits of a conversion share, with their value."""
    value = (conversion["report_value"] * Decimal(credit)).quantize(Decimal("0.000001"))
    return {
        **{name: conversion[name] for name in ("conversion_id", "conversion_type", "person_id", "is_first_purchase")},
        "converted_at": conversion["converted_at"], "touchpoint_id": "t", "credited_value": value,
        "gross_value": value, "currency": "KRW", "model_version": "rules",
    }  # fmt: skip


def paths() -> Rows:
    """Paths of purchases; two with the same conversions and value, one without conversion, one without a touch."""
    return [
        path_row(["Paid Search"], 9, 3, 900),
        path_row(["Display", "Paid Search"], 4, 3, 500),
        path_row(["Direct"], 4, 3, 500),
        path_row(["Display", "Display"], 2, 3, 100),
        path_row(["Display"], 0, 30, 0),
        path_row([], 5, 0, 1500),
    ]


def links() -> Rows:
    """Steps in visits, with and without a purchase after them."""
    counts = {("add_to_cart", "(all)"): (200, 60, 1800, 90), ("view_item", "(all)"): (50, 0, 400, 20),
              ("add_to_cart", "Display"): (9, 3, 30, 2)}  # fmt: skip
    return [
        {
            "auxiliary_type": step, "conversion_type": conversion_type, "channel": channel, "within_days": 7,
            "visits": visits, "followed": followed, "probability": followed / visits, "other_visits": others,
            "other_followed": other_followed, "lift": (followed / visits) / (other_followed / others),
            "probability_lower": 0.0, "probability_upper": 1.0, "lift_lower": 0.5 if followed else None,
            "lift_upper": 9.0 if followed else None,
            "seconds_to_conversion": Decimal(followed), "value": Decimal(followed), "value_per_visit": 1.0,
            "currency": "KRW",
        }
        for (step, channel), (visits, followed, others, other_followed) in counts.items()
        for conversion_type in ("purchase", "sign_up")
    ]  # fmt: skip


def retention() -> Rows:
    """Two customers worth contacting on the newest day, one of whom was on the list of the day before too, and one on
    a day that is not believed any more."""
    return [
        {
            "as_of": AS_OF + timedelta(days=later), "person_id": person, "rank": rank, "is_valuable": True,
            "last_purchase_on": AS_OF, "leaving": 0.5,
            "value_if_kept": Decimal(200), "value_at_risk": Decimal(100), "expected_gain": Decimal(50),
            "expected_gain_lower": Decimal(10), "expected_gain_upper": Decimal(90), "currency": "KRW",
            "acquisition_channel": "Display", "model_version": "customer-value/3",
        }
        for person, later, rank in (("ann", 0, 1), ("bob", 0, 2), ("ann", -1, 1), ("cat", 9, 1))
    ]  # fmt: skip


def cohorts() -> Rows:
    """Three cohorts of two channels up to March, which is over, and the month to come."""
    chance, rows = random.Random(4), []
    for channel in ("Paid Search", "Display"):
        for month in (1, 2, 3):
            size = chance.randint(20, 60)
            seen = [(chance.randint(0, size), chance.randint(0, 5000)) for _ in range(4 - month)]
            rows += cohort_rows(date(2026, month, 1), channel, size, [(size, seen[0][1]), *seen[1:]], [900])
    return rows


def channel_values() -> Rows:
    """Three channels under two models, one of them without spend, and one with spend and without customers."""
    return [
        channel_row(
            "Paid Search", model, 250, 10.0, value=600, lifetime=1000, bounds=(2.0, 8.0), payback=(days, "observed")
        )
        for model, days in (("last_touch", 12), ("linear", 11))
    ] + [
        channel_row("Direct", "last_touch", 0, 4.0, value=300, lifetime=400, bounds=None, payback=(None, "no spend")),
        channel_row("Display", "last_touch", 90, 0.0, value=0, lifetime=0, bounds=None, payback=(None, "no customers")),
        channel_row("Paid Search", "last_touch", 250, 10.0, campaign="brand", value=600, lifetime=1000,
                    bounds=(2.0, 8.0), payback=(12, "observed")),
    ]  # fmt: skip


def features() -> Rows:
    """Of two persons on the newest day and of one the day before: when each was seen last."""
    seen = (("user:ann", AS_OF, 3.0), ("user:bob", AS_OF, 31.0), ("user:ann", AS_OF - timedelta(days=1), 2.0))
    counts = {column.name: 0 for column in GOLD_PERSON_FEATURES.columns if column.type == "bigint"}
    money = {"gross_value_365d": 0.0}
    return [
        {**counts, **money, "person_id": person, "as_of": day, "days_since_active": days} for person, day, days in seen
    ]


def churn() -> Rows:
    """The same persons at two horizons."""
    return [
        churn_row(row["person_id"], row["as_of"], horizon, probability)
        for row in features()
        for horizon, probability in (("7d", 0.75), ("30d", 0.25))
    ]


def churn_row(person: str, day: date, horizon: str, probability: float, reason: str = "visits_30d") -> dict[str, Any]:
    return {
        "person_id": person,
        "as_of": day,
        "horizon": horizon,
        "probability": probability,
        "base_rate": 0.5,
        "reason_1": reason,
        "contribution_1": 0.5,
        "reason_2": "days_since_active",
        "contribution_2": -0.25,
        "contribution_3": 0.0,
        "other_contribution": 0.125,
        "served": "behaviour",
        "model_version": "churn/1",
    }


def early_values() -> Rows:
    """New users of five campaigns on the newest day and on a day that is not believed any more: first days of the last
    forty, at each age that was reached and at two horizons."""
    chance, rows = random.Random(5), []
    for later in (0, 9):
        for number in range(150):
            channel, campaign = chance.choice(
                (("Paid Search", "brand"), ("Paid Search", "generic"), ("Display", "banner"), ("Direct", "(not set)"),
                 ("(unattributed)", "(not set)"))
            )  # fmt: skip
            back, bought = chance.randint(0, 40), chance.random() < 0.2
            for age in (age for age in AGES_DAYS if age <= back + 1):
                for horizon in (30, 90):
                    person = early_row(f"device:{number}", AS_OF + timedelta(days=later), campaign, channel=channel)
                    probability, amount = chance.random() / 4, float(chance.randint(20, 400))
                    of_age = {"first_day": AS_OF - timedelta(days=back), "age_days": age, "horizon_days": horizon}
                    rows.append(
                        person
                        | of_age
                        | predicted(probability, amount, to_date=chance.randint(50, 300) if bought else 0)
                    )
    return rows


def early_row(person: str, as_of: date, campaign: str, *, channel: str = "Paid Search") -> dict[str, Any]:
    """A new user of a month ago at the age of a week, who has brought nothing and will bring nothing."""
    return {
        "person_id": person,
        "as_of": as_of,
        "first_day": as_of - timedelta(days=30),
        "age_days": 7,
        "horizon_days": 90,
        "acquisition_channel": channel,
        "acquisition_campaign": campaign,
        "currency": "KRW",
        "served": "behaviour",
        "model_version": "early-value/1",
        "model_error": 0.1,
        **predicted(0.0, 0.0),
    }


def predicted(probability: float, amount: float, *, to_date: int = 0) -> dict[str, Any]:
    """What a row of gold.early_value says of the value; the amount of one who buys varies as much as it is large."""
    return {
        "has_bought": to_date > 0,
        "value_to_date": Decimal(to_date),
        "buys_probability": probability,
        "amount_if_buys": amount,
        "predicted_value": to_date + probability * amount,
        "standard_deviation": amount * (2 * probability - probability**2) ** 0.5,
    }
