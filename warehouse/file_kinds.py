"""What a file is by its first bytes: how it is compressed, and what cannot be read as rows, with the way out."""

from __future__ import annotations

import re

LOOKED_AT = 1 << 18  # bytes; so much of a file's begin is looked at
# How a file is compressed, by its first bytes, with the ending by which Spark knows it.
COMPRESSED: dict[str, tuple[re.Pattern[bytes], str]] = {
    "gzip": (re.compile(rb"\x1f\x8b"), ".gz"),
    "bz2": (re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), ".bz2"),
    "zstd": (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), ".zst"),
}
COMPRESSED_ENDINGS = (".gz", ".gzip", ".bz2", ".bzip2", ".zst", ".zstd")
BOMS = {"UTF-32": (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"), "UTF-16": (b"\xff\xfe", b"\xfe\xff")}
UTF8_BOM = b"\xef\xbb\xbf"

SHEET = "save its sheet as CSV (UTF-8) and land that"
ARCHIVE = "unpack it and land its files"
REPACK = "land it plain, or compressed with gzip"
REWRITE = "write its rows as CSV or JSON Lines and land those"
DOWNLOAD = "download the export again and look at it; it may be a login page or an error message"
# First bytes that no text has: what the file is, and the way out.
NO_TEXT: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"PK\x03\x04.{0,4000}?(?:xl/|\[Content_Types\]\.xml)", re.DOTALL), "an Excel workbook", SHEET),
    (re.compile(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", re.DOTALL), "an OpenDocument file", SHEET),
    (re.compile(rb"PK\x03\x04|PK\x05\x06"), "a zip archive", ARCHIVE),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an Excel workbook of the old kind (.xls)", SHEET),
    (re.compile(rb".{257}ustar", re.DOTALL), "a tar archive", ARCHIVE),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "a 7z archive", ARCHIVE),
    (re.compile(rb"Rar!\x1a\x07"), "a rar archive", ARCHIVE),
    (re.compile(rb"\xfd7zXZ\x00"), "compressed with xz", REPACK),
    (re.compile(rb"\x04\x22\x4d\x18"), "compressed with lz4", REPACK),
    (re.compile(rb"\xff\x06\x00\x00sNaPpY"), "compressed with snappy", REPACK),
    (re.compile(rb"\x89LZO\x00"), "compressed with lzop", REPACK),
    (re.compile(rb"\x1f[\x9d\xa0]"), "compressed with compress", REPACK),
    (re.compile(rb"\s*%PDF-"), "a PDF", "export the table as CSV and land that"),
    (re.compile(rb"PAR1.{0,500}\x00", re.DOTALL), "a Parquet file", REWRITE),
    (re.compile(rb"Obj\x01"), "an Avro file", REWRITE),
    (re.compile(rb"ORC.{0,500}\x00", re.DOTALL), "an ORC file", REWRITE),
    (re.compile(rb"ARROW1\x00\x00"), "an Arrow file", REWRITE),
    (re.compile(rb"SQLite format 3\x00"), "an SQLite database", REWRITE),
    (re.compile(rb"\{\\rtf"), "a rich text document", "save it as plain text (UTF-8)"),
)
MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:[a-zA-Z!?])")
HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|div|title|meta)\b", re.IGNORECASE)
# Bytes that text does not have, NUL among them.
CONTROL = re.compile(rb"[\x00-\x06\x0e-\x19\x1c-\x1f]")
BINARY_FROM = 0.05  # share of such bytes; data without structure has 9%
NULS_FROM = 0.1  # share of NULs in text of two or four bytes a letter


def compression_of(begin: bytes) -> str | None:
    """How the file is compressed (gzip, bz2 or zstd), whatever its name is; None where it is not."""
    return next((name for name, (magic, _) in COMPRESSED.items() if magic.match(begin)), None)


def no_text(begin: bytes) -> tuple[str, str] | None:
    """What a file with these first bytes is where it cannot be text, and the way out of landing it; None where it may
    be text."""
    return next(((what, way_out) for magic, what, way_out in NO_TEXT if magic.match(begin)), None)


def not_text(begin: bytes) -> str | None:
    """The same as one text."""
    found = no_text(begin)
    return f"is {found[0]}; {found[1]}" if found else None


def not_rows(begin: bytes) -> str | None:
    """What a text with these first bytes is where it has no rows in UTF-8 or the like, and the way out."""
    if wide := wide_encoding(begin):
        codec = wide.lower()
        return f"is {wide}; save it as UTF-8, or give its input encoding: {codec} (landing.inputs)"
    if MARKUP.match(begin):
        return f"is {'an HTML page' if HTML.search(begin) else 'HTML or XML'}; {DOWNLOAD}"
    return "is no text; land CSV or JSON Lines" if is_binary(begin) else None


def is_binary(begin: bytes) -> bool:
    """Whether the bytes are those of no text in any encoding."""
    return len(CONTROL.findall(begin)) > BINARY_FROM * len(begin)


def wide_encoding(begin: bytes) -> str | None:
    """UTF-16 or UTF-32 where the text is in it, with a byte order mark or without; otherwise None."""
    if by_mark := next((name for name, marks in BOMS.items() if begin.startswith(marks)), None):
        return by_mark
    sample = begin[:4096]
    places = [sample[place::4].count(0) for place in range(4)]
    if sum(places) < NULS_FROM * len(sample):
        return None
    for name, letters in (("UTF-32", ((0,), (3,))), ("UTF-16", ((0, 2), (1, 3)))):
        for own in letters:  # the bytes in which a letter of ASCII has its code; the others are NUL
            in_own = sum(places[place] for place in own)
            if in_own <= BINARY_FROM * sum(places) and all(places[p] for p in range(4) if p not in own):
                return name
    return None
