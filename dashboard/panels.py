"""The parts of a page: headline tiles, and panels, each with one sentence, a chart and the chart's table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dashboard.chart_svg import Chart
from dashboard.formats import Figure, Value
from dashboard.words import Label

__all__ = ["Chart", "Column", "Marked", "PageTable", "Panel", "Tile", "columns", "linked", "table_rows"]


class Marked(Markup):
    """HTML that keeps the value it shows, as `Figure` does."""

    value: Value

    def __new__(cls, html: Markup, value: Value) -> Marked:
        """The HTML, and the value that it shows."""
        made = super().__new__(cls, html)
        made.value = value
        return made


def linked(text: str, address: str) -> Marked:
    """The text as a link to `address`; it keeps the value of a figure."""
    link = Markup('<a href="{}">{}</a>').format(address, text)
    return Marked(link, value_of(text))


def value_of(cell: str | Markup) -> Value:
    """What a cell shows: the value of a figure, otherwise its text without HTML."""
    if isinstance(cell, Figure | Marked):
        return cell.value
    return cell.striptags() if isinstance(cell, Markup) else str(cell)


@dataclass(frozen=True)
class Tile:
    """One headline number; `note` explains it, `change` sets it beside the days before, `hint` defines it."""

    label: str
    value: str
    note: str = ""
    change: str = ""
    hint: str = ""
    address: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table; `hint` explains it on hover."""

    label: str
    numeric: bool = True
    hint: str = ""

    @property
    def name(self) -> str:
        """Its name in CSV and JSON, the same in every language: the label's key, otherwise the label in snake case."""
        named = self.label.name if isinstance(self.label, Label) else str(self.label)
        return re.sub(r"\W+", "_", named.strip().lower()).strip("_")


@dataclass(frozen=True)
class PageTable:
    """A table with its caption. The first cell of a row names the row; `foot` has the totals.

    A cell is plain text, or Markup if it contains HTML. A figure or Marked cell keeps its value: see `records`.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Markup, ...], ...]
    foot: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in CSV and JSON; a name that occurs again has its place behind it."""
        names: list[str] = []
        for place, column in enumerate(self.columns, start=1):
            names.append(f"{column.name}_{place}" if column.name in names or not column.name else column.name)
        return tuple(names)

    @property
    def records(self) -> tuple[tuple[Value, ...], ...]:
        """The values of the rows, unrounded, without the foot."""
        return tuple(tuple(value_of(cell) for cell in row) for row in self.rows)


@dataclass(frozen=True)
class Panel:
    """A part of the page. `table` has the figures of `chart`, of `drawing` (HTML that this program makes) and of
    `tiles`; with `folded` the reader opens it."""

    key: str
    title: str
    sentence: str
    chart: Chart | None = None
    table: PageTable | None = None
    folded: bool = False
    note: str = ""
    more: tuple[PageTable, ...] = ()
    tiles: tuple[Tile, ...] = ()
    drawing: Markup | None = None

    @property
    def tables(self) -> tuple[PageTable, ...]:
        """Every table of the panel, the chart's first."""
        return (*((self.table,) if self.table else ()), *self.more)


def columns(first: str, *numeric: str) -> tuple[Column, ...]:
    """A column of names and columns of numbers."""
    return (Column(first, numeric=False), *(Column(label) for label in numeric))


def text_columns(*labels: str) -> tuple[Column, ...]:
    """Columns of texts."""
    return tuple(Column(label, numeric=False) for label in labels)


def table_rows(rows: Sequence[Sequence[str | Markup]]) -> tuple[tuple[str | Markup, ...], ...]:
    """The rows as tuples."""
    return tuple(tuple(row) for row in rows)
