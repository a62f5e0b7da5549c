"""The header of a CSV file: where it is, what separates its columns, and which of them an adapter reads."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from intake.csv_records import Line, records
from intake.samples import CHARACTERS_AT_MOST, sample
from intake.wanted_columns import AMOUNTS, CURRENCY, IN_SETTINGS, Wanted, bare, without_currency
from warehouse.file_kinds import LOOKED_AT

DELIMITERS = (",", ";", "\t", "|")
LOOKED_THROUGH = 20  # lines; a web export has its title and its dates above the header
COLUMNS_AT_MOST = 5_000  # Spark makes a column of each
NAMES_AT_MOST = 5  # of a column, in a line for people


# Delimiter, number of columns, place of each column that is read, and the currency in the header.
Shape = tuple[str, int, tuple[tuple[str, int], ...], str]


class NoHeader(Exception):  # noqa: N818 (what a file has)
    """Why a file has no header that can be used, with the way out.

    `found` are the columns of an adapter that the nearest line has, `missing` the needed ones that it lacks.
    """

    def __init__(self, why: str, *, found: Sequence[str] = (), missing: Sequence[str] = ()) -> None:
        """The line for people, and what it rests on."""
        super().__init__(why)
        self.found, self.missing = tuple(found), tuple(missing)


@dataclass(frozen=True)
class Header:
    """The header of a file: its delimiter, the number of its columns, and the place of each column that is read.

    `last_line` is the line in which it ends, from 1: rows follow it. `currency` is the code in brackets of an amount's
    header, as in Amount spent (USD); '' where there is none.
    """

    delimiter: str
    width: int
    places: tuple[tuple[str, int], ...]
    last_line: int
    currency: str = ""

    @property
    def shape(self) -> Shape:
        """What the rows below it are read by: the same for all exports of one kind."""
        return self.delimiter, self.width, self.places, self.currency


@dataclass(frozen=True)
class _Candidate:
    line: int
    last_line: int
    delimiter: str
    cells: Sequence[str]
    places: dict[str, int]
    currencies: Mapping[str, str] = field(default_factory=dict)  # of the amounts that have one in brackets

    @property
    def currency(self) -> str:
        """The code in the brackets of the amount that a row is about; '' where it has none."""
        return next((self.currencies.get(column, "") for column in AMOUNTS if column in self.places), "")

    def missing(self, wanted: Wanted) -> list[str]:
        found = {*self.places, CURRENCY} if self.currency else self.places
        return [name for name in wanted.needed if name not in found]


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
    _refuse_several_currencies(chosen, wanted)
    places = tuple(sorted(chosen.places.items()))
    return Header(chosen.delimiter, len(chosen.cells), places, chosen.last_line, chosen.currency)


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
            places, currencies = _found(cells, wanted)
            last_line = record.line + record.raw.count("\n")
            yield _Candidate(record.line, last_line, delimiter, cells, places, currencies)


def _found(cells: Sequence[str], wanted: Wanted) -> tuple[dict[str, int], dict[str, str]]:
    """The place of each column that these cells name, and the currency in the brackets of each amount."""
    names = [bare(cell) for cell in cells]
    amounts = [without_currency(name) for name in names]
    places: dict[str, int] = {}
    currencies: dict[str, str] = {}
    for column in wanted.columns:
        headers = [bare(header) for header in wanted.headers_of(column)]
        known = names
        if column in AMOUNTS and not any(header in names for header in headers):
            known = [amount for amount, _ in amounts]
        if header := next((header for header in headers if header in known), None):
            places[column] = known.index(header)
            if column in AMOUNTS and (code := amounts[places[column]][1]):
                currencies[column] = code
    return places, currencies


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


def _refuse_several_currencies(header: _Candidate, wanted: Wanted) -> None:
    amounts = [without_currency(bare(cell))[0] for cell in header.cells]
    for column in header.currencies:
        place = header.places[column]
        if bare(header.cells[place]) in map(bare, wanted.headers_of(column)):
            continue  # named with its currency
        alike = [cell for cell, amount in zip(header.cells, amounts, strict=True) if amount == amounts[place]]
        if len(alike) > 1:
            raise NoHeader(
                f"the header (line {header.line}) has {sample(' and '.join(alike))}, and {column} is read from one of "
                f"them; name it in {IN_SETTINGS}, columns: {{{column}: {sample(header.cells[place])}}}"
            )


def _no_header(by_line: Sequence[_Candidate], wanted: Wanted, not_in: str | None) -> NoHeader:
    nearest = max(by_line, key=lambda one: (len(one.places), -one.line, len(one.cells)))
    if not_in is not None:
        return NoHeader(
            f"no header can be read, as the file is not in {not_in.upper()}: line {nearest.line} is "
            f"{sample(', '.join(nearest.cells))}; give its input the encoding that it has, such as encoding: cp949, "
            f"cp1252 or shift_jis ({IN_SETTINGS})"
        )
    missing = nearest.missing(wanted)
    lines = (
        f"line {nearest.line}" if nearest.places else f"line {nearest.line}; none of the first {LOOKED_THROUGH} has any"
    )
    is_one = len(missing) == 1
    *first, last = (_looked_for(column, wanted) for column in missing)
    others = ", ".join(first)
    return NoHeader(
        f"the header lacks the required column{'' if is_one else 's'} "
        f"{others}{' and ' if others else ''}{last}; it has "
        f"{sample(', '.join(cell.strip().lower() for cell in nearest.cells))} ({lines}). Where "
        f"{'another one is meant, name it' if is_one else 'others are meant, name them'} in {IN_SETTINGS}, "
        f"columns: {{{', '.join(f'{column}: <column of the file>' for column in missing)}}}; see docs/input.md",
        found=tuple(nearest.places),
        missing=missing,
    )


def _looked_for(column: str, wanted: Wanted) -> str:
    """A column with the headers that it may have, the first of them where there are many."""
    headers = wanted.headers_of(column)
    if headers == [column]:
        return column
    shown = headers if len(headers) <= NAMES_AT_MOST else [*headers[: NAMES_AT_MOST - 1], "its name in other languages"]
    return f"{column} (as {' or '.join(shown)})"
