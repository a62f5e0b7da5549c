"""The Delta tables of a lake, read and written by one run. Every write to a table goes through here.

This module decides what to write and who writes it: warehouse.arrow.writer small changes of a local lake,
warehouse.jvm.spark_writer all others. warehouse.jvm.schema writes the schema, warehouse.jvm.upkeep restores and removes
rows, warehouse.change_feed reads the change feed, warehouse.small_tables reads plain rows. What only looks at the logs
of the tables is warehouse.lake_state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse import change_feed, small_scan, small_tables
from warehouse.arrow import writer as arrow_writer
from warehouse.arrow.changed import CHANGE_TYPE
from warehouse.conform import conform
from warehouse.contracts import Table
from warehouse.days import report_day
from warehouse.delta_log import local_table
from warehouse.differences import Differences, differences, merged, staged_differences, updated
from warehouse.jvm import schema, spark_writer, upkeep
from warehouse.jvm.spark_writer import BROADCAST_AT_MOST
from warehouse.lake_state import LakeState
from warehouse.layout import by_period
from warehouse.origin import Head, Origin, TableVersion, commit_metadata, origin_at
from warehouse.staging import Stage, Staging, remove_staged, stage_below

__all__ = ["BROADCAST_AT_MOST", "Head", "Lake", "Origin", "Stage", "TableVersion"]


@dataclass
class Lake(LakeState):
    """The tables below one root, as one run sees and writes them.

    A change of at most `small_change_rows` rows, in files of at most as many, is written without Spark where the lake
    is a local folder; 0 = Spark writes everything. Both writers leave the same rows, change feed and origin.
    Where the lake `is_small` too, its tables are read and replaced without Delta's own scans and writes.
    `written` collects the tables this run wrote with their new versions.
    """

    run_id: str
    small_change_rows: int = 0
    is_small: Callable[[LakeState], bool] = lambda lake: False
    written: dict[str, int] = field(default_factory=dict)
    _checked: set[Table] = field(default_factory=set)  # contracts that are known to match their stored tables
    _written_here: dict[str, bool] = field(default_factory=dict)  # which tables can be written without Spark

    @contextmanager
    def staging(self, purpose: str) -> Iterator[Staging]:
        """A function that stores a frame by name below `<lake>/_staging/<purpose>` and reads it back."""
        with stage_below(self.spark, f"{self._staged}/{purpose}") as stage:
            yield stage

    def remove_staged(self) -> None:
        """Removes what a run that was stopped has staged in a lake on this machine. Only while the lake is locked."""
        remove_staged(self._staged, lambda: None)

    @property
    def _staged(self) -> str:
        return f"{self._root}/_staging"

    def read(self, table: Table, version: int | None = None) -> DataFrame:
        """The rows of the table, of one version where given; an empty frame where it does not exist yet."""
        if not self.exists(table):
            return self.spark.createDataFrame([], table.ddl)
        if self._is_scanned_here(table):
            return small_scan.stored_rows(self.spark, self.path(table), version)
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return reader.load(self.path(table))

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """All rows of a small table as plain data, moments in UTC; none where it does not exist yet."""
        folder = local_table(self.path(table))
        if folder is None:
            return small_tables.collected(self.read(table))
        return small_tables.rows_of(folder) if self.exists(table) else []

    def last_day(self, table: Table, moment: str, timezone: str) -> date | None:
        """The last day in `timezone` of a column of moments without nulls; None where the table has no row."""
        try:
            greatest = self._log(table).greatest(moment)
            return greatest.astimezone(ZoneInfo(timezone)).date() if greatest else None
        except LookupError:
            (row,) = self.read(table).agg(F.max(report_day(moment, timezone)).alias("day")).collect()
            day: date | None = row["day"]
            return day

    def changes(self, table: Table, since: int) -> DataFrame | None:
        """One row per row that was added or removed after version `since`, and two per changed row, by Delta's feed.

        Columns: the table's and _change_type (insert, delete; update_preimage and update_postimage of a changed row).
        None where the table was `replaced_since` then.
        """
        newest = self.version(table)
        if newest is None or newest == since:
            return self.read(table).limit(0).withColumn(CHANGE_TYPE, F.lit("insert"))
        if self.replaced_since(table, since):
            return None
        if self._is_scanned_here(table):
            return small_scan.changed_rows(self.spark, self.path(table), since, newest)
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
        """Replaces all rows of the table, or those that `where` (SQL) selects, by `frame`.

        A table with `ordered_by` gets one file for each of `periods`; see warehouse.layout.
        """
        self._ensure(table)
        before = self.version(table)
        if table.ordered_by and periods:
            frame = by_period(frame, table.ordered_by, periods)
        if where is None and self._is_scanned_here(table):
            with self.staging(f"replace/{table.full_name}") as stage:
                stage("rows", frame)
                folder = Path(stage.folder_of("rows"))
                arrow_writer.overwrite(self.path(table), folder, metadata=self._metadata(origin))
        else:
            spark_writer.overwrite(self.path(table), frame, where=where, metadata=self._metadata(origin))
        self._wrote(table)
        if self.version(table) == before:
            self.confirm(table, origin)

    def replace_with_schema(
        self, table: Table, frame: DataFrame, *, origin: Origin, properties: Mapping[str, str]
    ) -> None:
        """Replaces rows and columns of a table whose contract may be another each time, and sets `properties`.

        Two commits. The origin is in the second one: where a run is stopped between them, the next one starts again.
        """
        rows = conform(frame, table, with_comments=True)
        spark_writer.overwrite_with_schema(self.path(table), rows, metadata=self._metadata())
        with spark_writer.committing(self.spark, self._metadata(origin)):
            schema.set_properties(self.spark, self.path(table), properties)
        self._wrote(table)

    def update_rows(
        self, table: Table, rows: DataFrame, *, stored: DataFrame, origin: Origin, at_once: bool = False
    ) -> None:
        """Replaces `stored`, stored rows of the table, by `rows`, their new state.

        Only differences are written: rows with a new key, changed rows and removed keys. Both frames must be unique on
        the key.

        A small change is one commit. Otherwise known rows are changed in a first commit and new ones added in a
        second, which costs Spark far less than both in one. Where a run is stopped between them the table still has
        the old origin, and the next run writes what is missing. `at_once` makes it one commit in any case: for `rows`
        that were made by adding to `stored`, which must not happen twice.
        """
        with self.staging(f"update/{table.full_name}") as stage:
            found = staged_differences(table, differences(table, rows, stored), stage)
            self._write_differences(table, found, origin, at_once=at_once)

    def _write_differences(self, table: Table, found: Differences, origin: Origin | None, *, at_once: bool) -> None:
        path, metadata = self.path(table), self._metadata(origin)
        if not found.known and not found.new:
            if origin is not None:
                self.confirm(table, origin)
            return
        if self._is_small(table, found):
            arrow_writer.merge_differences(path, table, Path(found.folder), metadata=metadata)
        elif found.known and found.new and at_once:
            spark_writer.merge_differences(self.spark, path, found, metadata=metadata)
        else:
            if found.known:
                of_first = self._metadata(self.origin(table)) if found.new else metadata
                spark_writer.merge_known(self.spark, path, found, metadata=of_first)
                self._wrote(table)
            if found.new:
                spark_writer.append(path, found.new_rows, metadata=metadata)
        self._wrote(table)

    def confirm(self, table: Table, origin: Origin) -> None:
        """Commits only the origin, where the stored rows already are those made from it."""
        path, metadata = self.path(table), self._metadata(origin)
        if self._may_be_small(table):
            arrow_writer.commit_metadata_alone(path, metadata=metadata)
        else:
            spark_writer.commit_metadata_alone(self.spark, path, metadata=metadata)
        self._wrote(table)

    def append(self, table: Table, frame: DataFrame, *, at_most: int | None = None) -> None:
        """Adds rows, at most so many where that is known."""
        self._ensure(table)
        path, metadata = self.path(table), self._metadata()
        # Staged first, more rows would cost more than a commit of Spark.
        if at_most is not None and at_most <= BROADCAST_AT_MOST and self._may_be_small(table, at_most):
            with self.staging(f"append/{table.full_name}") as stage:
                stage("rows", frame)
                arrow_writer.append(path, Path(stage.folder_of("rows")), metadata=metadata)
        else:
            spark_writer.append(path, frame, metadata=metadata)
        self._wrote(table)

    def append_rows(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Adds rows that are here already, each a dict of its columns."""
        self._ensure(table)
        path, metadata = self.path(table), self._metadata()
        if self._may_be_small(table, len(rows)):
            arrow_writer.append_rows(path, rows, metadata=metadata)
        else:
            frame = conform(self.spark.createDataFrame(list(rows), table.ddl), table)
            spark_writer.append(path, frame.coalesce(1), metadata=metadata)
        self._wrote(table)

    def merge(
        self, table: Table, frame: DataFrame, *, update_when: str | None = None, all_are_known: bool = False
    ) -> None:
        """Inserts rows whose key is new; updates the others where `update_when` (SQL over t, the table, and s, the
        frame) holds. Without `update_when` known keys stay as they are. `frame` must be unique on the key.

        `all_are_known` means that no key is new and `frame` is staged: then the table need not be shuffled.
        """
        self._ensure(table)
        if self._has_few_rows(table):
            with self.staging(f"merge/{table.full_name}") as stage:
                changed = merged(table, frame, self.read(table), update_when)
                self._write_differences(table, staged_differences(table, changed, stage), None, at_once=True)
            return
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
        """Sets `values`, by column, in the rows that `where` selects."""
        keeps_keys = not {*values} & {*table.key}  # differences find a row by its key
        if keeps_keys and self._has_few_rows(table):
            with self.staging(f"update/{table.full_name}") as stage:
                changed = updated(table, self.read(table).where(where), values)
                self._write_differences(table, staged_differences(table, changed, stage), None, at_once=True)
            return
        spark_writer.update_rows(self.spark, self.path(table), where, values, metadata=self._metadata())
        self._wrote(table)

    def delete(self, table: Table, where: str) -> None:
        """Removes the rows that `where` (SQL) selects."""
        upkeep.delete_rows(self.spark, self.path(table), where, metadata=self._metadata())
        self._wrote(table)

    def restore(self, table: Table, version: int) -> None:
        """Brings back the rows of an older version as a new commit that keeps that version's origin."""
        origin = origin_at(self._log(table), version)
        upkeep.restore(self.spark, self.path(table), version, metadata=self._metadata(origin))
        self._wrote(table)

    def _is_small(self, table: Table, found: Differences) -> bool:
        """Whether the differences, and the rows of the files that they touch, are few."""
        fit_in_memory = found.known <= BROADCAST_AT_MOST
        if not fit_in_memory or not self._may_be_small(table, found.known + found.new):
            return False
        return not found.known or self._rows_in_files(table, found.first, found.last) <= self.small_change_rows

    def _has_few_rows(self, table: Table) -> bool:
        """Whether all rows of the table are few."""
        return self._may_be_small(table) and self._rows_in_files(table, None, None) <= self.small_change_rows

    def _may_be_small(self, table: Table, rows: int = 1) -> bool:
        """Whether so many rows are few enough to be written without Spark, whatever files they touch."""
        return 0 < self.small_change_rows >= rows and self._can_be_written_here(table)

    def _can_be_written_here(self, table: Table) -> bool:
        """Read from the log once, as the head is: each opening of a log takes milliseconds, and runs read often."""
        if table.full_name not in self._written_here:
            path = self.path(table)
            self._written_here[table.full_name] = local_table(path) is not None and arrow_writer.can_write(path)
        return self._written_here[table.full_name]

    def _is_scanned_here(self, table: Table) -> bool:
        """Whether the table's rows are read from its files and replaced as a whole without Delta's scans and writes."""
        return self._may_be_small(table) and self.is_small(self) and small_scan.can_scan(self.path(table))

    def _rows_in_files(self, table: Table, first: str | None, last: str | None) -> int:
        return arrow_writer.rows_in_files(self.path(table), table.ordered_by, first, last)

    def _ensure(self, table: Table) -> None:
        """Creates the table, or brings it to the present contract; once per run, unless that fails."""
        if table in self._checked:
            return
        held = self._log(table).newest()
        try:
            if held is None:
                schema.create_table(self.spark, self.path(table), table)
            elif not schema.keeps_contract(held, table):
                schema.bring_to_contract(self.spark, self.path(table), table)
        finally:  # also where the first of two commits is made and the second fails
            self._forget(table)
        self._checked.add(table)

    def _metadata(self, origin: Origin | None = None) -> str:
        return commit_metadata(self.run_id, origin)

    def _forget(self, table: Table) -> None:
        """What is known of the table's log, which has another commit now."""
        self._heads.pop(table.full_name, None)
        self._written_here.pop(table.full_name, None)

    def _wrote(self, table: Table) -> None:
        self._forget(table)
        version = self.version(table)
        if version is not None:
            self.written[table.full_name] = version
