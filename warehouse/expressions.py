"""Expressions that several packages share."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F


def let(value: Column, body: Callable[[Column], Column]) -> Column:
    """`body(value)`, with `value` computed once.

    Spark evaluates everything inside a lambda again for every element: a sum there makes long paths quadratic.
    """
    return F.get(F.transform(F.array(value), body), F.lit(0))
