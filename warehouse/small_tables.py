"""Small tables of this machine as plain data, without a session. warehouse.arrow.writer adds rows to them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from pyspark.sql import DataFrame

from warehouse.errors import InputError


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """All rows of the table in `folder`, moments in UTC. InputError where they cannot be read."""
    query = QueryBuilder().register("stored", DeltaTable(folder))
    try:
        read = query.execute("select * from stored").read_all()
    except Exception as error:  # delta-rs has no narrower class for a missing data file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"{folder}: the table cannot be read ({reason})") from error
    columns = [column.to_pylist() for column in read.columns]
    return [dict(zip(read.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


def collected(frame: DataFrame) -> list[dict[str, Any]]:
    """All rows of a small frame in the same form: a session gives moments in the zone of its process."""
    return [
        {name: value.astimezone(UTC) if isinstance(value, datetime) else value for name, value in row.asDict().items()}
        for row in frame.collect()
    ]
