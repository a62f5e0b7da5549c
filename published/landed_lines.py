"""Lines of landed files, read from the landing folder where they still are, without what names a person."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from published.landed_records import LandedRecord
from warehouse.file_kinds import compression_of
from warehouse.local_files import local_folder
from warehouse.tables import BRONZE_AD_SPEND, BRONZE_EVENTS, BRONZE_ORDERS, TABLES

DELIMITERS = ",;\t|"
MAGIC_BYTES = 16  # by which a packed file is known
CHUNK = 1 << 20  # bytes read at once
MOST_BYTES = 1 << 30  # unpacked, of one file that is looked through
MOST_BYTES_OF_LINE = 1 << 26  # a file with a longer line is no file of rows
LONGEST_LINE = 1 << 16  # bytes of a line that are kept
# Fields of our own formats that name nobody and that bronze has under another name.
PLAIN = {
    BRONZE_EVENTS.full_name: {"event_ts", "received_ts", "click_ts", "consent"},
    BRONZE_ORDERS.full_name: {"order_ts", "quantity", "price", "line_value", "product_id", "line_id"},
    BRONZE_AD_SPEND.full_name: {"date"},
}
# What formats with an id of the event call it.
EVENT_IDS = ("event_id", "messageId", "uuid", "event uuid", "event id")
NOT_HERE = "the landed file is not in the landing folder any more"
ELSEWHERE = "the landing folder is not on this machine"
NO_LINE = "the file is shorter than that"
NOT_READABLE = "the landed file cannot be read"
NO_ID = "no line has the id: the format gives events no id of their own, or the file is longer than is looked through"


@dataclass(frozen=True)
class LandedLine:
    """What a landed row is in its file: its line (from 1), and the fields that are shown, by name.

    `left_out` names the fields that are not shown, because they name a person or lead back to one, or are of no known
    name. `text` is the whole line as it is, where all of it may be shown. `problem` says why there is no line.
    """

    record: LandedRecord
    line: int | None
    fields: dict[str, Any]
    left_out: tuple[str, ...] = ()
    text: str | None = None
    problem: str | None = None


def read_landed_lines(
    records: Iterable[LandedRecord], root: str, *, personal: bool = False
) -> dict[LandedRecord, LandedLine]:
    """The line of each landed row, where its file still is below the landing folder `root`.

    An event's line is found by looking for its id through at most MOST_BYTES of its file; of several lines with the id
    the first is shown. Each file is read once. Without `personal` only fields that no contract calls personal are
    shown: ids, network addresses, user agents and pages are left out, and so are fields of names that are not known.
    """
    wanted: dict[str, list[LandedRecord]] = {}
    in_order = list(dict.fromkeys(records))
    for record in in_order:
        wanted.setdefault(record.file, []).append(record)
    found = {
        line.record: line
        for file, of_file in wanted.items()
        for line in _lines_of(file, of_file, root, personal=personal)
    }
    return {record: found[record] for record in in_order}


def _lines_of(file: str, records: Sequence[LandedRecord], root: str, *, personal: bool) -> list[LandedLine]:
    path, problem = _path_of(file, root)
    if path is None:
        return [LandedLine(record, record.line, {}, problem=problem) for record in records]
    try:
        numbers = {record.line for record in records if record.line is not None}
        ids = {record.record_id for record in records if record.line is None}
        by_number, by_id = _found(path, numbers, ids)
        is_json = all(line.lstrip().startswith(b"{") for line in by_number.values())
        header = b"" if is_json else _header(path)
    except (OSError, EOFError, ValueError, pa.ArrowException):
        return [LandedLine(record, record.line, {}, problem=NOT_READABLE) for record in records]
    lines = []
    for record in records:
        number = record.line if record.line is not None else by_id.get(record.record_id)
        if number is None or number not in by_number:
            why = NO_ID if record.line is None else NO_LINE
            lines.append(LandedLine(record, record.line, {}, problem=why))
        else:
            lines.append(_shown(record, number, by_number[number], header, personal=personal))
    return lines


def _path_of(file: str, root: str) -> tuple[Path | None, str]:
    """The landed file below the landing folder, and otherwise why there is none."""
    folder = local_folder(root)
    if folder is None:
        return None, ELSEWHERE
    base = Path(os.path.abspath(folder))  # noqa: PTH100  (links below the landing folder are the owner's)
    path = Path(os.path.abspath(base / unquote(file)))  # noqa: PTH100  (names are as URIs write them)
    is_below = path.is_relative_to(base)
    return (path, "") if is_below and path.is_file() else (None, NOT_HERE)


def _found(path: Path, numbers: set[int], ids: set[str]) -> tuple[dict[int, bytes], dict[str, int]]:
    """The wanted lines by number, and the number of the first line of each id."""
    by_number: dict[int, bytes] = {}
    by_id: dict[str, int] = {}
    sought = {id_: _as_written(id_) for id_ in ids}
    last = max(numbers, default=0)
    for first, lines in _blocks(path):
        for number in sorted(number for number in numbers if first <= number < first + lines.count(b"\n")):
            by_number[number] = lines.split(b"\n")[number - first]
        for id_, forms in list(sought.items()):
            for form in forms:
                if (found := _first_line_with(lines, form, id_)) is not None:
                    by_id[id_] = first + found[0]
                    by_number[first + found[0]] = found[1]
                    del sought[id_]
                    break
        if not sought and first + lines.count(b"\n") > last:
            break
    return by_number, by_id


def _first_line_with(lines: bytes, form: bytes, id_: str) -> tuple[int, bytes] | None:
    """The first of the lines (from 0) that has the id as its own, not in another field."""
    at = lines.find(form)
    while at >= 0:
        begin, end = lines.rfind(b"\n", 0, at) + 1, lines.find(b"\n", at)
        line = lines[begin:end]
        if _is_of(line, id_):
            return lines.count(b"\n", 0, begin), line
        at = lines.find(form, end)
    return None


def _is_of(line: bytes, id_: str) -> bool:
    """Whether a line is the event of that id: of JSON by the field that has it, otherwise by any whole field."""
    text = line.decode("utf-8", "backslashreplace").strip()
    if text.startswith("{"):
        event = _object(text)
        return any(str(event[name]) == id_ for name in EVENT_IDS if name in event)
    return any(id_ in _values(text, delimiter) for delimiter in DELIMITERS)


def _as_written(id_: str) -> list[bytes]:
    """The id as JSON and CSV may write it."""
    forms = (json.dumps(id_)[1:-1], json.dumps(id_, ensure_ascii=False)[1:-1], id_, id_.replace('"', '""'))
    return list(dict.fromkeys(form.encode("utf-8", "surrogatepass") for form in forms))


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """The file in pieces of whole lines, each with the number of its first line; at most MOST_BYTES.

    Lines end with LF, CR LF or CR, as intake reads them; here all end with LF.
    """
    rest, number, read = b"", 1, 0
    with _unpacked(path) as stream:
        while read < MOST_BYTES and (chunk := stream.read(CHUNK)):
            read += len(chunk)
            piece = rest + chunk
            half = b"\r" if piece.endswith(b"\r") else b""  # of a CR LF, perhaps
            piece = _with_lf(piece.removesuffix(half))
            end = piece.rfind(b"\n") + 1
            rest = piece[end:] + half
            if len(rest) > MOST_BYTES_OF_LINE:
                return
            if end:
                yield number, piece[:end]
                number += piece.count(b"\n", 0, end)
    if rest and read < MOST_BYTES:
        yield number, _with_lf(rest).removesuffix(b"\n") + b"\n"


def _with_lf(lines: bytes) -> bytes:
    return lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


@contextmanager
def _unpacked(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        kind = compression_of(file.read(MAGIC_BYTES))
        file.seek(0)
        if kind is None:
            yield file
            return
        with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), kind) as stream:
            yield stream


def _header(path: Path) -> bytes:
    """The first line, which names the fields of a CSV."""
    return next((lines.split(b"\n", 1)[0] for _, lines in _blocks(path)), b"")


def _shown(record: LandedRecord, number: int, line: bytes, header: bytes, *, personal: bool) -> LandedLine:
    text = line[:LONGEST_LINE].decode("utf-8", "backslashreplace")
    row = _fields(text, header.decode("utf-8", "backslashreplace").lstrip("\ufeff"))
    table = TABLES[record.table]
    if personal or not table.personal_columns:
        return LandedLine(record, number, row, text=text)
    known = {column.name for column in table.columns if not column.personal} | PLAIN.get(record.table, set())
    shown = {name: value for name, value in row.items() if name in known}
    return LandedLine(record, number, shown, left_out=tuple(sorted(row.keys() - shown.keys())))


def _fields(text: str, header: str) -> dict[str, Any]:
    """The fields of a line by name: of JSON its own, otherwise those of the header; none where they do not fit."""
    if text.startswith("{"):
        return _object(text)
    delimiter = max(DELIMITERS, key=header.count)
    names, values = _values(header, delimiter), _values(text, delimiter)
    return dict(zip(names, values, strict=True)) if len(names) == len(values) > 1 else {}


def _object(text: str) -> dict[str, Any]:
    """A JSON object; empty where the text is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _values(text: str, delimiter: str) -> list[str]:
    """The fields of a line of CSV; none where it cannot be read."""
    try:
        return next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    except csv.Error:
        return []
