"""Delta tables opened with delta-rs: a table's location, one of its versions, and the rows of a query."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError, TableNotFoundError

from warehouse.contracts import Table
from warehouse.errors import InputError

Row = dict[str, Any]
RECENT = 20  # commits; a log of years is read only where these do not suffice
# What delta-rs says of a file that is gone, by its kind of storage.
IS_UNPLANNED = "Error during planning"  # the query names a table that it was not given, or a type that does not fit
IS_GONE = re.compile(r"not found|no such file|does not exist", re.IGNORECASE)


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
        if version is not None and version <= _newest_version(lake, table):
            raise InputError(
                f"{table.full_name}: version {version} no longer exists in {lake}, upkeep has removed it from the log; "
                "choose a newer publication, or run `distributary pipeline` to publish again"
            ) from error
        raise InputError(
            f"{table.full_name}: {wanted} cannot be read in {lake}: {_first_line(error)}; "
            "run `distributary pipeline` to publish again"
        ) from error


def fetch(query: QueryBuilder, sql: str, *, what: str) -> list[Row]:
    """The rows of a query, each a dict of its columns. InputError, naming `what` was read, when the query fails."""
    try:
        batch = query.execute(sql).read_all()
    except Exception as error:  # delta-rs has no narrower class for a missing data file or column
        if IS_UNPLANNED in str(error):
            raise InputError(f"a query over {what or 'no table'} cannot be run: {_first_line(error)}") from error
        if IS_GONE.search(str(error)):
            raise InputError(
                f"{what} cannot be read: upkeep (VACUUM) has removed files of the published version; choose a newer "
                "publication, or run `distributary pipeline` to publish again"
            ) from error
        raise InputError(f"{what} cannot be read: {_first_line(error)}") from error
    columns = [column.to_pylist() for column in batch.columns]
    return [dict(zip(batch.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


def commits(lake: str, table: Table, *, until: int | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Version and metadata of the table's commits up to version `until`, newest first, as far back as its log reaches.

    The metadata is what a run recorded (run_id, origin); {} for commits of others.
    """
    # delta-rs counts the versions of a history down from the one that is open: it must be the newest.
    newest, seen = open_table(lake, table, version=None), 0
    for limit in (RECENT, None):
        for commit in newest.history(limit)[seen:]:
            seen += 1
            version = commit.get("version")
            if version is not None and (until is None or version <= until):
                yield version, _recorded(commit.get("userMetadata"))
        if seen < RECENT:
            return


def version_after_run(lake: str, table: Table, run_id: str) -> int | None:
    """The version that the table had when the run `run_id` ended: its newest commit by that run, or by one before it.

    Ids of runs sort by time. A commit that records no run changed no rows if it is newer than one that does, and is
    older than all runs otherwise. None where the table was made later. InputError when the log no longer reaches back.
    """
    version, without_run = 0, None
    for version, recorded in commits(lake, table):
        by = recorded.get("run_id")
        if by is None:
            without_run = version if without_run is None else without_run
        elif by <= run_id:
            return version
        else:
            without_run = None
    if version > 0:
        raise InputError(
            f"{table.full_name}: the log in {lake} no longer reaches back to run {run_id}; choose a newer publication"
        )
    return without_run


def _recorded(metadata: Any) -> dict[str, Any]:
    try:
        found = json.loads(metadata) if isinstance(metadata, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _newest_version(lake: str, table: Table) -> int:
    """The table's newest version; -1 where it cannot be opened."""
    try:
        return DeltaTable(location(lake, table)).version()
    except (DeltaError, TableNotFoundError, OSError):
        return -1


def location(lake: str, table: Table) -> str:
    """Where delta-rs finds the table."""
    root = lake if "://" in lake else str(Path(lake).absolute())
    return f"{root.rstrip('/')}/{table.layer}/{table.name}"


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
