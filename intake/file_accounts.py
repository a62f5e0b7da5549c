"""The account of every landed file: how many of its rows were kept, duplicate or quarantined, and which are suspect."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from intake.knobs import BelievableTimes
from intake.landed_rows import LandedFile
from intake.suspect_times import Dated, FileAccount, dated, gap_of, limit_of, spans_of
from warehouse.contracts import Table
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS

VERDICTS = ("kept", "conflicting", "superseding")
COUNTS = ("read", "bad", *VERDICTS)
# The moments that decide which day is the last one, by table.
MOMENTS = {BRONZE_EVENTS: "event_at", BRONZE_ORDERS: "order_at"}
# Where rows lie in time: on which side of their file's limit, and in which stretch as long as the gap between strays
# and others, so that no such gap can lie within one.
PLACE = ("is_ahead", "stretch")


@dataclass(frozen=True)
class Account:
    """Numbers of rows: read = kept + duplicate + quarantined; conflicting ones are duplicates too, and the times of
    suspect ones are not believed."""

    read: int = 0
    kept: int = 0
    duplicate: int = 0
    quarantined: int = 0
    conflicting: int = 0
    suspect: int = 0

    def __add__(self, other: Account) -> Account:
        """Two accounts as one."""
        return Account(
            read=self.read + other.read,
            kept=self.kept + other.kept,
            duplicate=self.duplicate + other.duplicate,
            quarantined=self.quarantined + other.quarantined,
            conflicting=self.conflicting + other.conflicting,
            suspect=self.suspect + other.suspect,
        )


@dataclass(frozen=True)
class BatchRows:
    """The rows of a batch (file, reason, line_hash and the columns of `table`), and its good rows as classified
    (source_file, is_kept, is_conflicting, is_superseding)."""

    batch_id: str
    table: Table
    files: Sequence[LandedFile]
    rows: DataFrame
    classified: DataFrame


@dataclass
class FileCounts:
    """What was counted of a file: the hash of its lines, numbers of rows by COUNTS, and where they lie in time."""

    fingerprint: int | None
    numbers: dict[str, int]
    dated: Dated


def counts_by_file(batches: Sequence[BatchRows], knobs: BelievableTimes) -> dict[str, dict[str, FileCounts]]:
    """Counts of each file, by batch_id and file, from one query over all batches; a file without rows has none."""
    zeros = {name: F.lit(0) for name in ("line_hash", *COUNTS)}
    counted_rows = []
    for batch in batches:
        limits = {file.file: limit_of(modified_at(file), knobs) for file in batch.files}
        of_read = {"line_hash": F.col("line_hash"), "read": F.lit(1), "bad": F.col("reason").isNotNull().cast("int")}
        of_verdict = {name: F.col(f"is_{name}").cast("int") for name in VERDICTS}
        for rows, file, counts, at in (
            (_with_limits(batch.rows, limits), "file", of_read, _moment_of(batch)),
            (batch.classified.withColumn("limit", F.lit(None)), "source_file", of_verdict, F.lit(None)),
        ):
            numbers = (value.alias(name) for name, value in (zeros | counts).items())
            places = (at.cast("bigint").alias("at"), F.col("limit").cast("bigint").alias("limit"))
            counted_rows.append(
                rows.select(F.lit(batch.batch_id).alias("batch_id"), F.col(file).alias("file"), *places, *numbers)
            )
    sums = (F.sum(name).alias(name) for name in COUNTS)
    placed = _placed(reduce(DataFrame.unionByName, counted_rows), knobs).groupBy("batch_id", "file", *PLACE)
    counted = placed.agg(F.bit_xor("line_hash").alias("fingerprint"), *sums, *_span())
    by_file: dict[tuple[str, str], list[Row]] = {}
    for row in counted.collect():  # of each file one row per stretch of time
        by_file.setdefault((row["batch_id"], row["file"]), []).append(row)
    return {
        batch.batch_id: {
            file.file: _counts_of(by_file[batch.batch_id, file.file], file, knobs)
            for file in batch.files
            if (batch.batch_id, file.file) in by_file
        }
        for batch in batches
    }


def _moment_of(batch: BatchRows) -> Column:
    """The moment of a good row [microseconds]; null where the table's moments decide nothing."""
    if batch.table not in MOMENTS:
        return F.lit(None)
    return F.when(F.col("reason").isNull(), F.unix_micros(MOMENTS[batch.table]))


