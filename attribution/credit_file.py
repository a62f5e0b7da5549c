"""Writes rows of credit, effects and transitions as CSV or Parquet. pyarrow only."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from attribution.paths_file import PARQUET_ENDINGS
from warehouse.errors import UsageError

# Spreadsheets run a cell that starts so, with the signs of wide scripts too; a quote in front makes it a text.
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


def is_formula(text: object) -> bool:
    """Whether a spreadsheet would run a cell with this text instead of showing it."""
    return isinstance(text, str) and text.startswith(FORMULA_STARTS)


def write_rows(
    target: str, row_type: type[NamedTuple], rows: Sequence[tuple[Any, ...]], *, escape_formulas: bool = False
) -> None:
    """Rows of one NamedTuple: Parquet by the name of the file, otherwise CSV; '-' is CSV on stdout.

    Null is an empty cell in CSV. With `escape_formulas`, texts of a CSV that a spreadsheet would run get a ' in front.
    UsageError where the file cannot be written.
    """
    if target != "-" and Path(target).suffix in PARQUET_ENDINGS:
        schema = _schema(row_type)
        columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
        table = pa.table([pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)], schema=schema)
        _to_file(target, lambda: pq.write_table(table, target))
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(row_type._fields)
    writer.writerows([_as_text(cell) for cell in row] for row in rows) if escape_formulas else writer.writerows(rows)
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


def _as_text(cell: object) -> object:
    return f"'{cell}" if is_formula(cell) else cell
