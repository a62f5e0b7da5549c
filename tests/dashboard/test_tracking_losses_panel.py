"""The panel about what tracking loses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard.tracking_losses_panel import tracking_losses_panel
from dashboard.words import words_in
from published.figures import read_figures
from tests.published_lake import publish, write_table
from tests.small_shop import performance_rows
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_TRACKING_LOSSES

NAMES = ("counted", "cause", "total", "concerned", "lost", "lost_value", "is_estimate")
ROWS: list[tuple[Any, ...]] = [
    ("touches", "no_consent", 1000, 200, 50, None, False),
    ("touches", "logged_out", 1000, 700, 700, None, False),
    ("touches", "short_cookie", 1000, 400, 120, None, True),
    ("purchase", "no_consent", 40, 4, 4, Decimal(1200), False),
    ("purchase", "logged_out", 40, 0, 0, Decimal(0), False),
    ("purchase", "short_cookie", 40, 10, 2, Decimal(650), True),
    ("sign_up", "no_consent", 7, 7, 7, Decimal(0), False),
]


def shop_in(lake: Path, rows: list[tuple[Any, ...]]) -> str:
    losses = [{**dict(zip(NAMES, row, strict=True)), "currency": "KRW"} for row in rows]
    publish(lake, {
        GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, performance_rows()),
        GOLD_TRACKING_LOSSES: write_table(lake, GOLD_TRACKING_LOSSES, losses),
    })  # fmt: skip
    return str(lake)


def test_the_panel_shows_touches_and_conversions_of_the_type_by_cause(tmp_path: Path) -> None:
    panel = tracking_losses_panel(read_figures(shop_in(tmp_path, ROWS)), words_in("en"))

    assert panel is not None
    assert panel.sentence == (
        "Of all touches tracking loses: missing consent 5.0%, logged out 70.0%, short cookies (estimate) 12.0%."
    )
    assert panel.table is not None
    assert panel.table.rows == (
        ("Missing consent", "200", "50", "5.0%", "4", "10.0%", "1,200"),
        ("Logged out", "700", "700", "70.0%", "0", "0.0%", "0"),
        ("Short cookies (estimate)", "400", "120", "12.0%", "2", "5.0%", "650"),
    )


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_shop_without_touches_and_conversions_has_no_panel(language: str, tmp_path: Path) -> None:
    words = words_in(language)
    none = [("touches", cause, 0, 0, 0, None, False) for cause in ("no_consent", "logged_out", "short_cookie")]

    assert tracking_losses_panel(read_figures(shop_in(tmp_path / "none", none)), words) is None
    assert tracking_losses_panel(read_figures(shop_in(tmp_path / "some", ROWS)), words) is not None
