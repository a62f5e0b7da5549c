"""The Delta tables of a lake, read and written by one run: the one door. Nothing else writes them.

What a table must become is decided here; how that gets into a commit is warehouse.spark_writer's, the schema
warehouse.schema's, the change feed warehouse.change_feed's, restoring and removing warehouse.upkeep's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse import change_feed, schema, spark_writer, upkeep
from warehouse.contracts import Table
from warehouse.delta_log import newest_version
from warehouse.differences import staged_differences
from warehouse.layout import by_period
from warehouse.origin import Head, Origin, commit_metadata, origin_at
from warehouse.spark_writer import BROADCAST_AT_MOST
from warehouse.staging import Stage, stage_below

__all__ = ["BROADCAST_AT_MOST", "Head", "Lake", "Origin", "Stage"]


@dataclass
class Lake:
    """The tables below one root, as one run sees and writes them.

    `written` collects the tables this run wrote with their new versions.
    """

    spark: SparkSession
    root: str
    run_id: str
    written: dict[str, int] = field(default_factory=dict)
    _heads: dict[str, Head | None] = field(default_factory=dict)
    _checked: set[Table] = field(default_factory=set)  # contracts that their tables were found to meet

    def path(self, table: Table) -> str:
        """Folder of the table, absolute: Delta makes no table in a relative one."""
        return f"{self._root}/{table.layer}/{table.name}"

    @property
    def _root(self) -> str:
        return (self.root if "://" in self.root else str(Path(self.root).absolute())).rstrip("/")

    @contextmanager
    def staging(self, purpose: str) -> Iterator[Stage]:
        """A function that stores a frame by name below `<lake>/_staging/<purpose>` and reads it back, until the end."""
        with stage_below(self.spark, f"{self._root}/_staging/{purpose}") as stage:
            yield stage

    def version(self, table: Table) -> int | None:
        """Newest version of the table; None where it does not exist yet."""
        head = self._head(table)
        return head.version if head else None

    def versions(self, tables: Sequence[Table]) -> dict[str, int]:
        """Newest versions of those of `tables` that exist, by full name."""
        found = {table.full_name: self.version(table) for table in tables}
        return {name: version for name, version in found.items() if version is not None}

    def exists(self, table: Table) -> bool:
        """Whether the table was ever written."""
        return self.version(table) is not None

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """The rows of the table, of one version where given; an empty frame where it does not exist yet."""
        if not self.exists(table):
            return self.spark.createDataFrame([], table.ddl)
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(table))

    def origin(self, table: Table) -> Origin | None:
        """What the newest rows of the table were made from; None where no commit records it."""
        head = self._head(table)
        return head.origin if head else None

    def is_current(self, table: Table, origin: Origin) -> bool:
        """Whether the table already holds what `origin` would give."""
        return self.origin(table) == origin

    def replaced_since(self, table: Table, version: int) -> bool:
        """Whether `changes` cannot say which rows changed after `version`, so that a reader must read all of them.

        So it is where the whole table was replaced or restored since, had no feed yet, lost that part of its log, or
        has no such version yet. Reads the log only.
        """
        newest = self.version(table)
        return newest is not None and change_feed.replaced_since(self.spark, self.path(table), version, newest)

    def changes(self, table: Table, since: int) -> DataFrame | None:
        """One row per row that was added or removed after version `since`, both states of a changed one, from Delta's
        change feed: the table's columns and _change_type (insert, delete, update_preimage, update_postimage).

        None where the table was `replaced_since` then.
        """
        newest = self.version(table)
        if newest is None or newest == since:
            return self.read(table).limit(0).withColumn(change_feed.CHANGE_TYPE, F.lit("insert"))
        if self.replaced_since(table, since):
            return None
        return change_feed.changed_rows(self.spark, self.path(table), since, newest)

    def replace(
        self,
        table: Table,
        frame: DataFrame,
        *,
        origin: Origin,
        where: str | None = None,
        periods: Sequence[int] = (),
    ) -> None:
        """Puts `frame` in the place of all rows of the table, or of those that `where` (SQL) selects.

        A table that has an order gets a file for each of `periods`; see warehouse.layout.
        """
        self._ensure(table)
        before = self.version(table)
        if table.ordered_by and periods:
            frame = by_period(frame, table.ordered_by, periods)
        spark_writer.overwrite(self.path(table), frame, where=where, metadata=self._metadata(origin))
        self._wrote(table)
        if self.version(table) == before:
            self.confirm(table, origin)

    def sync(
        self, table: Table, rows: DataFrame, *, standing: DataFrame, origin: Origin, at_once: bool = False
    ) -> None:
        """Puts `rows` in the place of `standing`, those rows of the table that they are the new state of.

        Only what differs is written: rows of a new key, rows with other values, and the end of keys that are gone.
        Both frames must be unique on the key.

        Known rows are changed in a first commit and new ones added in a second, which costs far less than both in
        one. Where a run is stopped between them the table still has the old origin, and the next run writes what is
        missing. `at_once` makes it one commit: for `rows` that were made by adding to `standing`, which must not
        happen twice.
        """
        path, reached = self.path(table), self._metadata(origin)
        with self.staging(f"sync/{table.full_name}") as stage:
            found = staged_differences(table, rows, standing, stage)
            if not found.known and not found.new:
                self.confirm(table, origin)
            elif found.known and found.new and at_once:
                spark_writer.merge_differences(self.spark, path, found, metadata=reached)
                self._wrote(table)
            else:
                if found.known:
                    halfway = self._metadata(self.origin(table)) if found.new else reached
                    spark_writer.merge_known(self.spark, path, found, metadata=halfway)
                    self._wrote(table)
                if found.new:
                    spark_writer.append(path, found.new_rows, metadata=reached)
                    self._wrote(table)

    def confirm(self, table: Table, origin: Origin) -> None:
        """A commit that only records the origin: the rows are those it gives."""
        spark_writer.commit_metadata_alone(self.spark, self.path(table), metadata=self._metadata(origin))
        self._wrote(table)

    def append(self, table: Table, frame: DataFrame) -> None:
        """Adds rows."""
        self._ensure(table)
        spark_writer.append(self.path(table), frame, metadata=self._metadata())
        self._wrote(table)

    def merge(
        self, table: Table, frame: DataFrame, *, update_when: str | None = None, all_are_known: bool = False
    ) -> None:
        """Inserts rows whose key is new; updates the others where `update_when` (SQL over t, the table, and s, the
        frame) holds. Without `update_when` known keys stay as they are. `frame` must be unique on the key.

        `all_are_known` means that no key is new, and `frame` is stored: then the table need not be shuffled to look.
        """
        self._ensure(table)
        spark_writer.merge_rows(
            self.spark,
            self.path(table),
            table,
            frame,
            update_when=update_when,
            all_are_known=all_are_known,
            metadata=self._metadata(),
        )
        self._wrote(table)

    def update(self, table: Table, where: Column, values: Mapping[str, Column]) -> None:
        """Gives the rows that `where` selects other values, by column."""
        spark_writer.update_rows(self.spark, self.path(table), where, values, metadata=self._metadata())
        self._wrote(table)

    def delete(self, table: Table, where: str) -> None:
        """Removes the rows that `where` (SQL) selects."""
        upkeep.delete_rows(self.spark, self.path(table), where, metadata=self._metadata())
        self._wrote(table)

    def restore(self, table: Table, version: int) -> None:
        """Brings back the rows of an older version as a new commit that keeps that version's origin."""
        origin = origin_at(self.spark, self.path(table), version)
        upkeep.restore(self.spark, self.path(table), version, metadata=self._metadata(origin))
        self._wrote(table)

    def _head(self, table: Table) -> Head | None:
        """Read from the log once, and again after each commit of this run: nobody else writes meanwhile."""
        if table.full_name not in self._heads:
            path = self.path(table)
            version = newest_version(self.spark, path)
            head = None if version is None else Head(version, origin_at(self.spark, path, version))
            self._heads[table.full_name] = head
        return self._heads[table.full_name]

    def _ensure(self, table: Table) -> None:
        """Makes the table, or brings it to today's contract; once a run, and only what is done counts as done."""
        if table in self._checked:
            return
        fit = schema.bring_to_contract if self.exists(table) else schema.create_table
        try:
            fit(self.spark, self.path(table), table)
        finally:  # also of the first of two commits where the second fails
            self._heads.pop(table.full_name, None)
        self._checked.add(table)

    def _metadata(self, origin: Origin | None = None) -> str:
        return commit_metadata(self.run_id, origin)

    def _wrote(self, table: Table) -> None:
        self._heads.pop(table.full_name, None)
        version = self.version(table)
        if version is not None:
            self.written[table.full_name] = version
