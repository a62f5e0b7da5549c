"""The account of every landed file: what became of each row that was read."""

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
    """What became of the rows read: read = kept + duplicate + quarantined; conflicting ones are duplicates too."""

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
    """What was read of each file and what it is, by batch_id and file, from one look at all batches.

    A batch comes as its id, its rows (file, reason, line_hash) and the good ones as they were judged (source_file,
    is_kept, is_conflicting, is_superseding). One row has fingerprint, read, bad and a count for each verdict; a file
    without rows has none.
    """
    nothing = {name: F.lit(0) for name in ("line_hash", "read", "bad", *VERDICTS)}
    looks = []
    for batch_id, read, judged in batches:
        is_read = {"line_hash": F.col("line_hash"), "read": F.lit(1), "bad": F.col("reason").isNotNull().cast("int")}
        is_judged = {name: F.col(f"is_{name}").cast("int") for name in VERDICTS}
        for rows, file, said in ((read, "file", is_read), (judged, "source_file", is_judged)):
            numbers = (value.alias(name) for name, value in (nothing | said).items())
            looks.append(rows.select(F.lit(batch_id).alias("batch_id"), F.col(file).alias("file"), *numbers))
    sums = (F.sum(name).alias(name) for name in ("read", "bad", *VERDICTS))
    by_file = reduce(DataFrame.unionByName, looks).groupBy("batch_id", "file")
    found: dict[str, dict[str, Row]] = {batch_id: {} for batch_id, _, _ in batches}
    for row in by_file.agg(F.bit_xor("line_hash").alias("fingerprint"), *sums).collect():  # one row per file
        found[row["batch_id"]][row["file"]] = row
    return found


def planned_account(source: str, batch_id: str, file: LandedFile, counts: Row | None) -> FileAccount:
    """The row of bronze.landed_files for a file whose rows are yet to be written; `counts` None where it has none."""
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
