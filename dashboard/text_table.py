"""A table as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from dashboard.panels import PageTable


def table_lines(table: PageTable) -> list[str]:
    """A table for a terminal: its caption, its columns, its rows; numbers to the right. Hangul is two cells wide."""
    rows = [[str(cell) for cell in row] for row in ([column.label for column in table.columns], *table.rows)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]

    def line(row: Sequence[str]) -> str:
        blanks = (" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        cells = zip(row, blanks, table.columns, strict=True)
        return "  ".join(blank + cell if one.numeric else cell + blank for cell, blank, one in cells).rstrip()

    return [table.caption, *map(line, rows)]
