"""What a file is by its first bytes, whatever its name says."""

from __future__ import annotations

FIRST_BYTES = 4096  # enough to tell every kind below

COMPRESSIONS = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
BZIP2 = (b"BZh", b"\x31\x41\x59\x26\x53\x59")  # with the block size, a digit, between

# Longer marks first: UTF-32 starts as UTF-16 does.
BYTE_ORDER_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
SAVE_AS_CSV = "save the sheet as CSV (UTF-8)"
UNPACK = "unpack it first"
# First bytes: what it is, and what to do with it.
REFUSED = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("an Excel workbook (.xls)", SAVE_AS_CSV),
    b"%PDF": ("a PDF", "export the table as CSV"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", UNPACK),
    b"Rar!\x1a\x07": ("a rar archive", UNPACK),
    b"\xfd7zXZ\x00": ("xz-compressed", "unpack it, or compress it with gzip"),
    b"SQLite format 3\x00": ("a SQLite database", "export the table as CSV"),
}
ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"
TAR = (257, b"ustar")  # place, mark
MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml")


def compression_of(first: bytes) -> str | None:
    """gzip, bz2 or zstd, as pyarrow names them; None for a file that is none of these."""
    if first.startswith(BZIP2[0]) and first[4:10] == BZIP2[1]:
        return "bz2"
    return next((name for name, mark in COMPRESSIONS.items() if first.startswith(mark)), None)


def is_parquet(first: bytes) -> bool:
    """Whether it is Parquet."""
    return first.startswith(PARQUET)


def wide_encoding(first: bytes) -> str | None:
    """utf-16 or utf-32, by the byte order mark or, without one, by the zero bytes of plain letters; otherwise None."""
    for mark, name in BYTE_ORDER_MARKS.items():
        if first.startswith(mark):
            return name
    start = first[: len(first) // 2 * 2]
    even, odd = start[::2], start[1::2]
    if len(start) >= 8 and 0 not in odd and even.count(0) > len(even) / 2:
        return "utf-16-be"
    if len(start) >= 8 and 0 not in even and odd.count(0) > len(odd) / 2:
        return "utf-16-le"
    return None


def refused_kind(first: bytes) -> tuple[str, str] | None:
    """What a file is that is no table of text, and the way out; None for one that may be text."""
    if first.startswith(ZIP):
        return _zip_kind(first)
    if first[TAR[0] :].startswith(TAR[1]):
        return "a tar archive", UNPACK
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()[:9].lower()
    if start.startswith(MARKUP):
        return "HTML or XML", SAVE_AS_CSV
    return next((kind for mark, kind in REFUSED.items() if first.startswith(mark)), None)


def _zip_kind(first: bytes) -> tuple[str, str]:
    if b"opendocument.spreadsheet" in first:
        return "an OpenDocument sheet (.ods)", SAVE_AS_CSV
    if b"[Content_Types].xml" in first or b"xl/" in first:
        return "an Excel workbook (.xlsx)", SAVE_AS_CSV
    return "a zip archive", UNPACK
