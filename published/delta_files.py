"""Delta tables opened with delta-rs: a table's location, one of its versions, and the rows of a query."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from warehouse.contracts import Table
from warehouse.errors import InputError

Row = dict[str, Any]


def exists(lake: str, table: Table) -> bool:
    """Whether the lake has the table. InputError when the lake cannot be opened."""
    try:
        return DeltaTable.is_deltatable(location(lake, table))
    except (DeltaError, OSError, ValueError) as error:
        raise InputError(f"{lake}: cannot be opened: {_first_line(error)}") from error


def open_table(lake: str, table: Table, *, version: int | None) -> DeltaTable:
    """The table at `version`, None = the newest. InputError when it does not exist."""
    try:
        return DeltaTable(location(lake, table), version=version)
    except (DeltaError, TableNotFoundError, OSError) as error:
        wanted = f"version {version}" if version is not None else "its newest version"
        raise InputError(
            f"{table.full_name}: {wanted} cannot be read in {lake}: {_first_line(error)}; "
            "run `distributary pipeline` to publish again"
        ) from error


def fetch(query: QueryBuilder, sql: str, *, what: str) -> list[Row]:
    """The rows of a query, each a dict of its columns. InputError, naming `what` was read, when the query fails."""
    try:
        batch = query.execute(sql).read_all()
    except Exception as error:  # delta-rs has no narrower class for a missing data file
        raise InputError(f"{what} cannot be read: {_first_line(error)}") from error
    columns = [column.to_pylist() for column in batch.columns]
    return [dict(zip(batch.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


def location(lake: str, table: Table) -> str:
    """Where delta-rs finds the table."""
    root = lake if "://" in lake else str(Path(lake).absolute())
    return f"{root.rstrip('/')}/{table.layer}/{table.name}"


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
