"""How a CSV of aggregated paths is written: its encoding, its delimiter and where its header is, given or found."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from warehouse.errors import InputError, UsageError, did_you_mean
from warehouse.file_kinds import ARCHIVE, MARKUP, REPACK, REWRITE, SHEET, compression_of, no_text, wide_encoding

REQUIRED = ("path", "conversions")
OPTIONAL = ("value", "nulls")
USED = (*REQUIRED, *OPTIONAL)
FIRST_BYTES = 4096  # that show what a file is
# The ways out, by those of a landing folder.
WAYS_OUT = {
    SHEET: "save its sheet as CSV (UTF-8)",
    ARCHIVE: "unpack it first",
    REPACK: "unpack it, or compress it with gzip",
    REWRITE: "write its rows as CSV or Parquet",
}
EXPORT = "export the table as CSV"
HEAD_BYTES = 1024 * 1024  # that the header is looked for in
SAMPLE_CHARACTERS = 80  # of a row in a message
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", r"\t": "\t", "bar": "|"}
# Encodings that exports are found in, besides UTF-8; those that can read a text are named to the user.
LIKELY_ENCODINGS = ("cp949", "cp932", "cp1252")
WIDE = ("utf-16", "utf16", "utf_16", "utf-32", "utf32", "utf_32")
# Excel writes it above the header, and hides it.
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?')
LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class CsvForm:
    """How a CSV is written, where the user says so; None = found in the file.

    delimiter: one character, or comma, semicolon, tab or bar. decimal: . or a comma. encoding: as Python names it.
    UsageError for others.
    """

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no file can be written in."""
        character = self.delimiter_character
        is_plain = character is None or (len(character) == 1 and character.isascii())
        if not is_plain or character in ('"', "\r", "\n", "\0"):
            names = ", ".join(name for name in DELIMITER_NAMES if name.isalpha())
            raise UsageError(f"--delimiter is one character or {names}, not {self.delimiter!r}")
        if self.decimal not in (None, ".", ","):
            raise UsageError(f"--decimal is . or , not {self.decimal!r}")
        try:
            "".encode(self.encoding or "utf-8")
        except LookupError:
            near = did_you_mean(self.encoding or "", (*LIKELY_ENCODINGS, "utf-8", "utf-16", "euc-kr", "latin-1"))
            raise UsageError(f"--encoding: there is no text encoding {self.encoding!r}{near}") from None

    @property
    def delimiter_character(self) -> str | None:
        """The delimiter where it is given."""
        return DELIMITER_NAMES.get(self.delimiter or "", self.delimiter)


class Header(NamedTuple):
    """The header: its line (from 0), the delimiter, and the names, those of used columns as they are called here."""

    line: int
    delimiter: str
    names: list[str]


def plain_name(name: str) -> str:
    """A column's name as it is called here: without case, outer blanks and byte order mark where it is a used one."""
    bare = name.strip().removeprefix("\ufeff").strip()
    return bare.lower() if bare.lower() in USED else bare


class SourceFile:
    """A file to read several times; what is no regular file, such as a pipe, is read once and kept in memory."""

    def __init__(self, source: str) -> None:
        """InputError where it cannot be read."""
        self.source = source
        try:
            self._content = None if Path(source).is_file() else pa.py_buffer(Path(source).read_bytes())
            with self.bytes() as stream:
                self._packed = compression_of(stream.read(FIRST_BYTES))
        except OSError as error:
            raise InputError(f"{source} cannot be read: {error.strerror or error}") from error

    def bytes(self) -> pa.NativeFile:
        """The file as it is."""
        return pa.OSFile(self.source) if self._content is None else pa.BufferReader(self._content)

    def text(self, encoding: str | None) -> pa.NativeFile:
        """The text of the file in UTF-8: unpacked, and recoded from `encoding` where that is given."""
        stream = pa.CompressedInputStream(self.bytes(), self._packed) if self._packed else self.bytes()
        is_utf8 = encoding is None or encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
        return stream if is_utf8 else pa.transcoding_input_stream(stream, encoding, "utf8")


def first_of(stream: pa.NativeFile, size: int) -> bytes:
    """The first `size` bytes, fewer where there are no more. One read may give fewer."""
    found = b""
    while len(found) < size and (more := stream.read(size - len(found))):
        found += more
    return found


