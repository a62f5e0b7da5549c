"""The bad rows of a batch, each with its line number."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from intake.landed_lines import number_lines, read_lines
from intake.landing_folder import line_hash
from intake.line_text import SHOWN_OTHERWISE, as_text
from warehouse.local_files import FoundFile
from warehouse.store import BROADCAST_AT_MOST


def numbered_bad_rows(
    spark: SparkSession, root: str, rows: DataFrame, files: Sequence[FoundFile], number: int
) -> DataFrame:
    """The rows with a reason among parsed `rows`, with their line numbers; `number` is how many there are.

    JSON Lines of events have no number yet. The same line in the same file is bad for the same reason, so `files`,
    those with events as Spark reads them, are read once more, and each line is found by its hash.
    """
    bad = rows.where(F.col("reason").isNotNull())
    if not files:
        return bad
    is_text = ~F.col("reason").isin(*SHOWN_OTHERWISE)  # bytes shown as text are not that text
    known = (
        bad.where(F.col("line").isNull())
        .withColumn("is_text", is_text)
        .dropDuplicates(["file", "line_hash", "is_text"])
    )
    few = F.broadcast(known) if number <= BROADCAST_AT_MOST else known
    lines = as_text(number_lines(read_lines(spark, root, files)), None).select(
        "file",
        F.col("line").alias("number"),
        line_hash().alias("line_hash"),
        F.col("problem").isNull().alias("is_text"),
    )
    found = lines.join(few, ["file", "line_hash", "is_text"]).withColumn("line", F.col("number"))
    return bad.where(F.col("line").isNotNull()).unionByName(found.select(*bad.columns))
