"""What the log of a Delta table records about its commits. Read from its files: a history query is a Spark job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pyspark.sql import SparkSession

from warehouse.jvm.files import hadoop_path
from warehouse.jvm.session import java_class


def newest_version(spark: SparkSession, path: str) -> int | None:
    """Number of the newest commit to the table in `path`; None where there is no table."""
    version = int(_snapshot(spark, path).version())
    return version if version >= 0 else None


def held_properties(spark: SparkSession, path: str, names: Iterable[str]) -> dict[str, str]:
    """The values of those properties of `names` that the table in `path` has."""
    held = _snapshot(spark, path).metadata().configuration()
    return {name: str(held.apply(name)) for name in names if held.contains(name)}


def held_columns(spark: SparkSession, path: str) -> list[str]:
    """The columns of the table in `path`, in order."""
    return list(_snapshot(spark, path).schema().fieldNames())


def commits_back(spark: SparkSession, path: str, newest: int) -> Iterator[dict[str, Any]]:
    """The commitInfo (see Delta's protocol) of version `newest` and of those before it, newest first.

    Ends where the log ends: Delta removes old commits (delta.logRetentionDuration).
    """
    for version in range(newest, -1, -1):
        info = _commit_info(spark, f"{path}/_delta_log/{version:020d}.json")
        if info is None:
            return
        yield info


def _snapshot(spark: SparkSession, path: str) -> Any:
    """Delta's snapshot of the newest version; its version is -1 where there is no table."""
    nothing = java_class(spark, "scala.Option").empty()
    log = java_class(spark, "org.apache.spark.sql.delta.DeltaLog").forTable(spark._jsparkSession, path)
    return log.update(False, nothing, nothing)


def _commit_info(spark: SparkSession, file: str) -> dict[str, Any] | None:
    """The commitInfo in a commit's file, {} where it has none; None where there is no such file."""
    path, files = hadoop_path(spark, file)
    if not files.exists(path):
        return None
    bytes_ = java_class(spark, "java.io.InputStreamReader")(files.open(path), "UTF-8")
    reader = java_class(spark, "java.io.BufferedReader")(bytes_)
    try:
        # Delta writes commitInfo first; the lines after it may name thousands of files.
        while (line := reader.readLine()) is not None:
            if (info := json.loads(line).get("commitInfo")) is not None:
                return dict(info)
    finally:
        reader.close()
    return {}
