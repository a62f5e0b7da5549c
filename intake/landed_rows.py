"""Landed files as rows of strings: JSON Lines, CSV with a header, or plain text, each row with its file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from warehouse import local_files
from warehouse.errors import InputError
from warehouse.jvm.files import as_glob, files_matching, folder_uri, look_at
from warehouse.local_files import FoundFile, folder_without_hadoop
from warehouse.session_at_need import Session, started

LandedFile = FoundFile  # one file in the landing folder
JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
CSV_ENDINGS = (".csv",)
BOM = "\ufeff"
JSON_OPTIONS = {"allowNonNumericNumbers": "false"}  # NaN is no JSON
POSITION_BITS = (1 << 33) - 1  # the part of monotonically_increasing_id that counts within a partition


def list_files(session: Session, root: str, pattern: str, *, required: bool) -> list[LandedFile]:
    """The files below `root` that match `pattern`, in order of name; names that begin with . or _ are skipped.

    InputError where the folder of `pattern` is missing and `required`, is a file or cannot be read. A folder of this
    machine is listed without a session, unless the pattern is one for Hadoop alone.
    """
    local = folder_without_hadoop(root) if local_files.is_plain(pattern) else None
    below = f"/{pattern.split('*', maxsplit=1)[0].rsplit('/', 1)[0]}" if "/" in pattern else ""
    folder = local_files.look_at(Path(f"{local}{below}")) if local else look_at(started(session), root, below)
    if not folder.is_folder:
        if required or folder.exists:  # a file in its place is a mistake in any case
            raise InputError(f"{folder.path}: no such folder; see landing.root and landing.inputs")
        return []
    found = local_files.files_matching(local, pattern) if local else files_matching(started(session), root, pattern)
    landed = [file for file in found if not file.file.rsplit("/", 1)[-1].startswith((".", "_"))]
    return sorted(landed, key=lambda file: file.file)


def read_lines(spark: SparkSession, root: str, files: Sequence[LandedFile]) -> DataFrame:
    """One row per line: file, block (where its split begins), id (rises within a split), raw."""
    base = folder_uri(spark, root)
    path = F.col("_metadata.file_path")
    begins = len(base) + 1 + F.when(F.startswith(path, F.lit("file:///")), 2).otherwise(0)
    return spark.read.text([as_glob(landed.uri) for landed in files]).select(
        F.substr(path, begins).alias("file"),
        F.col("_metadata.file_block_start").alias("block"),
        F.monotonically_increasing_id().bitwiseAND(POSITION_BITS).alias("id"),
        F.col("value").alias("raw"),
    )


def number_lines(lines: DataFrame) -> DataFrame:
    """The frame of `read_lines` with `line`, the line's number in its file from 1, instead of block and id."""
    before = Window.partitionBy("file").orderBy("block").rowsBetween(Window.unboundedPreceding, -1)
    blocks = (
        lines.groupBy("file", "block")
        .agg(F.min("id").alias("first_id"), F.count(F.lit(1)).alias("lines"))
        .select("file", "block", "first_id", F.coalesce(F.sum("lines").over(before), F.lit(0)).alias("lines_before"))
    )
    line = F.col("id") - F.col("first_id") + F.col("lines_before") + 1
    return lines.join(F.broadcast(blocks), ["file", "block"], how="inner").select("file", line.alias("line"), "raw")


def read_rows(
    spark: SparkSession,
    root: str,
    files: Sequence[LandedFile],
    *,
    columns: Sequence[str],
    required: Sequence[str],
    numbered: bool,
) -> DataFrame:
    """One row per data line: file, line, raw, problem (why it cannot be read, otherwise null), unknown (it has fields
    outside `columns`) and every name of `columns` as trimmed text, null for blank.

    `line` is null for JSON Lines and text unless `numbered`. Names are case sensitive in JSON, not in CSV headers.
    A quoted CSV field may not hold a line break. Raises InputError for a header without a `required` column.
    """
    frames = []
    for endings, reader in ((JSON_ENDINGS, _json_rows), (CSV_ENDINGS, _csv_rows), (None, _text_rows)):
        of_format = [landed for landed in files if _has_ending(landed.file, endings)]
        if of_format:
            lines = read_lines(spark, root, of_format)
            # The CSV reader numbers the lines after it has found the headers.
            if reader is not _csv_rows and numbered:
                lines = number_lines(lines)
            elif reader is not _csv_rows:
                lines = lines.select("file", F.lit(None).cast("bigint").alias("line"), "raw")
            frames.append(reader(lines, columns, required))
    cleaned = [F.nullif(F.trim(name), F.lit("")).alias(name) for name in columns]
    rows = reduce(DataFrame.unionByName, frames)
    return rows.select("file", "line", "raw", "problem", "unknown", *cleaned)


def unreadable(error: Exception, files: Sequence[LandedFile]) -> InputError | None:
    """The user's error for a Spark failure in reading a file (cut .gz, no permission); None for any other failure."""
    text = str(error)
    if "FAILED_READ_FILE" not in text and "Permission denied" not in text and "EOFException" not in text:
        return None
    names = [landed.file for landed in files if landed.file in text] or [landed.file for landed in files]
    reason = (
        "the file is cut short or damaged" if "EOF" in text or "ZipException" in text else "the file cannot be read"
    )
    return InputError(f"{names[0]}: {reason}; nothing of this batch was taken in. Land the whole file again.")


