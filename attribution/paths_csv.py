"""Reads a CSV of aggregated paths as text. pyarrow only."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from attribution.csv_form import (
    DELIMITERS,
    LINE_BREAK,
    REQUIRED,
    SAMPLE_CHARACTERS,
    USED,
    CsvForm,
    Header,
    SourceFile,
    head_of,
    header_of,
    not_of_encoding,
    one_line,
    readings_of,
)
from attribution.paths import Flags
from warehouse.errors import InputError, did_you_mean

CSV_BLOCK_BYTES = 64 * 1024 * 1024  # no row may be longer
# Arrow's error for a row with another number of columns. Its handler for such rows cannot read one that is not UTF-8.
RAGGED = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)


class RawPaths(NamedTuple):
    """The used columns of a file, and what messages name: the file, and where each row stands."""

    source: str
    columns: pa.Table
    delimiter: str | None = None  # of a CSV
    line_of: Callable[[int], int | None] = lambda row: None

    def refuse(self, bad: Flags, complaint: Callable[[int], str]) -> None:
        """InputError with the first flagged row, counted from 1, and its line where the file has lines."""
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(f"{self.source}, row {row + 1}: {complaint(row)}{self.place(row)}")

    def place(self, row: int) -> str:
        """' (line 3)', for messages; empty where there is no line."""
        line = self.line_of(row)
        return f" (line {line})" if line else ""


def read_csv(file: SourceFile, form: CsvForm) -> RawPaths:
    """The used columns as text, as they were written. InputError where the file cannot be read."""
    source = file.source
    head, is_whole = head_of(file, form)
    header = header_of(source, head, form)
    check_columns(source, header.names)
    text = _Text(file, form, header)
    used = [name for name in USED if name in header.names]
    below = LINE_BREAK.split(head)[header.line + 1 :]
    if is_whole and not any(below):
        return RawPaths(source, pa.table({name: pa.chunked_array([], pa.large_string()) for name in used}))
    raw = RawPaths(source, text.table(used), header.delimiter, text.line_of)
    columns = {name: _as_text(raw, name) for name in used}
    return raw._replace(columns=pa.table(columns))


def check_columns(source: str, names: Sequence[str]) -> None:
    """InputError unless the file has the required columns, and no used one twice."""
    for name in REQUIRED:
        if name not in names:
            raise InputError(
                f"{source} has no column {name!r}, only {', '.join(names)}; path and conversions are needed"
                f"{_nearest(name, names)}"
            )
    twice = [name for name in USED if names.count(name) > 1]
    if twice:
        raise InputError(f"{source} has more than one column {twice[0]!r}")


def _nearest(name: str, names: Sequence[str]) -> str:
    """'; did you mean X?' for a name that has the other one in it, or is near it; otherwise ''."""
    part = [each for each in names if len(each) > 2 and (each.lower() in name or name in each.lower())]
    return f"; did you mean {part[0]}?" if part else did_you_mean(name, names)


class _Text:
    """The rows below the header."""

    def __init__(self, file: SourceFile, form: CsvForm, header: Header) -> None:
        self.file, self.form, self.header = file, form, header

    def table(self, used: Sequence[str]) -> pa.Table:
        """Columns as bytes, so that a bad value is found by its row."""
        names = [name if name in used else f"column {number}" for number, name in enumerate(self.header.names, 1)]
        skipped = self.header.line + 1
        try:
            with self.file.text(self.form.encoding) as stream:
                return pa_csv.read_csv(
                    stream,
                    # One thread, so that rows are numbered.
                    read_options=pa_csv.ReadOptions(
                        use_threads=False, block_size=CSV_BLOCK_BYTES, skip_rows=skipped, column_names=names
                    ),
                    parse_options=pa_csv.ParseOptions(delimiter=self.header.delimiter, newlines_in_values=True),
                    convert_options=pa_csv.ConvertOptions(
                        include_columns=list(used),
                        column_types=dict.fromkeys(used, pa.binary()),
                        strings_can_be_null=False,
                    ),
                )
        except UnicodeDecodeError as error:
            raise not_of_encoding(self.file, self.form, error) from error
        except (pa.ArrowInvalid, OSError) as error:
            if ragged := RAGGED.search(str(error)):
                raise self._ragged(*ragged.groups(), skipped=skipped) from error
            raise InputError(f"{self.file.source} is no readable CSV: {one_line(error)}") from error

    def line_of(self, row: int) -> int | None:
        """The line, from 1, on which a row (from 0) begins."""
        try:
            for number, line in enumerate(self._first_lines()):
                if number == row:
                    return line
        except (csv.Error, UnicodeError, OSError, pa.ArrowInvalid):
            return None
        return None

    def _first_lines(self) -> Iterator[int]:
        with self.file.text(self.form.encoding) as stream:
            lines = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")
            above = self.header.line + 1
            for _ in range(above):
                lines.readline()
            reader = csv.reader(lines, delimiter=self.header.delimiter)
            before = 0
            for cells in reader:
                if cells:
                    yield above + before + 1
                before = reader.line_num

    def _ragged(self, number: str, expected: str, found: str, text: str, *, skipped: int) -> InputError:
        row = int(number) - skipped
        delimiters = DELIMITERS.get(self.header.delimiter, f"{self.header.delimiter!r} in it")
        way = f"; quote a path that has {delimiters}, and close quotes"
        if self.header.delimiter == ",":
            way += "; a number with a decimal comma needs quotes too"
        line = self.line_of(row - 1)
        what = f"{found} columns where the header has {expected}{way}"
        sample = f"({f'line {line}: ' if line else ''}{text[:SAMPLE_CHARACTERS]!r})"
        return InputError(f"{self.file.source}, row {row}: {what} {sample}")


def _as_text(raw: RawPaths, name: str) -> pa.ChunkedArray:
    column = raw.columns[name]
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid:
        bad = np.array([not _is_utf8(value) for value in column.to_pylist()])
        raw.refuse(bad, lambda row: f"{name} is not UTF-8 text{readings_of(column[row].as_py())}")
        raise


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
