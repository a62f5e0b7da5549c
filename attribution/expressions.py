"""What several builders say with Spark's expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F


def let(value: Column, body: Callable[[Column], Column]) -> Column:
    """`body` of `value`, which is computed once.

    What stands inside a lambda Spark computes anew for every element: a sum there makes a long path quadratic.
    """
    return F.get(F.transform(F.array(value), body), F.lit(0))


def times_in(array: Column, value: Column) -> Column:
    """How often a value stands in an array: how many elements leave with it. Unlike a filter, Spark compiles it."""
    return F.size(array) - F.size(F.array_remove(array, value))


def fold(
    array: Column, start: Mapping[str, Column], step: Callable[[Column, Column, Column], Mapping[str, Column]]
) -> Column:
    """A struct that goes from element to element, `start` before the first: `step` of the struct so far, the element
    and its 0-based index gives the next one's fields. It has one field more, `index`.

    Many sums in one walk over the array, in which Spark looks at each element once.
    """

    def walked(so_far: Column, element: Column) -> Column:
        index = so_far["index"]
        return _struct({"index": index + 1, **step(so_far, element, index)})

    return F.aggregate(array, _struct({"index": F.lit(0), **start}), walked)


def _struct(fields: Mapping[str, Column]) -> Column:
    return F.struct(*(value.alias(name) for name, value in fields.items()))
