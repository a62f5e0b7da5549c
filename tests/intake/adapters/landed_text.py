"""Landed files of a test, read as ingest reads them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, Row, SparkSession

from intake.adapter import Defaults
from intake.adapters import adapter_named
from intake.knobs import Export
from intake.landed_rows import list_files, read_rows


@dataclass(frozen=True)
class Landing:
    """A landing folder."""

    spark: SparkSession
    folder: Path

    def land(self, name: str, *lines: str, end: str = "\n", start: bytes = b"") -> None:
        content = start + "".join(line + end for line in lines).encode()
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)

    def rows(
        self,
        pattern: str,
        columns: Sequence[str],
        required: Sequence[str] = (),
        *,
        numbered: bool = True,
        export: Export | None = None,
        names: Mapping[str, Sequence[str]] | None = None,
    ) -> DataFrame:
        files = list_files(self.spark, str(self.folder), pattern, required=True)
        return read_rows(
            self.spark,
            str(self.folder),
            files,
            columns=columns,
            required=required,
            numbered=numbered,
            export=export,
            names=names,
        )

    def parsed(
        self,
        adapter: str,
        pattern: str,
        *,
        defaults: Defaults | None = None,
        lookups: Mapping[str, str] | None = None,
    ) -> list[Row]:
        """The adapter's rows of the files, in order of file and line."""
        tested = adapter_named(adapter)
        given = defaults or Defaults()
        required = tested.required + (() if given.accounts else tested.required_without_accounts)
        frames = {name: self.rows((lookups or {})[name], columns, columns) for name, columns in tested.lookups.items()}
        rows = self.rows(pattern, tested.columns, required, export=given.export, names=tested.names)
        parsed = tested.parse(rows, given, frames)
        return sorted(parsed.collect(), key=lambda row: (row["file"], row["line"]))


def reasons(rows: Sequence[Row]) -> list[str | None]:
    """Why each row is quarantined; null for a good one."""
    return [row["reason"] for row in rows]
