"""The Delta tables of a lake: read, replace, append, merge, restore. Nothing else writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from warehouse.contracts import Table
from warehouse.delta_log import CHANGE_FEED, commits_back, held_columns, held_properties, hides_changes, newest_version
from warehouse.differences import BEFORE, IS_GONE, IS_KNOWN, differences, same_key
from warehouse.layout import by_period
from warehouse.spark import hadoop_path

# Every reader opens reader version 1: no deletion vectors, no column mapping. The change feed tells later steps
# which rows are new, so that they need not look at the others.
TABLE_PROPERTIES = {
    "delta.enableDeletionVectors": "false",
    "delta.columnMapping.mode": "none",
    CHANGE_FEED: "true",
}
STATS_COLUMNS = "delta.dataSkippingStatsColumns"
USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"
MERGE_CONF = {
    # What is merged is stored already, and comes out the same if it must be made again.
    "spark.databricks.delta.merge.materializeSource": "none",
    # One file a task: a file that is rewritten stays the file of its period.
    "spark.sql.files.openCostInBytes": str(128 * 1024 * 1024),
}
Keep = Callable[[str, DataFrame], DataFrame]  # stores a frame under a name and reads it back
BROADCAST_AT_MOST = 200_000  # rows that are sent to every executor rather than shuffle a table


@dataclass(frozen=True)
class Origin:
    """What a table's rows were made from: versions of the input tables, settings and code.

    The same origin gives the same rows, so a table whose newest origin is the wanted one is up to date.
    """

    inputs: Mapping[str, int]
    settings: str
    code: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a commit's userMetadata."""
        return {"inputs": dict(sorted(self.inputs.items())), "settings": self.settings, "code": self.code}


