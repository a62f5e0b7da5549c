"""Rows of strings from CSV files: each file by its own header and delimiter, a quoted field over several lines too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.csv_header import Header, Shape
from intake.csv_records import records_of_batches
from intake.line_text import as_text
from intake.wanted_columns import CURRENCY, Wanted
from intake.written_numbers import given

FIELDS_AT_MOST = 20_000  # of a record; Spark's parser of CSV allows 20,480
PLACES = "file string, block bigint, lines_before bigint, header int, last_line bigint, is_joined boolean"


def csv_rows(lines: DataFrame, headers: Mapping[str, Header], wanted: Wanted, encoding: str | None) -> DataFrame:
    """One row per record of `lines`, the frame of `read_lines`, after its file's header; see `read_rows`."""
    shapes = sorted({header.shape for header in headers.values()})
    numbers = {file: shapes.index(header.shape) for file, header in headers.items()}
    places, joined = _places(lines, headers, numbers)
    numbered = (
        as_text(lines, encoding)
        .join(F.broadcast(lines.sparkSession.createDataFrame(places, PLACES)), ["file", "block"], how="inner")
        .withColumn("line", F.col("id") + F.col("lines_before"))
        .where(F.col("line") > F.col("last_line"))
    )
    found = numbered.where(~F.col("is_joined")).select("file", "line", "raw", "problem", "header")
    if joined:
        by_file = {file: (headers[file].delimiter, headers[file].width) for file in joined}
        in_order = (
            numbered.where("is_joined")
            .select("file", "line", "raw", "problem")
            .repartition(F.col("file"))
            .sortWithinPartitions("file", "line")
        )
        whole = in_order.mapInArrow(_joiner(by_file), "file string, line bigint, raw string, problem string")
        header = F.create_map(*(F.lit(one) for file in joined for one in (file, numbers[file])))
        found = found.unionByName(whole.withColumn("header", header[F.col("file")]))
    frames = [_rows_of(found.where(F.col("header") == number), shape, wanted) for number, shape in enumerate(shapes)]
    return reduce(DataFrame.unionByName, frames)


def _places(
    lines: DataFrame, headers: Mapping[str, Header], numbers: Mapping[str, int]
) -> tuple[list[tuple[object, ...]], list[str]]:
    """A row of PLACES per block, and the files whose lines may be joined: one of them has an odd number of quotes."""
    quotes = F.octet_length("raw") - F.octet_length(F.replace("raw", F.lit('"'), F.lit("")))
    blocks = lines.groupBy("file", "block").agg(
        F.min("id").alias("first_id"), F.count(F.lit(1)).alias("lines"), F.max(quotes % 2).alias("odd")
    )
    found = [row for row in blocks.orderBy("file", "block").collect() if row["file"] in headers]
    joined = sorted({row["file"] for row in found if row["odd"]})
    places: list[tuple[object, ...]] = []
    before: dict[str, int] = {}
    for row in found:
        file, header = row["file"], headers[row["file"]]
        lines_before = before.get(file, 0)
        before[file] = lines_before + row["lines"]
        shift = lines_before - row["first_id"] + 1
        places.append((file, row["block"], shift, numbers[file], header.last_line, file in joined))
    return places, joined


def _joiner(
    shapes: Mapping[str, tuple[str, int]],
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def join(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return records_of_batches(batches, shapes)

    return join


def _rows_of(records: DataFrame, shape: Shape, wanted: Wanted) -> DataFrame:
    """The rows of records under one header."""
    delimiter, width, places, currency = shape
    schema = ", ".join([*(f"c{index} string" for index in range(width)), "_corrupt string"])
    options = {"columnNameOfCorruptRecord": "_corrupt", "escape": '"', "mode": "PERMISSIVE", "sep": delimiter}
    place_of = dict(places)

    def field(column: str) -> Column:
        if column in wanted.constants:
            return F.lit(wanted.constants[column])
        cell = F.col("row")[f"c{place_of[column]}"] if column in place_of else F.lit(None).cast("string")
        return F.coalesce(given(cell), F.lit(currency)) if column == CURRENCY and currency else cell

    # A line of delimiters alone is as blank as one without them.
    is_blank = F.trim(F.translate("raw", f'{delimiter}"\t', "")) == ""
    # A record with more fields than the parser's limit would end the query.
    unquoted = F.regexp_replace("raw", r'"[^"]*+"', "")
    delimiters = F.octet_length(unquoted) - F.octet_length(F.replace(unquoted, F.lit(delimiter), F.lit("")))
    is_endless = (F.octet_length("raw") > FIELDS_AT_MOST) & (delimiters > FIELDS_AT_MOST)
    fields = F.from_csv(F.when(~is_endless, F.col("raw")), F.lit(schema), options)
    parsed = records.where(~is_blank).withColumns({"row": fields, "is_endless": is_endless})
    has_other_width = F.col("is_endless") | F.col("row._corrupt").isNotNull()
    wrong_width = F.when(has_other_width, F.lit(f"does not have the header's {width} fields"))
    return parsed.select(
        "file",
        "line",
        "raw",
        F.coalesce("problem", wrong_width).alias("problem"),
        F.lit(False).alias("unknown"),
        *(field(column).alias(column) for column in wanted.columns),
    )
