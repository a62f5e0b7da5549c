"""The data dictionary has the texts of the contracts."""

from __future__ import annotations

from pathlib import Path

from warehouse.contracts import Column, Table
from warehouse.dictionary import data_dictionary
from warehouse.tables import ALL_TABLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "data-dictionary.md"

RATES = Table(
    layer="gold",
    name="rates",
    grain="day and pair",
    owner="ltv",
    freshness="every run | on request",
    key=("day", "pair"),
    notes="Never empty.",
    columns=(
        Column("day", "date", "when", nullable=False, minimum="2026-03-01"),
        Column("pair", "string", "from|to", nullable=False, personal=True, values=("a|b", "b|a")),
        Column("rate", "double", "rate; null where unknown", "units", minimum=0, maximum=9),
    ),
)


def test_the_document_is_the_page_of_the_contracts() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == data_dictionary(), (
        "docs/data-dictionary.md is out of date: python -m warehouse.dictionary > docs/data-dictionary.md"
    )


def test_a_table_has_its_grain_key_owner_personal_columns_notes_and_columns() -> None:
    lines = [
        "### gold.rates",
        "",
        "One row per day and pair.",
        "",
        "Key: `day`, `pair`.",
        "",
        "Owner: ltv. Brought up to date: every run | on request.",
        "",
        "Personal: `pair`.",
        "",
        "Never empty.",
        "",
        "| column | type | unit | null | range | meaning |",
        "|---|---|---|---|---|---|",
        "| `day` | `date` |  |  | 2026-03-01 or later | when |",
        "| `pair` | `string` |  |  | a\\|b or b\\|a | from\\|to |",
        "| `rate` | `double` | units | yes | 0 to 9 | rate; null where unknown |",
    ]
    assert data_dictionary([RATES]).splitlines()[-len(lines) :] == lines


def test_every_table_is_in_it_and_in_the_overview_of_its_layer() -> None:
    page = data_dictionary()
    for table in ALL_TABLES:
        assert f"\n### {table.full_name}\n" in page
        assert f"| [{table.full_name}](#{table.full_name.replace('.', '')}) |" in page
        assert f" | {table.owner} | {table.freshness} |\n" in page


def test_a_row_of_the_overview_names_owner_and_freshness() -> None:
    assert "| [gold.rates](#goldrates) | day and pair | ltv | every run \\| on request |" in data_dictionary([RATES])


def test_a_layer_without_tables_has_no_heading() -> None:
    assert "## bronze" not in data_dictionary([RATES])
