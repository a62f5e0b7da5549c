"""The first look at a new file, before any adapter: whether it can be read, and how, or what it is instead.

Bytes decide, not the name: compressed files are known by their first bytes, and each is read once to its end, so that
a file that is cut short, or has a line larger than memory, is found here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Literal

from intake.landed_bytes import (
    Damaged,
    OtherEncoding,
    begin_of,
    first_bytes,
    has_ascii_lines,
    has_longer_line,
    in_utf8,
    starts_with_bom,
    unpacked,
)
from warehouse.file_kinds import (
    COMPRESSED,
    COMPRESSED_ENDINGS,
    LOOKED_AT,
    compression_of,
    is_binary,
    not_rows,
    not_text,
)
from warehouse.local_files import FoundFile, shown

JSON_ENDINGS = (".json", ".jsonl", ".ndjson")
CSV_ENDINGS = (".csv", ".tsv", ".tab")
TEXT_ENDINGS = (".txt",)
KNOWN_ENDINGS = (*JSON_ENDINGS, *CSV_ENDINGS, *TEXT_ENDINGS)
ENDINGS_OF_SPARK = (".gz", ".bz2", ".zst", ".deflate", ".snappy", ".lz4")  # by which Hadoop chooses a codec
# Programs write a file under such a name and rename it once it is whole.
UNFINISHED = re.compile(r"(?:\.(?:part|partial|tmp|temp|crdownload|filepart|download|swp|writing|inprogress)|~)$", re.I)
NOTHING_TAKEN_IN = "nothing of this batch was taken in. Land the whole file again."
CUT = f"the file is cut short or damaged; {NOTHING_TAKEN_IN}"
NOT_READABLE = f"the file cannot be read; {NOTHING_TAKEN_IN}"
ONE_ARRAY = "is one JSON array; land one object a line, such as `jq -c '.[]'` writes"
ONE_OBJECT = "has one JSON object over several lines; land one object a line, such as `jq -c .` writes"

# Gives a file of another file system as one of this machine, for as long as it is looked at.
Fetch = Callable[[FoundFile], AbstractContextManager[Path]]


@dataclass(frozen=True)
class Expected:
    """What an input expects of its files: the pattern of their names, their encoding (None: UTF-8), how long a line may
    be, and what is wrong with a text, by its first bytes, for the adapter that will read it (None: nothing)."""

    pattern: str
    encoding: str | None
    max_line_bytes: int
    problem_of: Callable[[FoundFile, bytes], str | None] = lambda file, begin: None


@dataclass(frozen=True)
class Look:
    """What the first look found at one file: it is read, passed over, or refused, the last two with the reason.

    `reading` is how Spark gets it: where it is; by a link whose name fits its bytes; or as a copy, unpacked and in
    UTF-8. `ending` is that of the link's or copy's name; `compression` and `codec` are what a copy is freed of, codec
    '' where the encoding stays; lines longer than `cut_at` bytes are cut in it, None where there are none.
    """

    file: FoundFile
    outcome: Literal["read", "passed over", "refused"] = "read"
    reason: str = ""
    reading: Literal["in place", "link", "copy"] = "in place"
    ending: str = ""
    compression: str | None = None
    codec: str = ""
    cut_at: int | None = None


def format_ending(file: str) -> str:
    """The ending that gives the format, in lower case, without that of a compression; '' where there is none."""
    name = shown(file).rsplit("/", 1)[-1].lower()
    bare = next((name.removesuffix(ending) for ending in COMPRESSED_ENDINGS if name.endswith(ending)), name)
    return f".{bare.rsplit('.', 1)[1]}" if "." in bare.lstrip(".") else ""


def look_at_files(files: Sequence[FoundFile], fetch: Fetch, expected: Expected) -> list[Look]:
    """The first look at every file of an input, in their order."""
    with ThreadPoolExecutor() as threads:  # to unpack needs no lock of Python
        return list(threads.map(lambda file: look_at_file(file, fetch, expected), files))


def look_at_file(file: FoundFile, fetch: Fetch, expected: Expected) -> Look:
    """The first look at one file."""
    if UNFINISHED.search(shown(file.file)):
        return Look(file, "passed over", "still being written, by its name")
    try:
        with fetch(file) as path:
            before = path.stat()
            found = _look(file, path, expected)
            after = path.stat()
    except FileNotFoundError:
        return Look(file, "passed over", "gone since it was listed")
    except OSError:
        return Look(file, "refused", NOT_READABLE)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        return Look(file, "passed over", "still being written")
    return found


def _look(file: FoundFile, path: Path, expected: Expected) -> Look:
    stored = first_bytes(path)
    compression = compression_of(stored)
    if reason := not_text(begin_of(stored) if compression else stored):
        return Look(file, "refused", reason)
    if not _is_named(file, expected.pattern):
        return Look(file, "passed over", "its ending is not one of a known format")
    reason, codec, has_long_line = _not_as_named(file, stored), "", False
    try:
        text, begin, codec = _text(path, compression, expected.encoding)
        reason = reason or _not_rows(file, begin, expected)
        has_long_line = not reason and has_longer_line(text, expected.max_line_bytes)
    except Damaged:
        reason = CUT
    except OtherEncoding as error:
        reason = f"line {error.line:,} is not {expected.encoding}, the encoding of its input (landing.inputs)"
    if reason:
        return Look(file, "refused", reason)
    cut_at = expected.max_line_bytes if has_long_line else None
    return _reading(Look(file, compression=compression, codec=codec, cut_at=cut_at))


def _not_as_named(file: FoundFile, stored: bytes) -> str | None:
    if compression_of(stored):
        return "is compressed twice; unpack it once and land that" if compression_of(begin_of(stored)) else None
    if not shown(file.file).lower().endswith(COMPRESSED_ENDINGS):
        return None
    is_damaged = not stored or is_binary(stored)
    return CUT if is_damaged else "the file is named as compressed and is not; land it without that ending"


def _reading(look: Look) -> Look:
    """How Spark gets a file that can be read."""
    ending, spark_ending = format_ending(look.file.file), COMPRESSED[look.compression][1] if look.compression else ""
    if look.codec or look.cut_at:
        return replace(look, reading="copy", ending=ending)
    if not _spark_reads(look.file.uri, spark_ending):
        return replace(look, reading="link", ending=ending + spark_ending)
    return look


def _codec_of_copy(begin: bytes, encoding: str | None) -> str:
    """The encoding that must be changed before lines can be found; '' where they can be."""
    return "" if encoding is None or has_ascii_lines(encoding) or starts_with_bom(begin) else encoding


def _is_named(file: FoundFile, pattern: str) -> bool:
    """Whether the name gives a known format, or the input's pattern asks for just this ending."""
    ending, last = format_ending(file.file), pattern.rsplit("/", 1)[-1]
    if ending in KNOWN_ENDINGS:
        return True
    if not ending:
        return last.strip("*") != ""
    return format_ending(last) == ending and "*" not in ending


