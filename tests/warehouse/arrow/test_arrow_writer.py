"""Commits without Spark: what a reader finds after them, and what a failed one leaves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, Schema
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.example_tables import VISITS
from warehouse.arrow import files, writer
from warehouse.arrow.log import CommitConflictError, TableLog

Visit = tuple[str, str | None, date | None, list[str] | None]
COLUMNS = VISITS.column_names
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        ("place", pa.string()),
        ("day", pa.date32()),
        ("path", pa.list_(pa.field("element", pa.string()))),
    ]
)
STAGED = pa.schema([*SCHEMA, ("_is_known", pa.bool_()), ("_is_gone", pa.bool_()), ("_before", pa.date32())])
FIRST = date(2026, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number - 1)


def new_table(folder: Path, *files: Sequence[Visit]) -> str:
    """A table with one file for each of `files`."""
    path = str(folder / "visits")
    properties = {"delta.enableChangeDataFeed": "true", "delta.dataSkippingStatsColumns": "day"}
    DeltaTable.create(path, Schema.from_arrow(SCHEMA), configuration=properties)
    for rows in files:
        writer.append_rows(path, [dict(zip(COLUMNS, row, strict=True)) for row in rows], metadata="first")
    return path


def staged(folder: Path, before: Sequence[Visit], after: Sequence[Visit]) -> Path:
    """The differences between two states of some keys, staged as warehouse.differences stages them."""
    old, new = ({row[:2]: row for row in rows} for rows in (before, after))
    rows = []
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            is_known, is_gone, then = key in old, key not in new, old[key][2] if key in old else None
            row = (*(old if is_gone else new)[key], is_known, is_gone, then)
            rows.append(dict(zip(STAGED.names, row, strict=True)))
    folder.mkdir(parents=True)
    for number, part in enumerate((rows[::2], rows[1::2])):  # in two files, as tasks write them
        pq.write_table(pa.Table.from_pylist(part, STAGED), folder / f"part-{number}.parquet")
    return folder


def rows_in(path: str, version: int | None = None) -> list[Visit]:
    rows = DeltaTable(path, version=version).to_pyarrow_table().to_pylist()
    return sorted((tuple(row[name] for name in COLUMNS) for row in rows), key=repr)


def feed(path: str, since: int) -> list[tuple[str, str | None, str]]:
    """Id, place and kind of each row of the change feed after a version."""
    rows = pa.table(DeltaTable(path).load_cdf(starting_version=since + 1).read_all()).to_pylist()
    return sorted(((row["id"], row["place"], row["_change_type"]) for row in rows), key=repr)


def file_names(path: str) -> set[str]:
    return {file.name for file in Path(path).glob("**/*.parquet") if "_delta_log" not in file.parts}


def test_one_commit_changes_removes_and_adds_rows_and_its_feed_has_each(tmp_path: Path) -> None:
    before: list[Visit] = [("a", None, day(1), ["x"]), ("b", "here", day(2), []), ("c", "here", day(3), None)]
    after: list[Visit] = [("a", None, day(1), ["x"]), ("b", "here", day(4), ["y"]), ("d", None, day(4), None)]
    path = new_table(tmp_path, before)
    version = DeltaTable(path).version()
    writer.merge_differences(path, VISITS, staged(tmp_path / "changed", before, after), metadata="next")
    assert rows_in(path) == after
    assert rows_in(path, version) == before
    assert feed(path, version) == [
        ("b", "here", "update_postimage"),
        ("b", "here", "update_preimage"),
        ("c", "here", "delete"),
        ("d", None, "insert"),
    ]
    (newest,) = DeltaTable(path).history(1)
    assert (newest["version"], newest["operation"], newest["userMetadata"]) == (version + 1, "MERGE", "next")


def test_only_files_with_a_changed_row_are_written_again_each_by_itself(tmp_path: Path) -> None:
    periods: list[list[Visit]] = [[(f"{number}{id_}", None, day(number), None) for id_ in "abc"] for number in range(4)]
    path = new_table(tmp_path, *periods)
    names = set(DeltaTable(path).file_uris())
    before = [periods[0][0], periods[2][1]]
    after: list[Visit] = [(id_, place, day_, ["changed"]) for id_, place, day_, _ in before]
    writer.merge_differences(path, VISITS, staged(tmp_path / "changed", before, after), metadata="")
    assert len(names & set(DeltaTable(path).file_uris())) == 2
    ranges = pa.table(DeltaTable(path).get_add_actions(flatten=True)).to_pylist()
    assert sorted((row["min.day"], row["max.day"], row["num_records"]) for row in ranges) == [
        (day(number), day(number), 3) for number in range(4)
    ]


def test_a_file_without_rows_is_left_out(tmp_path: Path) -> None:
    path = new_table(tmp_path, [("a", None, day(1), None)], [("b", None, day(2), None)])
    writer.merge_differences(path, VISITS, staged(tmp_path / "changed", [("a", None, day(1), None)], []), metadata="")
    assert rows_in(path) == [("b", None, day(2), None)]
    assert len(DeltaTable(path).file_uris()) == 1


def test_a_file_is_compressed_by_zstd_and_its_entry_has_the_range_of_the_wanted_columns_alone(tmp_path: Path) -> None:
    path = new_table(tmp_path, [("a", None, day(1), None), ("b", None, None, None), ("c", None, day(3), None)])
    (file,) = DeltaTable(path).file_uris()
    assert pq.ParquetFile(file).metadata.row_group(0).column(0).compression == "ZSTD"
    add = json.loads((Path(path) / "_delta_log" / f"{1:020d}.json").read_text().splitlines()[1])["add"]
    assert json.loads(add["stats"]) == {
        "numRecords": 3,
        "minValues": {"day": "2026-03-01"},
        "maxValues": {"day": "2026-03-03"},
        "nullCount": {"day": 1},
    }


def test_rows_in_files_are_those_of_files_that_may_hold_a_time(tmp_path: Path) -> None:
    path = new_table(tmp_path, [("a", None, day(1), None)], [("b", None, day(2), None), ("c", None, day(4), None)])
    assert writer.rows_in_files(path, "day", "2026-03-01", "2026-03-01") == 1
    assert writer.rows_in_files(path, "day", "2026-03-03", "2026-03-03") == 2
    assert writer.rows_in_files(path, "day", "2026-03-05", "2026-03-09") == 0
    assert writer.rows_in_files(path, "day", None, None) == 3


def test_a_commit_of_metadata_alone_changes_neither_rows_nor_feed(tmp_path: Path) -> None:
    path = new_table(tmp_path, [("a", None, day(1), None)])
    writer.commit_metadata_alone(path, metadata="origin")
    table = DeltaTable(path)
    assert (table.version(), table.history(1)[0]["userMetadata"]) == (2, "origin")
    assert (rows_in(path), feed(path, 1)) == ([("a", None, day(1), None)], [])


def test_a_row_to_change_that_is_not_stored_stops_the_write_and_leaves_nothing(tmp_path: Path) -> None:
    path = new_table(tmp_path, [("a", None, day(1), None)])
    before: list[Visit] = [("a", None, day(1), None), ("b", None, day(1), None)]
    after: list[Visit] = [("a", None, day(2), None), ("b", None, day(2), None)]
    names = file_names(path)
    with pytest.raises(RuntimeError, match="of 2 rows to change only 1 are stored"):
        writer.merge_differences(path, VISITS, staged(tmp_path / "changed", before, after), metadata="")
    assert (DeltaTable(path).version(), file_names(path)) == (1, names)


def test_a_column_that_is_never_null_refuses_a_row_without_it_and_nothing_is_left(tmp_path: Path) -> None:
    path = new_table(tmp_path, [("a", None, day(1), None)])
    names = file_names(path)
    with pytest.raises(ValueError, match="id is never null"):
        writer.append_rows(path, [{"id": None}], metadata="")
    assert (DeltaTable(path).version(), file_names(path)) == (1, names)


def test_a_commit_never_replaces_that_of_another_process(tmp_path: Path) -> None:
    path = new_table(tmp_path, [("a", None, day(1), None)])
    log = TableLog(path)
    writer.commit_metadata_alone(path, metadata="theirs")
    with pytest.raises(CommitConflictError):
        log.commit([], "MERGE", "ours")
    assert DeltaTable(path).history(1)[0]["userMetadata"] == "theirs"
    assert [file.name for file in (Path(path) / "_delta_log").iterdir() if file.name.endswith(".tmp")] == []


def test_rows_that_several_processes_add_at_once_are_all_there(tmp_path: Path) -> None:
    path = new_table(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda id_: writer.append_rows(path, [{"id": id_}], metadata=id_), "abcdefgh"))
    assert [row[0] for row in rows_in(path)] == list("abcdefgh")
    assert DeltaTable(path).version() == 8


def test_every_tenth_commit_has_a_checkpoint(tmp_path: Path) -> None:
    path = new_table(tmp_path, *[[(str(number), None, day(1), None)] for number in range(12)])
    checkpoint = json.loads((Path(path) / "_delta_log" / "_last_checkpoint").read_text())
    assert checkpoint["version"] == 10
    assert len(rows_in(path)) == 12


@pytest.mark.parametrize(
    ("properties", "can_write"),
    [
        ({}, True),
        ({"delta.enableChangeDataFeed": "true"}, True),
        ({"delta.appendOnly": "false"}, True),
        ({"delta.enableDeletionVectors": "true"}, False),
    ],
)
def test_only_tables_that_ask_no_more_than_is_done_are_written(
    tmp_path: Path, properties: dict[str, str], can_write: bool
) -> None:
    path = str(tmp_path / "table")
    assert not writer.can_write(path), "there is none, or it lies in another file system"
    DeltaTable.create(path, Schema.from_arrow(SCHEMA), configuration=properties)
    assert writer.can_write(path) == can_write


def test_a_table_with_partitions_or_constraints_is_not_written(tmp_path: Path) -> None:
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    DeltaTable.create(one, Schema.from_arrow(SCHEMA), partition_by=["place"])
    DeltaTable.create(other, Schema.from_arrow(SCHEMA)).alter.add_constraint({"named": "id <> ''"})
    assert not writer.can_write(one)
    assert not writer.can_write(other)


def test_a_folder_may_have_blanks_and_accents_in_its_name(tmp_path: Path) -> None:
    path = new_table(tmp_path / "a b é", [("a", None, day(1), None)])
    changed = staged(tmp_path / "changed", [("a", None, day(1), None)], [("a", None, day(2), None)])
    writer.merge_differences(path, VISITS, changed, metadata="")
    assert rows_in(path) == [("a", None, day(2), None)]


KEYS = [(id_, place) for id_ in "abcde" for place in ("here", "there", None)]
PATHS = st.one_of(st.none(), st.lists(st.sampled_from("xyz"), max_size=2))
DAYS = st.one_of(st.none(), st.integers(1, 9).map(day))
STATES = st.dictionaries(st.sampled_from(KEYS), st.tuples(DAYS, PATHS), max_size=12)


@settings(max_examples=60)
@given(st.lists(STATES, min_size=2, max_size=4), st.sampled_from([1, 2, 65_536]))
def test_after_any_changes_the_rows_and_those_rebuilt_from_the_feed_are_the_expected(
    states: list[Mapping[tuple[str, str | None], tuple[date | None, list[str] | None]]], batch: int
) -> None:
    wanted: list[list[Visit]] = [
        sorted(((*key, *values) for key, values in state.items()), key=repr) for state in states
    ]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BATCH", batch)  # so that a file has several batches
        root = Path(folder)
        path = new_table(root, wanted[0][::2], wanted[0][1::2])
        version = DeltaTable(path).version()
        for number, (before, after) in enumerate(pairwise(wanted)):
            writer.merge_differences(path, VISITS, staged(root / f"{number}", before, after), metadata="")
            assert rows_in(path) == after
            changes = pa.table(DeltaTable(path).load_cdf(starting_version=version + 1).read_all()).to_pylist()
            rebuilt = Counter(map(repr, before))
            for row in changes:
                sign = 1 if row["_change_type"] in ("insert", "update_postimage") else -1
                rebuilt[repr(tuple(row[name] for name in COLUMNS))] += sign
            assert +rebuilt == Counter(map(repr, after))
            assert -rebuilt == Counter()
            version = DeltaTable(path).version()
