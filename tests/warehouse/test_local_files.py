"""Files of this machine are listed as Hadoop lists them: the manifest of landed files holds names of both."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from warehouse import local_files
from warehouse.jvm import files as hadoop

NAMES = (
    "a.jsonl",
    "b c%20[2].jsonl",
    "x#y?z.csv",
    "q'uo\"te<>|\\^`{}.csv",
    "~tilde$&+=@!()*,;.csv",
    "100%.gz",
    "한국 어.jsonl",
    "é-e\u0301.txt",  # two spellings of one letter stay two
    "emoji😀.txt",
    "no-break\u00a0blank",
    "zero\u200bwidth",
    "line\u2028separator",
    "tab\there",
    "line\nbreak",
    "\x7fdelete",
    "\x85control",
    "..dots",
    ".hidden",
    "_hidden",
)
PATTERNS = (
    "ev/*",
    "ev/*.txt",
    "ev/*s*",
    "*/*",
    "ev/*/*",
    "*",
    "ev//*",
    "ev/a.jsonl",
    "ev/nothing",
    "none/*",
    "ev/한국 *",
)


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("landing") / "land [1] {a,b} %20 é"
    (folder / "ev" / "later").mkdir(parents=True)
    (folder / "ev" / "later" / "c.txt").write_text("x")
    for number, name in enumerate(NAMES):
        file = folder / "ev" / name
        file.write_text("x" * number)
        os.utime(file, ns=(1, 1_772_359_201_999_999_999 - number))  # Java drops what is below a millisecond
    (folder / "ev" / "link").symlink_to(folder / "ev" / "a.jsonl")
    (folder / "ev" / "broken link").symlink_to("nothing")
    (folder / "ev" / "link to a folder").symlink_to(folder / "ev" / "later")
    return folder


def test_every_name_time_and_size_is_as_hadoop_gives_it(spark: SparkSession, landing: Path) -> None:
    for root in (str(landing), f"{landing}/", os.path.relpath(landing), f"file://{landing}"):
        folder = local_files.local_folder(root)
        assert folder is not None
        for pattern in PATTERNS:
            assert local_files.is_plain(pattern)
            found = sorted(local_files.files_matching(folder, pattern))
            assert found == sorted(hadoop.files_matching(spark, root, pattern)), (root, pattern)
    assert len(local_files.files_matching(landing, "ev/*")) == len(NAMES) + 1


@pytest.mark.parametrize("place", ["", "/ev", "/ev/a.jsonl", "/nothing"])
def test_what_stands_at_a_path_is_as_hadoop_sees_it(spark: SparkSession, landing: Path, place: str) -> None:
    assert local_files.look_at(Path(f"{landing}{place}")) == hadoop.look_at(spark, f"{landing}{place}")


@pytest.mark.parametrize("pattern", ["ev/{a,b}", "ev/[ab]*", "ev/?.txt", "ev/\\*", "/ev/*", "ev/../ev/*", "", "a:b"])
def test_other_patterns_are_left_to_hadoop(pattern: str) -> None:
    assert not local_files.is_plain(pattern)


def test_names_that_hadoop_cannot_list_are_found_too(tmp_path: Path) -> None:
    # Hadoop takes what stands before a colon for the scheme of a URI, and a name of other bytes than UTF-8 for none.
    (tmp_path / "2026-03-01T00:00:00.jsonl").write_text("{}")
    (tmp_path / os.fsdecode(b"\xb0\xa1.csv")).write_text("a")
    assert sorted(found.file for found in local_files.files_matching(tmp_path, "*")) == [
        "%B0%A1.csv",
        "2026-03-01T00:00:00.jsonl",
    ]
    assert local_files.files_matching(tmp_path, "*.txt") == []


def test_files_in_subfolders_are_those_whose_name_the_last_part_matches(spark: SparkSession, tmp_path: Path) -> None:
    names = ("ev/a.csv", "ev/dt=2026-03-01/b.csv", "ev/dt=2026-03-01/x/c.csv", "ev/dt=2026-03-01/d.txt", "f/e.csv")
    for name in (*names, "ev/_temporary/g.csv", "ev/dt=2026-03-01/.hidden/h.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "ev" / "link").symlink_to(tmp_path / "f")

    found = sorted(local_files.files_in_subfolders(tmp_path, "ev/*.csv"))

    assert [file.file for file in found] == ["ev/dt=2026-03-01/b.csv", "ev/dt=2026-03-01/x/c.csv"]
    (tmp_path / "ev" / "link").unlink()  # Hadoop follows links
    assert found == sorted(hadoop.files_in_subfolders(spark, str(tmp_path), "ev/*.csv"))
    assert local_files.files_in_subfolders(tmp_path, "none/*.csv") == []


def test_a_plain_path_is_on_this_machine_unless_hadoop_may_be_configured_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert local_files.folder_without_hadoop("lake") == Path("lake")
    assert local_files.folder_without_hadoop("file:///lake") == Path("/lake")
    assert local_files.folder_without_hadoop("hdfs://name/lake") is None
    monkeypatch.setenv("HADOOP_CONF_DIR", "/etc/hadoop")
    assert local_files.folder_without_hadoop("lake") is None
    assert local_files.folder_without_hadoop("file:///lake") == Path("/lake")
    assert local_files.local_folder("lake") == Path("lake")
