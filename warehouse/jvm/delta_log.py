"""The log of a Delta table behind Hadoop's file systems. Read from its files: a history query is a Spark job."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from pyspark.sql import SparkSession

from warehouse.delta_log import Snapshot, columns_of
from warehouse.jvm.files import hadoop_path
from warehouse.jvm.session import java_class


class HadoopLog:
    """See `warehouse.delta_log.DeltaLog`."""

    def __init__(self, path: str, session: Callable[[], SparkSession]) -> None:
        """Nothing is read yet."""
        self._path = path
        self._session = session

    def newest(self) -> Snapshot | None:
        """The newest state; None where there is no table."""
        spark = self._session()
        nothing = java_class(spark, "scala.Option").empty()
        log = java_class(spark, "org.apache.spark.sql.delta.DeltaLog").forTable(spark._jsparkSession, self._path)
        found = log.update(False, nothing, nothing)
        if int(found.version()) < 0:
            return None
        metadata = found.metadata()
        converters = java_class(spark, "scala.jdk.javaapi.CollectionConverters")
        properties = {str(name): str(value) for name, value in converters.asJava(metadata.configuration()).items()}
        return Snapshot(str(metadata.id()), int(found.version()), properties, columns_of(str(found.schema().json())))

    def commits_back(self, newest: int) -> Iterator[dict[str, Any]]:
        """The commitInfo of version `newest` and of those before it, newest first."""
        for version in range(newest, -1, -1):
            info = _commit_info(self._session(), f"{self._path}/_delta_log/{version:020d}.json")
            if info is None:
                return
            yield info

    def rows(self) -> int | None:
        """None: a query counts them as quickly."""
        return None

    def greatest(self, column: str) -> datetime | None:
        """LookupError: a query finds it as quickly."""
        raise LookupError(column)


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
