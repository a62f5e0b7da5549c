"""The landing folder: which files of an input are new, and what its adapter makes of their rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from intake.adapter import Adapter, Defaults
from intake.adapters import adapter_named
from intake.landed_rows import READ_FAILURES, LandedFile, list_files, read_rows, unreadable
from warehouse.errors import InputError
from warehouse.tables.bronze_events import BRONZE_EVENTS


@dataclass(frozen=True)
class Input:
    """One kind of landed file: name, adapter, files (a glob below the landing folder) and the adapter's lookups."""

    name: str
    adapter: Adapter
    files: str
    required: bool
    lookup_files: Mapping[str, str]


@dataclass(frozen=True)
class Batch:
    """New files of one input. `is_resumed`: a killed run planned it and may have written some of its rows."""

    source: Input
    batch_id: str
    files: Sequence[LandedFile]
    is_resumed: bool


class LandingFolder:
    """The files below `root`; `defaults` stand for what they lack."""

    def __init__(self, spark: SparkSession, root: str, defaults: Defaults) -> None:
        """Nothing is read yet."""
        self.spark = spark
        self.root = root
        self.defaults = defaults

    def new_batches(self, source: Input, known: Mapping[str, Row]) -> list[Batch]:
        """Batches of `source` that a killed run left planned, then one of the files that are not in `known`.

        `known` are the source's rows of bronze.landed_files by file. Raises InputError for a landed file that has
        changed, and for a planned file that is gone.
        """
        landed = list_files(self.spark, self.root, source.files, required=source.required)
        lookups = set(source.lookup_files.values())
        found = {file.file: file for file in landed if file.file not in lookups}
        self._refuse_changed(source, [file for file in found.values() if file.file in known], known)
        resumed: dict[str, list[LandedFile]] = {}
        for row in known.values():
            if row["status"] == "planned":
                if row["file"] not in found:
                    raise InputError(
                        f"{row['file']}: a run stopped while taking it in, and now it is gone; land it again"
                    )
                resumed.setdefault(row["batch_id"], []).append(found[row["file"]])
        batches = [Batch(source, batch_id, files, is_resumed=True) for batch_id, files in sorted(resumed.items())]
        fresh = [file for name, file in found.items() if name not in known]
        if fresh:
            batches.append(Batch(source, _batch_id(source, fresh), fresh, is_resumed=False))
        return batches

    def parsed(self, source: Input, files: Sequence[LandedFile]) -> DataFrame:
        """What the adapter makes of the rows of `files`, with line_hash; `raw` is there for bad rows only."""
        adapter = source.adapter
        required = adapter.required + (() if self.defaults.accounts else adapter.required_without_accounts)
        rows = read_rows(
            self.spark,
            self.root,
            files,
            columns=adapter.columns,
            required=required,
            numbered=not is_event(adapter),
        )
        lookups = {name: self._lookup(source, name, columns) for name, columns in adapter.lookups.items()}
        parsed = adapter.parse(rows, self.defaults, lookups)
        return parsed.withColumn("line_hash", line_hash()).withColumn(
            "raw", F.when(F.col("reason").isNotNull(), F.col("raw"))
        )

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
        prints = F.bit_xor("line_hash").alias("print")
        try:
            now = self.parsed(source, touched).groupBy("file").agg(prints).collect()
        except READ_FAILURES as error:
            raise (unreadable(error, touched) or error) from error
        for row in now:
            if row["print"] != known[row["file"]]["fingerprint"]:
                raise InputError(
                    f"{row['file']}: has changed since it was taken in (same size, other content); "
                    "a landed file is immutable: land the new rows under a new name"
                )

    def _lookup(self, source: Input, name: str, columns: Sequence[str]) -> DataFrame:
        if name not in source.lookup_files:
            raise InputError(f"landing.inputs: {source.name} needs the option {name}: a file below {self.root}")
        files = list_files(self.spark, self.root, source.lookup_files[name], required=True)
        if not files:
            raise InputError(f"{self.root}/{source.lookup_files[name]}: no such file (option {name} of {source.name})")
        return read_rows(self.spark, self.root, files, columns=columns, required=columns, numbered=True)


def input_named(name: str, adapter: str, files: str, *, required: bool, options: Mapping[str, str]) -> Input:
    """An input of the settings with its adapter; UsageError for an unknown adapter."""
    return Input(name=name, adapter=adapter_named(adapter), files=files, required=required, lookup_files=dict(options))


def is_event(adapter: Adapter) -> bool:
    """Whether the adapter makes events: these files are large, and only bad rows need their line number."""
    return adapter.table is BRONZE_EVENTS


def line_hash() -> Column:
    """What identifies a line within its file."""
    return F.xxhash64("raw")


def _batch_id(source: Input, files: Sequence[LandedFile]) -> str:
    content = "\n".join([source.name, *(f"{file.file} {file.bytes}" for file in files)])
    return hashlib.sha256(content.encode()).hexdigest()[:16]
