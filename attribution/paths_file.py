"""Reads aggregated paths from CSV or Parquet, and writes their credit. pyarrow only."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from attribution.paths import Flags, Floats, Paths
from warehouse.errors import InputError, UsageError

SEPARATOR = " > "
REQUIRED = ("path", "conversions")
OPTIONAL = ("value", "nulls")
CSV_BLOCK_BYTES = 64 * 1024 * 1024  # no row may be longer


class PathsFile(NamedTuple):
    """The content of a file. `has_value`: whether it has a column value; `notes`: oddities that are no error."""

    paths: Paths
    has_value: bool
    notes: list[str]


def read_paths(source: str, separator: str = SEPARATOR) -> PathsFile:
    """Columns path, conversions and, if present, value and nulls; other columns are ignored.

    A path is channels joined by `separator` (blanks around a channel are removed), a JSON array of names (any text from
    [ to ], or that starts with ["), or a list column in Parquet. An empty path is a conversion without a touch. Files
    called .parquet or .pq, and folders, are Parquet; others CSV in UTF-8 with a header, perhaps .gz. InputError with
    the row (1 is the first below the header) for a path that cannot be read, and for a count or value that is missing,
    not a number, negative, or, for counts, not whole.
    """
    if not separator.strip():
        raise UsageError("the separator needs a character other than a blank")
    if not Path(source).exists():
        raise InputError(f"{source} does not exist")
    table = _parquet(source) if _is_parquet(source) else _csv(source)
    numbers = {name: _numbers(source, name, table[name]) for name in table.column_names if name != "path"}
    unearned = (numbers.get("value", np.zeros(len(table))) > 0) & (numbers["conversions"] == 0)
    _refuse(source, unearned, lambda row: f"value {numbers['value'][row]:g} without conversions")

    notes: list[str] = []
    lists = _lists(source, table["path"], separator, notes)
    names = pc.list_flatten(lists)
    coded = names.dictionary_encode() if isinstance(names, pa.Array) else names.combine_chunks().dictionary_encode()
    found = coded.dictionary.to_pylist()
    channels = tuple(sorted(found))
    place = {channel: number for number, channel in enumerate(channels)}
    code = np.array([place[channel] for channel in found], np.int64)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    nothing = np.zeros(len(table))
    paths = Paths(
        channels,
        code[coded.indices.to_numpy(zero_copy_only=False)],
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        numbers["conversions"],
        numbers.get("value", nothing),
        numbers.get("nulls", nothing),
    )
    return PathsFile(paths, "value" in numbers, notes)


def write_rows(target: str, row_type: type[NamedTuple], rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows of one NamedTuple: Parquet by the name of the file, otherwise CSV; '-' is CSV on stdout.

    Null is an empty cell in CSV. UsageError where the file cannot be written.
    """
    if target != "-" and _is_parquet(target):
        schema = _schema(row_type)
        columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
        table = pa.table([pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)], schema=schema)
        _to_file(target, lambda: pq.write_table(table, target))
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(row_type._fields)
    writer.writerows(rows)
    if target == "-":
        sys.stdout.write(text.getvalue())
        sys.stdout.flush()
    else:
        _to_file(target, lambda: Path(target).write_text(text.getvalue(), encoding="utf-8"))


def _schema(row_type: type[NamedTuple]) -> pa.Schema:
    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    return pa.schema(
        [
            (name, next(kind for python, kind in kinds.items() if python in (hint, *get_args(hint))))
            for name, hint in get_type_hints(row_type).items()
        ]
    )


def _to_file(target: str, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror or error}") from error


def _is_parquet(name: str) -> bool:
    return Path(name).suffix in (".parquet", ".pq") or Path(name).is_dir()


def _parquet(source: str) -> pa.Table:
    try:
        return _known_columns(source, pq.read_table(source))
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{source} is no readable Parquet: {_one_line(error)}") from error


def _csv(source: str) -> pa.Table:
    """All columns as bytes, so that a bad value is found by its row."""
    ragged: list[pa_csv.InvalidRow] = []

    def keep_first(row: pa_csv.InvalidRow) -> str:
        ragged.append(row)
        return "error"

    try:
        with pa.input_stream(source) as stream:
            # One thread, so that rows are numbered.
            reading = pa_csv.ReadOptions(use_threads=False, block_size=CSV_BLOCK_BYTES)
            binary = {name: pa.binary() for name in (*REQUIRED, *OPTIONAL)}
            table = pa_csv.read_csv(
                stream,
                read_options=reading,
                parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=keep_first),
                convert_options=pa_csv.ConvertOptions(column_types=binary, strings_can_be_null=False),
            )
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        if ragged:
            first = ragged[0]
            raise InputError(
                f"{source}, row {first.number - 1}: {first.actual_columns} columns where the header has "
                f"{first.expected_columns}; quote a path that has commas, and close quotes"
            ) from error
        raise InputError(f"{source} is no readable CSV: {_one_line(error)}") from error
    table = _known_columns(source, table)
    return pa.table({name: _as_text(source, name, table[name]) for name in table.column_names})


