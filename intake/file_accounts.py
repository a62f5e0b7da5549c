"""The account of every landed file: how many of its rows were kept, duplicate or quarantined, and which are suspect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intake.file_counts import COUNTS, FileCounts, modified_at
from intake.landed_rows import LandedFile
from intake.suspect_times import Dated, FileAccount


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