def _has_ending(file: str, endings: tuple[str, ...] | None) -> bool:
    name = file.lower().removesuffix(".gz").removesuffix(".bz2").removesuffix(".zst")
    return name.endswith(endings) if endings else not name.endswith(JSON_ENDINGS + CSV_ENDINGS)


def _json_rows(lines: DataFrame, columns: Sequence[str], required: Sequence[str]) -> DataFrame:
    bare = F.when(F.startswith("raw", F.lit(BOM)), F.substr("raw", F.lit(len(BOM) + 1))).otherwise(F.col("raw"))
    # Read as a list within an object: a reader of one object would stop at its end and miss what follows.
    listed = F.concat(F.lit('{"objects": ['), bare, F.lit("]}"))
    parsed = lines.where(F.trim("raw") != "").select(
        "file",
        "line",
        "raw",
        F.from_json(listed, "objects array<map<string, string>>", JSON_OPTIONS)["objects"].alias("_objects"),
    )
    fields = F.get("_objects", F.lit(0))
    keys = F.map_keys(fields)
    known = F.array(*(F.lit(name) for name in columns))
    with_fields = parsed.select("*", *(fields[name].alias(name) for name in columns))
    # As many keys as known fields with a value: no field is unknown or given twice. Most lines are like this.
    filled = reduce(Column.__add__, (F.col(name).isNotNull().cast("int") for name in columns))
    is_plain = F.size(fields) == filled
    ends = F.endswith("raw", F.lit("}")) | F.col("raw").rlike(r"\}\s*$")
    problem = (
        F.when(~F.startswith(F.ltrim(bare), F.lit("{")), F.lit("not a JSON object"))
        .when(F.col("_objects").isNull() & F.json_object_keys(bare).isNull(), F.lit("not JSON"))
        .when(F.col("_objects").isNull() | (F.size("_objects") != 1) | ~ends, F.lit("more than one JSON object"))
        .when(~is_plain & (F.size(F.array_distinct(keys)) < F.size(keys)), F.lit("a field is given twice"))
    )
    is_unknown = F.coalesce(~is_plain & (F.size(F.array_except(keys, known)) > 0), F.lit(False))
    return with_fields.select("file", "line", "raw", problem.alias("problem"), is_unknown.alias("unknown"), *columns)


def _csv_rows(lines: DataFrame, columns: Sequence[str], required: Sequence[str]) -> DataFrame:
    """One row per data line of `lines`, the frame of `read_lines`: a file's first line is its header."""
    headers = lines.where(F.col("block") == 0).groupBy("file").agg(F.min_by("raw", "id").alias("header"))
    # One row per distinct header: exports of one kind share theirs, so there are few.
    distinct = headers.groupBy("header").agg(F.min("file").alias("example")).collect()
    data_lines = number_lines(lines).where((F.col("line") > 1) & (F.trim("raw") != ""))
    data = data_lines.join(F.broadcast(headers), "file", how="inner")
    frames = []
    for row in sorted(distinct, key=lambda row: str(row["header"])):
        if row["header"].strip():
            frames.append(_csv_rows_of(data, row["header"], row["example"], columns, required))
        elif headless := data.where(F.trim("header") == "").first():
            raise InputError(f"{headless['file']}: the first line must be the header, and it is blank")
    empty = data.limit(0).select(
        "file",
        "line",
        "raw",
        F.lit(None).cast("string").alias("problem"),
        F.lit(False).alias("unknown"),
        *(F.lit(None).cast("string").alias(name) for name in columns),
    )
    return reduce(DataFrame.unionByName, frames, empty)


def _csv_rows_of(
    data: DataFrame, header: str, example: str, columns: Sequence[str], required: Sequence[str]
) -> DataFrame:
    names = [name.strip().lower() for name in next(csv.reader([header.lstrip(BOM)]))]
    if missing := [name for name in required if name.lower() not in names]:
        raise InputError(f"{example}: the header lacks the required column {missing[0]}; it has {', '.join(names)}")
    schema = ", ".join([*(f"c{index} string" for index in range(len(names))), "_corrupt string"])
    options = {"columnNameOfCorruptRecord": "_corrupt", "escape": '"', "mode": "PERMISSIVE"}

    def field(name: str) -> Column:
        position = names.index(name.lower()) if name.lower() in names else None
        return F.lit(None).cast("string") if position is None else F.col("row")[f"c{position}"]

    parsed = data.where(F.col("header") == header).select(
        "file", "line", "raw", F.from_csv("raw", F.lit(schema), options).alias("row")
    )
    return parsed.select(
        "file",
        "line",
        "raw",
        F.when(F.col("row._corrupt").isNotNull(), F.lit(f"does not have the header's {len(names)} fields")).alias(
            "problem"
        ),
        F.lit(False).alias("unknown"),
        *(field(name).alias(name) for name in columns),
    )


def _text_rows(lines: DataFrame, columns: Sequence[str], required: Sequence[str]) -> DataFrame:
    return lines.where(F.trim("raw") != "").select(
        "file",
        "line",
        "raw",
        F.lit(None).cast("string").alias("problem"),
        F.lit(False).alias("unknown"),
        *(
            F.col("raw").alias(name) if name == "raw_line" else F.lit(None).cast("string").alias(name)
            for name in columns
        ),
    )
