"""What happens to a file before an adapter sees it: each situation with what it is, and the way out."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import sqlite3
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pyarrow as pa
import pytest
import zstandard
from pyarrow import orc, parquet

from intake.first_look import Expected, Look, look_at_file
from intake.landed_bytes import CUT_LINE, KEPT_BYTES, unpacked, with_lines_cut
from intake.landed_rows import header_problem
from intake.wanted_columns import Wanted
from warehouse.local_files import FoundFile, uri_path

LINES = b'{"event_id": "e1"}\n{"event_id": "e2"}\n'
RANDOM_BYTES = Random(1).randbytes(5000)


def packed(content: bytes) -> bytes:
    """The bytes of a gzip file, the same at any time."""
    return gzip.compress(content, mtime=0)


CSV = "date,platform,spend\n2026-03-01,meta,봄세일\n"
LINE_BYTES = 100_000


@contextmanager
def on_this_machine(file: FoundFile) -> Iterator[Path]:
    yield Path(file.uri.removeprefix("file:"))


def look(
    folder: Path,
    name: str,
    content: bytes,
    *,
    pattern: str = "*",
    encoding: str | None = None,
    wanted: Wanted | None = None,
) -> Look:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    found = FoundFile(uri_path(name), f"file:{path}", len(content), 0)

    def problem_of(file: FoundFile, begin: bytes) -> str | None:
        return header_problem(file, begin, wanted) if wanted else None

    return look_at_file(found, on_this_machine, Expected(pattern, encoding, LINE_BYTES, problem_of))


@pytest.mark.parametrize(
    ("name", "content", "reading", "ending"),
    [
        ("e.jsonl", LINES, "in place", ""),
        ("e.jsonl.gz", packed(LINES), "in place", ""),
        ("e.jsonl.bz2", bz2.compress(LINES), "in place", ""),
        ("e.jsonl.zst", zstandard.compress(LINES), "in place", ""),
        ("e.jsonl", packed(LINES), "link", ".jsonl.gz"),
        ("x.jsonl.gzip", packed(LINES), "link", ".jsonl.gz"),
        ("X.JSONL.GZ", packed(LINES), "link", ".jsonl.gz"),
        ("e.jsonl.gz", bz2.compress(LINES), "link", ".jsonl.bz2"),
        ("e.jsonl", zstandard.compress(LINES), "link", ".jsonl.zst"),
        ("two members.jsonl.gz", packed(LINES) + packed(LINES), "in place", ""),
        ("2026-03-01T00:00:00.jsonl", LINES, "link", ".jsonl"),
        ("dt=12:00/e.jsonl.gz", packed(LINES), "link", ".jsonl.gz"),
        (os.fsdecode("캠페인.csv".encode("cp949")), CSV.encode(), "link", ".csv"),
        ("empty.jsonl", b"", "in place", ""),
        ("one object.json", b'{"event_id": "e1"}', "in place", ""),
        ("one bad line.jsonl", b"[1]\n" + LINES, "in place", ""),
        ("a zero byte.jsonl", LINES + b"\x00" + LINES, "in place", ""),
        ("with bom.csv", b"\xef\xbb\xbf" + CSV.encode(), "in place", ""),
    ],
)
def test_bytes_decide_how_a_file_is_read_whatever_its_name(
    tmp_path: Path, name: str, content: bytes, reading: str, ending: str
) -> None:
    found = look(tmp_path, name, content)
    assert (found.outcome, found.reason) == ("read", "")
    assert (found.reading, found.ending) == (reading, ending)


def workbook() -> bytes:
    """The parts of an .xlsx that every program writes, without its sheets."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return content.getvalue()


def opendocument() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return content.getvalue()


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("orders.csv", CSV)
    return content.getvalue()


def tarred() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("orders.csv"))
    return content.getvalue()


def table_as(write: Callable[[pa.Table, io.BytesIO], None]) -> bytes:
    content = io.BytesIO()
    write(pa.table({"date": ["2026-03-01"] * 100, "n": range(100)}), content)
    return content.getvalue()


def database(folder: Path) -> bytes:
    with sqlite3.connect(folder / "database") as connection:
        connection.execute("create table t (a)")
    connection.close()
    return (folder / "database").read_bytes()


SHEET = "save its sheet as CSV (UTF-8) and land that"
UNPACK = "unpack it and land its files"
ROWS = "write its rows as CSV or JSON Lines and land those"
ARRAY = "is one JSON array; land one object a line, such as `jq -c '.[]'` writes"
LOOK_AT_IT = "download the export again and look at it; it may be a login page or an error message"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def wide(name: str) -> str:
    return f"is {name}; save it as UTF-8, or give its input encoding: {name.lower()} (landing.inputs)"