def _known_columns(source: str, table: pa.Table) -> pa.Table:
    have = list(table.column_names)
    for name in REQUIRED:
        if name not in have:
            raise InputError(
                f"{source} has no column {name!r}, only {', '.join(have)}; path and conversions are needed"
            )
    used = [name for name in (*REQUIRED, *OPTIONAL) if name in have]
    twice = [name for name in used if have.count(name) > 1]
    if twice:
        raise InputError(f"{source} has more than one column {twice[0]!r}")
    return table.select(used)


def _as_text(source: str, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.large_string())
    except pa.ArrowInvalid:
        bad = np.array([not _is_utf8(value) for value in column.to_pylist()])
        _refuse(source, bad, lambda row: f"{name} is not UTF-8 text")
        raise


def _numbers(source: str, name: str, column: pa.ChunkedArray) -> Floats:
    """Finite numbers from 0 up, whole ones for counts."""
    raw = column
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
    try:
        values = pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        values = np.array([_number(value) for value in column.to_pylist()], np.float64)
    good = np.isfinite(values) & (values >= 0)
    if name != "value":
        good &= values == np.floor(values)
    kind = "a number from 0 up" if name == "value" else "a whole number from 0 up"
    _refuse(source, ~good, lambda row: f"{name} must be {kind}, not {raw[row].as_py()!r}")
    return np.asarray(values, np.float64)


def _lists(source: str, column: pa.ChunkedArray, separator: str, notes: list[str]) -> pa.Array:
    """A list of channels per row; null or empty where there is no touch."""
    paths = column.combine_chunks()
    if pa.types.is_list(paths.type) or pa.types.is_large_list(paths.type):
        lists = paths.cast(pa.large_list(pa.large_string()))
    elif pa.types.is_string(paths.type) or pa.types.is_large_string(paths.type):
        lists = _split(source, paths.cast(pa.large_string()), separator, notes)
    else:
        raise InputError(f"{source}: path must be text or a list of texts, not {paths.type}")
    names = pc.list_flatten(lists)
    nameless = pc.fill_null(pc.equal(names, ""), True).to_numpy(zero_copy_only=False)
    bad = np.zeros(len(lists), bool)
    bad[pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[nameless]] = True
    _refuse(source, bad, lambda row: f"the path {paths[row].as_py()!r} has a channel without a name")
    return lists


def _split(source: str, text: pa.Array, separator: str, notes: list[str]) -> pa.Array:
    bare_text = pc.utf8_trim_whitespace(text)
    is_json = pc.fill_null(pc.match_substring_regex(bare_text, r'(?s)^\[(.*\]$|\s*")'), False)
    empty = pc.fill_null(pc.equal(bare_text, ""), True)
    joined = pc.if_else(pc.or_(is_json, empty), pa.scalar(None, text.type), text)
    pieces = pc.split_pattern(joined, separator).cast(pa.large_list(pa.large_string()))
    bare = separator.strip()
    if bare != separator and not pc.any(pc.match_substring(joined, separator)).as_py():
        near = pc.sum(pc.match_substring(joined, bare)).as_py()
        if near:
            notes.append(
                f"no path of {source} has {separator!r}, though {bare!r} occurs in {near}: is it --separator {bare!r}?"
            )
    lists = pa.LargeListArray.from_arrays(
        pieces.offsets, pc.utf8_trim_whitespace(pieces.values), mask=pc.is_null(pieces)
    )
    rows = np.flatnonzero(is_json.to_numpy(zero_copy_only=False))
    if not len(rows):
        return lists
    parsed = [_json_path(source, row, text[row].as_py()) for row in rows.tolist()]
    place = np.arange(len(text))
    place[rows] = len(text) + np.arange(len(rows))
    return pa.concat_arrays([lists, pa.array(parsed, lists.type)]).take(pa.array(place))


def _json_path(source: str, row: int, text: str) -> list[str]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise InputError(f'{source}, row {row + 1}: the path {text} is no JSON array of names, as ["A","B"] is')
    return names


def _refuse(source: str, bad: Flags, complaint: Callable[[int], str]) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"{source}, row {row + 1}: {complaint(row)}")


def _number(value: object) -> float:
    try:
        return float("nan" if "_" in str(value) else str(value))
    except ValueError:
        return float("nan")


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
