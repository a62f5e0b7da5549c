"""Keys of rows as one text each, so that rows are compared by one column."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc


def key_texts(rows: pa.Table | pa.RecordBatch, key: Sequence[str]) -> pa.Array:
    """One text a row; two rows have the same text exactly if their keys are the same, nulls included.

    Each part has its length before it: "ab" beside "c" is another key than "a" beside "bc".
    """
    parts = [_text(_one_array(rows.column(name))) for name in key]
    if len(parts) == 1:
        return parts[0]
    return pc.binary_join_element_wise(*map(_measured, parts), "")


def _text(values: pa.Array) -> pa.Array:
    """The values as texts; null stays null."""
    if pa.types.is_list(values.type):
        items = _measured(_text(values.flatten()))
        lengths = pc.fill_null(pc.list_value_length(values), 0)
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
        joined = pc.binary_join(pa.ListArray.from_arrays(offsets, items), "")
        return pc.if_else(values.is_valid(), joined, pa.scalar(None, pa.string()))
    if pa.types.is_timestamp(values.type):
        return values.cast(pa.int64()).cast(pa.string())
    return values.cast(pa.string())


def _measured(texts: pa.Array) -> pa.Array:
    lengths = pc.binary_length(texts).cast(pa.string())
    return pc.fill_null(pc.binary_join_element_wise(lengths, texts, ":"), "null")


def _one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
