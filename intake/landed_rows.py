"""Landed files as rows of strings: JSON Lines, CSV with a header, or plain text, each row with its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from intake.csv_header import Header, NoHeader, header_of
from intake.csv_rows import csv_rows
from intake.first_look import CSV_ENDINGS, CUT, JSON_ENDINGS, NOT_READABLE, format_ending
from intake.json_rows import json_rows
from intake.knobs import Export
from intake.landed_bytes import UTF8, starts_with_bom
from intake.landed_lines import begin, number_lines, read_lines
from intake.line_text import as_text, encoding_of_lines
from intake.wanted_columns import Wanted
from warehouse import local_files
from warehouse.errors import InputError
from warehouse.jvm import files as hadoop
from warehouse.jvm.files import look_at
from warehouse.local_files import FoundFile, above, folder_without_hadoop, is_hidden, is_plain, shown
from warehouse.session_at_need import Session, started

__all__ = ["LandedFile", "list_files", "number_lines", "read_lines", "read_rows", "unreadable"]

LandedFile = FoundFile  # one file in the landing folder
RAW_LINE = "raw_line"  # the column of an adapter that takes lines as they are


def list_files(session: Session, root: str, pattern: str, *, required: bool, below: bool = False) -> list[LandedFile]:
    """The files below `root` that match `pattern`, in order of name; names that begin with . or _ are skipped.

    `below`: those in subfolders, whose names match the pattern's last part, too. InputError where the folder of
    `pattern` is missing and `required`, is a file or cannot be read. A folder of this machine is listed without a
    session, unless the pattern is one for Hadoop alone.
    """
    local = folder_without_hadoop(root) if is_plain(pattern) else None
    folder_part = f"/{pattern.split('*', maxsplit=1)[0].rsplit('/', 1)[0]}" if "/" in pattern else ""
    folder = (
        local_files.look_at(Path(f"{local}{folder_part}")) if local else look_at(started(session), root, folder_part)
    )
    if not folder.is_folder:
        if required or folder.exists:  # a file in its place is a mistake in any case
            raise InputError(f"{folder.path}: no such folder; see landing.root and landing.inputs")
        return []
    if local:
        found = local_files.files_matching(local, pattern)
        deeper = local_files.files_in_subfolders(local, pattern) if below and _is_open(pattern) else []
    else:
        found = hadoop.files_matching(started(session), root, pattern)
        deeper = hadoop.files_in_subfolders(started(session), root, pattern) if below and _is_open(pattern) else []
    landed = {file.file: file for file in [*found, *deeper] if not is_hidden(file.file.rsplit("/", 1)[-1])}
    return [landed[name] for name in sorted(landed)]


def _is_open(pattern: str) -> bool:
    """Whether a pattern is for many files of a folder, so that those in subfolders are meant too.

    Below the landing folder itself there are the folders of all inputs, and perhaps a lake.
    """
    return is_plain(pattern) and above(pattern) != "" and "*" in pattern.removeprefix(above(pattern))


def read_rows(
    spark: SparkSession,
    root: str,
    files: Sequence[LandedFile],
    *,
    columns: Sequence[str],
    required: Sequence[str],
    numbered: bool,
    export: Export | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
) -> DataFrame:
    """One row per data line: file, line, raw, problem (why it cannot be read, otherwise null), unknown (it has fields
    outside `columns`) and every name of `columns` as trimmed text, null for blank.

    `export` says how the files are written; `names` are other names of a column. `line` is null for JSON Lines and
    text unless `numbered`; that of a CSV record over several lines is its first. Names are case sensitive in JSON, not
    in CSV headers. Raises InputError for a header without a `required` column, or with one of `columns` twice.
    """
    wanted = Wanted(columns, required, export or Export(), names or {})
    kinds: dict[tuple[str, str | None], list[LandedFile]] = {}
    for file in files:
        kinds.setdefault(kind_of(file, partial(begin, spark, file), wanted), []).append(file)
    frames = []
    for (format_, encoding), of_kind in sorted(kinds.items(), key=str):
        lines = read_lines(spark, root, of_kind)
        if format_ == "csv":
            found = {file.file: _header(file, begin(spark, file), encoding, wanted) for file in of_kind}
            if headers := {file: header for file, header in found.items() if header is not None}:
                frames.append(csv_rows(lines, headers, wanted, encoding))
            continue
        texts = as_text(lines, encoding)
        if numbered or encoding is not None:
            texts = number_lines(texts)
        else:
            texts = texts.select("file", F.lit(None).cast("bigint").alias("line"), "raw", "problem")
        frames.append(json_rows(texts, wanted) if format_ == "json" else _text_rows(texts, wanted))
    # Quoted, because headers may have dots and blanks in them.
    cleaned = [F.nullif(F.trim(f"`{name}`"), F.lit("")).alias(name) for name in columns]
    rows = reduce(DataFrame.unionByName, frames) if frames else _no_rows(spark, columns)
    return rows.select("file", "line", "raw", "problem", "unknown", *cleaned)


def unreadable(error: Exception, files: Sequence[LandedFile]) -> InputError | None:
    """The user's error for a Spark failure in reading a file (cut .gz, no permission); None for any other failure."""
    text = str(error)
    if "FAILED_READ_FILE" not in text and "Permission denied" not in text and "EOFException" not in text:
        return None
    places = {landed.file: (landed.file, landed.uri.rsplit("/", 1)[-1]) for landed in files}
    names = [file for file, parts in places.items() if any(part in text for part in parts)] or [*places]
    is_cut = "EOF" in text or "ZipException" in text
    return InputError(f"{shown(names[0])}: {CUT if is_cut else NOT_READABLE}")


def kind_of(file: LandedFile, first: Callable[[], bytes], wanted: Wanted) -> tuple[str, str | None]:
    """Format (json, csv, text) and encoding of a file, None for UTF-8; `first` gives its first bytes."""
    encoding, ending = encoding_of_lines(wanted.export.encoding), format_ending(file.file)
    if encoding is not None and starts_with_bom(first()):
        encoding = None
    if RAW_LINE in wanted.columns:
        return "text", encoding
    if ending in JSON_ENDINGS or (ending not in CSV_ENDINGS and first().lstrip().startswith(b"{")):
        return "json", encoding
    return "csv", encoding


def header_problem(file: LandedFile, first: bytes, wanted: Wanted) -> str | None:
    """Why the header of a file with these first bytes cannot be used; None where it can, or where it needs none."""
    format_, encoding = kind_of(file, lambda: first, wanted)
    if format_ == "csv":
        try:
            header_of(first, encoding or UTF8, wanted)
        except NoHeader as error:
            return str(error)
    return None


def _header(file: LandedFile, first: bytes, encoding: str | None, wanted: Wanted) -> Header | None:
    try:
        return header_of(first, encoding or UTF8, wanted)
    except NoHeader as error:
        raise InputError(f"{shown(file.file)}: {error}") from error


def _text_rows(lines: DataFrame, wanted: Wanted) -> DataFrame:
    """Each line that is not blank as it is."""
    nothing = F.lit(None).cast("string")
    return lines.where(F.trim("raw") != "").select(
        "file",
        "line",
        "raw",
        "problem",
        F.lit(False).alias("unknown"),
        *((F.col("raw") if name == RAW_LINE else nothing).alias(name) for name in wanted.columns),
    )


def _no_rows(spark: SparkSession, columns: Sequence[str]) -> DataFrame:
    texts = ", ".join(f"`{name}` string" for name in columns)
    return spark.createDataFrame([], f"file string, line bigint, raw string, problem string, unknown boolean, {texts}")
