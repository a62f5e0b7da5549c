"""The tables that were published together: their exact versions, read and aggregated without Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

from deltalake import DeltaTable, QueryBuilder

from published.delta_files import Row, exists, fetch, open_table, version_after_run
from warehouse.contracts import Table
from warehouse.errors import InputError
from warehouse.marts import is_mart, place_of
from warehouse.stored_mart import StoredMart
from warehouse.tables import OPS_PUBLISHED, TABLES

Kept = TypeVar("Kept")
WAY_OUT = "run `distributary pipeline` first, or set `lake` to the folder it writes"


@dataclass(frozen=True)
class Published:
    """One publication: the table versions for readers, and SQL over those versions.

    `versions` maps `<layer>.<table>` to its Delta version; tables that are not in it are not published. `ids` maps it
    to the table's id, where the publication has ids. Beside tables of the project there are a shop's marts.
    """

    lake: str
    run_id: str
    as_of: date
    published_at: datetime
    versions: Mapping[str, int]
    ids: Mapping[str, str] = field(default_factory=dict)
    _kept: dict[object, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def has(self, *tables: Table) -> bool:
        """Whether every one of `tables` is published."""
        return all(table.full_name in self.versions for table in tables)

    @property
    def mart_names(self) -> tuple[str, ...]:
        """The full names of the marts that are published, sorted."""
        return tuple(sorted(filter(is_mart, self.versions)))

    def mart(self, full_name: str) -> StoredMart:
        """What a published mart says of itself. InputError where its table cannot be read any more."""

        def read() -> StoredMart:
            return StoredMart.from_properties(self._open(place_of(full_name)).metadata().configuration, full_name)

        return self.once(("mart", full_name), read)

    def contract(self, full_name: str) -> Table:
        """The contract of a published table. InputError for a mart whose table cannot be read any more."""
        return self.mart(full_name).contract if is_mart(full_name) else TABLES[full_name]

    def once(self, key: object, make: Callable[[], Kept]) -> Kept:
        """What `make` gives, made once for this object: a publication never changes."""
        if key not in self._kept:
            self._kept[key] = make()
        found: Kept = self._kept[key]
        return found

    def rows(self, sql: str, *tables: Table) -> list[Row]:
        """The rows of a DataFusion query over the published versions of `tables`.

        In the query a table is named `<layer>_<table>`, e.g. gold_path_summary. Only the result is loaded.
        InputError when a table is not published, or when its version no longer exists.
        """
        query = QueryBuilder()
        for table in tables:
            query = query.register(alias(table), self._open(table))
        return fetch(query, sql, what=", ".join(table.full_name for table in tables))

    def newest_rows(self, sql: str, table: Table) -> list[Row]:
        """As `rows`, over the newest version of a table that is never published (bronze and ops).

        No rows if the table does not exist.
        """
        if not exists(self.lake, table):
            return []
        newest = QueryBuilder().register(alias(table), open_table(self.lake, table, version=None))
        return fetch(newest, sql, what=table.full_name)

    def rows_of_then(self, sql: str, table: Table) -> list[Row]:
        """As `newest_rows`, of the table as it was when the run of this publication ended (`version_after_run`)."""
        if not exists(self.lake, table):
            return []
        if (version := version_after_run(self.lake, table, self.run_id)) is None:
            return []
        then = QueryBuilder().register(alias(table), open_table(self.lake, table, version=version))
        return fetch(then, sql, what=table.full_name)

    def rows_beside(self, former: Published, sql: str, *tables: Table) -> list[Row]:
        """As `rows`, over this publication and a `former` one: after_gold_path_summary, before_gold_path_summary."""
        query = QueryBuilder()
        for table in tables:
            query = query.register(f"before_{alias(table)}", former._open(table))
            query = query.register(f"after_{alias(table)}", self._open(table))
        return fetch(query, sql, what=", ".join(table.full_name for table in tables))

    def has_column(self, table: Table, column: str) -> bool:
        """Whether the published version of `table` has a column, which one of an older program may lack."""
        return column in self.columns(table)

    def columns(self, table: Table) -> frozenset[str]:
        """The names of the columns of the published version of `table`; none where it is not published."""
        if not self.has(table):
            return frozenset()
        return self.once(
            (table.full_name, "columns"), lambda: frozenset(field.name for field in self._open(table).schema().fields)
        )

    def open(self, table: Table) -> DeltaTable:
        """The published version of `table`. InputError when it is not published, or no longer exists."""
        return self._open(table)

    def _open(self, table: Table) -> DeltaTable:
        return self.once(table.full_name, lambda: self._opened(table))

    def _opened(self, table: Table) -> DeltaTable:
        if not self.has(table):
            raise InputError(
                f"{table.full_name} is not among the tables that run {self.run_id} published in {self.lake}"
            )
        opened = open_table(self.lake, table, version=self.versions[table.full_name])
        if self.ids.get(table.full_name, opened.metadata().id) != opened.metadata().id:
            raise InputError(
                f"{table.full_name} was deleted in {self.lake} and made again since run {self.run_id} published it; "
                "run `distributary pipeline` to publish again"
            )
        return opened


def read_published(lake: str, *, run_id: str | None = None) -> Published:
    """The newest publication of a lake (a folder or a URI), or the one of the run `run_id`.

    InputError when nothing was published yet, or nothing by that run. A publication is read by the versions that it
    names; a query fails with InputError where upkeep has removed one of them since.
    """
    wanted = quoted(run_id) if run_id is not None else "(select run_id from ops_published order by {newest} limit 1)"
    found = _read(lake, f"where run_id = {wanted}")
    if found:
        return found[0]
    known = ", ".join(published.run_id for published in publications(lake)[:5])
    raise InputError(f"{lake}: run {run_id} published nothing; the newest publications are of: {known}")


def publications(lake: str) -> tuple[Published, ...]:
    """Every publication of a lake, newest first: by number, then by time, then by run_id; never empty.

    Rows of an older version of this program have no number and are the oldest. A table that this version does not know
    and that is no mart is left out. InputError when nothing was published yet.
    """
    found = _read(lake)
    if not found:
        raise InputError(f"{lake}: nothing is published here (ops.published is empty); {WAY_OUT}")
    return found


def _read(lake: str, where: str = "") -> tuple[Published, ...]:
    """The publications of the rows that fulfil `where`, newest first; {newest} in it is the order that says so.

    InputError when there is no table of publications.
    """
    if not exists(lake, OPS_PUBLISHED):
        raise InputError(f"{lake}: nothing is published here (no table ops/published); {WAY_OUT}")
    table = open_table(lake, OPS_PUBLISHED, version=None)
    is_numbered = "publication" in [column.name for column in table.schema().fields]
    newest = f"{'publication desc nulls last, ' if is_numbered else ''}published_at desc, run_id desc"
    query = QueryBuilder().register("ops_published", table)
    sql = f"select * from ops_published {where.replace('{newest}', newest)} order by {newest}, table_name"
    runs: dict[str, list[Row]] = {}
    for row in fetch(query, sql, what=OPS_PUBLISHED.full_name):
        runs.setdefault(row["run_id"], []).append(row)
    return tuple(_publication(lake, rows) for rows in runs.values())


def _publication(lake: str, rows: list[Row]) -> Published:
    return Published(
        lake=lake,
        run_id=rows[0]["run_id"],
        as_of=rows[0]["as_of"],
        published_at=rows[0]["published_at"],
        versions={row["table_name"]: row["version"] for row in rows if _is_known(row["table_name"])},
        ids={row["table_name"]: row["table_id"] for row in rows if row.get("table_id")},
    )


def _is_known(full_name: str) -> bool:
    return full_name in TABLES or is_mart(full_name)


def quoted(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def alias(table: Table) -> str:
    """The name of a table in SQL over published versions: gold_path_summary."""
    return table.sql_name
