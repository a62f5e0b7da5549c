"""Ad abuse on the page: flagged claims, by placement, and what they cost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from dashboard.ad_abuse_panel import ad_abuse_panel
from dashboard.words import words_in
from published.ad_abuse import read_ad_abuse
from published.figures import read_figures
from published.publication import read_published
from published.view import View
from tests.published_lake import AS_OF, publish, write_table
from warehouse.tables import GOLD_AD_ABUSE, SILVER_AD_SPEND

YESTERDAY = AS_OF - timedelta(days=1)


def row(campaign: str, claims: int, flagged: int, spend: int, **fields: Any) -> dict[str, Any]:
    return {
        "date": AS_OF,
        "channel": "Affiliates",
        "source": "net",
        "medium": "affiliate",
        "campaign": campaign,
        "placement": "site 7",
        "claims": claims,
        "abusive_claims": flagged,
        "expected_abuse": float(flagged),
        "spend": Decimal(spend),
        "abusive_spend": Decimal(spend) * flagged / claims,
        "currency": "USD",
        **fields,
    }


def spent(amount: int, **fields: Any) -> dict[str, Any]:
    return {
        "spend_date": AS_OF,
        "platform": "net",
        "channel": "Affiliates",
        "channel_rule": "affiliates",
        "spend": Decimal(amount),
        "currency": "USD",
        "report_spend": Decimal(amount),
        "report_currency": "USD",
        "impressions": 1,
        "clicks": 1,
        "platform_conversions": 0.0,
        "platform_conversion_value": Decimal(0),
        **fields,
    }


ROWS = [
    row("honest", 80, 0, 100),
    row("flooded", 10, 8, 50),
    row("flooded", 10, 10, 30, date=YESTERDAY),
    row("flooded", 20, 1, 20, placement="site 8"),
]
SPEND = [spent(270), spent(30, spend_date=YESTERDAY)]


def lake_with(lake: Path, rows: list[dict[str, Any]]) -> str:
    tables = {GOLD_AD_ABUSE: rows, SILVER_AD_SPEND: SPEND}
    publish(lake, {table: write_table(lake, table, its) for table, its in tables.items()})
    return str(lake)


def test_flagged_claims_and_their_share_of_all_spend_stand_in_the_sentence_and_by_placement(tmp_path: Path) -> None:
    panel = ad_abuse_panel(read_figures(lake_with(tmp_path, ROWS)), words_in("en"))

    assert panel is not None
    assert panel.sentence == (
        "19 of 120 claims of ads (16%) are abuse and give no credit; 24% of ad spend ($71.00) paid for them."
    )
    assert panel.table is not None
    assert panel.table.rows == (
        ("flooded", "site 7", "net", "Affiliates", "20", "18", "90%", "70.00"),
        ("flooded", "site 8", "net", "Affiliates", "20", "1", "5%", "1.00"),
    )


def test_a_view_of_some_days_has_the_claims_and_the_spend_of_these_days(tmp_path: Path) -> None:
    abuse = read_ad_abuse(read_published(lake_with(tmp_path, ROWS)), View(last_day=YESTERDAY))

    assert abuse is not None
    assert (abuse.claims, abuse.abusive_claims, abuse.abusive_spend, abuse.spend_share) == (10, 10, 30, 1.0)


def test_a_page_without_abuse_says_so_and_one_without_claims_has_no_panel(tmp_path: Path) -> None:
    clean, silent = tmp_path / "clean", tmp_path / "silent"

    shown = ad_abuse_panel(read_figures(lake_with(clean, ROWS[:1])), words_in("en"))
    hidden = ad_abuse_panel(read_figures(lake_with(silent, [])), words_in("en"))

    assert shown is not None
    assert shown.sentence == "None of 80 claims of ads looks like abuse."
    assert hidden is None
