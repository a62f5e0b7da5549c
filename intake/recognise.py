"""Which adapter a file is for, by its first bytes: every adapter is asked whether it has the columns that it needs.

No list of headers stands here: the adapters have them. Nothing is read but the first bytes, and no JVM is started.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from intake.adapter import Adapter
from intake.adapters import ADAPTERS
from intake.csv_header import Header, NoHeader, header_of
from intake.first_look import CSV_ENDINGS, JSON_ENDINGS, format_ending
from intake.knobs import Export
from intake.landed_bytes import UTF8, begin_of
from intake.landed_rows import RAW_LINE
from intake.wanted_columns import CURRENCY, Wanted, bare, without_currency
from warehouse.file_kinds import MARKUP, UTF8_BOM, is_binary, not_text, wide_encoding

# They take any file whose columns are named; where a format of its own fits, that is meant.
OF_ANYBODY = ("csv_orders", "csv_spend", "order_lines")
# Tried where a text is not UTF-8, in this order: text of one is seldom text of an earlier one.
ENCODINGS = ("cp949", "shift_jis", "cp1252")
ROWS_LOOKED_AT = 500
Row = Mapping[str, str]


@dataclass(frozen=True)
class Fit:
    """How well an adapter fits a file: which of its columns the file has, and which that it needs it lacks.

    `rows` are the first rows, as texts by column of the adapter; `header_currency` is the code in an amount's header.
    """

    adapter: str
    found: tuple[str, ...]
    missing: tuple[str, ...]
    weight: float
    rows: tuple[Row, ...] = ()
    header_currency: str = ""

    @property
    def order(self) -> tuple[Any, ...]:
        """The best first: all that is needed, an own format, most columns that few formats have."""
        has_other_names = bool(ADAPTERS[self.adapter].names)
        return bool(self.missing), self.adapter in OF_ANYBODY, -self.weight, has_other_names, self.adapter


@dataclass(frozen=True)
class Recognised:
    """A file with the adapter that fits best, None where none has all that it needs; `nearest` is the best in any case.

    `why_not`: what it is instead, such as a spreadsheet. `encoding`: None for UTF-8. `begin` is its first text.
    """

    file: str
    fit: Fit | None
    nearest: Fit | None = None
    why_not: str = ""
    encoding: str | None = None
    begin: str = ""
    columns: tuple[str, ...] = field(default=())


def recognised(file: str, stored: bytes) -> Recognised:
    """What the file of that name is, whose first bytes, as they are stored, are given."""
    begin = begin_of(stored)
    if reason := not_text(begin or stored):
        return Recognised(file, None, why_not=reason)
    if MARKUP.match(begin) or (is_binary(begin) and not wide_encoding(begin)):
        return Recognised(file, None, why_not="is no CSV and no JSON Lines")
    found: list[Recognised] = []
    for encoding in _encodings(begin):
        text = _whole_lines(begin, encoding)
        fits = sorted(_fits(file, text), key=lambda fit: fit.order)
        best = fits[0] if fits else None
        chosen = best if best is not None and not best.missing else None
        found.append(Recognised(file, chosen, best, "", encoding, text, _columns_of(file, text)))
        if chosen is not None:
            break
    return min(found, key=lambda one: one.nearest.order if one.nearest else (2,))


def lookups_in(file: str, columns: Sequence[str]) -> list[tuple[str, str]]:
    """The adapters, each with its lookup, that a file with these columns could be."""
    names = {bare(column) for column in columns}
    return [
        (adapter, lookup)
        for adapter, known in ADAPTERS.items()
        for lookup, needed in known.lookups.items()
        if {bare(column) for column in needed} <= names
    ]


def _encodings(begin: bytes) -> Iterator[str | None]:
    if wide := wide_encoding(begin):
        yield wide.lower()
        return
    try:
        _cut(begin).decode(UTF8)
    except UnicodeError:
        yield from ENCODINGS
        return
    yield None


def _cut(begin: bytes) -> bytes:
    """Up to the last line end, where there is one."""
    return begin[: begin.rfind(b"\n") + 1] or begin


def _whole_lines(begin: bytes, encoding: str | None) -> str:
    if encoding is not None and encoding.startswith("utf"):
        return begin.decode(encoding, "replace").replace("\ufeff", "")
    return _cut(begin).removeprefix(UTF8_BOM).decode(encoding or UTF8, "replace")


def _is_json(file: str, text: str) -> bool:
    ending = format_ending(file)
    return ending in JSON_ENDINGS or (ending not in CSV_ENDINGS and text.lstrip().startswith("{"))


def _fits(file: str, text: str) -> Iterator[Fit]:
    if "\ufffd" in text:
        return
    is_json = _is_json(file, text)
    objects = _objects(text) if is_json else []
    for name, adapter in ADAPTERS.items():
        if RAW_LINE in adapter.columns:  # takes any line
            continue
        fit = _json_fit(name, adapter, objects) if is_json else _csv_fit(name, adapter, text)
        if fit is not None and fit.found:
            yield fit


def _csv_fit(name: str, adapter: Adapter, text: str) -> Fit | None:
    required = (*adapter.required, *(column for column in adapter.required_without_accounts if column != CURRENCY))
    wanted = Wanted(adapter.columns, required, Export(), adapter.names)
    try:
        header = header_of(text.encode(UTF8), UTF8, wanted)
    except NoHeader as error:
        return Fit(name, error.found, error.missing, len(error.found)) if error.missing else None
    if header is None:
        return None
    found = tuple(column for column, _ in header.places)
    is_known_by_little = not adapter.required and len(found) * 2 < header.width
    cells = _header_cells(text, header)
    weight = sum(1 / _known_to()[_plain(cells[place])] for _, place in header.places if place < len(cells))
    missing = ("most of its columns",) if is_known_by_little else ()
    return Fit(name, found, missing, weight, tuple(_csv_rows(text, header)), header.currency)


def _json_fit(name: str, adapter: Adapter, objects: Sequence[Mapping[str, Any]]) -> Fit | None:
    keys = Counter(key for one in objects for key in one)
    wanted = Wanted(adapter.columns, adapter.required, Export(), adapter.names)
    key_of = {
        column: key for column in adapter.columns for key in wanted.headers_of(column) if keys.get(key)
    }  # the last of several names, which are alternatives
    missing = tuple(column for column in adapter.required if column not in key_of)
    if not adapter.required and len(key_of) * 2 < len(keys):
        missing = ("most of its fields",)
    weight = sum(1 / _known_to()[_plain(key)] for key in set(key_of.values()))
    rows = tuple(
        {column: _text(one[key]) for column, key in key_of.items() if one.get(key) is not None} for one in objects
    )
    return Fit(name, tuple(key_of), missing, weight, rows)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _objects(text: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for line in text.splitlines()[:ROWS_LOOKED_AT]:
        try:
            one = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(one, dict):
            found.append(one)
    return found


def _header_cells(text: str, header: Header) -> list[str]:
    """The cells of the header's last line, which has all of them unless a name has a line break."""
    line = "\n".join(text.splitlines()[header.last_line - 1 : header.last_line])
    return next(csv.reader([line], delimiter=header.delimiter), [])


