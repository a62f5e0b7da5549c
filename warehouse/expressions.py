"""Expressions that several packages share."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column
from pyspark.sql import functions as F

from warehouse.pseudonyms import blocks_of


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


def token_of(text: Column, key: bytes) -> Column:
    """The token of a text under a key: the first 32 hexadecimal digits of HMAC-SHA256. The same text has the same one,
    and without the key nobody can say which text a token is of."""
    inner, outer = (F.unhex(F.lit(block)) for block in blocks_of(key))
    digest = F.sha2(F.concat(inner, text.cast("binary")), 256)
    return F.substring(F.sha2(F.concat(outer, F.unhex(digest)), 256), 1, 32)


def _escaped(text: Column) -> Column:
    """The text with \\ before each \\ and |, so that | alone separates; a null is \\0, which no text becomes."""
    doubled = F.replace(text, F.lit("\\"), F.lit("\\\\"))
    return F.coalesce(F.replace(doubled, F.lit("|"), F.lit("\\|")), F.lit("\\0"))
