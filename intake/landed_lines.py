"""The lines of landed files, each with its file and, where asked for, its number; and what files begin with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from intake.first_look import CUT
from intake.landed_bytes import Damaged, begin_of, first_bytes, first_unpacked
from warehouse.errors import InputError
from warehouse.file_kinds import LOOKED_AT, compression_of
from warehouse.jvm import files as hadoop
from warehouse.jvm.files import as_glob, folder_uri
from warehouse.local_files import FoundFile, local_file, shown

POSITION_BITS = (1 << 33) - 1  # the part of monotonically_increasing_id that counts within a partition
REMOTE_BYTES = 1 << 21  # a block of bzip2 has 900,000 bytes, and nothing of it can be read before its end


def read_lines(spark: SparkSession, root: str, files: Sequence[FoundFile]) -> DataFrame:
    """One row per line: file, block (where its split begins), id (rises within a split), raw."""
    path = F.col("_metadata.file_path")
    return spark.read.text([as_glob(landed.uri) for landed in files]).select(
        _file_at(path, folder_uri(spark, root), files).alias("file"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().bitwiseAND(POSITION_BITS).alias("id"),
        F.col("value").alias("raw"),
    )


def _file_at(path: Column, base: str, files: Iterable[FoundFile]) -> Column:
    """The name of the landed file that is read at a path: the path below `base`, otherwise that of a staged file."""
    begins = len(base) + 1 + F.when(F.startswith(path, F.lit("file:///")), 2).otherwise(0)
    below = F.substr(path, begins)
    staged = {landed.uri.rsplit("/", 1)[-1]: landed.file for landed in files if is_staged(landed)}
    if not staged:
        return below
    names = F.create_map(*(F.lit(text) for pair in staged.items() for text in pair))
    return F.coalesce(names[F.substring_index(path, "/", -1)], below)


def is_staged(file: FoundFile) -> bool:
    """Whether Spark reads a link or copy in place of the landed file."""
    return file.uri.rsplit("/", 1)[-1].startswith(STAGED)


STAGED = "landed-7d3c9a-"  # how names of staged files begin, and no others


def number_lines(lines: DataFrame) -> DataFrame:
    """The frame of `read_lines` with `line`, the line's number in its file from 1, instead of block and id."""
    before = Window.partitionBy("file").orderBy("block").rowsBetween(Window.unboundedPreceding, -1)
    blocks = (
        lines.groupBy("file", "block")
        .agg(F.min("id").alias("first_id"), F.count(F.lit(1)).alias("lines"))
        .select("file", "block", "first_id", F.coalesce(F.sum("lines").over(before), F.lit(0)).alias("lines_before"))
    )
    line = F.col("id") - F.col("first_id") + F.col("lines_before") + 1
    others = (name for name in lines.columns if name not in ("file", "block", "id"))
    return lines.join(F.broadcast(blocks), ["file", "block"], how="inner").select("file", line.alias("line"), *others)


def begin(spark: SparkSession, file: FoundFile) -> bytes:
    """The first unpacked bytes of a file as Spark reads it; InputError where it is cut short or cannot be read."""
    path = local_file(file.uri)
    try:
        if path is not None:
            found = first_unpacked(path, compression_of(first_bytes(path)))
        else:
            stored = hadoop.first_bytes(spark, file.uri, REMOTE_BYTES)
            found = begin_of(stored)
            if stored and not found:
                raise Damaged
    except Damaged as error:
        raise InputError(f"{shown(file.file)}: {CUT}") from error
    return found[:LOOKED_AT]
