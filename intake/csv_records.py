"""Records of a CSV file from its lines: a quoted field may have line breaks in it. Runs in Python on workers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import pyarrow as pa

# A record with more is none: a quote that is never closed must not take the rest of a file with it.
LINES_AT_MOST = 1_000
CHARACTERS_AT_MOST = 1 << 20
NOT_CLOSED = "a quote is opened and not closed"
CLOSING = re.compile(r'(?:[^"]++|"")*+"')  # to the first quote that is not doubled
WHOLE, OPEN, BROKEN = "whole", "open", "broken"
BATCH_ROWS = 10_000
RECORDS = pa.schema([("file", pa.string()), ("line", pa.int64()), ("raw", pa.string()), ("problem", pa.string())])


class Line(NamedTuple):
    """One line: its number, its text, and why it cannot be read, '' where it can."""

    number: int
    text: str
    problem: str = ""


class Record(NamedTuple):
    """One record: its first line, its text, and why it cannot be read, '' where it can."""

    line: int
    raw: str
    problem: str = ""


def records(lines: Iterable[Line], delimiter: str, width: int | None = None) -> Iterator[Record]:
    """The records of one file's lines, in their order.

    Lines are one record where a quoted field goes on over them, ends before a delimiter or at the end of a line, and
    the record has `width` fields, where that is given. Where that is not so, the line in which the quote was opened is
    a record alone that cannot be read, and the lines after it are looked at again.
    """
    todo = iter(lines)
    again: list[Line] = []  # lines that a quote was thought to have in it, the next one last
    while (first := again.pop() if again else next(todo, None)) is not None:
        ends, parts, size = _end_of(first.text, delimiter), [first], len(first.text)
        while ends == OPEN and len(parts) < LINES_AT_MOST and size < CHARACTERS_AT_MOST:
            following = again.pop() if again else next(todo, None)
            if following is None:
                break
            parts.append(following)
            size += len(following.text) + 1
            ends = _end_of(following.text, delimiter, is_open=True)
        raw = "\n".join(part.text for part in parts)
        if ends == WHOLE and (len(parts) == 1 or width is None or _width(raw, delimiter) == width):
            yield Record(first.number, raw, next((part.problem for part in parts if part.problem), ""))
        else:
            yield Record(first.number, first.text, first.problem or NOT_CLOSED)
            again += reversed(parts[1:])


def _end_of(line: str, delimiter: str, *, is_open: bool = False) -> str:
    """Whether a line ends within a quoted field (OPEN); BROKEN where the quote that was open before it is closed
    and neither a delimiter nor the end of the line follows."""
    if '"' not in line:
        return OPEN if is_open else WHOLE
    at, was_open = 0, is_open
    while True:
        if not is_open:
            if not line.startswith('"', at):
                at = line.find(delimiter, at) + 1
                if not at:
                    return WHOLE
                continue
            at += 1
        closed = _closing_quote(line, at)
        if closed < 0:
            return OPEN
        at, is_open = closed + 1, False
        if at == len(line):
            return WHOLE
        if not line.startswith(delimiter, at):
            if was_open:
                return BROKEN
            # As the parser of fields does: a quote within a field is a letter of it.
            at = line.find(delimiter, at)
            if at < 0:
                return WHOLE
        at, was_open = at + 1, False


def _closing_quote(line: str, at: int) -> int:
    """Where the quote is that is not doubled; -1 where there is none."""
    found = CLOSING.match(line, at)
    return found.end() - 1 if found else -1


def _width(raw: str, delimiter: str) -> int:
    """The number of fields of a whole record."""
    fields, at = 1, 0
    while True:
        if raw.startswith('"', at):
            at = _closing_quote(raw, at + 1) + 1
        at = raw.find(delimiter, at)
        if at < 0:
            return fields
        fields, at = fields + 1, at + 1


def records_of_batches(
    batches: Iterable[pa.RecordBatch], shapes: Mapping[str, tuple[str, int]]
) -> Iterator[pa.RecordBatch]:
    """The records of files whose lines (file, line, raw, problem) come in order, each file's after another's.

    `shapes` has delimiter and width by file.
    """
    found: list[tuple[str, int, str, str | None]] = []
    for file, lines in groupby(_rows_of(batches), key=itemgetter(0)):
        for record in records((Line(number, text, problem or "") for _, number, text, problem in lines), *shapes[file]):
            found.append((file, record.line, record.raw, record.problem or None))
            if len(found) >= BATCH_ROWS:
                yield _batch(found)
                found = []
    yield _batch(found)


def _rows_of(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[str, int, str, str | None]]:
    for batch in batches:
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _batch(rows: list[tuple[str, int, str, str | None]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([dict(zip(RECORDS.names, row, strict=True)) for row in rows], schema=RECORDS)
