"""Staged frames: computed once, stored below the lake while a step needs them, and removed after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyspark.sql import DataFrame, SparkSession

from warehouse.jvm.files import delete_folder

Stage = Callable[[str, DataFrame], DataFrame]  # stores a frame under a name and reads it back


@contextmanager
def stage_below(spark: SparkSession, folder: str) -> Iterator[Stage]:
    """A function that stores a frame by name below `folder` and reads it back; the folder is removed at the end.

    A staged frame is computed once, and plans built on it stay small. (Spark's cache cannot be used: it drops what was
    read from a table as soon as the table is written.)
    """

    def stage(name: str, frame: DataFrame) -> DataFrame:
        frame.write.mode("overwrite").parquet(f"{folder}/{name}")
        return spark.read.schema(frame.schema).parquet(f"{folder}/{name}")

    try:
        yield stage
    finally:
        delete_folder(spark, folder)