@dataclass(frozen=True)
class Head:
    """The newest commit of a table, and what the newest rows were made from where a commit says so."""

    version: int
    origin: dict[str, Any] | None


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
    _checked: set[Table] = field(default_factory=set)  # contracts that their tables were seen to keep

    def path(self, table: Table) -> str:
        """Folder of the table, absolute: Delta makes no table in a relative one."""
        return f"{self._root}/{table.layer}/{table.name}"

    @property
    def _root(self) -> str:
        return (self.root if "://" in self.root else str(Path(self.root).absolute())).rstrip("/")

    @contextmanager
    def staging(self, purpose: str) -> Iterator[Keep]:
        """A function that stores a frame by name below `<lake>/_staging/<purpose>` and reads it back, until the end.

        What is stored is computed once, and plans built on it stay small. (Spark's own cache would not do: it forgets
        what was read from a table as soon as the table is written.)
        """
        folder = f"{self._root}/_staging/{purpose}"

        def keep(name: str, frame: DataFrame) -> DataFrame:
            frame.write.mode("overwrite").parquet(f"{folder}/{name}")
            return self.spark.read.schema(frame.schema).parquet(f"{folder}/{name}")

        try:
            yield keep
        finally:
            path, files = hadoop_path(self.spark, folder)
            files.delete(path, True)

    def version(self, table: Table) -> int | None:
        """Newest version of the table; None where it does not exist yet."""
        head = self._head(table)
        return head.version if head else None

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

    def origin(self, table: Table) -> dict[str, Any] | None:
        """What the newest rows of the table were made from; None where no commit says so."""
        head = self._head(table)
        return head.origin if head else None

    def is_current(self, table: Table, origin: Origin) -> bool:
        """Whether the table already holds what `origin` would give."""
        return self.origin(table) == origin.as_dict()

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
        self._create(table)
        before = self.version(table)
        if table.ordered_by and periods:
            frame = by_period(frame, table.ordered_by, periods)
        writer = frame.write.format("delta").mode("overwrite").option("userMetadata", self._metadata(origin.as_dict()))
        if where is not None:
            writer = writer.option("replaceWhere", where)
        writer.save(self.path(table))
        self._wrote(table)
        if self.version(table) == before:
            self.confirm(table, origin)

    def changes(self, table: Table, since: int) -> DataFrame | None:
        """The rows that came, went or changed after version `since`, as Delta's change feed tells them: the table's
        columns and _change_type (insert, delete, update_preimage, update_postimage).

        None where the feed says nothing useful: the whole table was replaced or restored since, or had no feed yet.
        """
        newest = self.version(table)
        if newest is None or newest == since:
            return self.read(table).limit(0).withColumn("_change_type", F.lit("insert"))
        if newest < since:
            return None
        commits = list(islice(commits_back(self.spark, self.path(table), newest), newest - since))
        if len(commits) < newest - since or any(map(hides_changes, commits)):
            return None
        feed = self.spark.read.format("delta").option("readChangeFeed", "true")
        changes = feed.option("startingVersion", since + 1).option("endingVersion", newest).load(self.path(table))
        return changes.drop("_commit_version", "_commit_timestamp")

    def sync(
        self, table: Table, rows: DataFrame, *, standing: DataFrame, origin: Origin, at_once: bool = False
    ) -> None:
        """Puts `rows` in the place of `standing`, those rows of the table that they are the new state of.

        Only what differs is written: rows of a new key, rows that say something else, and the end of keys that are
        gone. Both frames must be unique on the key.

        Known rows are changed in a first commit and new ones added in a second, which costs far less than both in
        one. Where a run is stopped between them the table still has the old origin, and the next run writes what is
        missing. `at_once` makes it one commit: for `rows` that were made by adding to `standing`, which must not
        happen twice.
        """
        with self.staging(f"sync/{table.full_name}") as keep:
            seen = Observation()
            found = differences(table, rows, standing).observe(
                seen,
                F.count_if(F.col(IS_KNOWN)).alias("known"),
                F.count_if(~F.col(IS_KNOWN)).alias("new"),
                F.min(BEFORE).cast("string").alias("first"),
                F.max(BEFORE).cast("string").alias("last"),
            )
            changed, told = keep("changed", found), seen.get
            known, new = changed.where(F.col(IS_KNOWN)), changed.where(~F.col(IS_KNOWN)).select(*table.column_names)
            bounds = (told["first"], told["last"])
            if told["known"] and told["new"] and at_once:
                self._merge(table, changed, bounds, origin.as_dict(), inserts=True)
                return
            if told["known"]:
                reached = self.origin(table) if told["new"] else origin.as_dict()
                sent = F.broadcast(known) if told["known"] <= BROADCAST_AT_MOST else known
                self._merge(table, sent, bounds, reached, inserts=False)
            if told["new"]:
                self._append(table, new, self._metadata(origin.as_dict()))
            elif not told["known"]:
                self.confirm(table, origin)

    def confirm(self, table: Table, origin: Origin) -> None:
        """A commit that only says the origin: the rows are those it gives."""
        name, value = next(iter(TABLE_PROPERTIES.items()))
        with self._committing(self._metadata(origin.as_dict())):
            self.spark.sql(f"ALTER TABLE delta.`{self.path(table)}` SET TBLPROPERTIES ('{name}' = '{value}')")
        self._wrote(table)

    def append(self, table: Table, frame: DataFrame) -> None:
        """Adds rows."""
        self._create(table)
        self._append(table, frame, self._metadata())

    def merge(
        self, table: Table, frame: DataFrame, *, update_when: str | None = None, all_are_known: bool = False
    ) -> None:
        """Inserts rows whose key is new; updates the others where `update_when` (SQL over t, the table, and s, the
        frame) holds. Without `update_when` known keys stay as they are. `frame` must be unique on the key.

        `all_are_known` says that no key is new, and `frame` is stored: then the table need not be shuffled to look.
        """
        self._create(table)
        merge = self._delta(table).alias("t").merge(frame.alias("s"), same_key(table, "t.", "s."))
        if update_when is not None:
            merge = merge.whenMatchedUpdateAll(update_when)
        if not all_are_known:
            merge = merge.whenNotMatchedInsertAll()
        # A merge takes its commit's metadata from the session only.
        with self._committing(self._metadata(), MERGE_CONF if all_are_known else None):
            merge.execute()
        self._wrote(table)

    def update(self, table: Table, where: Column, values: Mapping[str, Column]) -> None:
        """Gives the rows that `where` selects other values, by column."""
        with self._committing(self._metadata()):
            self._delta(table).update(where, dict(values))
        self._wrote(table)

    def delete(self, table: Table, where: str) -> None:
        """Removes the rows that `where` (SQL) selects."""
        with self._committing(self._metadata()):
            self._delta(table).delete(where)
        self._wrote(table)

    def restore(self, table: Table, version: int) -> None:
        """Brings back the rows of an older version as a new commit that keeps that version's origin."""
        with self._committing(self._metadata(self._origin_at(table, version))):
            self._delta(table).restoreToVersion(version)
        self._wrote(table)

    def versions(self, tables: Sequence[Table]) -> dict[str, int]:
        """Newest versions of those of `tables` that exist."""
        found = {table.full_name: self.version(table) for table in tables}
        return {name: version for name, version in found.items() if version is not None}

    def _append(self, table: Table, frame: DataFrame, metadata: str) -> None:
        frame.write.format("delta").mode("append").option("userMetadata", metadata).save(self.path(table))
        self._wrote(table)

    def _merge(
        self,
        table: Table,
        changed: DataFrame,
        bounds: tuple[str, str],
        origin: Mapping[str, Any] | None,
        *,
        inserts: bool,
    ) -> None:
        """Writes what `differences` found. Without inserts Delta need not shuffle the table to look for the keys."""
        condition = same_key(table, "t.", "s.")
        if table.ordered_by:
            # Literals, so that files outside of them are not opened.
            type_ = table.column(table.ordered_by).type
            first, last = (F.lit(bound).cast(type_) for bound in bounds)
            condition &= F.col(f"t.{table.ordered_by}").between(first, last)
        values: dict[str, str | Column] = {name: F.col(f"s.{name}") for name in table.column_names}
        merge = (
            self._delta(table)
            .alias("t")
            .merge(changed.alias("s"), condition)
            .whenMatchedDelete(F.col(f"s.{IS_GONE}"))
            .whenMatchedUpdate(set=values)
        )
        if inserts:
            merge = merge.whenNotMatchedInsert(F.lit(True), values)
        with self._committing(self._metadata(origin), MERGE_CONF):
            merge.execute()
        self._wrote(table)

    def _head(self, table: Table) -> Head | None:
        """Read from the log once, and again after each commit of this run: nobody else writes meanwhile."""
        if table.full_name not in self._heads:
            version = newest_version(self.spark, self.path(table))
            told = None if version is None else Head(version, self._origin_at(table, version))
            self._heads[table.full_name] = told
        return self._heads[table.full_name]

    def _origin_at(self, table: Table, version: int) -> dict[str, Any] | None:
        """What the newest commit up to `version` that says anything of rows says they were made from."""
        for commit in commits_back(self.spark, self.path(table), version):
            if (said := commit.get("userMetadata")) is not None:
                origin: dict[str, Any] | None = json.loads(said).get("origin")
                return origin
        return None

    def _delta(self, table: Table) -> DeltaTable:
        return DeltaTable.forPath(self.spark, self.path(table))

    def _create(self, table: Table) -> None:
        """Makes the table, or brings it to today's contract; once a run, and only what is done counts as done."""
        if table in self._checked:
            return
        if self.exists(table):
            self._set_properties(table)
            self._add_columns(table)
        else:
            self._make(table)
        self._checked.add(table)

    def _make(self, table: Table) -> None:
        create = DeltaTable.createIfNotExists(self.spark).location(self.path(table)).comment(table.comment)
        for column in table.columns:
            create = create.addColumn(column.name, column.type, nullable=column.nullable, comment=column.comment)
        for key, value in _properties(table).items():
            create = create.property(key, value)
        create.execute()
        self._heads.pop(table.full_name, None)

    def _set_properties(self, table: Table) -> None:
        """Gives a table that was made by an older version the properties it lacks."""
        wanted = _properties(table)
        held = held_properties(self.spark, self.path(table), wanted)
        lacking = {key: value for key, value in wanted.items() if held.get(key) != value}
        if lacking:
            told = ", ".join(f"'{key}' = '{value}'" for key, value in lacking.items())
            self.spark.sql(f"ALTER TABLE delta.`{self.path(table)}` SET TBLPROPERTIES ({told})")
            self._heads.pop(table.full_name, None)

    def _add_columns(self, table: Table) -> None:
        """Gives a table that was made by an older contract the columns it lacks; its standing rows hold null there."""
        held = held_columns(self.spark, self.path(table))
        for column in table.columns:
            if column.name not in held:
                told = f"{column.name} {column.type} COMMENT {_quoted(column.comment)}"
                self.spark.sql(f"ALTER TABLE delta.`{self.path(table)}` ADD COLUMNS ({told})")
                self._heads.pop(table.full_name, None)

    @contextmanager
    def _committing(self, metadata: str, conf: Mapping[str, str] | None = None) -> Iterator[None]:
        """What commands that take no options commit within has `metadata`; `conf` holds as long."""
        told = {USER_METADATA: metadata, **(conf or {})}
        before = {name: self.spark.conf.get(name, None) for name in told}
        for name, value in told.items():
            self.spark.conf.set(name, value)
        try:
            yield
        finally:
            for name, standing in before.items():
                if standing is None:
                    self.spark.conf.unset(name)
                else:
                    self.spark.conf.set(name, standing)

    def _metadata(self, origin: Mapping[str, Any] | None = None) -> str:
        return json.dumps({"run_id": self.run_id, **({"origin": origin} if origin else {})})

    def _wrote(self, table: Table) -> None:
        self._heads.pop(table.full_name, None)
        version = self.version(table)
        if version is not None:
            self.written[table.full_name] = version


def _properties(table: Table) -> dict[str, str]:
    """What a table is created with: of its columns only times have a range per file that leaves files out of a query.

    Ranges of ids and texts span every file, and finding them costs an eighth of a build's processor time.
    """
    moments = [column.name for column in table.columns if column.type in ("timestamp", "date")]
    return TABLE_PROPERTIES | {STATS_COLUMNS: ",".join(moments)} if moments else TABLE_PROPERTIES


def _quoted(text: str) -> str:
    """A literal of Spark SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
