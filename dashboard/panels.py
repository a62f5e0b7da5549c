"""What a page is made of: headline tiles, and panels that each say one sentence, draw a chart and give its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Tile:
    """One headline number with a line that says what it is made of."""

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
    """A table with its caption. The first cell of a row names the row; `foot` are the totals.

    A cell is text, or Markup where it is more than text.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Markup, ...], ...]
    foot: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart with the words that stand for it where it cannot be seen. `svg` is drawn by us, not input."""

    svg: Markup
    label: str


@dataclass(frozen=True)
class Panel:
    """A part of the page. `table` is the twin of `chart`; folded away where the chart alone says it."""

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
    """The rows, frozen."""
    return tuple(tuple(row) for row in rows)
