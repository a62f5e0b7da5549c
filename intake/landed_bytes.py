"""The bytes of a landed file, unpacked and in an encoding that lines can be found in, piece by piece."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse.file_kinds import LOOKED_AT, UTF8_BOM, compression_of

CHUNK = 1 << 20  # bytes read at once
# How a line of a copy begins that is longer than the limit in the landed file; so much of it is in the copy.
CUT_LINE = b"\xff\xfe\xfd cut: "
KEPT_BYTES = 1_000
UTF8 = "utf-8"


class Damaged(Exception):  # noqa: N818 (what a file is)
    """A compressed file that is cut short or damaged."""


class OtherEncoding(Exception):  # noqa: N818 (what a file is)
    """Text that is not in the encoding of its input; `line` is where."""

    def __init__(self, line: int) -> None:
        """The line of the first byte that cannot be read."""
        super().__init__(line)
        self.line = line


def has_ascii_lines(encoding: str) -> bool:
    """Whether line ends and quotes have the bytes that they have in ASCII, and are no part of another letter."""
    ascii_bytes, name = bytes(range(128)), codecs.lookup(encoding).name
    try:
        return ascii_bytes.decode(name) == ascii_bytes.decode("ascii") and not name.startswith("iso2022")
    except UnicodeError:
        return False


def is_utf8(encoding: str | None) -> bool:
    """Whether the encoding is UTF-8, as that of an input is where it names none."""
    return encoding is None or codecs.lookup(encoding).name in (UTF8, "utf-8-sig")


def first_bytes(path: Path) -> bytes:
    """The first bytes of a file of this machine, as they are stored."""
    with path.open("rb") as file:
        return file.read(LOOKED_AT)


def unpacked(path: Path, compression: str | None) -> Iterator[bytes]:
    """The unpacked bytes of a file of this machine; Damaged where it is cut short."""
    with path.open("rb") as file, _opened(file, compression) as stream:
        yield from _chunks(stream)


def first_unpacked(path: Path, compression: str | None) -> bytes:
    """The first unpacked bytes of a file of this machine."""
    return next(unpacked(path, compression), b"")


def begin_of(stored: bytes) -> bytes:
    """The first unpacked bytes of a file whose first stored bytes are given."""
    try:
        with _opened(BytesIO(stored), compression_of(stored)) as stream:
            return next(_chunks(stream), b"")[:LOOKED_AT]
    except Damaged:
        return b""


def in_utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The bytes of a text in `encoding` as those of UTF-8; OtherEncoding where it is not in it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    for chunk in _and_end(chunks):
        try:
            text = decoder.decode(chunk or b"", final=chunk is None)
        except UnicodeError as error:
            before = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
            raise OtherEncoding(lines + before.decode(encoding, "ignore").count("\n")) from error
        lines += text.count("\n")
        yield text.encode(UTF8, "surrogatepass")


def has_longer_line(chunks: Iterator[bytes], limit: int) -> bool:
    """Whether a line has more bytes than `limit`. All chunks are read, in little memory."""
    longest = length = 0
    for chunk in chunks:
        for piece in (chunk[start : start + limit] for start in range(0, len(chunk), limit)):
            ends = [place for place in (piece.find(b"\n"), piece.find(b"\r")) if place >= 0]
            length += min(ends, default=len(piece))
            longest = max(longest, length)
            if ends:
                length = len(piece) - max(piece.rfind(b"\n"), piece.rfind(b"\r")) - 1
    return longest > limit


def with_lines_cut(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """The same lines; one with more bytes than `limit` is CUT_LINE and its first bytes."""
    line, rest_is_left_out, after_cut = bytearray(), False, False
    for chunk in chunks:
        for piece in chunk.splitlines(keepends=True):
            is_end = piece.endswith((b"\n", b"\r"))
            if after_cut and piece == b"\n":  # of a CR LF
                after_cut = False
                continue
            after_cut = False
            if rest_is_left_out:
                rest_is_left_out, after_cut = not is_end, piece.endswith(b"\r")
                continue
            line += piece
            if len(text := line.rstrip(b"\r\n")) > limit:
                yield CUT_LINE + bytes(text[:KEPT_BYTES]) + b"\n"
                rest_is_left_out, after_cut = not is_end, piece.endswith(b"\r")
                line.clear()
            elif is_end:
                yield bytes(line)
                line.clear()
    yield bytes(line)


def starts_with_bom(begin: bytes) -> bool:
    """Whether the text says that it is UTF-8 by its first bytes."""
    return begin.startswith(UTF8_BOM)


def _and_end(chunks: Iterator[bytes]) -> Iterator[bytes | None]:
    yield from chunks
    yield None


@contextmanager
def _opened(file: Any, compression: str | None) -> Iterator[Any]:
    if compression is None:
        yield file
        return
    with pa.CompressedInputStream(pa.PythonFile(file, mode="r"), compression) as stream:
        yield stream


def _chunks(stream: Any) -> Iterator[bytes]:
    while True:
        try:
            chunk = stream.read(CHUNK)
        except (OSError, EOFError, ValueError, pa.ArrowException) as error:
            raise Damaged from error
        if not chunk:
            return
        yield chunk
