"""Ad spend: the valid export of a day, its day, its channel and its amounts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from bronze_rows import RATES, Fields, at, bronze, collected, frame
from pyspark.sql import SparkSession

from touchpoints.ad_spend import build_ad_spend
from touchpoints.channels import load_channel_rules, with_channel
from touchpoints.knobs import PlatformDefault
from touchpoints.source_list import load_sources
from touchpoints.spend_versions import valid_spend
from warehouse.tables import BRONZE_AD_SPEND, SILVER_AD_SPEND

FIRST, SECOND = date(2026, 3, 1), date(2026, 3, 2)


def spent(spend: str, *, file: str = "a", exported: float = 0, **fields: Any) -> Fields:
    row = {"spend": Decimal(spend), "source_file": file, "exported_at": at(exported), "spend_date": FIRST}
    return {**row, "campaign_id": "7", "campaign_name": "Spring", **fields}


def hour(spend: str, utc_hour: int, **fields: Any) -> Fields:
    """An hour of 1 March in UTC; the account's own day is 28 February."""
    spend_at = datetime(2026, 3, 1, utc_hour, tzinfo=UTC)
    return spent(spend, spend_at=spend_at, **{"spend_date": date(2026, 2, 28), **fields})


# account: its export rows, then its valid spend by day in Seoul, nine hours ahead of UTC
CASES: dict[str, tuple[list[Fields], dict[date, str]]] = {
    "rows of one file add up": ([spent("1"), spent("2"), spent("2", campaign_id="8")], {FIRST: "5"}),
    "a file exported later replaces the day, even with less": (
        [spent("10"), spent("5", campaign_id="8"), spent("3", file="b", exported=1)],
        {FIRST: "3"},
    ),
    "the later export wins with any names of the files": (
        [spent("3", file="a", exported=1), spent("10", file="b")],
        {FIRST: "3"},
    ),
    "of files exported at one moment the last by name": ([spent("4", file="b"), spent("9", file="a")], {FIRST: "4"}),
    "a file is as new as its newest row of the day": (
        [spent("1", file="a", exported=5), spent("2", file="a", exported=0), spent("9", file="b", exported=4)],
        {FIRST: "3"},
    ),
    "a later file leaves days that are not in it": (
        [spent("1"), spent("2", spend_date=SECOND), spent("7", spend_date=SECOND, file="b", exported=1)],
        {FIRST: "1", SECOND: "7"},
    ),
    "daily spend keeps the platform's day": ([spent("1", timezone="America/Los_Angeles")], {FIRST: "1"}),
    "hours belong to the reporting day they lie in": (
        [hour("1", 14), hour("2", 15), hour("4", 23)],
        {FIRST: "1", SECOND: "6"},
    ),
    "a restated day of hours is replaced as the account dates it": (
        [hour("1", 14), hour("2", 15), hour("5", 15, file="b", exported=1)],
        {SECOND: "5"},
    ),
}


def test_of_the_exports_of_a_day_the_last_file_counts(spark: SparkSession) -> None:
    rows: list[Fields] = [
        {"account_id": account, **row} for account, (exported, _) in CASES.items() for row in exported
    ]
    # An account without a name is one too, and platforms have their accounts apart.
    rows += [spent("1", account_id=None), spent("2", account_id=None, file="b", exported=1)]
    rows += [spent("50", account_id="rows of one file add up", platform="meta", exported=9, file="c")]

    valid = collected(valid_spend(bronze(spark, BRONZE_AD_SPEND, rows), timezone="Asia/Seoul"))

    totals: dict[tuple[str, str | None], dict[date, Decimal]] = {}
    for row in valid:
        of_account = totals.setdefault((row["platform"], row["account_id"]), {})
        of_account[row["spend_date"]] = of_account.get(row["spend_date"], Decimal(0)) + row["spend"]
    expected: dict[tuple[str, str | None], dict[date, Decimal]] = {
        ("google_ads", account): {day: Decimal(spend) for day, spend in by_day.items()}
        for account, (_, by_day) in CASES.items()
    }
    expected["google_ads", None] = {FIRST: Decimal(2)}
    expected["meta", "rows of one file add up"] = {FIRST: Decimal(50)}
    assert totals == expected


