"""Inputs that a run refuses: the others are taken in, the bad rows are kept where they can be looked at, and then the
run ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.first_look import shown
from intake.inputs import Input
from intake.samples import sample
from warehouse.errors import CheckFailed, DistributaryError, InputError


@dataclass(frozen=True)
class Refusal:
    """An input of which nothing new was taken in, and why."""

    input: Input
    error: DistributaryError


def require_none(refusals: Sequence[Refusal]) -> None:
    """Ends the run, a line for each refusal, unless each is of an input that may lag. Exit code 3 where one has it."""
    if all(refusal.input.may_lag for refusal in refusals):
        return
    lines = "\nerror: ".join(dict.fromkeys(str(refusal.error) for refusal in refusals))
    kinds = {type(refusal.error) for refusal in refusals}
    raise (CheckFailed if kinds == {CheckFailed} else InputError)(lines)


def too_many_bad(input_: Input, rows: DataFrame, total: Mapping[str, int], limit: float) -> CheckFailed:
    """Why a batch with these bad rows is refused: the commonest reason, with the first row that has it."""
    worst = (
        rows.groupBy("file", "reason")
        .agg(F.count(F.lit(1)).alias("count"), F.min(F.struct("line", "raw")).alias("first"))
        .orderBy(F.col("count").desc(), "file", "reason")
        .first()
    )
    assert worst is not None
    first, raw = worst["first"], worst["first"]["raw"] or ""
    return CheckFailed(
        f"{input_.name}: {total['bad']:,} of {total['read']:,} rows are unusable, more than "
        f"quality.max_quarantined_share = {limit:g}; most often in {shown(worst['file'])}: {worst['reason']} "
        f"({worst['count']:,} rows), such as line {first['line']:,}: {sample(raw)}.{_keys(raw)} "
        "Nothing of the batch was taken in; its bad rows are in bronze.refused_rows."
    )


def source_is(name: str) -> str:
    """SQL that selects the rows of an input."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"source = '{escaped}'"


def _keys(raw: str) -> str:
    """The keys of a JSON object, for who has others than an adapter reads; '' for another row."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    return f" It has the keys {sample(', '.join(found))}; see docs/input.md." if isinstance(found, dict) else ""
