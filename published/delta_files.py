"""Delta tables opened with delta-rs: where a table lies, which version of it, and the rows of a query."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from warehouse.contracts import Table
from warehouse.errors import InputError

Row = dict[str, Any]


def exists(lake: str, table: Table) -> bool:
    """Whether the lake has the table. InputError when the lake cannot be looked into."""
    try:
        return DeltaTable.is_deltatable(_location(lake, table))
    except (DeltaError, OSError, ValueError) as error:
        raise InputError(f"{lake}: cannot be opened: {_first_line(error)}") from error


def open_table(lake: str, table: Table, *, version: int | None) -> DeltaTable:
    """The table at that version, None = its newest. InputError when it is not there."""
    try:
        return DeltaTable(_location(lake, table), version=version)
    except (DeltaError, TableNotFoundError, OSError) as error:
        wanted = f"version {version}" if version is not None else "its newest version"
        raise InputError(
            f"{table.full_name}: {wanted} cannot be read in {lake}: {_first_line(error)}; "
            "run `distributary pipeline` to publish again"
        ) from error


def fetch(query: QueryBuilder, sql: str, *, what: str) -> list[Row]:
    """The rows of a query, each as column: value. InputError, which names `what` was read, when it fails."""
    reader = query.execute(sql)
    try:
        found = reader.read_all()
    except Exception as error:  # a data file that is gone comes as nothing more special
        raise InputError(f"{what} cannot be read: {_first_line(error)}") from error
    columns = [column.to_pylist() for column in found.columns]
    return [dict(zip(found.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


def _location(lake: str, table: Table) -> str:
    root = lake if "://" in lake else str(Path(lake).absolute())
    return f"{root.rstrip('/')}/{table.layer}/{table.name}"


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