REFUSED = {
    "report.xlsx": (workbook(), f"is an Excel workbook; {SHEET}"),
    "an export.csv": (workbook(), f"is an Excel workbook; {SHEET}"),
    "report.ods": (opendocument(), f"is an OpenDocument file; {SHEET}"),
    "report.xls": (OLE + bytes(512), f"is an Excel workbook of the old kind (.xls); {SHEET}"),
    "export.zip": (zipped(), f"is a zip archive; {UNPACK}"),
    "export.tar": (tarred(), f"is a tar archive; {UNPACK}"),
    "export.tar.gz": (packed(tarred()), f"is a tar archive; {UNPACK}"),
    "export.tgz": (packed(tarred()), f"is a tar archive; {UNPACK}"),
    "export.csv": (packed(tarred()), f"is a tar archive; {UNPACK}"),
    "export.7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", f"is a 7z archive; {UNPACK}"),
    "export.rar": (b"Rar!\x1a\x07\x01\x00", f"is a rar archive; {UNPACK}"),
    "export.csv.xz": (b"\xfd7zXZ\x00\x00\x04", "is compressed with xz; land it plain, or compressed with gzip"),
    "invoice.pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "is a PDF; export the table as CSV and land that"),
    "t.parquet": (table_as(parquet.write_table), f"is a Parquet file; {ROWS}"),
    "t.csv": (table_as(orc.write_table), f"is an ORC file; {ROWS}"),
    "t.avro": (b"Obj\x01\x04\x16avro.schema", f"is an Avro file; {ROWS}"),
    "u.csv": (CSV.encode("utf-16"), wide("UTF-16")),
    "le.csv": (CSV.encode("utf-16-le"), wide("UTF-16")),
    "be.csv": (CSV.encode("utf-16-be"), wide("UTF-16")),
    "u32.csv": (CSV.encode("utf-32"), wide("UTF-32")),
    "32.csv": (CSV.encode("utf-32-le"), wide("UTF-32")),
    "login.csv": (
        b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>",
        f"is an HTML page; {LOOK_AT_IT}",
    ),
    "feed.jsonl": (
        b"<?xml version='1.0'?><Error>AccessDenied</Error>",
        f"is HTML or XML; {LOOK_AT_IT}",
    ),
    "noise.csv": (bytes(range(256)) * 20, "is no text; land CSV or JSON Lines"),
    "array.json": (b'[{"event_id": "e1"},\n {"event_id": "e2"}]', ARRAY),
    "array on a line.json": (b'[{"a": 1}, {"a": 2}]\n', ARRAY),
    "pretty.json": (
        b'{\n  "event_id": "e1"\n}\n',
        "has one JSON object over several lines; land one object a line, such as `jq -c .` writes",
    ),
    "plain.jsonl.gz": (LINES, "the file is named as compressed and is not; land it without that ending"),
    "twice.jsonl.gz": (packed(packed(LINES)), "is compressed twice; unpack it once and land that"),
}  # fmt: skip
CUT = "the file is cut short or damaged; nothing of this batch was taken in. Land the whole file again."


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_by_name_with_the_way_out(tmp_path: Path, name: str) -> None:
    content, reason = REFUSED[name]
    found = look(tmp_path, name, content)
    assert (found.outcome, found.reason) == ("refused", reason)


def test_a_database_is_refused_by_name(tmp_path: Path) -> None:
    found = look(tmp_path, "shop.csv", database(tmp_path))
    assert found.reason == f"is an SQLite database; {ROWS}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.jsonl.gz", packed(RANDOM_BYTES)[:3000]),
        ("e.jsonl", packed(LINES)[:-4]),
        ("e.jsonl.gz", packed(LINES)[:-8] + b"12345678"),
        ("e.jsonl.gz", packed(LINES) + b"and more"),
        ("e.jsonl.gz", b""),
        ("e.jsonl.gz", packed(RANDOM_BYTES)[1:]),
        ("e.jsonl.bz2", bz2.compress(RANDOM_BYTES)[:3000]),
        ("e.jsonl.zst", zstandard.compress(RANDOM_BYTES)[:3000]),
    ],
)
def test_a_compressed_file_that_is_cut_or_damaged_is_found(tmp_path: Path, name: str, content: bytes) -> None:
    assert look(tmp_path, name, content).reason == CUT


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((f"e.jsonl{ending}", "still being written, by its name") for ending in (".part", ".tmp", ".crdownload", "~")),
        ("e.csv.FILEPART", "still being written, by its name"),
        *((name, "its ending is not one of a known format") for name in ("notes.doc", "README", "e.jsonl.md5")),
    ],
)
def test_files_still_being_written_and_of_unknown_endings_are_passed_over(
    tmp_path: Path, name: str, reason: str
) -> None:
    found = look(tmp_path, name, LINES)
    assert (found.outcome, found.reason) == ("passed over", reason)


