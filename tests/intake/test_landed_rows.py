from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from intake.csv_records import NOT_CLOSED
from intake.knobs import Export
from intake.landed_rows import list_files, number_lines, read_lines, read_rows
from intake.line_text import NOT_UTF8
from warehouse.errors import InputError


def land(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def test_files_have_one_name_however_the_landing_folder_is_written(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "land [1] {a,b}"
    land(folder, "events/b c%20[2].jsonl", '{"id": "1"}\n')
    land(folder, "events/b c%202.jsonl", '{"id": "2"}\n')
    land(folder, "events/a.jsonl", '{"id": "3"}\n')
    land(folder, "events/.hidden.jsonl", "x")
    land(folder, "events/_SUCCESS", "")
    land(folder, "events/later/c.jsonl", "x")
    names = ["events/a.jsonl", "events/b%20c%2520%5B2%5D.jsonl", "events/b%20c%25202.jsonl"]

    for root in (str(folder), f"{folder}/", os.path.relpath(folder), f"file://{folder}"):
        files = list_files(spark, root, "events/*", required=True)
        assert sorted(landed.file for landed in files) == sorted(names), root
        assert [landed.bytes for landed in files] == [12, 12, 12]
    lines = read_lines(spark, os.path.relpath(folder), files).select("file", "raw").collect()
    assert sorted(map(tuple, lines)) == sorted(zip(names, ('{"id": "3"}', '{"id": "1"}', '{"id": "2"}'), strict=True))


def test_subfolders_of_an_input_s_folder_are_read_where_its_pattern_is_for_many_files(
    spark: SparkSession, tmp_path: Path
) -> None:
    for name in ("a.csv", "orders/b.csv", "orders/2026/c.csv", "orders/2026/d.txt", "orders/_old/e.csv"):
        land(tmp_path, name, "x")

    def found(pattern: str) -> list[str]:
        return [file.file for file in list_files(spark, str(tmp_path), pattern, required=True, below=True)]

    assert found("orders/*.csv") == ["orders/2026/c.csv", "orders/b.csv"]
    assert found("orders/*") == ["orders/2026/c.csv", "orders/2026/d.txt", "orders/b.csv"]
    assert found("orders/b.csv") == ["orders/b.csv"]
    assert found("*.csv") == ["a.csv"], "below the landing folder there are the folders of all inputs"


def test_a_missing_folder_is_an_error_where_the_input_is_required_a_file_in_its_place_always(
    spark: SparkSession, tmp_path: Path
) -> None:
    assert list_files(spark, str(tmp_path), "orders/*", required=False) == []
    with pytest.raises(InputError, match="orders: no such folder"):
        list_files(spark, str(tmp_path), "orders/*", required=True)
    (tmp_path / "orders").mkdir()
    assert list_files(spark, str(tmp_path), "orders/*", required=True) == []
    (tmp_path / "ad_spend").write_text("date,platform\n")
    with pytest.raises(InputError, match="ad_spend: no such folder"):
        list_files(spark, str(tmp_path), "ad_spend/*", required=False)


def test_lines_are_numbered_across_the_splits_of_large_files(spark: SparkSession, tmp_path: Path) -> None:
    texts = {
        "plain.txt": "".join(f"{number} {'x' * (number % 37)}\n" for number in range(1, 301)),
        "crlf.txt": "".join(f"{number} {'y' * (number % 11)}\r\n" for number in range(1, 201)),
        "blanks.txt": "\n\n3\n\n5",  # no line break at its end
        "packed.txt.gz": "".join(f"{number}\n" for number in range(1, 101)),
        "empty.txt": "",
    }
    for name, text in texts.items():
        land(tmp_path, name, text)
    files = list_files(spark, str(tmp_path), "*", required=True)
    settings = {"spark.sql.files.maxPartitionBytes": "700", "spark.sql.files.openCostInBytes": "10"}
    before = {name: spark.conf.get(name) for name in settings}
    try:
        for name, value in settings.items():
            spark.conf.set(name, value)
        lines = read_lines(spark, str(tmp_path), files)
        assert lines.rdd.getNumPartitions() > 5, "several splits, several files in one partition"
        numbered = number_lines(lines).collect()
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)
    found = {name: {row["line"]: row["raw"] for row in numbered if row["file"] == name} for name in texts}
    # An editor's count: the lines of the text, from 1.
    assert found == {name: dict(enumerate(text.splitlines(), start=1)) for name, text in texts.items()}


def test_columns_are_found_by_header_and_a_file_without_a_required_one_is_refused(
    spark: SparkSession, tmp_path: Path
) -> None:
    land(tmp_path, "1.csv", '\ufeffB,a\r\n"x, ""y""",  1 \r\n\r\n,2\r\n')
    land(tmp_path, "2.CSV.gz", "a,c,b\n3,4,5\n6\n")
    land(tmp_path, "3.csv", "")

    def rows(*required: str) -> list[tuple[object, ...]]:
        files = list_files(spark, str(tmp_path), "*", required=True)
        frame = read_rows(spark, str(tmp_path), files, columns=("a", "b", "d"), required=required, numbered=False)
        return sorted(map(tuple, frame.select("file", "line", "a", "b", "d", "problem").collect()), key=repr)

    assert rows("a", "b") == [
        ("1.csv", 2, "1", 'x, "y"', None, None),
        ("1.csv", 4, "2", None, None, None),
        ("2.CSV.gz", 2, "3", "5", None, None),
        ("2.CSV.gz", 3, "6", None, None, "does not have the header's 3 fields"),
    ]
    with pytest.raises(
        InputError, match=r"^2\.CSV\.gz: the header lacks the required column x; it has a, c, b \(line 1|1\.csv"
    ):
        rows("x")


def test_a_header_of_blanks_or_a_file_of_one_line_gives_no_rows(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, "1.csv", "a,b\n")
    files = list_files(spark, str(tmp_path), "*", required=True)
    assert read_rows(spark, str(tmp_path), files, columns=("a",), required=("a",), numbered=True).collect() == []
    land(tmp_path, "1.csv", "\n1,2\n")
    files = list_files(spark, str(tmp_path), "*", required=True)
    with pytest.raises(
        InputError, match=r"^1\.csv: the header lacks the required column a; it has 1, 2 \(line 2; none "
    ):
        read_rows(spark, str(tmp_path), files, columns=("a",), required=("a",), numbered=True).collect()


def rows_of(
    spark: SparkSession,
    folder: Path,
    columns: tuple[str, ...],
    *,
    required: tuple[str, ...] = (),
    export: Export | None = None,
    names: dict[str, tuple[str, ...]] | None = None,
) -> list[tuple[object, ...]]:
    """File, line, problem and columns of every row below `folder`, in order of file and line."""
    files = list_files(spark, str(folder), "*", required=True)
    frame = read_rows(
        spark, str(folder), files, columns=columns, required=required, numbered=True, export=export, names=names
    )
    return sorted(
        map(tuple, frame.select("file", "line", "problem", *(f"`{name}`" for name in columns)).collect()),
        key=lambda row: row[:2],
    )


def test_each_csv_file_is_read_by_its_own_delimiter_header_and_line_ends(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, "comma.csv", "day,cost\n1,2.5\n")
    land(tmp_path, "semicolon.csv", "cost;Day\r\n2,5;1\r\n;;\r\n")
    land(tmp_path, "tab.tsv", 'day\tcost\n1\t5" pipe, x\n\n2\t"a\tb"\n')
    land(tmp_path, "pipe.txt", "day|cost\r1|2\r\r2|3\r")
    land(tmp_path, "web.csv", "\ufeffReport\nMarch 2026\n\nCost,x,Day\n3,4,5\n")
    land(tmp_path, "lines.txt", '{"day": 7, "cost": "8"}\n')
    land(tmp_path, "blank.csv", "\n\n")

    assert rows_of(spark, tmp_path, ("day", "cost"), required=("day", "cost")) == [
        ("comma.csv", 2, None, "1", "2.5"),
        ("lines.txt", 1, None, "7", "8"),
        ("pipe.txt", 2, None, "1", "2"),
        ("pipe.txt", 4, None, "2", "3"),
        ("semicolon.csv", 2, None, "1", "2,5"),  # a line of delimiters alone is blank
        ("tab.tsv", 2, None, "1", '5" pipe, x'),
        ("tab.tsv", 4, None, "2", "a\tb"),
        ("web.csv", 5, None, "5", "3"),
    ]


def test_line_breaks_in_quotes_are_read_and_a_lone_quote_takes_its_own_row_only(
    spark: SparkSession, tmp_path: Path
) -> None:
    many = "".join(f'{number},"note\nof, {number}"\n' for number in range(300))
    land(tmp_path, "1.csv", 'id,name\n1,"Spring\nSale 50% off"\n2,x\n3,"lone\n4,y\n5,"a\r\nb""c"\n')
    land(tmp_path, "2.csv.gz", f"id,name\n{many}")
    land(tmp_path, "3.csv", "id,name\n" + "".join(f"{number},plain\n" for number in range(200)))

    settings = {"spark.sql.files.maxPartitionBytes": "500", "spark.sql.files.openCostInBytes": "10"}
    before = {name: spark.conf.get(name) for name in settings}
    try:
        for name, value in settings.items():
            spark.conf.set(name, value)
        found = rows_of(spark, tmp_path, ("id", "name"), required=("id",))
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)

    assert [row for row in found if row[0] == "1.csv"] == [
        ("1.csv", 2, None, "1", "Spring\nSale 50% off"),
        ("1.csv", 4, None, "2", "x"),
        ("1.csv", 5, NOT_CLOSED, "3", "lone"),
        ("1.csv", 6, None, "4", "y"),
        ("1.csv", 7, None, "5", 'a\nb"c'),
    ]
    assert [row for row in found if row[0] == "2.csv.gz"] == [
        ("2.csv.gz", 2 + 2 * number, None, str(number), f"note\nof, {number}") for number in range(300)
    ]
    assert [row[1:] for row in found if row[0] == "3.csv"] == [
        (2 + number, None, str(number), "plain") for number in range(200)
    ]


