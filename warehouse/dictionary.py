"""The data dictionary: every table's contract as Markdown, for docs/data-dictionary.md."""

from __future__ import annotations

from collections.abc import Sequence

from warehouse.contracts import Column, Table
from warehouse.tables import ALL_TABLES

HEADING = """# Data dictionary

Every table of the lake. `<lake>/<layer>/<table>` is a Delta table. Times are UTC, a day is one of `report.timezone`,
the unit of an amount is the column that holds its currency. Grain, notes, meanings and units are written to the tables
as comments.

The owner is the package responsible for a table's figures. Personal columns name one person or lead back to one. A
range holds for every value that is not null, bounds included. Keys, nulls and ranges are checked: those of silver and
gold before they are published, those of all tables by `check`. What people see is computed from these
tables: [Metrics](metrics.md). Marts, a shop's own tables ([add a mart](how-to/add-a-mart.md)), are in the dictionary of
its pages.

This page is made from the contracts in `warehouse/tables/`; bring it up to date with
`python -m warehouse.dictionary > docs/data-dictionary.md`.
"""

LAYERS = {
    "bronze": "what arrived, once",
    "silver": "what happened, in one vocabulary",
    "gold": "answers to questions",
    "ops": "what ran, what was checked, what is published",
}


def data_dictionary(tables: Sequence[Table] = ALL_TABLES) -> str:
    """The Markdown page: an overview by layer, then each table with grain, owner, freshness, key, notes and columns."""
    parts = [HEADING]
    for layer, meaning in LAYERS.items():
        of_layer = [table for table in tables if table.layer == layer]
        if of_layer:
            parts += [f"## {layer}: {meaning}\n", _overview(of_layer), *(_table(table) for table in of_layer)]
    return "\n".join(parts)


def _overview(tables: Sequence[Table]) -> str:
    rows = [
        f"| [{table.full_name}](#{_anchor(table)}) | {_cell(table.grain)} | {table.owner} | {_cell(table.freshness)} |"
        for table in tables
    ]
    return "\n".join(["| table | one row per | owner | brought up to date |", "|---|---|---|---|", *rows]) + "\n"


def _table(table: Table) -> str:
    head = [f"### {table.full_name}", "", f"One row per {table.grain}.", "", f"Key: {_names(table.key)}."]
    head += ["", f"Owner: {table.owner}. Brought up to date: {table.freshness}."]
    personal = _names(table.personal_columns)
    head += ["", f"Personal: {personal}." if personal else "No personal columns."]
    if table.notes:
        head += ["", table.notes]
    columns = ["| column | type | unit | null | range | meaning |", "|---|---|---|---|---|---|"]
    columns += map(_column, table.columns)
    return "\n".join([*head, "", *columns]) + "\n"


def _column(column: Column) -> str:
    null = "yes" if column.nullable else ""
    cells = (f"`{column.name}`", f"`{column.type}`", column.unit, null, column.range, column.meaning)
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
