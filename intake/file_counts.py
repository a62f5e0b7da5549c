"""What is counted of the files of a batch, in one query: rows and what became of them, times, and amounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from intake.knobs import BelievableTimes
from intake.landed_money import (
    MONEY_COLUMNS,
    NO_DATA,
    QUARANTINED,
    READ,
    REPLACED,
    MoneyRow,
    money_of,
    money_rows,
    outcome_of_verdict,
    replaced_rows,
)
from intake.landed_rows import LandedFile
from intake.parse import NOT_DATA
from intake.suspect_times import Dated, FileAccount, dated, gap_of, limit_of, spans_of
from warehouse.contracts import MONEY, Table
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS

VERDICTS = ("kept", "conflicting", "superseding")
COUNTS = ("read", "bad", *VERDICTS)
# The moments that decide which day is the last one, by table.
MOMENTS = {BRONZE_EVENTS: "event_at", BRONZE_ORDERS: "order_at"}
# Where rows lie in time: on which side of their file's limit, and in which stretch as long as the gap between strays
# and others, so that no such gap can lie within one.
PLACE = ("is_ahead", "stretch")
COUNTED = {
    "batch_id": "string",
    "file": "string",
    "at": "bigint",
    "limit": "bigint",
    **dict.fromkeys(("line_hash", *COUNTS), "bigint"),
    "kind": "string",
    "amount": MONEY,
    "money_currency": "string",
    "outcome": "string",
}


@dataclass(frozen=True)
class BatchRows:
    """The rows of a batch (file, reason, line_hash and the columns of `table`), and its good rows as classified
    (source_file, is_kept, is_conflicting, is_superseding, their money and that of the known row)."""

    source: str
    batch_id: str
    table: Table
    files: Sequence[LandedFile]
    rows: DataFrame
    classified: DataFrame


@dataclass
class FileCounts:
    """What was counted of a file: the hash of its lines, numbers of rows by COUNTS, where they lie in time, and what
    became of its amounts."""

    fingerprint: int | None
    numbers: dict[str, int]
    dated: Dated
    money: Sequence[MoneyRow] = ()


def counts_by_file(batches: Sequence[BatchRows], knobs: BelievableTimes) -> dict[str, dict[str, FileCounts]]:
    """Counts of each file, by batch_id and file, from one query over all batches; a file without rows has none."""
    rows = reduce(DataFrame.unionByName, (part for batch in batches for part in _parts(batch, knobs)))
    sums = (F.sum(name).alias(name) for name in (*COUNTS, "amount"))
    groups = _placed(rows, knobs).groupBy("batch_id", "file", *PLACE, "kind", "money_currency", "outcome")
    counted = groups.agg(F.bit_xor("line_hash").alias("fingerprint"), F.count(F.lit(1)).alias("rows"), *sums, *_span())
    by_file: dict[tuple[str, str], list[Row]] = {}
    for row in counted.collect():  # of each file one row per stretch of time, currency and outcome
        by_file.setdefault((row["batch_id"], row["file"]), []).append(row)
    return {
        batch.batch_id: {
            file.file: _counts_of(by_file[batch.batch_id, file.file], batch, file, knobs)
            for file in batch.files
            if (batch.batch_id, file.file) in by_file
        }
        for batch in batches
    }


def _parts(batch: BatchRows, knobs: BelievableTimes) -> Iterator[DataFrame]:
    """The rows of a batch as they were read, those that are good as they were classified, and the stored rows that they
    replace: each with the columns of COUNTED."""
    limits = {file.file: limit_of(modified_at(file), knobs) for file in batch.files}
    is_bad = F.col("reason").isNotNull()
    of_read = {"line_hash": F.col("line_hash"), "read": F.lit(1), "bad": is_bad.cast("int")}
    at = {"at": _moment_of(batch), "limit": F.col("limit")}
    outcome = F.when(F.col("reason").isin(*NOT_DATA), NO_DATA).when(is_bad, QUARANTINED).otherwise(READ)
    read = _with_limits(batch.rows, limits).select("*", *money_of(batch.table, as_="money_"))
    yield _counted(batch, read, F.col("file"), **of_read, **at, outcome=outcome, **_money("money_"))
    of_verdict = {name: F.col(f"is_{name}").cast("int") for name in VERDICTS}
    file = F.col("source_file")
    yield _counted(batch, batch.classified, file, **of_verdict, outcome=outcome_of_verdict(), **_money("money_"))
    if batch.table is BRONZE_EVENTS:
        replaced = replaced_rows(batch.classified)
        yield _counted(batch, replaced, file, outcome=F.lit(REPLACED), **_money("known_"))


def _money(prefix: str) -> dict[str, Column]:
    return {name: F.col(f"{prefix}{name}") for name in MONEY_COLUMNS}


def _counted(batch: BatchRows, rows: DataFrame, file: Column, **given: Column) -> DataFrame:
    columns = {"batch_id": F.lit(batch.batch_id), "file": file, **given}
    zero = {name: F.lit(0) for name in ("line_hash", *COUNTS)}
    found = {**dict.fromkeys(COUNTED, F.lit(None)), **zero, **columns}
    return rows.select(*(found[name].cast(type_).alias(name) for name, type_ in COUNTED.items()))


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


def _counts_of(rows: Sequence[Row], batch: BatchRows, file: LandedFile, knobs: BelievableTimes) -> FileCounts:
    amounts = [row.asDict() for row in rows]
    # What is quarantined was read too.
    amounts += [{**row, "outcome": READ} for row in amounts if row["outcome"] in (QUARANTINED, NO_DATA)]
    return FileCounts(
        fingerprint=reduce(int.__xor__, (row["fingerprint"] for row in rows)),
        numbers={name: sum(row[name] for row in rows) for name in COUNTS},
        dated=_dated(rows, modified_at(file), knobs),
        money=money_rows(batch.source, batch.table, batch.batch_id, file.file, amounts),
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
