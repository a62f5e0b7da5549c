"""CSV files with personal data: for the user alone, and never half written."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from warehouse.errors import UsageError

OWNER_ALONE = 0o600


def write_for_the_owner(out: Path, heading: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A line of comment, the names of the columns, and the rows. Another file is in place of the old one, or the old
    one stays; only the user may read it. UsageError where it cannot be written."""
    text = io.StringIO()
    text.write(f"# {heading}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        try:
            with open(partial, "w", encoding="utf-8", newline="", opener=_for_the_owner) as file:
                file.write(text.getvalue())
                file.flush()
                os.fsync(file.fileno())
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror or error}") from error


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags, OWNER_ALONE)
