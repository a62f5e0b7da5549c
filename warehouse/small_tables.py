"""Small tables of this machine as plain data, without a session: all rows read, a few rows added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import CommitProperties, DeltaTable, QueryBuilder, WriterProperties, write_deltalake
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


def append_rows(folder: Path, rows: Sequence[Mapping[str, Any]], *, metadata: str) -> None:
    """Adds rows to the table in `folder` in one commit, whose userMetadata is `metadata`. A missing column is null."""
    import pyarrow as pa  # noqa: PLC0415  (a tenth of a second, for runs that only read)

    table = DeltaTable(folder)
    # Arrow takes a map as pairs.
    plain = [
        {name: list(value.items()) if isinstance(value, Mapping) else value for name, value in row.items()}
        for row in rows
    ]
    write_deltalake(
        table,
        pa.Table.from_pylist(plain, schema=pa.schema(table.schema().to_arrow())),
        mode="append",
        writer_properties=WriterProperties(compression="ZSTD"),
        commit_properties=CommitProperties(custom_metadata={"userMetadata": metadata}),
    )
    # Hadoop's checksum of the file that names the newest checkpoint, which delta-rs may have written again.
    (folder / "_delta_log" / "._last_checkpoint.crc").unlink(missing_ok=True)