@pytest.mark.parametrize(
    ("name", "pattern"), [("e.log", "events/*.log"), ("e.log.gz", "events/*.log.gz"), ("part-00000", "events/part-*")]
)
def test_an_ending_that_the_input_asks_for_is_known(tmp_path: Path, name: str, pattern: str) -> None:
    content = packed(LINES) if name.endswith(".gz") else LINES
    assert look(tmp_path, name, content, pattern=pattern).outcome == "read"
    assert look(tmp_path, f"{name}.part", content, pattern=pattern).outcome == "passed over"


def test_a_file_that_grows_while_it_is_looked_at_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "e.jsonl"
    file.write_bytes(LINES)

    def grows(found: FoundFile, begin: bytes) -> None:
        file.write_bytes(LINES * 2)

    found = look_at_file(
        FoundFile("e.jsonl", f"file:{file}", 0, 0), on_this_machine, Expected("*", None, LINE_BYTES, grows)
    )
    assert (found.outcome, found.reason) == ("passed over", "still being written")


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_line_longer_than_the_limit_is_found_and_cut_in_a_copy(
    tmp_path: Path, compress: Callable[[bytes], bytes], line_end: bytes
) -> None:
    name = "e.jsonl.gz" if compress is gzip.compress else "e.jsonl"
    lines = LINES.replace(b"\n", line_end)
    longest = lines + b"x" * LINE_BYTES + line_end + lines
    assert look(tmp_path, name, compress(longest)).reading == "in place"
    too_long = lines + b"x" * (LINE_BYTES * 30 + 1) + line_end + lines
    found = look(tmp_path, name, compress(too_long))
    assert (found.outcome, found.reading, found.cut_at) == ("read", "copy", LINE_BYTES)

    for size in (7, 1000, 10**7):  # however the bytes come
        chunks = (too_long[start : start + size] for start in range(0, len(too_long), size))
        copy = b"".join(with_lines_cut(chunks, LINE_BYTES))
        assert copy == lines + CUT_LINE + b"x" * KEPT_BYTES + b"\n" + lines


def test_a_small_file_that_unpacks_to_one_huge_line_takes_little_memory(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        file.write(b'{"event_id": "')
        for _ in range(300):
            file.write(b"0" * 1_000_000)
    tracemalloc.start()
    found = look(tmp_path, "bomb.jsonl.gz", packed.getvalue())
    copy = b"".join(with_lines_cut(unpacked(tmp_path / "bomb.jsonl.gz", "gzip"), LINE_BYTES))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.cut_at == LINE_BYTES
    assert copy.startswith(CUT_LINE + b'{"event_id": "000')
    assert len(copy) == len(CUT_LINE) + KEPT_BYTES + 1
    assert most < 20_000_000


def test_text_of_two_or_four_bytes_a_letter_is_read_by_the_encoding_of_its_input(tmp_path: Path) -> None:
    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        found = look(tmp_path, "a.csv", CSV.encode(encoding), encoding=encoding)
        assert (found.outcome, found.reading, found.codec) == ("read", "copy", encoding)
    found = look(tmp_path, "a.csv", (CSV * 9).encode("utf-16-le")[:-1], encoding="utf-16-le")
    assert found.reason == "line 18 is not utf-16-le, the encoding of its input (landing.inputs)"
    # A file that says itself that it is UTF-8 is read as that.
    assert look(tmp_path, "a.csv", b"\xef\xbb\xbf" + CSV.encode(), encoding="utf-16").reading == "in place"


def test_a_header_without_a_needed_column_is_found_at_the_first_look(tmp_path: Path) -> None:
    wanted = Wanted(("date", "spend", "clicks"), ("date", "spend"))
    assert look(tmp_path, "a.csv", CSV.encode(), wanted=wanted).outcome == "read"
    found = look(tmp_path, "a.csv.gz", packed(b"Day,Spend\n2026-03-01,1\n"), wanted=wanted)
    assert found.reason == (
        "the header lacks the required column date; it has day, spend (line 1). Where another one is meant, name it in "
        "landing.inputs, columns: {date: <column of the file>}; see docs/input.md"
    )
    assert look(tmp_path, "a.jsonl", LINES, wanted=wanted).outcome == "read"


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    @contextmanager
    def forbidden(file: FoundFile) -> Iterator[Path]:
        raise PermissionError
        yield

    found = look_at_file(FoundFile("e.jsonl", "file:/e.jsonl", 0, 0), forbidden, Expected("*", None, LINE_BYTES))
    assert found.reason == "the file cannot be read; nothing of this batch was taken in. Land the whole file again."
