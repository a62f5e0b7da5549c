"""The Delta tables of a lake: read, replace, append, merge, restore. Nothing else writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from warehouse.contracts import Table

# Every reader opens reader version 1: no deletion vectors, no column mapping.
TABLE_PROPERTIES = {"delta.enableDeletionVectors": "false", "delta.columnMapping.mode": "none"}
USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


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


@dataclass
class Lake:
    """The tables below one root, as one run sees and writes them.

    `written` collects the tables this run wrote with their new versions.
    """

    spark: SparkSession
    root: str
    run_id: str
    written: dict[str, int] = field(default_factory=dict)
    _versions: dict[str, int | None] = field(default_factory=dict)

    def path(self, table: Table) -> str:
        """Folder of the table, absolute: Delta makes no table in a relative one."""
        root = self.root if "://" in self.root else str(Path(self.root).absolute())
        return f"{root.rstrip('/')}/{table.layer}/{table.name}"

    def version(self, table: Table) -> int | None:
        """Newest version of the table; None where it does not exist yet."""
        if table.full_name not in self._versions:
            exists = DeltaTable.isDeltaTable(self.spark, self.path(table))
            newest = self._delta(table).history(1).select("version").first() if exists else None
            self._versions[table.full_name] = int(newest["version"]) if newest else None
        return self._versions[table.full_name]

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
        if not self.exists(table):
            return None
        commits = self._delta(table).history(50).select("userMetadata").where(F.col("userMetadata").isNotNull())
        newest = commits.first()
        found: dict[str, Any] | None = json.loads(newest["userMetadata"]).get("origin") if newest else None
        return found

    def is_current(self, table: Table, origin: Origin) -> bool:
        """Whether the table already holds what `origin` would give."""
        return self.origin(table) == origin.as_dict()

    def replace(self, table: Table, frame: DataFrame, *, origin: Origin, where: str | None = None) -> None:
        """Puts `frame` in the place of all rows of the table, or of those that `where` (SQL) selects."""
        self._create(table)
        before = self.version(table)
        writer = frame.write.format("delta").mode("overwrite").option("userMetadata", self._metadata(origin))
        if where is not None:
            writer = writer.option("replaceWhere", where)
        writer.save(self.path(table))
        self._wrote(table)
        if self.version(table) == before:
            self._commit_origin(table, origin)

    def append(self, table: Table, frame: DataFrame) -> None:
        """Adds rows."""
        self._create(table)
        frame.write.format("delta").mode("append").option("userMetadata", self._metadata()).save(self.path(table))
        self._wrote(table)

    def merge(self, table: Table, frame: DataFrame, *, update_when: str | None = None) -> None:
        """Inserts rows whose key is new; updates the others where `update_when` (SQL over t, the table, and s, the
        frame) holds. Without `update_when` known keys stay as they are. `frame` must be unique on the key.
        """
        self._create(table)
        condition = " AND ".join(f"t.`{column}` <=> s.`{column}`" for column in table.key)
        merge = self._delta(table).alias("t").merge(frame.alias("s"), condition)
        if update_when is not None:
            merge = merge.whenMatchedUpdateAll(update_when)
        # A merge takes its commit's metadata from the session only.
        self.spark.conf.set(USER_METADATA, self._metadata())
        try:
            merge.whenNotMatchedInsertAll().execute()
        finally:
            self.spark.conf.unset(USER_METADATA)
        self._wrote(table)

    def delete(self, table: Table, where: str) -> None:
        """Removes the rows that `where` (SQL) selects."""
        self.spark.conf.set(USER_METADATA, self._metadata())
        try:
            self._delta(table).delete(where)
        finally:
            self.spark.conf.unset(USER_METADATA)
        self._wrote(table)

    def restore(self, table: Table, version: int) -> None:
        """Brings back the rows of an older version as a new commit that keeps that version's origin."""
        self.spark.conf.set(USER_METADATA, self._metadata_at(table, version))
        try:
            self._delta(table).restoreToVersion(version)
        finally:
            self.spark.conf.unset(USER_METADATA)
        self._wrote(table)

    def versions(self, tables: Sequence[Table]) -> dict[str, int]:
        """Newest versions of those of `tables` that exist."""
        found = {table.full_name: self.version(table) for table in tables}
        return {name: version for name, version in found.items() if version is not None}

    def _delta(self, table: Table) -> DeltaTable:
        return DeltaTable.forPath(self.spark, self.path(table))

    def _create(self, table: Table) -> None:
        if self.exists(table):
            return
        create = DeltaTable.createIfNotExists(self.spark).location(self.path(table)).comment(table.comment)
        for column in table.columns:
            create = create.addColumn(column.name, column.type, nullable=column.nullable, comment=column.comment)
        for key, value in TABLE_PROPERTIES.items():
            create = create.property(key, value)
        create.execute()
        self._versions.pop(table.full_name, None)

    def _commit_origin(self, table: Table, origin: Origin) -> None:
        """A commit that only says the origin: Delta makes none of its own where nothing takes the place of nothing."""
        name, value = next(iter(TABLE_PROPERTIES.items()))
        self.spark.conf.set(USER_METADATA, self._metadata(origin))
        try:
            self.spark.sql(f"ALTER TABLE delta.`{self.path(table)}` SET TBLPROPERTIES ('{name}' = '{value}')")
        finally:
            self.spark.conf.unset(USER_METADATA)
        self._wrote(table)

    def _metadata(self, origin: Origin | None = None) -> str:
        return json.dumps({"run_id": self.run_id, **({"origin": origin.as_dict()} if origin else {})})

    def _metadata_at(self, table: Table, version: int) -> str:
        commits = self._delta(table).history().where(F.col("version") <= version).select("userMetadata")
        told = commits.where(F.col("userMetadata").isNotNull()).first()
        origin = json.loads(told["userMetadata"]).get("origin") if told else None
        return json.dumps({"run_id": self.run_id, **({"origin": origin} if origin else {})})

    def _wrote(self, table: Table) -> None:
        self._versions.pop(table.full_name, None)
        version = self.version(table)
        if version is not None:
            self.written[table.full_name] = version
