"""What the logs of a lake's tables record: versions, origins, and whether changed rows can be followed.

To look at them needs no session where the lake is on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pyspark.sql import SparkSession

from warehouse import change_feed
from warehouse.contracts import Table
from warehouse.delta_log import DeltaLog, log_of
from warehouse.origin import Head, Origin, TableVersion, origin_at
from warehouse.session_at_need import Session, started


@dataclass
class LakeState:
    """The tables below one root, as their logs show them.

    `session` is a session or what gives it; it is asked for at the first use of `spark`.
    """

    session: Session
    root: str
    _heads: dict[str, Head | None] = field(default_factory=dict, init=False)

    @cached_property
    def spark(self) -> SparkSession:
        """The session."""
        return started(self.session)

    def path(self, table: Table) -> str:
        """Folder of the table, absolute: Delta cannot create a table in a relative one."""
        return f"{self._root}/{table.layer}/{table.name}"

    @property
    def _root(self) -> str:
        return (self.root if "://" in self.root else str(Path(self.root).absolute())).rstrip("/")

    def version(self, table: Table) -> int | None:
        """Newest version of the table; None where it does not exist yet."""
        found = self.at(table)
        return found.version if found else None

    def at(self, table: Table) -> TableVersion | None:
        """Id and newest version of the table; None where it does not exist yet."""
        head = self._head(table)
        return head.at if head else None

    def versions(self, tables: Sequence[Table]) -> dict[str, int]:
        """Newest versions of those of `tables` that exist, by full name."""
        found = {table.full_name: self.version(table) for table in tables}
        return {name: version for name, version in found.items() if version is not None}

    def states(self, tables: Sequence[Table]) -> dict[str, TableVersion]:
        """Ids and newest versions of those of `tables` that exist, by full name."""
        found = {table.full_name: self.at(table) for table in tables}
        return {name: at for name, at in found.items() if at is not None}

    def exists(self, table: Table) -> bool:
        """Whether the table was ever written."""
        return self.version(table) is not None

    def origin(self, table: Table) -> Origin | None:
        """What the newest rows of the table were made from; None where no commit records it."""
        head = self._head(table)
        return head.origin if head else None

    def properties(self, table: Table) -> Mapping[str, str]:
        """The properties of the table; none where it does not exist yet."""
        newest = self._log(table).newest()
        return newest.properties if newest else {}

    def is_current(self, table: Table, origin: Origin) -> bool:
        """Whether the table's rows were made from `origin`."""
        return self.origin(table) == origin

    def replaced_since(self, table: Table, version: int, *, id_: str = "") -> bool:
        """Whether the rows that changed after `version` are not known, so that a reader must read all rows.

        True where the whole table was replaced or restored since, had no feed yet, lost that part of its log, has no
        such version yet, is gone, or is another than that with the id `id_` ('' where it is not known). Reads only the
        log.
        """
        now = self.at(table)
        if now is None:
            return version >= 0
        return id_ not in ("", now.id) or change_feed.replaced_since(self._log(table), version, now.version)

    def changed_rows_counted(self, table: Table, since: int) -> int | None:
        """How many rows `Lake.changes` has since a version; None where the log does not record it."""
        newest = self.version(table)
        return change_feed.rows_counted(self._log(table), since, newest) if newest is not None else 0

    def rows_counted(self, table: Table) -> int | None:
        """How many rows the table has; None where the log does not record it."""
        return self._log(table).rows()

    def _head(self, table: Table) -> Head | None:
        """Read from the log once, and again after each commit of this run: no other run writes meanwhile."""
        if table.full_name not in self._heads:
            log = self._log(table)
            at = TableVersion(found.id, found.version) if (found := log.newest()) else None
            self._heads[table.full_name] = Head(at, origin_at(log, at.version)) if at else None
        return self._heads[table.full_name]

    def _log(self, table: Table) -> DeltaLog:
        return log_of(self.path(table), lambda: self.spark)
