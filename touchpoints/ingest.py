"""Takes new files in: parsed once, counted exactly, written once, whatever happens in between.

A batch is planned before any row of it is written and done after all are. A run that was killed leaves a planned
batch; the next run finds the same files under the same batch_id and writes what is missing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from touchpoints.events import SUPERSEDES, build_events, classify_events
from touchpoints.landed_rows import LandedFile, list_files, read_rows, unreadable
from touchpoints.sources import adapter_named
from touchpoints.sources.adapter import Adapter, Defaults
from warehouse.conform import conform
from warehouse.errors import CheckFailed, InputError
from warehouse.store import Lake
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_landed_files import BRONZE_LANDED_FILES
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.bronze_quarantine import BRONZE_QUARANTINE


@dataclass(frozen=True)
class Input:
    """One kind of landed file: name, adapter, files (a glob below the landing folder) and the adapter's lookups."""

    name: str
    adapter: Adapter
    files: str
    required: bool
    lookup_files: Mapping[str, str]


@dataclass(frozen=True)
class Account:
    """What became of the rows read: read = kept + duplicate + quarantined; conflicting ones are duplicates too."""

    read: int = 0
    kept: int = 0
    duplicate: int = 0
    quarantined: int = 0
    conflicting: int = 0


@dataclass(frozen=True)
class Batch:
    """New files of one input and the frame of their parsed rows, staged on disk."""

    source: Input
    batch_id: str
    files: Sequence[LandedFile]
    staged: DataFrame