def head_of(file: SourceFile, form: CsvForm) -> tuple[str, bool]:
    """The start of the file as text, and whether that is all of it. InputError for what is no text."""
    try:
        with file.text(None) as stream:
            _check_kind(file.source, first_of(stream, FIRST_BYTES), form)
        with file.text(form.encoding) as stream:
            read = first_of(stream, HEAD_BYTES)
    except UnicodeDecodeError as error:
        raise not_of_encoding(file, form, error) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{file.source} cannot be read: {one_line(error)}") from error
    is_whole = len(read) < HEAD_BYTES
    if not read.strip():
        raise InputError(f"{file.source} is empty: a header with path and conversions is needed")
    end = max(read.rfind(b"\n"), read.rfind(b"\r")) + 1
    # A character may be cut at the end of the head, and data rows are looked at later.
    return read[: end if not is_whole and end else None].decode("utf-8", "surrogateescape"), is_whole


def _check_kind(source: str, first: bytes, form: CsvForm) -> None:
    if found := no_text(first) or (("HTML or XML", EXPORT) if MARKUP.match(first) else None):
        raise InputError(f"{source} is {found[0]}, not CSV or Parquet: {WAYS_OUT.get(found[1], EXPORT)}")
    if compression_of(first):
        raise InputError(f"{source} is compressed twice: unpack it once")
    if (form.encoding or "").lower().startswith(WIDE):
        return
    if wide := wide_encoding(first):
        raise InputError(
            f"{source} is {wide} text: add --encoding {wide.lower()}, or save it as UTF-8 (in Excel: CSV UTF-8)"
        )
    if b"\0" in first:
        raise InputError(f"{source} is no text: it has zero bytes; CSV or Parquet is needed")


def header_of(source: str, head: str, form: CsvForm) -> Header:
    """The first line that is not blank, and not Excel's sep=; its delimiter is the one that finds the columns."""
    lines = LINE_BREAK.split(head.removeprefix("\ufeff"))
    place = next(number for number, line in enumerate(lines) if line.strip())
    given = form.delimiter_character
    if hidden := SEPARATOR_LINE.fullmatch(lines[place].strip(" ")):
        given = given or hidden.group(1)
        place = next((number for number in range(place + 1, len(lines)) if lines[number].strip()), place)
    line = lines[place]
    if any("\udc80" <= character <= "\udcff" for character in line):
        written = line.encode("utf-8", "surrogateescape")
        raise InputError(f"{source}: the header is not UTF-8 text{readings_of(written)}")
    if line.lstrip().startswith(("{", "[{", "[[")):
        raise InputError(f"{source} is JSON: CSV or Parquet with the columns path and conversions is needed")
    try:
        readings = [
            Header(place, delimiter, [plain_name(name) for name in next(csv.reader([line], delimiter=delimiter))])
            for delimiter in ([given] if given else DELIMITERS)
        ]
    except csv.Error as error:
        raise InputError(f"{source}, line {place + 1} is no header: {error} ({line[:SAMPLE_CHARACTERS]!r})") from error
    return max(readings, key=lambda header: (set(REQUIRED) <= {*header.names}, len(header.names)))


def readings_of(written: bytes) -> str:
    """'; --encoding cp949 reads …' for each likely encoding that reads the bytes as printable text."""
    found = []
    for encoding in LIKELY_ENCODINGS:
        try:
            text = written.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(character.isprintable() or character.isspace() for character in text):
            found.append(f"--encoding {encoding} reads {text[:SAMPLE_CHARACTERS]!r}")
    return "; " + (", ".join(found) if found else f"give its encoding by --encoding ({written[:SAMPLE_CHARACTERS]!r})")


def not_of_encoding(file: SourceFile, form: CsvForm, error: UnicodeDecodeError) -> InputError:
    """The error for text that is not of the encoding that was given: with the line."""
    with file.text(None) as stream:
        whole = stream.read()
    try:
        whole.decode(str(form.encoding))
    except UnicodeDecodeError as found:
        line = len(LINE_BREAK.split(whole[: found.start].decode(str(form.encoding), "ignore")))
        sample = whole[max(0, found.start - 10) : found.start + 10]
        return InputError(f"{file.source}, line {line} is not {form.encoding} text: {sample!r}; give its encoding")
    return InputError(f"{file.source} is not {form.encoding} text: {one_line(error)}")


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks."""
    return " ".join(str(error).split())
