"""The rows of a table in a local folder, read from its Parquet files: for tables of few rows.

A scan of Delta's asks the table's log by a query of its own, whose planning takes Spark longer than reading few rows.
Which files hold them, the log says here without Spark.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from warehouse.arrow.changed import CHANGE_TYPE
from warehouse.delta_log import readable
from warehouse.faults import damaged_file, damaged_log

File = tuple[str, int | None]  # its name in the log, and its size [bytes], which that of a removed file may lack
GLOB = frozenset("{}[]*?\\")  # characters that Hadoop takes for a pattern of names


def can_scan(path: str) -> bool:
    """Whether Spark reads the files in the folder `path` by their names as they are."""
    return not GLOB & {*path}


def stored_rows(spark: SparkSession, path: str, version: int | None = None) -> DataFrame:
    """The rows of the table in `path`, of one version where given. DamagedTable where a file is missing."""
    table = _opened(path, version)
    added = table.get_add_actions(flatten=True)
    files = [*zip(added["path"].to_pylist(), added["size_bytes"].to_pylist(), strict=True)]
    return _rows_of(spark, Path(path), files, _schema(table))


def changed_rows(spark: SparkSession, path: str, since: int, newest: int) -> DataFrame:
    """See `warehouse.change_feed.changed_rows`: the same rows.

    A commit with files of the change feed has its changes there; otherwise its added and removed files are the changes.
    """
    folder, schema = Path(path), _schema(_opened(path, newest))
    with_type = StructType(list(schema)).add(CHANGE_TYPE, StringType())
    found: dict[str, list[File]] = {"cdc": [], "add": [], "remove": []}
    for version in range(since + 1, newest + 1):
        for kind, files in _changes_of(folder, version).items():
            found[kind] += files
    parts = [
        _rows_of(spark, folder, found["cdc"], with_type),
        _rows_of(spark, folder, found["add"], schema).withColumn(CHANGE_TYPE, F.lit("insert")),
        _rows_of(spark, folder, found["remove"], schema).withColumn(CHANGE_TYPE, F.lit("delete")),
    ]
    kept = [part for part, files in zip(parts, found.values(), strict=True) if files]
    return reduce(DataFrame.unionAll, kept) if kept else parts[0]


def _changes_of(folder: Path, version: int) -> Mapping[str, Sequence[File]]:
    """The files that hold a commit's changes, by the action that names them."""
    commit = folder / "_delta_log" / f"{version:020d}.json"
    try:
        actions = [json.loads(line) for line in commit.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise damaged_log(folder, f"{commit.name}: {error}") from error
    feed = _named(actions, "cdc")
    if feed:
        return {"cdc": feed}
    return {kind: _named(actions, kind, changes_rows=True) for kind in ("add", "remove")}


def _named(actions: Iterable[Mapping[str, Any]], kind: str, *, changes_rows: bool = False) -> list[File]:
    found = [action[kind] for action in actions if kind in action]
    return [(file["path"], file.get("size")) for file in found if file["dataChange"] or not changes_rows]


def _rows_of(spark: SparkSession, folder: Path, files: Sequence[File], schema: StructType) -> DataFrame:
    if not files:
        return spark.createDataFrame([], schema)
    paths = [_whole(folder / unquote(name), size) for name, size in files]
    return spark.read.schema(schema).parquet(*map(str, paths))


def _whole(file: Path, size: int | None) -> Path:
    """The file, which is as long as the log says: Spark passes over an empty one."""
    if not file.is_file():
        raise damaged_file(file, "it is missing")
    if size is not None and (found := file.stat().st_size) != size:
        raise damaged_file(file, f"it has {found} of {size} bytes")
    return file


def _schema(table: DeltaTable) -> StructType:
    return StructType.fromJson(json.loads(table.schema().to_json()))


def _opened(path: str, version: int | None) -> DeltaTable:
    with readable(Path(path)):
        return DeltaTable(path, version=version)
