"""Expressions that several packages share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame
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


Step = Callable[[Column], dict[str, Column]]
# Steps in one expression. What a session of Connect sends may not be 100 deep, and each step in another adds eight.
AT_ONCE = 3


def with_steps(frame: DataFrame, name: str, steps: Sequence[Step]) -> DataFrame:
    """`frame` with the struct `name` after `steps`: each adds fields to it, made from those before, or replaces some.

    A row in which it is null is not looked at: for what few rows need, this is far cheaper than a column for each step,
    with which Spark copies every row once a step.
    """
    for start in range(0, len(steps), AT_ONCE):
        fields = frame.select(f"{name}.*").columns
        stepped = _stepped(F.col(name), fields, steps[start : start + AT_ONCE])
        frame = frame.withColumn(name, F.when(F.col(name).isNotNull(), stepped))
    return frame


def _stepped(row: Column, fields: Sequence[str], steps: Sequence[Step]) -> Column:
    if not steps:
        return row
    new = steps[0](row)
    every = {**{field: row[field] for field in fields if field not in new}, **new}
    struct = F.struct(*(value.alias(field) for field, value in every.items()))
    return struct if len(steps) == 1 else let(struct, lambda it: _stepped(it, list(every), steps[1:]))
