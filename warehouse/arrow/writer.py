"""Writes commits to a table in a local folder without Spark. For few rows: see `Lake`.

Each function makes one commit to the table in `path`; `metadata` becomes the commit's userMetadata. In memory are the
changed rows and batches of one file at a time, never a whole file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse.arrow.changed import Changed, feed_schema, labelled, new_rows, staged_files, staged_rows
from warehouse.arrow.files import NewFile, batches
from warehouse.arrow.log import CommitConflictError, TableLog
from warehouse.contracts import Table

CHANGE_FOLDER = "_change_data/"
ATTEMPTS = 20  # so many other commits may be made first


def can_write(path: str) -> bool:
    """Whether there is a table in the local folder `path` that asks no more of a writer than this module does.

    Without a scheme the lake may also lie in Hadoop's default file system, such as HDFS.
    """
    return (Path(path) / "_delta_log").is_dir() and TableLog(path).can_be_written


def rows_in_files(path: str, column: str, first: str | None, last: str | None) -> int:
    """The rows of the files that may hold a value of `column`, a time, from `first` to `last`; of all where None."""
    log = TableLog(path)
    bounds = log.moment(column, first), log.moment(column, last)
    return sum(file.rows for file in log.files(column) if file.may_hold(*bounds))


def append(path: str, staged: Path, *, metadata: str) -> None:
    """Adds the rows of the files in the folder `staged`."""
    _append(path, staged_rows(staged, TableLog(path).schema), metadata)


def overwrite(path: str, staged: Path, *, metadata: str) -> None:
    """Replaces all rows by those of the files in the folder `staged`; each of them is one file of the table."""
    log = TableLog(path)
    with _new_files(log) as begin:
        files = []
        for of_file in staged_files(staged):
            files.append(begin(log.schema))
            for batch in batches(of_file, log.schema):
                files[-1].write(batch)
            files[-1].close()
    actions = [*(file.as_removed() for file in log.files()), *(action for file in files for action in file.as_rows())]
    rows = sum(file.rows for file in files)
    log.commit(actions, "WRITE", metadata, {"numOutputRows": rows}, mode="Overwrite", partitionBy="[]")


def append_rows(path: str, rows: Iterable[Mapping[str, Any]], *, metadata: str) -> None:
    """Adds rows, each a dict of its columns."""
    schema = TableLog(path).schema
    plain = [{name: list(v.items()) if isinstance(v, Mapping) else v for name, v in row.items()} for row in rows]
    _append(path, pa.Table.from_pylist(plain, schema=schema).to_batches(), metadata)


def commit_metadata_alone(path: str, *, metadata: str) -> None:
    """A commit that changes nothing: it adds no row."""
    _append(path, [], metadata)


def merge_differences(path: str, table: Table, staged: Path, *, metadata: str) -> None:
    """Changes and removes rows with a known key, and adds rows with a new one.

    `staged` is the folder of the differences (warehouse.differences). Each file with a changed row is written again by
    itself, so that it stays the file of its period.
    """
    log = TableLog(path)
    changed = Changed.read(staged, table, log.schema)
    with _new_files(log) as begin:
        feed, added = begin(feed_schema(log.schema), CHANGE_FOLDER), begin(log.schema)
        actions, found = [], 0
        for file in log.files(table.ordered_by):
            here = changed.within(file)
            positions = here.positions(log.path / file.path, table, log.schema)
            if positions.null_count < len(positions):
                found += len(positions.drop_null().unique())
                rewritten = begin(log.schema)
                here.rewrite(log.path / file.path, positions, rewritten, feed)
                rewritten.close()
                actions += [file.as_removed(), *rewritten.as_rows()]
        if found < changed.rows.num_rows:
            raise RuntimeError(f"{path}: of {changed.rows.num_rows} rows to change only {found} are stored")
        for batch in new_rows(staged, log.schema):
            added.write(batch)
            if actions:  # without changed rows the added file is the change
                feed.write(labelled(batch, "insert"))
        added.close()
        feed.close()
    gone = changed.is_gone.true_count
    metrics = {"Inserted": added.rows, "Updated": changed.rows.num_rows - gone, "Deleted": gone}
    counted = {f"numTargetRows{what}": number for what, number in metrics.items()}
    log.commit([*actions, *added.as_rows(), *feed.as_changes()], "MERGE", metadata, counted)


def _append(path: str, rows: Iterable[pa.RecordBatch], metadata: str) -> None:
    """Adds rows. Other processes may add to the table at the same time."""
    log = TableLog(path)
    with _new_files(log) as begin:
        added = begin(log.schema)
        for batch in rows:
            added.write(batch)
        added.close()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            log.commit(
                added.as_rows(), "WRITE", metadata, {"numOutputRows": added.rows}, mode="Append", partitionBy="[]"
            )
            return
        except CommitConflictError:
            if attempt == ATTEMPTS:
                raise
            log = TableLog(path)


@contextmanager
def _new_files(log: TableLog) -> Iterator[Callable[..., NewFile]]:
    """A function that begins a file of the table. Where the block fails, its files are removed.

    The commit comes after the block: once it is tried, no file that it may name is removed.
    """
    begun: list[NewFile] = []

    def begin(schema: pa.Schema, folder: str = "") -> NewFile:
        begun.append(NewFile(log.path, schema, folder=folder, stats_columns=() if folder else log.stats_columns))
        return begun[-1]

    try:
        yield begin
    except BaseException:
        for file in begun:
            file.discard()
        raise
