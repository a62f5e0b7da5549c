"""gold.ad_abuse: claims by day, campaign and placement, with the spend that paid for the flagged ones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from attribution.ad_abuse import build_ad_abuse, check_ad_abuse
from tests.attribution.rules_oracle import frame
from warehouse.campaign_names import campaign_names
from warehouse.tables import SILVER_AD_SPEND, SILVER_TOUCHPOINTS

DAY = date(2026, 3, 2)


def claim(touch: str, probability: float | None, **fields: Any) -> dict[str, Any]:
    return {
        "touchpoint_id": touch,
        "touched_at": datetime(2026, 3, 1, 20, tzinfo=UTC),  # the second of March in Seoul
        "channel": "Affiliates",
        "source": "net",
        "medium": "affiliate",
        "campaign": "cpa",
        "abuse_probability": probability,
        "is_abuse": (probability or 0) >= 0.95,
        **fields,
    }


def spent(amount: str, **fields: Any) -> dict[str, Any]:
    return {
        "spend_date": DAY,
        "channel": "Affiliates",
        "source": "net",
        "medium": "affiliate",
        "campaign_id": "c-1",
        "campaign": "cpa",
        "report_spend": Decimal(amount),
        **fields,
    }


TOUCHES = [
    claim("1", 0.97, content="site 7"),
    claim("2", 0.5, content="site 7"),
    claim("3", 0.96),
    # By the campaign's id: the same campaign.
    claim("4", 0.03, campaign=None, campaign_id="c-1"),
    claim("no claim", None),
    claim("without spend", 0.99, campaign="other"),
]
SPEND = [spent("60"), spent("40"), spent("7", spend_date=date(2026, 3, 3))]


def test_claims_are_counted_by_placement_and_spend_is_divided_by_claims(spark: SparkSession) -> None:
    touchpoints, spend = frame(spark, SILVER_TOUCHPOINTS, TOUCHES), frame(spark, SILVER_AD_SPEND, SPEND)

    built = build_ad_abuse(
        touchpoints, spend, campaign_names(spend), timezone="Asia/Seoul", report_currency="USD"
    ).cache()

    columns = ("date", "campaign", "placement", "claims", "abusive_claims", "expected_abuse", "spend", "abusive_spend")
    assert sorted(tuple(row[name] for name in columns) for row in built.collect()) == [
        (DAY, "cpa", "(not set)", 2, 1, 0.99, Decimal(50), Decimal(25)),
        (DAY, "cpa", "site 7", 2, 1, 1.47, Decimal(50), Decimal(25)),
        (DAY, "other", "(not set)", 1, 1, 0.99, Decimal(0), Decimal(0)),
    ]
    assert {row["currency"] for row in built.collect()} == {"USD"}
    assert all(result.passed for result in check_ad_abuse(touchpoints, spend, built))
    assert not all(result.passed for result in check_ad_abuse(touchpoints.limit(3), spend, built))
