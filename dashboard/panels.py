"""The parts of a page: headline tiles, and panels, each with one sentence, a chart and the chart's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Tile:
    """One headline number; `note` explains it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table; `hint` explains it on hover."""

    label: str
    numeric: bool = True
    hint: str = ""


@dataclass(frozen=True)
class PageTable:
    """A table with its caption. The first cell of a row names the row; `foot` has the totals.

    A cell is plain text, or Markup if it contains HTML.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Markup, ...], ...]
    foot: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart and its description for screen readers. `svg` is drawn by this package, it is not input."""

    svg: Markup
    label: str


@dataclass(frozen=True)
class Panel:
    """A part of the page. `table` has the figures of `chart`; with `folded` the reader opens it."""

    key: str
    title: str
    sentence: str
    chart: Chart | None = None
    table: PageTable | None = None
    folded: bool = False
    note: str = ""
    more: tuple[PageTable, ...] = ()


def columns(first: str, *numeric: str) -> tuple[Column, ...]:
    """A column of names and columns of numbers."""
    return (Column(first, numeric=False), *(Column(label) for label in numeric))


def table_rows(rows: Sequence[Sequence[str | Markup]]) -> tuple[tuple[str | Markup, ...], ...]:
    """The rows as tuples."""
    return tuple(tuple(row) for row in rows)
