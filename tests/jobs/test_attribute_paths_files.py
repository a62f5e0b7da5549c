"""Files of paths as people have them: which are read as they are, and where the refusal of others leads."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import random
import re
import threading
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from desk import HEADER, Desk, credit, rows_of

from jobs.attribute_paths import main

PLAIN = HEADER + "Email > Search,3,1234.50,10\nSearch,2,40,25\n,1,5.25,0\n"
GERMAN = 'path;conversions;value;nulls\nEmail > Search;3;1.234,50;10\n"Search";2;40;25\n;1;5,25;0\n'
KOREAN = "path;conversions\n봄세일 > 검색;150\n여름옷;300\n"


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_a_german_csv_is_read_as_the_same_numbers_with_points(desk: Desk) -> None:
    assert desk.run(GERMAN) == desk.run(PLAIN)
    assert desk.run(GERMAN, "--delimiter", ";", "--decimal", ",") == desk.run(PLAIN)


def test_what_was_found_in_the_file_is_noted(desk: Desk) -> None:
    assert main(["--paths", desk.file(GERMAN), "--out", "-"]) == 0
    err = desk.capsys.readouterr().err
    assert "paths.csv has semicolons between columns and a decimal comma" in err
    assert "rows of " in err and "with an empty path: 1, credited to (unattributed)" in err


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("above", ["", "\n \n", "\ufeff"])
def test_any_delimiter_is_found_in_the_header(desk: Desk, delimiter: str, above: str) -> None:
    text = above + PLAIN.replace(",", delimiter)
    assert desk.run(text) == desk.run(PLAIN)


def test_excels_hidden_first_line_names_the_delimiter(desk: Desk) -> None:
    assert desk.run("sep=;\r\n" + GERMAN) == desk.run(PLAIN)
    assert desk.run("sep=#\r\n" + PLAIN.replace(",", "#")) == desk.run(PLAIN)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1.234,50", 1234.5),
        ("1.234.567,8", 1234567.8),
        ("1 234,50", 1234.5),
        ("1\u202f234,50", 1234.5),
        ("1,234.50", 1234.5),
        ("1'234.50", 1234.5),
        ("12,5", 12.5),
        ("0,125", 0.125),
        ("0.125", 0.125),
        ("1234567", 1234567.0),
        ("+5,", 5.0),
        (".5", 0.5),
        ("1,5e3", 1500.0),
    ],
)
def test_numbers_of_any_country_are_read_as_what_they_mean(desk: Desk, written: str, value: float) -> None:
    rows = desk.run(f"path;conversions;value\nA;1;{written}\n", "--models", "linear")
    assert credit(rows, "linear", "value") == {"A": value}


def test_a_number_that_can_mean_two_things_is_asked_about(desk: Desk) -> None:
    text = "path;conversions;value\nA;1;1.234\n"
    code, message = desk.fails(text)
    assert (code, message) == (
        3,
        "paths.csv, row 1: value '1.234' may be 1234 or 1.234: say which by --decimal . or --decimal , (line 2)",
    )
    assert credit(desk.run(text, "--decimal", "."), "linear", "value") == {"A": 1.234}
    assert credit(desk.run(text, "--decimal", ","), "linear", "value") == {"A": 1234}
    # One number that decides, in any row, decides for all.
    assert credit(desk.run(text + "B;1;3,5\n"), "linear", "value") == {"A": 1234, "B": 3.5}
    assert "'1,234' may be 1234 or 1.234" in desk.fails('path,conversions,value\nA,1,"1,234"\n')[1]


def test_in_a_file_with_commas_a_point_stays_a_point(desk: Desk) -> None:
    assert credit(desk.run("path,conversions,value\nA,1,1.234\n"), "linear", "value") == {"A": 1.234}


@pytest.mark.parametrize(("text", "encoding"), [(KOREAN, "cp949"), (GERMAN, "utf-16"), (GERMAN, "utf-16-le")])
def test_an_encoding_can_be_given(desk: Desk, text: str, encoding: str) -> None:
    assert desk.run(text.encode(encoding), "--encoding", encoding) == desk.run(text)


@pytest.mark.parametrize("name", ["paths.csv", "paths.csv.gz", "paths.gz", "paths.txt"])
@pytest.mark.parametrize(
    "packed", [bytes, gzip.compress, bz2.compress, lambda text: pa.compress(text, "zstd", asbytes=True)]
)
def test_compression_is_known_by_the_first_bytes_not_by_the_name(desk: Desk, packed: object, name: str) -> None:
    source = desk.file(packed(PLAIN.encode()), name)  # type: ignore[operator]
    assert main(["--paths", source, "--out", "-"]) == 0
    assert rows_of(desk.capsys.readouterr().out) == desk.run(PLAIN)


def test_parquet_is_known_by_its_first_bytes(desk: Desk) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"Path": ["A > B"], "Conversions": [2]}), content)
    assert credit(desk.run(content.getvalue()), "linear") == {"A": 1, "B": 1}


def test_a_pipe_is_read_once(desk: Desk) -> None:
    pipe = desk.folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(GERMAN,))
    writer.start()
    assert main(["--paths", str(pipe), "--out", "-"]) == 0
    writer.join()
    assert rows_of(desk.capsys.readouterr().out) == desk.run(PLAIN)


def test_names_of_columns_are_found_without_case_and_blanks(desk: Desk) -> None:
    assert desk.run(PLAIN.replace("path,conversions", " Path ,CONVERSIONS")) == desk.run(PLAIN)


def zip_of(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 50)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            zip_of("[Content_Types].xml", "xl/workbook.xml"),
            "paths.csv is an Excel workbook, not CSV or Parquet: save its sheet as CSV",
        ),
        (zip_of("paths.csv"), "paths.csv is a zip archive, not CSV or Parquet: unpack it first"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
            "is an Excel workbook of the old kind (.xls), not CSV",
        ),
        (
            b"\n<html><table><tr><td>path</td></tr></table></html>",
            "paths.csv is HTML or XML, not CSV or Parquet: export",
        ),
        (b"%PDF-1.7 ...", "paths.csv is a PDF, not CSV or Parquet: export the table as CSV"),
        (GERMAN.encode("utf-16"), "paths.csv is UTF-16 text: add --encoding utf-16, or save it as UTF-8"),
        (GERMAN.encode("utf-16-le"), "paths.csv is UTF-16 text: add --encoding utf-16, or save it as UTF-8"),
        (GERMAN.encode("utf-32"), "paths.csv is UTF-32 text: add --encoding utf-32, or save it as UTF-8"),
        (b"path,conversions\nA\0B,1\n", "paths.csv is no text: it has zero bytes; CSV or Parquet is needed"),
        (gzip.compress(PLAIN.encode(), mtime=0)[:-12], "paths.csv cannot be read: Truncated compressed stream"),
        (
            gzip.compress(gzip.compress(PLAIN.encode(), mtime=0), mtime=0),
            "paths.csv is compressed twice: unpack it once",
        ),
        (b" \n\n", "paths.csv is empty: a header with path and conversions is needed"),
        (b'{"path": "A > B", "conversions": 3}\n', "paths.csv is JSON: CSV or Parquet with the columns path and"),
        (KOREAN.encode("cp949"), "paths.csv, row 1: path is not UTF-8 text; --encoding cp949 reads '봄세일 > 검색', "),
        (PLAIN.replace("conversions", "converzions").encode(), "did you mean converzions?"),
        (b"A > B,3\nB,1\n", "paths.csv has no column 'path', only A > B, 3; path and conversions are needed"),
        (PLAIN.replace("nulls", "Path").encode(), "paths.csv has more than one column 'path'"),
        (
            "Pfad;conversions\nA;1\n".encode("cp1252"),
            "paths.csv has no column 'path', only Pfad, conversions; path and",
        ),
        (
            "path;größe;conversions\n".encode("cp1252"),
            "the header is not UTF-8 text; --encoding cp949 reads 'path;gr秤e;conversions', --encoding cp1252 reads 'p",
        ),
        (
            b"path,conversions,value\nA > B,3,1.234,50\n",
            "a number with a decimal comma needs quotes too (line 2: 'A > B",
        ),
        (
            b"path;conversions;value\nA;1;2,50\nB;1;2.50\n",
            "value must be a number from 0 up, not '2.50'; it is a number wi",
        ),
        (b"path;conversions\nA;1\n;\n", "row 2: conversions must be a whole number from 0 up, not '' (line 3)"),
        (
            b'path,conversions\n"A\n > B",1\n\nC,x\n',
            "row 2: conversions must be a whole number from 0 up, not 'x' (line 5)",
        ),
        (b"path,conversions\nA,1 EUR\n", "not '1 EUR' (line 2)"),
        (b"path,conversions\n\xba\xbd,1,2\n", "row 1: 3 columns where the header has 2; quote a path that has commas"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place_and_a_way_out(desk: Desk, content: bytes, complaint: str) -> None:
    code, message = desk.fails(content)
    assert code == 3
    assert complaint in message


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--encoding", "cp-949x"], "--encoding: there is no text encoding 'cp-949x'; did you mean cp949?"),
        (["--encoding", "hex"], "--encoding: there is no text encoding 'hex'"),
        (["--delimiter", ";;"], "--delimiter is one character or comma, semicolon, tab, bar, not ';;'"),
        (["--decimal", "point"], "--decimal is . or , not 'point'"),
    ],
)
def test_a_form_that_no_file_has_is_a_wrong_option(desk: Desk, options: list[str], complaint: str) -> None:
    code, message = desk.fails(PLAIN, *options)
    assert code == 2
    assert complaint in message


def test_text_that_is_not_of_the_given_encoding_is_named_with_its_line(desk: Desk) -> None:
    code, message = desk.fails(PLAIN.encode() + b"\xff\xff,1,1,1\n", "--encoding", "cp949")
    assert code == 3
    assert message.startswith("paths.csv, line 5 is not cp949 text: ")


def test_a_delimiter_that_the_header_lacks_is_a_missing_column(desk: Desk) -> None:
    code, message = desk.fails(PLAIN, "--delimiter", "tab")
    assert (code, message.split(";")[0]) == (
        3,
        "paths.csv has no column 'path', only path,conversions,value,nulls",
    )


def test_control_characters_of_a_file_do_not_reach_the_terminal(desk: Desk) -> None:
    code, message = desk.fails("pa\x1b[31mth,conversions\nA,1\n")
    assert code == 3
    assert "only pa\\x1b[31mth, conversions;" in message


FORMULAS = HEADER + '=cmd|x > Search,3,9,1\n+49 > -1 > @sum,1,9,0\n"\tTab",1,1,1\n'


def test_names_that_a_spreadsheet_would_run_are_escaped_by_a_switch(desk: Desk) -> None:
    effects = desk.folder / "effects.csv"
    rows = desk.run(FORMULAS, "--escape-formulas", "--effects", str(effects), "--models", "markov")
    escaped = ["'+49", "'-1", "'=cmd|x", "'@sum", "Search", "Tab"]
    assert sorted(row["channel"] for row in rows) == escaped
    assert sorted(row["channel"] for row in rows_of(effects.read_text())) == escaped
    assert not re.search(r"(?m)(^|,)\"?[=+@-]", effects.read_text())


def test_without_the_switch_names_stay_as_they_are_and_a_note_names_one(desk: Desk) -> None:
    assert main(["--paths", desk.file(FORMULAS), "--out", "-", "--models", "linear"]) == 0
    output = desk.capsys.readouterr()
    assert {row["channel"] for row in rows_of(output.out)} == {"=cmd|x", "Search", "+49", "-1", "@sum", "Tab"}
    assert "a spreadsheet would run the channel '+49' as a formula: --escape-formulas writes ' before it" in output.err


@pytest.mark.filterwarnings("error")  # what Python only prints to stderr is a trace too
def test_no_damage_to_a_file_ends_in_a_trace(desk: Desk) -> None:
    draw = random.Random(23)
    seeds = [PLAIN.encode(), GERMAN.encode("utf-16"), KOREAN.encode("cp949"), gzip.compress(PLAIN.encode(), mtime=0)]
    for number in range(300):
        content = bytearray(draw.choice(seeds))
        for _ in range(draw.randint(1, 4)):
            place = draw.randrange(len(content) + 1)
            damage = draw.choice(["flip", "cut", "insert", "double"])
            if damage == "flip" and place < len(content):
                content[place] = draw.randrange(256)
            elif damage == "cut":
                del content[place:]
            elif damage == "insert":
                content[place:place] = draw.choice([b'"', b"\r", b"\n", b"\0", b";", b",", b"\xff", b"[", b'["'])
            else:
                content += bytes(content)
        code = main(["--paths", desk.file(bytes(content)), "--out", "-", "--models", "linear"])
        output = desk.capsys.readouterr()
        assert code in (0, 3), (number, output.err)
        assert "Traceback" not in output.err
        assert (code == 0) or output.err.count("\n") == 1, output.err
        assert (code == 0) == bool(output.out)
