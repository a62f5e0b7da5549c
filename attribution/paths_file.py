"""Reads aggregated paths from CSV or Parquet. pyarrow only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attribution.csv_form import DELIMITERS, USED, CsvForm, SourceFile, first_of, one_line, plain_name
from attribution.path_numbers import decimal_sign, numbers
from attribution.paths import Paths
from attribution.paths_csv import RawPaths, check_columns, read_csv
from warehouse.errors import InputError, UsageError
from warehouse.terms import UNATTRIBUTED

SEPARATOR = " > "
PARQUET_MARK = b"PAR1"
PARQUET_ENDINGS = (".parquet", ".pq")
AS_WRITTEN = CsvForm()


class PathsFile(NamedTuple):
    """The content of a file. `has_value`: whether it has a column value; `notes`: oddities that are no error."""

    paths: Paths
    has_value: bool
    notes: list[str]


def read_paths(source: str, separator: str = SEPARATOR, form: CsvForm = AS_WRITTEN) -> PathsFile:
    """Columns path, conversions and, if present, value and nulls, in any case and order; other columns are ignored.

    A path is channels joined by `separator` (blanks around a channel are removed), a JSON array of names (any text from
    [ to ], or that starts with ["), or a list column in Parquet. An empty path is a conversion without a touch. Folders
    and files that start as Parquet does, or are named .parquet or .pq, are Parquet; others are CSV with a header, plain
    or compressed by gzip, bzip2 or zstd. How a CSV is written is found where `form` does not say; text is UTF-8 unless
    it does. InputError, with the row (1 is the first below the header) and its line, for a path that cannot be read,
    and for a count or value that is missing, not a number, negative, or, for counts, not whole.
    """
    if not separator.strip():
        raise UsageError("the separator needs a character other than a blank")
    if not Path(source).exists():
        raise InputError(f"{source} does not exist")
    raw = _read(source, form)
    names = [name for name in raw.columns.column_names if name != "path"]
    decimal = decimal_sign(raw, names, form.decimal)
    amounts = {name: numbers(raw, name, decimal) for name in names}
    unearned = (amounts.get("value", np.zeros(len(raw.columns))) > 0) & (amounts["conversions"] == 0)
    raw.refuse(unearned, lambda row: f"value {amounts['value'][row]:g} without conversions")

    notes = _notes_of_form(raw, form, decimal)
    lists = _lists(raw, separator, notes)
    channel_names = pc.list_flatten(lists)
    is_array = isinstance(channel_names, pa.Array)
    coded = channel_names.dictionary_encode() if is_array else channel_names.combine_chunks().dictionary_encode()
    found = coded.dictionary.to_pylist()
    channels = tuple(sorted(found))
    place = {channel: number for number, channel in enumerate(channels)}
    code = np.array([place[channel] for channel in found], np.int64)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    nothing = np.zeros(len(raw.columns))
    if empty := int((lengths == 0).sum()):
        notes.append(f"rows of {source} with an empty path: {empty}, credited to {UNATTRIBUTED}")
    paths = Paths(
        channels,
        code[coded.indices.to_numpy(zero_copy_only=False)],
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        amounts["conversions"],
        amounts.get("value", nothing),
        amounts.get("nulls", nothing),
    )
    return PathsFile(paths, "value" in amounts, notes)


def _read(source: str, form: CsvForm) -> RawPaths:
    if Path(source).is_dir():
        return _parquet(source, source)
    file = SourceFile(source)
    with file.bytes() as stream:
        has_its_mark = first_of(stream, len(PARQUET_MARK)) == PARQUET_MARK
    if has_its_mark or Path(source).suffix in PARQUET_ENDINGS:
        return _parquet(source, file.bytes())
    return read_csv(file, form)


def _parquet(source: str, content: str | pa.NativeFile) -> RawPaths:
    try:
        table = pq.read_table(content)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{source} is no readable Parquet: {one_line(error)}") from error
    table = table.rename_columns([plain_name(name) for name in table.column_names])
    check_columns(source, table.column_names)
    return RawPaths(source, table.select([name for name in USED if name in table.column_names]))


def _notes_of_form(raw: RawPaths, form: CsvForm, decimal: str) -> list[str]:
    """What was found in the file and is not as usual."""
    found = []
    if raw.delimiter not in (None, ",", form.delimiter_character):
        found.append(f"{DELIMITERS.get(str(raw.delimiter), repr(raw.delimiter))} between columns")
    if decimal != "." and not form.decimal:
        found.append("a decimal comma")
    return [f"{raw.source} has {' and '.join(found)}"] if found else []


def _lists(raw: RawPaths, separator: str, notes: list[str]) -> pa.Array:
    """A list of channels per row; null or empty where there is no touch."""
    paths = raw.columns["path"].combine_chunks()
    if pa.types.is_list(paths.type) or pa.types.is_large_list(paths.type):
        lists = paths.cast(pa.large_list(pa.large_string()))
    elif pa.types.is_string(paths.type) or pa.types.is_large_string(paths.type):
        lists = _split(raw, paths.cast(pa.large_string()), separator, notes)
    else:
        raise InputError(f"{raw.source}: path must be text or a list of texts, not {paths.type}")
    names = pc.list_flatten(lists)
    nameless = pc.fill_null(pc.equal(names, ""), True).to_numpy(zero_copy_only=False)
    bad = np.zeros(len(lists), bool)
    bad[pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[nameless]] = True
    raw.refuse(bad, lambda row: f"the path {paths[row].as_py()!r} has a channel without a name")
    return lists


def _split(raw: RawPaths, text: pa.Array, separator: str, notes: list[str]) -> pa.Array:
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
                f"no path of {raw.source} has {separator!r}, though {bare!r} occurs in {near}: "
                f"is it --separator {bare!r}?"
            )
    lists = pa.LargeListArray.from_arrays(
        pieces.offsets, pc.utf8_trim_whitespace(pieces.values), mask=pc.is_null(pieces)
    )
    rows = np.flatnonzero(is_json.to_numpy(zero_copy_only=False))
    if not len(rows):
        return lists
    parsed = [_json_path(raw, row, text[row].as_py()) for row in rows.tolist()]
    place = np.arange(len(text))
    place[rows] = len(text) + np.arange(len(rows))
    return pa.concat_arrays([lists, pa.array(parsed, lists.type)]).take(pa.array(place))


def _json_path(raw: RawPaths, row: int, text: str) -> list[str]:
    try:
        names = json.loads(text)
    except ValueError:
        names = None
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        complaint = f'the path {text} is no JSON array of names, as ["A","B"] is'
        raise InputError(f"{raw.source}, row {row + 1}: {complaint}{raw.place(row)}")
    return names