@pytest.mark.parametrize(
    ("encoding", "text"), [("cp949", "봄세일"), ("cp1252", "Überfluß"), ("shift_jis", "春のセール")]
)
def test_a_file_in_another_encoding_is_read_by_the_encoding_of_its_input(
    spark: SparkSession, tmp_path: Path, encoding: str, text: str
) -> None:
    land(tmp_path, "1.csv", f'name,note\n{text},"a\n{text}"\n'.encode(encoding))
    land(tmp_path, "2.jsonl.gz", f'{{"name": "{text}"}}\n'.encode(encoding))
    land(tmp_path, "3.csv", f"\ufeffname,note\n{text},x\n")  # says itself that it is UTF-8

    assert rows_of(spark, tmp_path, ("name", "note"), required=("name",), export=Export(encoding=encoding)) == [
        ("1.csv", 2, None, text, f"a\n{text}"),
        ("2.jsonl.gz", 1, None, text, None),
        ("3.csv", 2, None, text, "x"),
    ]


def test_bytes_that_are_no_text_are_bad_rows_shown_as_they_are_never_replaced(
    spark: SparkSession, tmp_path: Path
) -> None:
    cp949 = "봄세일".encode("cp949")
    land(tmp_path, "1.csv", b"id,name\n1," + cp949 + b"\n2,\xec\x84\x9c\xec\x9a\xb8\n\xff,a\n\xfe,a\n")
    land(tmp_path, "2.jsonl", b'{"id": "\xff"}\n{"id": "\xfe"}\n{"id": "\xec\x84\x9c"}\n')

    assert rows_of(spark, tmp_path, ("id", "name"), required=("id",)) == [
        ("1.csv", 2, NOT_UTF8, "1", r"\xba\xbd\xbc\xbc\xc0\xcf"),
        ("1.csv", 3, None, "2", "서울"),
        ("1.csv", 4, NOT_UTF8, r"\xff", "a"),
        ("1.csv", 5, NOT_UTF8, r"\xfe", "a"),
        ("2.jsonl", 1, NOT_UTF8, None, None),
        ("2.jsonl", 2, NOT_UTF8, None, None),
        ("2.jsonl", 3, None, "서", None),
    ]