# account: its valid rows and the one row of silver that they make (only the named fields matter)
PRICED: dict[str, tuple[list[Fields], Fields]] = {
    "rows of one campaign add up": (
        [
            spent("1.5", impressions=100, clicks=3, platform_conversions=0.5, platform_conversion_value=Decimal(4)),
            spent("2", impressions=50, clicks=None, platform_conversions=1.0),
        ],
        {
            "spend": Decimal("3.5"),
            "report_spend": Decimal("3.5"),
            "impressions": 150,
            "clicks": 3,
            "platform_conversions": 1.5,
            "platform_conversion_value": Decimal(4),
        },
    ),
    "names are matched in lower case, blanks stay null": (
        [spent("1", campaign_name="SPRING Sale"), spent("1", campaign_name="spring sale")],
        {"campaign": "spring sale", "spend": Decimal(2), "impressions": 0, "clicks": 0, "platform_conversions": 0.0},
    ),
    "names are in the form that those of touches have": (
        [
            spent("1", campaign_name="no%2520code\u00a0founders ", source=" Google", medium="c\u200bpc"),
            spent("2", campaign_name="No code  founders", source="Google", medium="cpc"),
            spent("4", campaign_name="no code founders", source="Google", medium="cpc", campaign_id=" 7"),
        ],
        {"campaign": "no code founders", "source": "Google", "medium": "cpc", "campaign_id": "7", "spend": Decimal(7)},
    ),
    "Korean letters in pieces are whole, a plus is a plus": (
        [spent("1", campaign_name="\u1107\u1169\u11b7+\u1109\u1166\u110b\u1175\u11af")],
        {"campaign": "봄+세일"},
    ),
    "a placeholder that a platform did not fill in is no name": (
        [spent("1", campaign_name="{{campaign.name}}", source="__SOURCE__")],
        {"campaign": None, "source": "google", "medium": "cpc"},
    ),
    "without source and medium the platform's own are used": (
        [spent("1")],
        {"source": "google", "medium": "cpc", "channel": "Paid Search", "campaign": "spring"},
    ),
    "the row's own source and medium win": (
        [spent("1", source="youtube", medium="cpv")],
        {"source": "youtube", "medium": "cpv", "channel": "Paid Video"},
    ),
    "a platform unknown to conf has neither": (
        [spent("1", platform="billboards")],
        {"source": None, "medium": None, "spend": Decimal(1)},
    ),
    "amounts are converted at the rate of the spend's day": (
        [spent("10", currency="EUR", platform_conversion_value=Decimal(20), spend_date=SECOND)],
        {
            "spend": Decimal(10),
            "currency": "EUR",
            "report_spend": Decimal(12),
            "platform_conversion_value": Decimal(24),
            "report_currency": "USD",
        },
    ),
    "without a rate the spend in the reporting currency is null": (
        [spent("10", currency="GBP")],
        {"spend": Decimal(10), "report_spend": None},
    ),
}


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> dict[str, dict[str, Any]]:
    rows = [{"account_id": account, **row} for account, (exported, _) in PRICED.items() for row in exported]
    euro = [
        {"rate_day": FIRST, "rate_currency": "EUR", "rate": Decimal("1.1")},
        {"rate_day": SECOND, "rate_currency": "EUR", "rate": Decimal("1.2")},
    ]
    rules, sources = load_channel_rules("channels.yaml"), load_sources("sources.yaml")
    frames = build_ad_spend(
        bronze(spark, BRONZE_AD_SPEND, rows),
        frame(spark, RATES, euro),
        named=lambda spend: with_channel(spend, rules, sources),
        platforms={
            "google_ads": PlatformDefault(source="google", medium="cpc"),
            "meta": PlatformDefault(source="facebook", medium="paid_social"),
        },
        report_currency="USD",
    )
    silver = collected(frames)
    keys = [tuple(row[name] for name in SILVER_AD_SPEND.key) for row in silver]
    assert len(set(keys)) == len(keys) == len(PRICED)
    return {row["account_id"]: row for row in silver}


@pytest.mark.parametrize("account", PRICED)
def test_in_silver(account: str, built: dict[str, dict[str, Any]]) -> None:
    expected = PRICED[account][1]

    assert {name: built[account][name] for name in expected} == expected
