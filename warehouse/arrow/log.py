"""The log of a Delta table in a local folder: its newest state, and one more commit, written whole or not at all.

delta-rs reads the log and writes its checkpoints. Its own MERGE is not used: it joins the rewritten files into one, and
the layout by time would be lost; see docs/decisions/0016-a-second-writer.md.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

# What a table may have and a commit of this module still keep: a change feed and columns that are never null.
WRITER_VERSIONS, FEATURES_SINCE = range(1, 5), 7
WRITER_FEATURES = {"appendOnly", "invariants", "changeDataFeed"}
STATS_COLUMNS = "delta.dataSkippingStatsColumns"
CHECKPOINT_EVERY = 10  # commits; Delta's default
# Spark's statistics cut the last moment of a file to milliseconds.
ROUNDING = timedelta(milliseconds=1)
ENGINE = "Distributary/Arrow"

NO_METRICS: Mapping[str, int] = MappingProxyType({})

Action = dict[str, Any]
Moment = datetime | date


class CommitConflictError(RuntimeError):
    """Another process made the commit of this number."""


@dataclass(frozen=True)
class DataFile:
    """A file of the table: its path below the table's folder, its size [bytes] and number of rows.

    `first` and `last`: the range of the column that was asked for; None where it is not known.
    """

    path: str
    size: int
    rows: int
    first: Moment | None
    last: Moment | None

    def may_hold(self, first: Moment | None, last: Moment | None) -> bool:
        """Whether a value of the column may lie between `first` and `last`."""
        if first is None or last is None or self.first is None or self.last is None:
            return True
        return self.first <= last and first <= self.last

    def as_removed(self) -> Action:
        """The action that takes the file out of the table."""
        return {
            "remove": {
                "path": self.path,
                "deletionTimestamp": now_ms(),
                "dataChange": True,
                "extendedFileMetadata": True,
                "partitionValues": {},
                "size": self.size,
            }
        }


class TableLog:
    """The newest version of the Delta table in the local folder `path`."""

    def __init__(self, path: str) -> None:
        """Reads the log."""
        self.path = Path(path)
        self._table = DeltaTable(path)
        self.version = self._table.version()

    @cached_property
    def schema(self) -> pa.Schema:
        """The stored columns."""
        return pa.schema(self._table.schema().to_arrow())

    @cached_property
    def stats_columns(self) -> list[str]:
        """The columns whose range each file's entry in the log has."""
        return [name for name in self._table.metadata().configuration.get(STATS_COLUMNS, "").split(",") if name]

    @property
    def can_be_written(self) -> bool:
        """Whether the table asks of a writer only what this module does."""
        protocol, metadata = self._table.protocol(), self._table.metadata()
        by_feature = (
            protocol.min_writer_version == FEATURES_SINCE and {*(protocol.writer_features or ())} <= WRITER_FEATURES
        )
        is_known = protocol.min_reader_version == 1 and (protocol.min_writer_version in WRITER_VERSIONS or by_feature)
        has_constraint = any(name.startswith("delta.constraints.") for name in metadata.configuration)
        return is_known and not has_constraint and not metadata.partition_columns

    def files(self, column: str = "") -> list[DataFile]:
        """The table's files, with their range of `column`."""
        found = []
        for add in pa.table(self._table.get_add_actions(flatten=True)).to_pylist():
            first, last = add.get(f"min.{column}"), add.get(f"max.{column}")
            if isinstance(last, datetime):
                last += ROUNDING
            found.append(DataFile(add["path"], add["size_bytes"], add["num_records"], first, last))
        return found

    def moment(self, column: str, text: str | None) -> Moment | None:
        """A value of a column, a date or a timestamp, from the text that Spark makes of it."""
        if text is None:
            return None
        if pa.types.is_date(self.schema.field(column).type):
            return date.fromisoformat(text)
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    def commit(
        self,
        actions: Sequence[Action],
        operation: str,
        metadata: str,
        metrics: Mapping[str, int] = NO_METRICS,
        **parameters: str,
    ) -> None:
        """Makes the next version of the table. CommitConflictError where there is one already.

        `metrics` count the changed rows, under Delta's names.
        """
        info = _commit_info(
            operation,
            parameters,
            is_append=all("add" in action for action in actions),
            metrics=metrics,
            readVersion=self.version,
            userMetadata=metadata,
        )
        _write_commit(self.path / "_delta_log", self.version + 1, [info, *actions])
        if (self.version + 1) % CHECKPOINT_EVERY == 0:
            # The table is complete without it: readers go through more commits, and the next one is tried in time.
            with suppress(DeltaError, OSError):
                # Hadoop's checksum of the file that names the newest checkpoint, which is about to be written again.
                (self.path / "_delta_log" / "._last_checkpoint.crc").unlink(missing_ok=True)
                DeltaTable(str(self.path)).create_checkpoint()


def create_log(path: str, schema: str, *, comment: str, properties: Mapping[str, str]) -> None:
    """Makes version 0 of a table without rows; `schema` is Delta's JSON. CommitConflictError where there is one."""
    folder = Path(path) / "_delta_log"
    folder.mkdir(parents=True, exist_ok=True)
    described = {"description": comment, "properties": json.dumps(dict(properties)), "partitionBy": "[]"}
    actions = (
        _commit_info("CREATE TABLE", described, is_append=True),
        {
            "metaData": {
                "id": str(uuid4()),
                "description": comment,
                "format": {"provider": "parquet", "options": {}},
                "schemaString": schema,
                "partitionColumns": [],
                "configuration": dict(properties),
                "createdTime": now_ms(),
            }
        },
        {
            "protocol": {
                "minReaderVersion": 1,
                "minWriterVersion": FEATURES_SINCE,
                "writerFeatures": sorted(WRITER_FEATURES),
            }
        },
    )
    _write_commit(folder, 0, actions)


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _commit_info(
    operation: str,
    parameters: Mapping[str, str],
    *,
    is_append: bool,
    metrics: Mapping[str, int] = NO_METRICS,
    **more: str | int,
) -> Action:
    """What a commit did, by whom and when."""
    return {
        "commitInfo": {
            "timestamp": now_ms(),
            "operation": operation,
            "operationParameters": parameters,
            "isBlindAppend": is_append,
            "operationMetrics": {name: str(number) for name, number in metrics.items()},
            "engineInfo": ENGINE,
            **more,
        }
    }


def _write_commit(folder: Path, version: int, actions: Sequence[Action]) -> None:
    _write_once(folder / f"{version:020d}.json", "".join(json.dumps(action) + "\n" for action in actions))


def _write_once(file: Path, text: str) -> None:
    """Writes the file whole or not at all, and never over another: a link to an existing name fails."""
    temporary = file.with_name(f".{file.name}.{uuid4()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.link(temporary, file)
    except FileExistsError as error:
        raise CommitConflictError(f"{file}: another process has made this commit") from error
    finally:
        temporary.unlink(missing_ok=True)