def _with_limits(rows: DataFrame, limits: Mapping[str, int]) -> DataFrame:
    """The rows with `limit`, the last moment that their file can have [microseconds]."""
    if len(set(limits.values())) == 1:  # files that landed together need no join
        return rows.withColumn("limit", F.lit(next(iter(limits.values()))))
    of_files = pa.table({"file": pa.array(limits, pa.string()), "limit": pa.array(limits.values(), pa.int64())})
    return rows.join(F.broadcast(rows.sparkSession.createDataFrame(of_files)), "file", how="left")


def _placed(rows: DataFrame, knobs: BelievableTimes) -> DataFrame:
    """Rows with at and limit [microseconds], and the columns of PLACE; null where `at` is."""
    return rows.withColumns({"is_ahead": F.col("at") > F.col("limit"), "stretch": F.expr(f"at DIV {gap_of(knobs)}")})


def _span() -> tuple[Column, ...]:
    """From when to when rows lie [microseconds], and how many have a moment."""
    return F.min("at").alias("first"), F.max("at").alias("last"), F.count("at").alias("dated")


def _dated(rows: Sequence[Row], modified: datetime, knobs: BelievableTimes) -> Dated:
    """What of one file is suspect, by its rows per place."""
    counted = [(row["first"], row["last"], row["dated"]) for row in rows if row["dated"]]
    return dated(spans_of(counted, modified_at=modified, knobs=knobs), knobs)


def _counts_of(rows: Sequence[Row], file: LandedFile, knobs: BelievableTimes) -> FileCounts:
    return FileCounts(
        fingerprint=reduce(int.__xor__, (row["fingerprint"] for row in rows)),
        numbers={name: sum(row[name] for row in rows) for name in COUNTS},
        dated=_dated(rows, modified_at(file), knobs),
    )


def dated_from_bronze(
    files: Sequence[FileAccount], read: Callable[[Table], DataFrame], knobs: BelievableTimes
) -> list[FileAccount]:
    """Accounts of before these columns, with rows_suspect and last_at of the rows that bronze has of each file."""
    limits = {file["file"]: limit_of(file["modified_at"], knobs) for file in files}
    moments = reduce(
        DataFrame.unionByName,
        (
            read(table).select(F.col("source_file").alias("file"), F.unix_micros(at).alias("at"))
            for table, at in MOMENTS.items()
        ),
    )
    by_file: dict[str, list[Row]] = {}
    for row in _placed(_with_limits(moments, limits), knobs).groupBy("file", *PLACE).agg(*_span()).collect():
        by_file.setdefault(row["file"], []).append(row)
    found = {file["file"]: _dated(by_file.get(file["file"], []), file["modified_at"], knobs) for file in files}
    return [
        {**file, "rows_suspect": found[file["file"]].rows_suspect, "last_at": found[file["file"]].last_at}
        for file in files
    ]


def modified_at(file: LandedFile) -> datetime:
    """When the file was written."""
    return datetime.fromtimestamp(file.modified_ms / 1000, UTC)


def planned_account(source: str, batch_id: str, file: LandedFile, counts: FileCounts | None) -> FileAccount:
    """The row of bronze.landed_files for a file whose rows are not written yet; `counts` is None where it has none."""
    found = counts or FileCounts(None, dict.fromkeys(COUNTS, 0), Dated(0, None))
    count = found.numbers
    return {
        "source": source,
        "file": file.file,
        "bytes": file.bytes,
        "modified_at": modified_at(file),
        "fingerprint": found.fingerprint if counts else 0,
        "status": "planned",
        "rows_read": count["read"],
        "rows_kept": count["kept"],
        "rows_duplicate": count["read"] - count["kept"] - count["bad"],
        "rows_quarantined": count["bad"],
        "rows_conflicting": count["conflicting"],
        "rows_suspect": found.dated.rows_suspect,
        "last_at": found.dated.last_at,
        "batch_id": batch_id,
    }


def total_account(files: Sequence[Mapping[str, Any]]) -> Account:
    """The account of all `files` together."""
    read, kept, bad, conflicting, suspect = (
        sum(file.get(name) or 0 for file in files)
        for name in ("rows_read", "rows_kept", "rows_quarantined", "rows_conflicting", "rows_suspect")
    )
    return Account(
        read=read,
        kept=kept,
        duplicate=read - kept - bad,
        quarantined=bad,
        conflicting=conflicting,
        suspect=suspect,
    )
