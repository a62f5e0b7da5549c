"""Retargeting by channel: read from the published channel performance, and shown as parts of spend and credit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from dashboard.retargeting_panel import retargeting_panel
from dashboard.words import words_in
from published.figures import read_figures
from published.publication import read_published
from published.retargeting import read_retargeting
from published.view import EVERYTHING
from tests.published_lake import AS_OF, arrow_schema, publish, write_table
from tests.small_shop import performance_row
from warehouse.tables import GOLD_CHANNEL_PERFORMANCE


def row(channel: str, campaign: str, spend: int, value: int, *, again: bool = False) -> dict[str, Any]:
    credited = performance_row("last_touch", "purchase", "conversion", AS_OF, channel, spend=spend, value=value)
    return {**credited, "campaign": campaign, "is_retargeting": again}


ROWS = [
    row("Display", "rtg cart", 40, 300, again=True),
    row("Display", "brand", 60, 60),
    row("Paid Social", "visitors", 10, 0, again=True),
    row("Paid Social", "new people", 90, 240),
    row("Paid Search", "brand", 100, 400),
]


def published_in(lake: Path, rows: list[dict[str, Any]]) -> str:
    publish(lake, {GOLD_CHANNEL_PERFORMANCE: write_table(lake, GOLD_CHANNEL_PERFORMANCE, rows)})
    return str(lake)


def test_each_channel_has_the_parts_that_are_retargeting_and_all_channels_have_theirs(tmp_path: Path) -> None:
    found = read_retargeting(read_published(published_in(tmp_path, ROWS)), EVERYTHING)

    assert found is not None
    assert [(one.channel, one.retargeting_value, one.retargeting_spend) for one in found.channels] == [
        ("Display", 300, 40),
        ("Paid Social", 0, 10),
    ]
    display, social = found.channels
    assert (display.value_share, display.spend_share) == (300 / 360, 0.4)
    assert (display.roas, display.other_roas) == (7.5, 1.0)
    assert (social.value_share, social.roas) == (0.0, 0.0)
    assert (found.total.value_share, found.total.spend_share) == (0.3, 50 / 300)


def test_the_panel_gives_the_parts_and_the_table(tmp_path: Path) -> None:
    panel = retargeting_panel(read_figures(published_in(tmp_path, ROWS)), words_in("en"))

    assert panel is not None
    assert panel.sentence == (
        "Under last touch, 30% of all credited value (₩300) and 17% of ad spend (₩50) are retargeting: ads for people "
        "who had been here before."
    )
    assert panel.table is not None
    assert panel.table.rows == (
        ("Display", "300", "83%", "40", "40%", "7.50", "1.00"),
        ("Paid Social", "0", "0%", "10", "10%", "0.00", "2.67"),
    )


def test_without_retargeting_there_is_no_panel(tmp_path: Path) -> None:
    assert retargeting_panel(read_figures(published_in(tmp_path, ROWS[-1:])), words_in("ko")) is None


def test_a_table_that_an_older_program_published_has_no_panel(tmp_path: Path) -> None:
    older = arrow_schema(GOLD_CHANNEL_PERFORMANCE)
    older = older.remove(older.get_field_index("is_retargeting"))
    place = tmp_path / "gold" / "channel_performance"
    write_deltalake(place, pa.Table.from_pylist([{**ROWS[0], "is_retargeting": None}], schema=older))
    publish(tmp_path, {GOLD_CHANNEL_PERFORMANCE: DeltaTable(place).version()})

    assert retargeting_panel(read_figures(str(tmp_path)), words_in("en")) is None


def test_amounts_are_those_of_days_up_to_as_of(tmp_path: Path) -> None:
    later = {**ROWS[0], "date": AS_OF.replace(year=2099), "credited_value": Decimal(10_000)}
    found = read_retargeting(read_published(published_in(tmp_path, [*ROWS, later])), EVERYTHING)

    assert found is not None
    assert found.total.retargeting_value == 300
