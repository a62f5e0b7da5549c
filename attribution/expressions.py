"""What several builders say with Spark's expressions."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F


def let(value: Column, body: Callable[[Column], Column]) -> Column:
    """`body` of `value`, which is computed once.

    What stands inside a lambda Spark computes anew for every element: a sum there makes a long path quadratic.
    """
    return F.get(F.transform(F.array(value), body), F.lit(0))
