"""Parquet files of a table, read and written in batches, so that memory does not grow with their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.arrow.log import Action, Moment, now_ms

BATCH = 65_536  # rows
MILLISECOND = timedelta(milliseconds=1)


def batches(file: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a file in the columns of `schema`; a column that the file lacks is null."""
    # Spark writes timestamps as INT96, which has neither unit nor zone.
    with pq.ParquetFile(file, coerce_int96_timestamp_unit="us") as opened:
        held = [name for name in schema.names if name in opened.schema_arrow.names]
        for batch in opened.iter_batches(BATCH, columns=held):
            yield in_schema(batch, schema)


def in_schema(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The rows in the columns of `schema`; a column that they lack is null."""
    columns = [
        rows.column(field.name).cast(field.type)
        if field.name in rows.schema.names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


class NewFile:
    """A Parquet file in a table's folder that is being written. It is part of the table once a commit names it."""

    def __init__(self, table: Path, schema: pa.Schema, *, folder: str = "", stats_columns: Sequence[str] = ()) -> None:
        """`stats_columns` are the timestamps and dates whose range the commit gives."""
        self._name = f"{folder}part-00000-{uuid4()}-c000.zstd.parquet"
        self._file = table / self._name
        self._schema = schema
        self._never_null = [field.name for field in schema if not field.nullable]
        self._ranges = {name: _Range() for name in stats_columns}
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0

    def write(self, rows: pa.RecordBatch) -> None:
        """Adds rows. ValueError where one lacks a value that is never null."""
        if not rows.num_rows:
            return
        if lacking := [name for name in self._never_null if rows.column(name).null_count]:
            raise ValueError(f"{self._file.parent}: {lacking[0]} is never null, but a row to write has no value for it")
        if self._writer is None:
            self._file.parent.mkdir(exist_ok=True)
            self._writer = pq.ParquetWriter(
                self._file, self._schema, compression="zstd", store_schema=False, store_decimal_as_integer=True
            )
        self._writer.write_batch(rows)
        self.rows += rows.num_rows
        for name, range_ in self._ranges.items():
            range_.add(rows.column(name))

    def close(self) -> None:
        """Completes the file; without rows there is none."""
        if self._writer is not None:
            self._writer.close()

    def discard(self) -> None:
        """Removes the file, which no commit will name."""
        self.close()
        self._file.unlink(missing_ok=True)

    def as_rows(self) -> list[Action]:
        """The action that makes the file a part of the table; none where it has no rows."""
        return self._action("add", modificationTime=now_ms(), dataChange=True, stats=json.dumps(self._stats()))

    def as_changes(self) -> list[Action]:
        """The action that makes the file a part of the change feed; none where it has no rows."""
        return self._action("cdc", dataChange=False)

    def _action(self, kind: str, **details: Any) -> list[Action]:
        if not self.rows:
            return []
        return [{kind: {"path": self._name, "partitionValues": {}, "size": self._file.stat().st_size, **details}}]

    def _stats(self) -> dict[str, Any]:
        known = {name: range_ for name, range_ in self._ranges.items() if range_.first is not None}
        return {
            "numRecords": self.rows,
            "minValues": {name: _text(range_.first) for name, range_ in known.items()},
            "maxValues": {name: _text(range_.last, rounded_up=True) for name, range_ in known.items()},
            "nullCount": {name: range_.nulls for name, range_ in self._ranges.items()},
        }


class _Range:
    """The first and the last moment of a column so far, and how many rows have none."""

    def __init__(self) -> None:
        self.first: Moment | None = None
        self.last: Moment | None = None
        self.nulls = 0

    def add(self, values: pa.Array) -> None:
        found = pc.min_max(values)
        self.nulls += values.null_count
        firsts = [value for value in (self.first, found["min"].as_py()) if value is not None]
        lasts = [value for value in (self.last, found["max"].as_py()) if value is not None]
        self.first, self.last = min(firsts, default=None), max(lasts, default=None)


def _text(moment: Moment | None, *, rounded_up: bool = False) -> str:
    """As Delta writes it: a day, or a moment in UTC with milliseconds."""
    if isinstance(moment, datetime):
        if rounded_up and moment.microsecond % 1000:
            moment += MILLISECOND
        return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    assert isinstance(moment, date)
    return moment.isoformat()
