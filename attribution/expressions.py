"""Expressions over paths that several builders share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F


def channels_of(path: Column) -> Column:
    """The channel of each touch."""
    return F.transform(path, lambda touch: touch["channel"])


def times_in(array: Column, value: Column) -> Column:
    """How often a value occurs in an array. Unlike a filter, Spark compiles array_remove."""
    return F.size(array) - F.size(F.array_remove(array, value))


def fold(
    array: Column, start: Mapping[str, Column], step: Callable[[Column, Column, Column], Mapping[str, Column]]
) -> Column:
    """The struct after the last element. It is `start` before the first one; `step(struct so far, element, 0-based
    index)` gives its next fields. The struct has one more field, `index`.

    Several sums in one pass over the array.
    """

    def next_struct(so_far: Column, element: Column) -> Column:
        index = so_far["index"]
        return _struct({"index": index + 1, **step(so_far, element, index)})

    return F.aggregate(array, _struct({"index": F.lit(0), **start}), next_struct)


def _struct(fields: Mapping[str, Column]) -> Column:
    return F.struct(*(value.alias(name) for name, value in fields.items()))
