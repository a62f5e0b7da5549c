"""Why conversions are unattributed: read from the published table, and shown where their number is given."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from dashboard.path_panels import touches_panel
from dashboard.unattributed_panel import unattributed_panel
from dashboard.words import words_in
from published.figures import read_figures
from published.unattributed import Unattributed
from tests.published_lake import publish, write_table
from tests.small_shop import PATHS, performance_rows
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE, GOLD_PATH_SUMMARY, GOLD_UNATTRIBUTED_CONVERSIONS

ROWS = [
    ("purchase", "other_login", 1, Decimal(100)),
    ("purchase", "before_first_visit", 3, Decimal(500)),
    ("sign_up", "robot", 7, Decimal(0)),
]


def shop_in(lake: Path, rows: list[tuple[str, str, int, Decimal]]) -> str:
    names = ("conversion_type", "cause", "conversions", "value")
    unattributed = [{**dict(zip(names, row, strict=True)), "currency": "KRW"} for row in rows]
    publish(lake, {
        GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, performance_rows()),
        GOLD_PATH_SUMMARY: write_table(lake, GOLD_PATH_SUMMARY, PATHS),
        GOLD_UNATTRIBUTED_CONVERSIONS: write_table(lake, GOLD_UNATTRIBUTED_CONVERSIONS, unattributed),
    })  # fmt: skip
    return str(lake)


def test_causes_of_the_type_that_is_shown_come_by_number(tmp_path: Path) -> None:
    unattributed = read_figures(shop_in(tmp_path, ROWS)).unattributed

    assert isinstance(unattributed, Unattributed)
    assert [(cause.cause, cause.conversions) for cause in unattributed.causes] == [
        ("before_first_visit", 3),
        ("other_login", 1),
    ]
    assert (unattributed.conversions, unattributed.value, unattributed.currency) == (4, 600, "KRW")


def test_the_panel_names_the_most_frequent_cause_and_the_note_of_paths_names_all(tmp_path: Path) -> None:
    figures, words = read_figures(shop_in(tmp_path, ROWS)), words_in("en")

    panel, touches = unattributed_panel(figures, words), touches_panel(figures, words)

    assert panel is not None
    assert panel.sentence == (
        "4 purchases worth ₩600 have no touch in their window; most of them: older than the first visit on record."
    )
    assert panel.table is not None
    assert panel.table.rows == (
        ("Older than the first visit on record", "3", "75.0%", "500"),
        ("The visits in the window are under another login", "1", "25.0%", "100"),
    )
    assert panel.table.foot == ("All of them", "4", "100.0%", "600")
    assert touches is not None
    assert touches.note == (
        "5 purchases had no touch in the window and are left out here: older than the first visit on record 3, "
        "the visits in the window are under another login 1."
    )


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_cause_has_words(tmp_path: Path, language: str) -> None:
    rows = [("purchase", cause, 1, Decimal(1)) for cause in GOLD_UNATTRIBUTED_CONVERSIONS.column("cause").values]
    panel = unattributed_panel(read_figures(shop_in(tmp_path, rows)), words_in(language))

    assert panel is not None
    assert panel.table is not None
    assert len({cells[0] for cells in panel.table.rows}) == len(rows)


def test_where_all_is_attributed_there_is_nothing_to_show(tmp_path: Path) -> None:
    figures, words = read_figures(shop_in(tmp_path, [])), words_in("en")

    assert unattributed_panel(figures, words) is None
    touches = touches_panel(figures, words)
    assert touches is not None
    assert touches.note == "5 purchases had no touch in the window and are left out here."