def test_numbers_in_json_keep_their_digits_and_their_spelling(spark: SparkSession, tmp_path: Path) -> None:
    written = (
        "12345678901234567890", "77", "77.0", "1.10", "12345678.0", "45000100000.00", "1.0E15", "1e-05", "-0.0",
        "1e400", "0.1000000000000000055511151231257827", "12345678901234567890.123",
    )  # fmt: skip
    lines = [f'{{"id": {number}, "x.y": "1.5", "o": {{"id": 2}}}}' for number in written]
    lines.append('{"o": {"id": 1.50}, "id" : 1.5, "x.y": 2.50, "text": "\\"id\\": 1.500"}')
    land(tmp_path, "1.jsonl", "".join(f"{line}\n" for line in lines))

    found = rows_of(spark, tmp_path, ("id", "x.y", "o", "text"))

    assert [row[3] for row in found] == [*written, "1.5"]
    assert found[-1][4:] == ("2.50", '{"id":1.5}', '"id": 1.500')


def test_a_row_with_more_fields_than_any_parser_takes_is_a_bad_row(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, "1.csv", f'a;b\n1;2\n{";" * 30_000}x\n"{";" * 30_000}";3\n')
    assert [row[1:4] for row in rows_of(spark, tmp_path, ("a", "b"))] == [
        (2, None, "1"),
        (3, "does not have the header's 2 fields", None),
        (4, None, ";" * 30_000),
    ]


def test_columns_have_the_names_that_settings_and_adapter_give_them(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path, "1.csv", "Order Nr;Betrag;x\n7;1,5;y\n")
    land(tmp_path, "2.jsonl", '{"Order Nr": 8, "Betrag": 2}\n{"Order Nr": 9, "other": 1}\n')
    export = Export(columns={"order_id": "Order Nr"}, constants={"currency": "EUR"})

    found = rows_of(
        spark,
        tmp_path,
        ("order_id", "value", "currency"),
        required=("order_id", "currency"),
        export=export,
        names={"value": ("betrag", "Betrag")},
    )

    assert found == [
        ("1.csv", 2, None, "7", "1,5", "EUR"),
        ("2.jsonl", 1, None, "8", "2", "EUR"),
        ("2.jsonl", 2, None, "9", None, "EUR"),
    ]
