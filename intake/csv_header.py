"""The header of a CSV file: where it is, what separates its columns, and which of them an adapter reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from intake.csv_records import Line, records
from intake.samples import CHARACTERS_AT_MOST, sample
from intake.wanted_columns import IN_SETTINGS, Wanted, bare
from warehouse.file_kinds import LOOKED_AT

DELIMITERS = (",", ";", "\t", "|")
LOOKED_THROUGH = 20  # lines; a web export has its title and its dates above the header
COLUMNS_AT_MOST = 5_000  # Spark makes a column of each


class NoHeader(Exception):  # noqa: N818 (what a file has)
    """Why a file has no header that can be used, with the way out."""


@dataclass(frozen=True)
class Header:
    """The header of a file: its delimiter, the number of its columns, and the place of each column that is read.

    `last_line` is the line in which it ends, from 1: rows follow it.
    """

    delimiter: str
    width: int
    places: tuple[tuple[str, int], ...]
    last_line: int

    @property
    def shape(self) -> tuple[str, int, tuple[tuple[str, int], ...]]:
        """What the rows below it are read by: the same for all exports of one kind."""
        return self.delimiter, self.width, self.places


@dataclass(frozen=True)
class _Candidate:
    line: int
    last_line: int
    delimiter: str
    cells: Sequence[str]
    places: dict[str, int]

    def missing(self, wanted: Wanted) -> list[str]:
        return [name for name in wanted.needed if name not in self.places]


def header_of(begin: bytes, encoding: str, wanted: Wanted) -> Header | None:
    """The header of a file whose first bytes are given; None where the file has nothing but blanks.

    It is the first of the first 20 lines that has every needed column, by whichever delimiter finds most of them.
    NoHeader, with the line that comes nearest, where there is none, or where it has a needed column twice.
    """
    text, has_other_bytes = _text(begin, encoding)
    candidates = [one for delimiter in DELIMITERS for one in _candidates(text, delimiter, wanted)]
    if not candidates:
        return None
    by_line = sorted(candidates, key=lambda one: (one.line, -len(one.places), -len(one.cells)))
    complete = [one for one in by_line if not one.missing(wanted) and (one.places or not wanted.columns)]
    if not complete and not wanted.needed:
        complete = by_line
    if not complete:
        raise _no_header(by_line, wanted, encoding if has_other_bytes else None)
    chosen = complete[0]
    if len(chosen.cells) > COLUMNS_AT_MOST:
        raise NoHeader(f"the header (line {chosen.line}) has {len(chosen.cells):,} columns, over {COLUMNS_AT_MOST:,}")
    _refuse_repeated(chosen, wanted)
    places = tuple(sorted(chosen.places.items()))
    return Header(chosen.delimiter, len(chosen.cells), places, chosen.last_line)


def _text(begin: bytes, encoding: str) -> tuple[str, bool]:
    """The first bytes as text, whole lines where there are more than were looked at; whether some cannot be read."""
    if len(begin) >= LOOKED_AT:
        begin = begin[: max(begin.rfind(b"\n"), begin.rfind(b"\r")) + 1] or begin
    text = begin.decode(encoding, "backslashreplace")
    try:
        begin.decode(encoding)
    except UnicodeError:
        return text, True
    return text, False


def _candidates(text: str, delimiter: str, wanted: Wanted) -> Iterator[_Candidate]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:LOOKED_THROUGH]
    for record in records((Line(number, line) for number, line in enumerate(lines, start=1)), delimiter):
        if record.raw.strip():
            cells = _cells(record.raw, delimiter)
            names = [bare(cell) for cell in cells]
            places = {}
            for column in wanted.columns:
                headers = (bare(header) for header in wanted.headers_of(column))
                if found := next((header for header in headers if header in names), None):
                    places[column] = names.index(found)
            yield _Candidate(record.line, record.line + record.raw.count("\n"), delimiter, cells, places)


def _cells(raw: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([raw], delimiter=delimiter), [])
    except csv.Error:  # a text of over 131,072 characters, which is no name of a column
        return [raw[:CHARACTERS_AT_MOST]]


def _refuse_repeated(header: _Candidate, wanted: Wanted) -> None:
    names = [bare(cell) for cell in header.cells]
    for column, place in header.places.items():
        again = [number for number, name in enumerate(names, start=1) if name == names[place]]
        if len(again) > 1:
            raise NoHeader(
                f"the header (line {header.line}) has the column {sample(header.cells[place])} "
                f"{len(again)} times (columns {', '.join(map(str, again))}), and {column} is read from it; take out or "
                "rename all but one"
            )


def _no_header(by_line: Sequence[_Candidate], wanted: Wanted, not_in: str | None) -> NoHeader:
    nearest = max(by_line, key=lambda one: (len(one.places), -one.line, len(one.cells)))
    missing = nearest.missing(wanted)[0]
    if not_in is not None:
        return NoHeader(
            f"no header can be read, as the file is not in {not_in.upper()}: line {nearest.line} is "
            f"{sample(', '.join(nearest.cells))}; give its input the encoding that it has, such as encoding: cp949, "
            f"cp1252 or shift_jis ({IN_SETTINGS})"
        )
    column = wanted.headers_of(missing)
    looked_for = f" (as {' or '.join(column)})" if column != [missing] else ""
    lines = (
        f"line {nearest.line}" if nearest.places else f"line {nearest.line}; none of the first {LOOKED_THROUGH} has any"
    )
    return NoHeader(
        f"the header lacks the required column {missing}{looked_for}; it has "
        f"{sample(', '.join(cell.strip().lower() for cell in nearest.cells))} ({lines}). Where another one is meant, "
        f"name it in {IN_SETTINGS}, columns: {{{missing}: <column of the file>}}; see docs/input.md"
    )
