"""The tables that were published together, read without Spark: exactly those versions, aggregated where they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from warehouse.contracts import Table
from warehouse.errors import InputError
from warehouse.tables import OPS_PUBLISHED, TABLES

Row = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """One publication: which version of which table readers are to read, and SQL over those versions.

    `versions` maps `<layer>.<table>` to its Delta version; only tables in it are published.
    """

    lake: str
    run_id: str
    as_of: date
    published_at: datetime
    versions: Mapping[str, int]

    def has(self, *tables: Table) -> bool:
        """Whether every one of `tables` is published."""
        return all(table.full_name in self.versions for table in tables)

    def rows(self, sql: str, *tables: Table) -> list[Row]:
        """The rows of a DataFusion query over the published versions of `tables`.

        A table is called `<layer>_<table>` in the query, e.g. gold_path_summary. Only the result is loaded.
        InputError when a table is not published, or its version is no longer there.
        """
        query = QueryBuilder()
        for table in tables:
            query = query.register(_alias(table), self._open(table))
        return _fetch(query, sql, what=", ".join(table.full_name for table in tables))

    def newest_rows(self, sql: str, table: Table) -> list[Row]:
        """As `rows`, over the newest version of a table that is not published itself (bronze and ops).

        No rows where the table does not exist.
        """
        if not _exists(self.lake, table):
            return []
        newest = QueryBuilder().register(_alias(table), _open(self.lake, table, version=None))
        return _fetch(newest, sql, what=table.full_name)

    def _open(self, table: Table) -> DeltaTable:
        if not self.has(table):
            raise InputError(
                f"{table.full_name} is not among the tables that run {self.run_id} published in {self.lake}"
            )
        return _open(self.lake, table, version=self.versions[table.full_name])


def read_published(lake: str) -> Published:
    """The newest consistent set of tables of a lake (a folder or a URI).

    That is all rows of the run with the greatest (published_at, run_id) in ops.published; a table this version
    of the program does not know is left out. InputError when nothing was published yet.
    """
    way_out = "run `distributary pipeline` first, or set `lake` to the folder it writes"
    if not _exists(lake, OPS_PUBLISHED):
        raise InputError(f"{lake}: nothing is published here (no table ops/published); {way_out}")
    query = QueryBuilder().register("ops_published", _open(lake, OPS_PUBLISHED, version=None))
    newest = """
        select run_id, table_name, version, as_of, published_at from ops_published
        where run_id = (select run_id from ops_published order by published_at desc, run_id desc limit 1)
        order by table_name
    """
    rows = _fetch(query, newest, what=OPS_PUBLISHED.full_name)
    if not rows:
        raise InputError(f"{lake}: nothing is published here (ops.published is empty); {way_out}")
    return Published(
        lake=lake,
        run_id=rows[0]["run_id"],
        as_of=rows[0]["as_of"],
        published_at=rows[0]["published_at"],
        versions={row["table_name"]: row["version"] for row in rows if row["table_name"] in TABLES},
    )


def quoted(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _alias(table: Table) -> str:
    return f"{table.layer}_{table.name}"


def _location(lake: str, table: Table) -> str:
    root = lake if "://" in lake else str(Path(lake).absolute())
    return f"{root.rstrip('/')}/{table.layer}/{table.name}"


def _exists(lake: str, table: Table) -> bool:
    try:
        return DeltaTable.is_deltatable(_location(lake, table))
    except (DeltaError, OSError, ValueError) as error:
        raise InputError(f"{lake}: cannot be opened: {_first_line(error)}") from error


def _open(lake: str, table: Table, *, version: int | None) -> DeltaTable:
    try:
        return DeltaTable(_location(lake, table), version=version)
    except (DeltaError, TableNotFoundError, OSError) as error:
        wanted = f"version {version}" if version is not None else "its newest version"
        raise InputError(
            f"{table.full_name}: {wanted} cannot be read in {lake}: {_first_line(error)}; "
            "run `distributary pipeline` to publish anew"
        ) from error


def _fetch(query: QueryBuilder, sql: str, *, what: str) -> list[Row]:
    reader = query.execute(sql)
    try:
        found = reader.read_all()
    except Exception as error:  # a data file that is gone comes as nothing more special
        raise InputError(f"{what} cannot be read: {_first_line(error)}") from error
    columns = [column.to_pylist() for column in found.columns]
    return [dict(zip(found.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
