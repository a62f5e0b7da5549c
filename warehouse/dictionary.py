"""The data dictionary: every table's contract as Markdown, for docs/data-dictionary.md."""

from __future__ import annotations

from collections.abc import Sequence

from warehouse.contracts import Column, Table
from warehouse.tables import ALL_TABLES

HEADING = """# Data dictionary

Every table of the lake. `<lake>/<layer>/<table>` is a Delta table. Times are UTC, a day is one of `report.timezone`,
the unit of an amount is the column that holds its currency. The same words are written to the tables as comments.

This page is made from the contracts in `warehouse/tables/`; write it again with
`python -m warehouse.dictionary > docs/data-dictionary.md`.
"""

LAYERS = {
    "bronze": "what arrived, once",
    "silver": "what happened, in one vocabulary",
    "gold": "answers to questions",
    "ops": "what ran, what was checked, what is published",
}


def data_dictionary(tables: Sequence[Table] = ALL_TABLES) -> str:
    """The Markdown page: an overview by layer, then each table with grain, key, notes and columns."""
    parts = [HEADING]
    for layer, meaning in LAYERS.items():
        of_layer = [table for table in tables if table.layer == layer]
        if of_layer:
            parts += [f"## {layer}: {meaning}\n", _overview(of_layer), *(_table(table) for table in of_layer)]
    return "\n".join(parts)


def _overview(tables: Sequence[Table]) -> str:
    rows = [f"| [{table.full_name}](#{_anchor(table)}) | {_cell(table.grain)} |" for table in tables]
    return "\n".join(["| table | one row per |", "|---|---|", *rows]) + "\n"


def _table(table: Table) -> str:
    head = [f"### {table.full_name}", "", f"One row per {table.grain}.", "", f"Key: {_names(table.key)}."]
    if table.notes:
        head += ["", table.notes]
    columns = ["| column | type | unit | null | meaning |", "|---|---|---|---|---|", *map(_column, table.columns)]
    return "\n".join([*head, "", *columns]) + "\n"


def _column(column: Column) -> str:
    cells = (f"`{column.name}`", f"`{column.type}`", column.unit, "yes" if column.nullable else "", column.meaning)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _anchor(table: Table) -> str:
    """The anchor that Markdown renderers give the table's heading."""
    return table.full_name.replace(".", "").lower()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    import sys

    sys.stdout.write(data_dictionary())