class Ingest:
    """One run's intake from `root` into the bronze tables of `lake`."""

    def __init__(
        self,
        lake: Lake,
        root: str,
        *,
        defaults: Defaults,
        max_quarantined_share: float,
        started_at: datetime,
        say: Callable[[str], None],
    ) -> None:
        """Rows above `max_quarantined_share` of a batch and input stop the run before anything is written."""
        self.lake = lake
        self.spark = lake.spark
        self.root = root
        self.defaults = defaults
        self.max_quarantined_share = max_quarantined_share
        self.started_at = started_at
        self.say = say

    def new_files(self, source: Input) -> list[tuple[str, list[LandedFile]]]:
        """Batches to take in, as (batch_id, files): those a killed run left planned, then one of the new files.

        Raises InputError for a landed file that has changed, and for a planned file that is gone.
        """
        landed = list_files(self.spark, self.root, source.files, required=source.required)
        lookups = set(source.lookup_files.values())
        found = {file.file: file for file in landed if file.file not in lookups}
        known = {
            row["file"]: row
            for row in self.lake.read(BRONZE_LANDED_FILES).where(F.col("source") == source.name).collect()
        }
        self._refuse_changed(source, [file for file in found.values() if file.file in known], known)
        batches: dict[str, list[LandedFile]] = {}
        for row in known.values():
            if row["status"] == "planned":
                if row["file"] not in found:
                    raise InputError(
                        f"{row['file']}: a run stopped while taking it in, and now it is gone; land it again"
                    )
                batches.setdefault(row["batch_id"], []).append(found[row["file"]])
        fresh = [file for name, file in found.items() if name not in known]
        if fresh:
            batches[_batch_id(source, fresh)] = fresh
        return sorted(batches.items())

    def stage(self, source: Input, batch_id: str, files: Sequence[LandedFile]) -> Batch:
        """Parses the files once, to `<lake>/_staging`; the share of bad rows is checked here, before any write."""
        path = f"{self.lake.root.rstrip('/')}/_staging/{source.name}-{batch_id}"
        try:
            self._parsed(source, files, numbered=False).write.mode("overwrite").parquet(path)
        except PySparkException as error:
            raise (unreadable(error, files) or error) from error
        staged = self.spark.read.parquet(path)
        total = staged.agg(F.count(F.lit(1)).alias("read"), F.count("reason").alias("bad")).first()
        assert total is not None
        if total["bad"] > self.max_quarantined_share * total["read"]:
            raise CheckFailed(self._too_many_bad(source, staged, total))
        return Batch(source, batch_id, files, staged)

    def take_in(self, batch: Batch) -> Account:
        """Writes a staged batch: plan, rows, quarantine, done. Returns its account."""
        source, good = batch.source, self._good(batch)
        classified = self._classified(batch, good)
        planned = self._plan(batch, classified)
        account = _total(planned)
        if account.kept or account.conflicting or account.duplicate:
            self._write_rows(batch, classified)
        if account.quarantined:
            self.lake.merge(BRONZE_QUARANTINE, self._quarantine(batch, planned))
        done = self._of_batch(batch).withColumn("status", F.lit("done"))
        self.lake.merge(BRONZE_LANDED_FILES, done, update_when="t.status = 'planned'")
        conflicts = f", {account.conflicting:,} of them with another payload" if account.conflicting else ""
        self.say(
            f"{source.name}: {len(batch.files):,} files, {account.read:,} rows read = {account.kept:,} kept + "
            f"{account.duplicate:,} duplicate{conflicts} + {account.quarantined:,} quarantined"
        )
        return account

    def _parsed(self, source: Input, files: Sequence[LandedFile], *, numbered: bool) -> DataFrame:
        adapter = source.adapter
        required = adapter.required + (() if self.defaults.accounts else adapter.required_without_accounts)
        rows = read_rows(
            self.spark,
            self.root,
            files,
            columns=adapter.columns,
            required=required,
            numbered=numbered or not is_event(adapter),
        )
        lookups = {name: self._lookup(source, name, columns) for name, columns in adapter.lookups.items()}
        parsed = adapter.parse(rows, self.defaults, lookups)
        return parsed.withColumn("line_hash", F.xxhash64("raw")).withColumn(
            "raw", F.when(F.col("reason").isNotNull(), F.col("raw"))
        )

    def _lookup(self, source: Input, name: str, columns: Sequence[str]) -> DataFrame:
        if name not in source.lookup_files:
            raise InputError(f"landing.inputs: {source.name} needs the option {name}: a file below {self.root}")
        files = list_files(self.spark, self.root, source.lookup_files[name], required=True)
        if not files:
            raise InputError(f"{self.root}/{source.lookup_files[name]}: no such file (option {name} of {source.name})")
        return read_rows(self.spark, self.root, files, columns=columns, required=columns, numbered=True)

    def _good(self, batch: Batch) -> DataFrame:
        good = batch.staged.where(F.col("reason").isNull()).drop("reason", "raw")
        return good.withColumnsRenamed({"file": "source_file", "line": "source_line"}).withColumn(
            "batch_id", F.lit(batch.batch_id)
        )

    def _classified(self, batch: Batch, good: DataFrame) -> DataFrame:
        table = batch.source.adapter.table
        if table is BRONZE_EVENTS:
            earlier = self.lake.read(table).where(F.col("batch_id") != batch.batch_id)
            return classify_events(good, earlier)
        if table is BRONZE_ORDERS:
            # A version that arrives again says nothing new.
            earlier = self.lake.read(table).where(F.col("batch_id") != batch.batch_id)
            fresh = good.join(earlier.select(*table.key), list(table.key), how="left_anti")
            first = fresh.groupBy(*table.key).agg(F.min(F.struct("source_file", "source_line")).alias("first"))
            kept = first.select(*table.key, "first.source_file", "first.source_line", F.lit(True).alias("kept"))
            joined = good.join(kept, [*table.key, "source_file", "source_line"], how="left")
            return joined.select(
                *good.columns,
                F.col("kept").isNotNull().alias("is_kept"),
                F.lit(False).alias("is_conflicting"),
                F.lit(False).alias("is_superseding"),
            )
        return good.select(
            "*",
            F.lit(True).alias("is_kept"),
            F.lit(False).alias("is_conflicting"),
            F.lit(False).alias("is_superseding"),
        )

    def _plan(self, batch: Batch, classified: DataFrame) -> list[Row]:
        """The batch's rows of bronze.landed_files, written as planned.

        A batch that a killed run has planned keeps its account: some of its rows may be written already.
        """
        read = batch.staged.groupBy("file").agg(
            F.bit_xor("line_hash").alias("fingerprint"),
            F.count(F.lit(1)).alias("rows_read"),
            F.count("reason").alias("rows_quarantined"),
        )
        good = classified.groupBy(F.col("source_file").alias("file")).agg(
            F.count_if("is_kept").alias("rows_kept"),
            F.count_if("is_conflicting").alias("rows_conflicting"),
        )
        counts = read.join(good, "file", how="left")
        listed = [(file.file, file.bytes, datetime.fromtimestamp(file.modified_ms / 1000, UTC)) for file in batch.files]
        files = self.spark.createDataFrame(listed, "file string, bytes bigint, modified_at timestamp")
        planned = (
            files.join(counts, "file", how="left")
            .fillna(0)
            .withColumns(
                {
                    "source": F.lit(batch.source.name),
                    "status": F.lit("planned"),
                    "rows_duplicate": F.col("rows_read") - F.col("rows_kept") - F.col("rows_quarantined"),
                    "batch_id": F.lit(batch.batch_id),
                }
            )
        )
        self.lake.merge(BRONZE_LANDED_FILES, conform(planned, BRONZE_LANDED_FILES))
        return self._of_batch(batch).collect()  # one row per file of the batch

    def _of_batch(self, batch: Batch) -> DataFrame:
        return self.lake.read(BRONZE_LANDED_FILES).where(F.col("batch_id") == batch.batch_id)

    def _write_rows(self, batch: Batch, classified: DataFrame) -> None:
        table = batch.source.adapter.table
        if table is BRONZE_EVENTS:
            self.lake.merge(table, build_events(classified), update_when=SUPERSEDES)
        else:
            self.lake.merge(table, conform(classified.where(F.col("is_kept")), table))

    def _quarantine(self, batch: Batch, planned: Sequence[Row]) -> DataFrame:
        """The bad rows with their line numbers, from a second look at only the files that have some."""
        bad_files = {row["file"] for row in planned if row["rows_quarantined"]}
        files = [file for file in batch.files if file.file in bad_files]
        parsed = self._parsed(batch.source, files, numbered=True).where(F.col("reason").isNotNull())
        rows = parsed.select(
            F.lit(batch.source.name).alias("source"),
            "file",
            "line",
            "reason",
            "raw",
            F.lit(self.started_at).alias("quarantined_at"),
            F.lit(batch.batch_id).alias("batch_id"),
        )
        return conform(rows, BRONZE_QUARANTINE)

    def _refuse_changed(self, source: Input, files: Sequence[LandedFile], known: Mapping[str, Row]) -> None:
        touched = []
        for file in files:
            row = known[file.file]
            if file.bytes != row["bytes"]:
                raise InputError(
                    f"{file.file}: has changed since it was taken in ({row['bytes']:,} bytes then, "
                    f"{file.bytes:,} now); a landed file is immutable: land the new rows under a new name"
                )
            if datetime.fromtimestamp(file.modified_ms / 1000, UTC) != row["modified_at"].replace(tzinfo=UTC):
                touched.append(file)
        if not touched:
            return
        now = self._parsed(source, touched, numbered=False).groupBy("file").agg(F.bit_xor("line_hash").alias("print"))
        for row in now.collect():
            if row["print"] != known[row["file"]]["fingerprint"]:
                raise InputError(
                    f"{row['file']}: has changed since it was taken in (same size, other content); "
                    "a landed file is immutable: land the new rows under a new name"
                )

    def _too_many_bad(self, source: Input, staged: DataFrame, total: Row) -> str:
        worst = (
            staged.where(F.col("reason").isNotNull())
            .groupBy("file", "reason")
            .count()
            .orderBy(F.col("count").desc(), "file", "reason")
            .first()
        )
        assert worst is not None
        return (
            f"{source.name}: {total['bad']:,} of {total['read']:,} rows are unusable, more than "
            f"quality.max_quarantined_share = {self.max_quarantined_share:g}; most often in {worst['file']}: "
            f"{worst['reason']} ({worst['count']:,} rows). Nothing of the batch was taken in."
        )


def is_event(adapter: Adapter) -> bool:
    """Whether the adapter makes events: these files are large, and only bad rows need their line number."""
    return adapter.table is BRONZE_EVENTS


def input_named(name: str, adapter: str, files: str, *, required: bool, options: Mapping[str, str]) -> Input:
    """An input of the settings with its adapter; UsageError for an unknown adapter."""
    return Input(name=name, adapter=adapter_named(adapter), files=files, required=required, lookup_files=dict(options))


def _batch_id(source: Input, files: Sequence[LandedFile]) -> str:
    content = "\n".join([source.name, *(f"{file.file} {file.bytes}" for file in files)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _total(planned: Sequence[Row]) -> Account:
    read, kept, bad, conflicting = (
        sum(row[name] for row in planned) for name in ("rows_read", "rows_kept", "rows_quarantined", "rows_conflicting")
    )
    return Account(read=read, kept=kept, duplicate=read - kept - bad, quarantined=bad, conflicting=conflicting)
