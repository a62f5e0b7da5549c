"""What the log of a Delta table records: its newest version, its id and what each commit did.

The log of a table on this machine is read without a JVM, which takes seconds to start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pyspark.sql import SparkSession

from warehouse.faults import damaged_file, damaged_log
from warehouse.local_files import folder_without_hadoop

# The log has the greatest moment of a file in milliseconds: one writer rounds down, another up.
ROUNDING = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Snapshot:
    """The newest state of a table. `id` is given to a table when it is created: one that is deleted and made again has
    another. `columns` are types by name, as Delta's log has them ("long", "decimal(18,6)")."""

    id: str
    version: int
    properties: Mapping[str, str]
    columns: Mapping[str, str]


def columns_of(schema: str) -> dict[str, str]:
    """Types by name of a schema in Delta's JSON; of a nested column its kind alone (struct, array, map)."""
    types = {field["name"]: field["type"] for field in json.loads(schema)["fields"]}
    return {name: type_ if isinstance(type_, str) else str(type_["type"]) for name, type_ in types.items()}


class DeltaLog(Protocol):
    """The log of one table."""

    def newest(self) -> Snapshot | None:
        """The newest state; None where there is no table. InputError where the log is damaged."""

    def commits_back(self, newest: int) -> Iterator[dict[str, Any]]:
        """The commitInfo (see Delta's protocol) of version `newest` and of those before it, newest first; {} where a
        commit has none.

        Ends where the log ends: Delta removes old commits (delta.logRetentionDuration).
        """

    def rows(self) -> int | None:
        """How many rows the table has; None where the log does not record it."""

    def greatest(self, column: str) -> datetime | None:
        """The greatest moment of a column without nulls; None where there is no row.

        LookupError where the log does not record in which files it lies.
        """


def local_table(path: str) -> Path | None:
    """The folder of a table that can be read without a JVM; None for any other."""
    folder = folder_without_hadoop(path)
    # delta-rs looks for `a%41` in `aA`.
    return None if folder is None or unquote(str(folder)) != str(folder) else folder


def log_of(path: str, session: Callable[[], SparkSession]) -> DeltaLog:
    """The log of the table in `path`. The session is asked for only where the table is not on this machine."""
    folder = local_table(path)
    if folder is not None:
        return LocalLog(folder)
    from warehouse.jvm.delta_log import HadoopLog  # noqa: PLC0415

    return HadoopLog(path, session)


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Names the table where delta-rs cannot read its log: DamagedTable."""
    try:
        yield
    except (DeltaError, OSError, ValueError) as error:
        raise damaged_log(folder, next(iter(str(error).splitlines()), type(error).__name__)) from error


class LocalLog:
    """The log of a table on this machine."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self._folder = folder

    def newest(self) -> Snapshot | None:
        """See `DeltaLog`."""
        table = self._table()
        if table is None:
            return None
        commit = self._commit(table.version())
        if commit.exists() and commit.stat().st_size == 0:  # as a crash of the machine leaves it
            raise damaged_log(self._folder, f"{commit.name} is empty")
        found = table.metadata()
        columns = columns_of(table.schema().to_json())
        return Snapshot(str(found.id), table.version(), found.configuration, columns)

    def commits_back(self, newest: int) -> Iterator[dict[str, Any]]:
        """See `DeltaLog`."""
        for version in range(newest, -1, -1):
            file = self._commit(version)
            if not file.exists():
                return
            with file.open(encoding="utf-8") as lines:
                yield next((json.loads(line)["commitInfo"] for line in lines if line.startswith('{"commitInfo"')), {})

    def rows(self) -> int | None:
        """See `DeltaLog`."""
        table = self._table()
        if table is None:
            return 0
        files = table.get_add_actions(flatten=True)
        if "num_records" not in files.schema.names:
            return None if files.num_rows else 0
        of_files = files["num_records"].to_pylist()
        return None if None in of_files else sum(of_files)

    def greatest(self, column: str) -> datetime | None:
        """See `DeltaLog`."""
        table = self._table()
        if table is None:
            return None
        files = table.get_add_actions(flatten=True)
        if not {"num_records", f"max.{column}"} <= set(files.schema.names):
            if files.num_rows == 0:
                return None
            raise LookupError(column)
        names = ("path", "num_records", f"max.{column}")
        of_files = list(zip(*(files[name].to_pylist() for name in names), strict=True))
        recorded = {path: moment for path, number, moment in of_files if number != 0}
        if None in recorded.values():
            raise LookupError(column)
        if not recorded:
            return None
        last = max(recorded.values())
        reach_farthest = [path for path, moment in recorded.items() if moment >= last - 2 * ROUNDING]
        return max(_greatest_in(self._folder / unquote(path), column) for path in reach_farthest)

    def _commit(self, version: int) -> Path:
        return self._folder / "_delta_log" / f"{version:020d}.json"

    def _table(self) -> DeltaTable | None:
        with readable(self._folder):
            return DeltaTable(self._folder) if DeltaTable.is_deltatable(str(self._folder)) else None


def _greatest_in(file: Path, column: str) -> datetime:
    """The greatest moment of a column in a Parquet file."""
    from pyarrow import compute, parquet  # noqa: PLC0415  (a tenth of a second)

    try:
        with parquet.ParquetFile(file, coerce_int96_timestamp_unit="us") as opened:
            found: datetime = compute.max(opened.read(columns=[column])[column]).as_py()
    except (OSError, ValueError) as error:
        raise damaged_file(file, error) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
