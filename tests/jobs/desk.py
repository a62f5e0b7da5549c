"""A folder with files of paths, and runs of attribute-paths on them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from jobs.attribute_paths import main

HEADER = "path,conversions,value,nulls\n"
Row = dict[str, str]


class Desk:
    """A folder to put files in and run the command on."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def file(self, text: str | bytes, name: str = "paths.csv") -> str:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return str(path)

    def run(self, text: str | bytes, *options: str) -> list[Row]:
        """The rows on stdout of a run that must succeed."""
        assert main(["--paths", self.file(text), "--out", "-", *options]) == 0
        return rows_of(self.capsys.readouterr().out)

    def fails(self, text: str | bytes, *options: str) -> tuple[int, str]:
        """Exit code and message of a run that must write no data."""
        code = main(["--paths", self.file(text), "--out", "-", *options])
        output = self.capsys.readouterr()
        assert output.out == ""
        assert len(output.err.splitlines()) == 1
        return code, output.err.removeprefix(f"error: {self.folder}/").strip()


def rows_of(text: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO(text)))


def credit(rows: list[Row], model: str, column: str = "conversions") -> dict[str, float]:
    return {row["channel"]: float(row[column]) for row in rows if row["model"] == model}