def _spark_reads(uri: str, ending: str) -> bool:
    """Whether Spark reads the file under its own name: it knows a compression by the ending, in lower case alone."""
    by_name = next((known for known in ENDINGS_OF_SPARK if uri.endswith(known)), "")
    path = uri.partition(":")[2] if uri.startswith("file:") else uri.partition("://")[2].partition("/")[2]
    is_text = all(not 0xD800 <= ord(char) < 0xE000 for char in uri)  # a name may have bytes that are no UTF-8
    return by_name == ending and ":" not in path and is_text


def _text(path: Path, compression: str | None, encoding: str | None) -> tuple[Iterator[bytes], bytes, str]:
    """The unpacked text of a file, its first bytes, and the encoding that was changed to UTF-8, '' where none was."""
    chunks = unpacked(path, compression)
    begin = next(chunks, b"")
    codec = _codec_of_copy(begin, encoding)
    text: Iterator[bytes] = chain([begin], chunks)
    if codec:
        text = in_utf8(text, codec)
        begin = next(text, b"")
        text = chain([begin], text)
    return text, begin[:LOOKED_AT], codec


def _not_rows(file: FoundFile, begin: bytes, expected: Expected) -> str | None:
    """Why a text with these first bytes has no rows for its adapter; None where it may have."""
    return not_text(begin) or not_rows(begin) or _not_json_lines(file, begin) or expected.problem_of(file, begin)


def _not_json_lines(file: FoundFile, begin: bytes) -> str | None:
    """What a file of JSON is where it is not JSON Lines, by its first two lines."""
    if format_ending(file.file) not in JSON_ENDINGS:
        return None
    lines = [line for line in begin.removeprefix(b"\xef\xbb\xbf").splitlines() if line.strip()][:2]
    if not lines or not lines[0].lstrip().startswith((b"{", b"[")):
        return None
    first = lines[0].strip()
    is_array = first.startswith(b"[")
    if _is_json(first):  # an array alone is the file; before other lines it is one bad line
        return ONE_ARRAY if is_array and len(lines) == 1 else None
    if is_array and first.removeprefix(b"[").strip()[:1] in (b"", b"{", b"["):
        return ONE_ARRAY
    goes_on = first == b"{" or first.endswith((b",", b"{", b"["))
    if goes_on and len(lines) > 1 and lines[1].lstrip().startswith((b'"', b"}")):
        return ONE_OBJECT
    return None


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def is_known_encoding(encoding: str) -> bool:
    """Whether Python has a codec of that name that reads text."""
    try:
        b"a".decode(encoding)
    except UnicodeError:  # half a letter
        return True
    except LookupError:
        return False
    return True
