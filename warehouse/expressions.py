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


def id_of(*parts: Column) -> Column:
    """A hash (md5) of texts. Other texts have another one, also where a text has the separator in it or is null.

    The only way to make an id of several texts. Texts without | and \\ are hashed as `a|b`.
    """
    return F.md5(F.concat_ws("|", *map(_escaped, parts)))


def _escaped(text: Column) -> Column:
    """The text with \\ before each \\ and |, so that | alone separates; a null is \\0, which no text becomes."""
    doubled = F.replace(text, F.lit("\\"), F.lit("\\\\"))
    return F.coalesce(F.replace(doubled, F.lit("|"), F.lit("\\|")), F.lit("\\0"))
