"""The staged differences of a table, read from their files, and the files that they change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.arrow.files import NewFile, batches
from warehouse.arrow.keys import key_texts
from warehouse.arrow.log import DataFile
from warehouse.contracts import Table

IS_KNOWN, IS_GONE, BEFORE = "_is_known", "_is_gone", "_before"  # columns of warehouse.differences
CHANGE_TYPE = "_change_type"  # column of Delta's change feed


@dataclass(frozen=True)
class Changed:
    """The rows that change or remove a stored one, in the table's columns, and for each of them its key, whether the
    row is removed, and the stored value of the column that the table is ordered by.
    """

    rows: pa.RecordBatch
    keys: pa.Array
    is_gone: pa.Array
    before: pa.Array

    @classmethod
    def read(cls, staged: Path, table: Table, schema: pa.Schema) -> Changed:
        """All of them; they must fit into memory."""
        ordered_by = schema.field(table.ordered_by).type if table.ordered_by else pa.string()
        fields = [pa.field(IS_KNOWN, pa.bool_()), pa.field(IS_GONE, pa.bool_()), pa.field(BEFORE, ordered_by)]
        found = [batch.filter(batch.column(IS_KNOWN)) for batch in staged_rows(staged, _with(schema, *fields))]
        all_rows = pa.Table.from_batches(found, _with(schema, *fields)).combine_chunks()
        (whole,) = all_rows.to_batches() or [pa.RecordBatch.from_pylist([], all_rows.schema)]
        rows = whole.select(schema.names)
        return cls(rows, key_texts(rows, table.key), whole.column(IS_GONE), whole.column(BEFORE))

    def within(self, file: DataFile) -> Changed:
        """Those whose stored row may lie in the file."""
        if file.first is None or file.last is None or pa.types.is_string(self.before.type):
            return self
        first, last = (pa.scalar(moment, self.before.type) for moment in (file.first, file.last))
        between = pc.and_(pc.greater_equal(self.before, first), pc.less_equal(self.before, last))
        may_lie = pc.fill_null(between, True)
        return Changed(*(values.filter(may_lie) for values in (self.rows, self.keys, self.is_gone, self.before)))

    def positions(self, file: Path, table: Table, schema: pa.Schema) -> pa.Array:
        """For each row of the file the number of the changed row with its key; null where there is none."""
        if not len(self.keys):
            return pa.array([], pa.int32())
        keys = pa.schema([schema.field(name) for name in table.key])
        found = [pc.index_in(key_texts(batch, table.key), self.keys) for batch in batches(file, keys)]
        return pa.concat_arrays(found) if found else pa.array([], pa.int32())

    def rewrite(self, file: Path, positions: pa.Array, rewritten: NewFile, feed: NewFile) -> None:
        """Writes the file's rows, changed by `positions`, to `rewritten` and each change to `feed`."""
        schema, begun = self.rows.schema, 0
        for batch in batches(file, schema):
            here = positions.slice(begun, batch.num_rows)
            begun += batch.num_rows
            rewritten.write(batch.filter(here.is_null()))
            hits = here.drop_null()
            if not len(hits):
                continue
            is_gone = self.is_gone.take(hits)
            new = self.rows.take(hits).filter(pc.invert(is_gone))
            rewritten.write(new)
            feed.write(labelled(batch.filter(here.is_valid()), pc.if_else(is_gone, "delete", "update_preimage")))
            feed.write(labelled(new, "update_postimage"))


def staged_rows(staged: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a staged frame, in the columns of `schema`."""
    for file in staged_files(staged):
        yield from batches(file, schema)


def staged_files(staged: Path) -> list[Path]:
    """The files of a staged frame, in order."""
    return sorted(staged.glob("*.parquet"))


def new_rows(staged: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows with a new key, in the columns of `schema`."""
    for batch in staged_rows(staged, _with(schema, pa.field(IS_KNOWN, pa.bool_()))):
        yield batch.filter(pc.invert(batch.column(IS_KNOWN))).select(schema.names)


def labelled(rows: pa.RecordBatch, change_type: pa.Array | str) -> pa.RecordBatch:
    """The rows with their _change_type, as the change feed has them."""
    types = pa.repeat(change_type, rows.num_rows) if isinstance(change_type, str) else change_type
    return pa.RecordBatch.from_arrays([*rows.columns, types], schema=feed_schema(rows.schema))


def feed_schema(schema: pa.Schema) -> pa.Schema:
    """The columns of the change feed's files."""
    return _with(schema, pa.field(CHANGE_TYPE, pa.string()))


def _with(schema: pa.Schema, *fields: pa.Field) -> pa.Schema:
    return pa.schema([*schema, *fields])
