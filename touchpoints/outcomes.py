"""What became of each amount in bronze: the rows that silver.money_ledger sums and silver.set_aside lists.

Each of the frames here has one row per landed row with an amount (per part of it, where only a part counts), with the
columns of OUTCOME.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from warehouse.contracts import MONEY

COUNTED, REPLACED, SAME_AGAIN, IN_FEED = "counted", "replaced", "same_again", "in_feed"
CANCELLED, DELETED = "cancelled", "deleted"
# Amounts that are missing in the figures, and amounts in force that a newer row would have changed: they are listed row
# by row.
SET_ASIDE, LEFT_OUT, TOO_LARGE, UNSETTLED = "set_aside", "left_out", "too_large", "unsettled"
SHOWN = (SET_ASIDE, LEFT_OUT, TOO_LARGE, UNSETTLED)
IN_FORCE = (COUNTED, UNSETTLED)
NO_ROOM = "more than an amount in the reporting currency can be"
# `rows` is 0 for the second part of a row of which a part counts.
OUTCOME = {
    "input": "string",
    "record_id": "string",
    "outcome": "string",
    "reason": "string",
    "rows": "int",
    "amount": MONEY,
    "currency": "string",
    "other_amount": MONEY,
    "other_file": "string",
    "other_line": "bigint",
    "source_file": "string",
    "source_line": "bigint",
    "event_id": "string",
}


def as_outcomes(frame: DataFrame, input_: str, **columns: Column) -> DataFrame:
    """The frame with the columns of OUTCOME. What neither the frame nor `columns` has is null; `rows` is then 1 and
    `reason` ''."""
    known = {"input": F.lit(input_), "rows": F.lit(1), "reason": F.lit(""), **columns}
    own = {name: F.col(name) for name in frame.columns if name in OUTCOME}
    found = {**known, **{name: column for name, column in own.items() if name not in columns}}
    return frame.select(*(found.get(name, F.lit(None)).cast(type_).alias(name) for name, type_ in OUTCOME.items()))


def differing(what: str, **differs: Column) -> Column:
    """'same <what>, other <a> and <b>': by name of what may differ, whether it does."""
    names = F.concat_ws(" and ", *(F.when(is_other, F.lit(name)) for name, is_other in differs.items()))
    return F.concat(F.lit(f"same {what}, other "), names)
