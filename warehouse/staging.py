"""Staged frames: computed once, stored below the lake while a step needs them, and removed after it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from warehouse.jvm.files import delete_folder
from warehouse.local_files import folder_without_hadoop

Stage = Callable[[str, DataFrame], DataFrame]  # stores a frame under a name and reads it back


@dataclass(frozen=True)
class Staging:
    """Stores frames by name below `folder`, as Parquet, and reads them back."""

    spark: SparkSession
    folder: str

    def __call__(self, name: str, frame: DataFrame) -> DataFrame:
        """The frame, computed and stored."""
        frame.write.mode("overwrite").parquet(self.folder_of(name))
        return self.spark.read.schema(frame.schema).parquet(self.folder_of(name))

    def folder_of(self, name: str) -> str:
        """The folder with the files of a stored frame."""
        return f"{self.folder}/{name}"


@contextmanager
def stage_below(spark: SparkSession, folder: str) -> Iterator[Staging]:
    """A `Staging` whose folder is removed at the end.

    A staged frame is computed once, and plans built on it stay small. (Spark's cache cannot be used: it drops what was
    read from a table as soon as the table is written.)
    """
    try:
        yield Staging(spark, folder)
    finally:
        remove_staged(folder, lambda: delete_folder(spark, folder))


def remove_staged(folder: str, elsewhere: Callable[[], None]) -> None:
    """Removes a folder with all that is in it: here, also where the JVM is gone; otherwise by `elsewhere`."""
    here = folder_without_hadoop(folder)
    if here is None:
        elsewhere()
    else:
        shutil.rmtree(here, ignore_errors=True)