def _csv_rows(text: str, header: Header) -> Iterator[Row]:
    lines = text.splitlines(keepends=True)[header.last_line :]
    try:
        for number, cells in enumerate(csv.reader(lines, delimiter=header.delimiter)):
            if number >= ROWS_LOOKED_AT:
                return
            if len(cells) == header.width:
                yield {column: cells[place].strip() for column, place in header.places if cells[place].strip()}
    except csv.Error:
        return


def _columns_of(file: str, text: str) -> tuple[str, ...]:
    """The names of a file's columns, of the first line that has several, for people and for lookups."""
    if _is_json(file, text):
        return tuple(dict.fromkeys(key for one in _objects(text) for key in one))
    for line in text.splitlines()[:20]:
        for delimiter in (",", ";", "\t", "|"):
            cells = next(csv.reader([line], delimiter=delimiter), [])
            if len(cells) > 1:
                return tuple(cell.strip() for cell in cells)
    return ()


def _plain(header: str) -> str:
    return without_currency(bare(header))[0]


@cache
def _known_to() -> Counter[str]:
    """How many adapters have a column of that header: what few have tells more. Other headers count as of one."""
    known: Counter[str] = Counter()
    for adapter in ADAPTERS.values():
        names = {name for column in adapter.columns for name in (column, *adapter.names.get(column, ()))}
        known.update({bare(name) for name in names})
    return _OneForOthers(known)


class _OneForOthers(Counter[str]):
    def __missing__(self, key: str) -> int:
        return 1
