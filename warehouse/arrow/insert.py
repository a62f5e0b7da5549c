"""Single rows that people write, beside running jobs: no run writes such a table, so no lock is needed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, Field, Schema
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.schema import PrimitiveType

from warehouse.arrow.log import STATS_COLUMNS
from warehouse.contracts import Table
from warehouse.errors import NotWritable

ATTEMPTS = 20  # so many other rows may be written first
WAIT_SECONDS = 0.02  # longer with every attempt
ARROW_TYPES = {"string": pa.string(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC")}


def insert_once(path: str, table: Table, row: Mapping[str, Any], *, same: str) -> bool:
    """Adds a row, unless the table in `path` has one that `same` holds for (SQL over `old` and `new`); whether it was
    added. The first row creates the table. A table of texts, days and moments alone can be written so.

    Of several writers of one row one adds it: where another process has committed first, the row is looked for and
    written again, ATTEMPTS times at most. NotWritable where the lake takes nothing.
    """
    schema = pa.schema([pa.field(c.name, ARROW_TYPES[c.type], c.nullable) for c in table.columns])
    rows = pa.Table.from_pylist([dict(row)], schema=schema)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            merge = _opened(path, table).merge(rows, same, source_alias="new", target_alias="old")
            return bool(merge.when_not_matched_insert_all().execute()["num_target_rows_inserted"])
        except CommitFailedError as error:
            if attempt == ATTEMPTS:
                raise NotWritable(f"{path}: others write here all the time; try again") from error
            time.sleep(WAIT_SECONDS * attempt)
        except (DeltaError, OSError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise NotWritable(f"{path}: {table.full_name} cannot be written: {reason}") from error
    raise AssertionError("the last attempt returns or raises")


def _opened(path: str, table: Table) -> DeltaTable:
    """The table, created where it is missing."""
    try:
        return DeltaTable(path)
    except TableNotFoundError:
        fields = [
            Field(c.name, PrimitiveType(c.type), nullable=c.nullable, metadata={"comment": c.comment})
            for c in table.columns
        ]
        # As warehouse.jvm.schema: ranges of texts in the log would hold what the first and the last row say.
        moments = ",".join(column.name for column in table.columns if column.type == "timestamp")
        properties = {STATS_COLUMNS: moments, "delta.enableDeletionVectors": "false"}
        return DeltaTable.create(
            path,
            Schema(fields),
            mode="ignore",
            name=table.name,
            description=table.comment,
            configuration=properties,
        )
