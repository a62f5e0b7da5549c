"""The account of every landed file: how many of its rows were kept, duplicate or quarantined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from intake.landed_rows import LandedFile

FileAccount = Mapping[str, Any]  # a row of bronze.landed_files
VERDICTS = ("kept", "conflicting", "superseding")


@dataclass(frozen=True)
class Account:
    """Numbers of rows: read = kept + duplicate + quarantined; conflicting ones are duplicates too."""

    read: int = 0
    kept: int = 0
    duplicate: int = 0
    quarantined: int = 0
    conflicting: int = 0

    def __add__(self, other: Account) -> Account:
        """Two accounts as one."""
        return Account(
            read=self.read + other.read,
            kept=self.kept + other.kept,
            duplicate=self.duplicate + other.duplicate,
            quarantined=self.quarantined + other.quarantined,
            conflicting=self.conflicting + other.conflicting,
        )


def counts_by_file(batches: Sequence[tuple[str, DataFrame, DataFrame]]) -> dict[str, dict[str, Row]]:
    """Counts of each file, by batch_id and file, from one query over all batches.

    A batch is given as its id, its rows (file, reason, line_hash) and its good rows as classified (source_file,
    is_kept, is_conflicting, is_superseding). The counts of a file are a row with fingerprint, read, bad and a number
    for each verdict; a file without rows has none.
    """
    zeros = {name: F.lit(0) for name in ("line_hash", "read", "bad", *VERDICTS)}
    counted_rows = []
    for batch_id, read_rows, classified_rows in batches:
        of_read = {"line_hash": F.col("line_hash"), "read": F.lit(1), "bad": F.col("reason").isNotNull().cast("int")}
        of_verdict = {name: F.col(f"is_{name}").cast("int") for name in VERDICTS}
        for rows, file, counts in ((read_rows, "file", of_read), (classified_rows, "source_file", of_verdict)):
            numbers = (value.alias(name) for name, value in (zeros | counts).items())
            counted_rows.append(rows.select(F.lit(batch_id).alias("batch_id"), F.col(file).alias("file"), *numbers))
    sums = (F.sum(name).alias(name) for name in ("read", "bad", *VERDICTS))
    by_file = reduce(DataFrame.unionByName, counted_rows).groupBy("batch_id", "file")
    file_counts: dict[str, dict[str, Row]] = {batch_id: {} for batch_id, _, _ in batches}
    for row in by_file.agg(F.bit_xor("line_hash").alias("fingerprint"), *sums).collect():  # one row per file
        file_counts[row["batch_id"]][row["file"]] = row
    return file_counts


def planned_account(source: str, batch_id: str, file: LandedFile, counts: Row | None) -> FileAccount:
    """The row of bronze.landed_files for a file whose rows are not written yet; `counts` is None where it has none."""
    count = counts.asDict() if counts else defaultdict(int)
    return {
        "source": source,
        "file": file.file,
        "bytes": file.bytes,
        "modified_at": datetime.fromtimestamp(file.modified_ms / 1000, UTC),
        "fingerprint": count["fingerprint"],
        "status": "planned",
        "rows_read": count["read"],
        "rows_kept": count["kept"],
        "rows_duplicate": count["read"] - count["kept"] - count["bad"],
        "rows_quarantined": count["bad"],
        "rows_conflicting": count["conflicting"],
        "batch_id": batch_id,
    }


def total_account(files: Sequence[FileAccount]) -> Account:
    """The account of all `files` together."""
    read, kept, bad, conflicting = (
        sum(file[name] for file in files) for name in ("rows_read", "rows_kept", "rows_quarantined", "rows_conflicting")
    )
    return Account(read=read, kept=kept, duplicate=read - kept - bad, quarantined=bad, conflicting=conflicting)
