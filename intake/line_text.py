"""Lines as text: those that are not in the encoding of their file are bad rows, shown with the bytes as they are.

`decoded_batches` runs in Python on workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from intake.landed_bytes import CUT_LINE, has_ascii_lines, is_utf8

NOT_UTF8 = "is not UTF-8; the encoding of the input can be given (landing.inputs, encoding)"
TOO_LONG = "is longer than landing.max_line_bytes; raw has the first bytes of it"
SHOWN_OTHERWISE = (NOT_UTF8, TOO_LONG)  # `raw` is not the line itself
# Text in which every byte is one letter: runs of ASCII, letters of UTF-8, and bytes that are neither.
TOKENS = (
    r"([\x00-\x7f]+|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    r"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}"
    r"|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff])"
)
LATIN = "ISO-8859-1"  # each byte is the letter of its number


def encoding_of_lines(encoding: str | None) -> str | None:
    """The encoding in which lines are read; None for UTF-8, in which files of the others are staged."""
    return None if encoding is None or is_utf8(encoding) or not has_ascii_lines(encoding) else encoding


def not_in(encoding: str) -> str:
    """Why a line is bad that is not in the encoding of its input."""
    return f"is not {encoding}, the encoding of its input (landing.inputs)"


def as_text(lines: DataFrame, encoding: str | None) -> DataFrame:
    """The frame of `read_lines` with `raw` as text and `problem`, why a line is no text, null where it is.

    A byte that is not in the encoding is written \\xNN: no two lines become one, and every reader can read them.
    """
    if encoding is not None:
        columns = [name for name in lines.columns if name != "raw"]
        schema = ", ".join(f"`{name}` {lines.schema[name].dataType.simpleString()}" for name in columns)
        return lines.select(*columns, F.col("raw").cast("binary").alias("raw")).mapInArrow(
            _decoder(encoding), f"{schema}, raw string, problem string"
        )
    is_text, stored = F.is_valid_utf8("raw"), F.col("raw").cast("binary")
    is_cut = F.startswith(stored, F.lit(CUT_LINE))
    cut = F.substr(stored, F.lit(len(CUT_LINE) + 1))
    return lines.withColumns(
        {
            "raw": F.when(is_text, F.col("raw")).otherwise(
                _with_bytes_shown(F.when(is_cut, cut).otherwise(stored)),
            ),
            "problem": F.when(~is_text, F.when(is_cut, F.lit(TOO_LONG)).otherwise(F.lit(NOT_UTF8))),
        }
    )


def _with_bytes_shown(stored: Column) -> Column:
    letters = F.decode(stored, LATIN)
    return F.array_join(F.transform(F.regexp_extract_all(letters, F.lit(TOKENS), 1), _token_shown), "")


def _token_shown(token: Column) -> Column:
    code = F.ascii(token)
    is_byte = (F.length(token) == 1) & (code > 127)
    shown = F.concat(F.lit("\\x"), F.lower(F.hex(code)))
    return F.when(is_byte, shown).otherwise(F.decode(F.encode(token, LATIN), "UTF-8"))


def _decoder(encoding: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def decode(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return decoded_batches(batches, encoding)

    return decode


def decoded_batches(batches: Iterable[pa.RecordBatch], encoding: str) -> Iterator[pa.RecordBatch]:
    """Batches whose last column, the bytes of a line, is text, with a column more: why it is none, null where it is."""
    for batch in batches:
        *columns, raw = batch.columns
        texts = [_decoded(line, encoding) for line in raw.to_pylist()]
        names = [*batch.schema.names, "problem"]
        arrays = [pa.array([one[place] for one in texts], pa.string()) for place in (0, 1)]
        yield pa.RecordBatch.from_arrays([*columns, *arrays], names=names)


def _decoded(line: bytes, encoding: str) -> tuple[str, str | None]:
    if line.startswith(CUT_LINE):
        return line.removeprefix(CUT_LINE).decode(encoding, "backslashreplace"), TOO_LONG
    try:
        return line.decode(encoding), None
    except UnicodeError:
        return line.decode(encoding, "backslashreplace"), not_in(encoding)
