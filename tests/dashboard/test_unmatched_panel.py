"""Spend and touches that do not meet: read from the published table, and shown beside each other."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from dashboard.unmatched_panel import unmatched_panel
from dashboard.words import words_in
from published.figures import read_figures
from published.publication import read_published
from published.unmatched import read_unmatched
from tests.published_lake import AS_OF, publish, write_table
from warehouse.tables import GOLD_UNMATCHED_SPEND, SILVER_AD_SPEND

SPEND = [
    {
        "spend_date": AS_OF,
        "platform": "meta",
        "channel": "Paid Social",
        "channel_rule": "paid_social",
        "spend": Decimal(200),
        "currency": "USD",
        "report_spend": Decimal(200),
        "report_currency": "USD",
        "impressions": 1,
        "clicks": 1,
        "platform_conversions": 0.0,
        "platform_conversion_value": Decimal(0),
    }
]


def row(campaign: str, **fields: Any) -> dict[str, Any]:
    return {
        "lacks": "touches",
        "channel": "Paid Social",
        "source": "facebook",
        "medium": "paid_social",
        "campaign": campaign,
        "spend": Decimal(0),
        "touches": 0,
        "model": "last_touch",
        "credited_conversions": 0.0,
        "credited_value": Decimal(0),
        "currency": "USD",
        "first_day": AS_OF,
        "last_day": AS_OF,
        **fields,
    }


ROWS = [
    row("small", spend=Decimal(5)),
    row("no code founders", spend=Decimal(45)),
    row("no%20code", lacks="spend", source="fb", touches=7, credited_conversions=2.0, credited_value=Decimal(90)),
    row("seen often", lacks="spend", source="ig", touches=9),
]


def published_in(lake: Path, rows: list[dict[str, Any]]) -> str:
    publish(lake, {GOLD_UNMATCHED_SPEND: write_table(lake, GOLD_UNMATCHED_SPEND, rows),
                   SILVER_AD_SPEND: write_table(lake, SILVER_AD_SPEND, SPEND)})  # fmt: skip
    return str(lake)


def test_both_sides_come_by_amount_with_the_share_of_spend(tmp_path: Path) -> None:
    unmatched = read_unmatched(read_published(published_in(tmp_path, ROWS)))

    assert unmatched is not None
    assert (unmatched.spend, unmatched.all_spend, unmatched.share) == (50, 200, 0.25)
    assert [(one.campaign, one.spend) for one in unmatched.without_touches] == [("no code founders", 45), ("small", 5)]
    assert [(one.campaign, one.value, one.touches) for one in unmatched.without_spend] == [
        ("no%20code", 90, 7),
        ("seen often", 0, 9),
    ]


def test_where_all_of_it_meets_there_is_nothing_to_show(tmp_path: Path) -> None:
    assert read_unmatched(read_published(published_in(tmp_path, []))) is None
    assert unmatched_panel(read_figures(str(tmp_path)), words_in("en")) is None


def test_the_panel_gives_the_share_and_both_tables(tmp_path: Path) -> None:
    panel = unmatched_panel(read_figures(published_in(tmp_path, ROWS)), words_in("en"))

    assert panel is not None
    assert panel.sentence == "25% of ad spend ($50.00) is of campaigns that no touch names: their return reads 0."
    assert panel.table is not None
    assert panel.table.rows[0] == ("no code founders", "facebook", "paid_social", "Paid Social", "45.00")
    (touches,) = panel.more
    assert touches.rows[0] == ("no%20code", "fb", "paid_social", "Paid Social", "7", "2.0", "90.00")


def test_touches_without_spend_alone_are_shown_too(tmp_path: Path) -> None:
    panel = unmatched_panel(read_figures(published_in(tmp_path, ROWS[2:])), words_in("en"))

    assert panel is not None
    assert panel.sentence.startswith("All ad spend is of campaigns that touches name")
    assert panel.table is not None
    assert [cells[0] for cells in panel.table.rows] == ["no%20code", "seen often"]
    assert panel.more == ()
