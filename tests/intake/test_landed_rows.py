from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from intake.landed_rows import list_files, number_lines, read_lines, read_rows
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
