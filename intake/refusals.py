"""Inputs that a run refuses: the others are taken in, the bad rows are kept where they can be looked at, and then the
run ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from intake.inputs import Input
from intake.reasons import way_out
from intake.samples import sample
from warehouse.conform import conform
from warehouse.errors import CheckFailed, DistributaryError, InputError
from warehouse.local_files import shown
from warehouse.store import Lake
from warehouse.tables.bronze_refused_rows import BRONZE_REFUSED_ROWS


@dataclass(frozen=True)
class Refusal:
    """An input of which nothing new was taken in, and why."""

    input: Input
    error: DistributaryError


def error_of(refusals: Sequence[Refusal]) -> DistributaryError | None:
    """What ends the run, a line for each refusal: exit code 3 where one has it. None where all inputs may lag."""
    if all(refusal.input.may_lag for refusal in refusals):
        return None
    lines = "\nerror: ".join(dict.fromkeys(str(refusal.error) for refusal in refusals))
    kinds = {type(refusal.error) for refusal in refusals}
    return (CheckFailed if kinds == {CheckFailed} else InputError)(lines)


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
    mend = way_out(worst["reason"])
    return CheckFailed(
        f"{input_.name}: {total['bad']:,} of {total['read']:,} rows are unusable, more than "
        f"quality.max_quarantined_share = {limit:g}; most often in {shown(worst['file'])}: {worst['reason']} "
        f"({worst['count']:,} rows), such as line {first['line']:,}: {sample(raw)}.{_keys(raw)} "
        f"{f'Way out: {mend}. ' if mend else ''}"
        "Nothing of the batch was taken in; its bad rows are in bronze.refused_rows."
    )


def keep_refused_rows(lake: Lake, source: str, bad_rows: DataFrame, *, at: datetime, number: int) -> DataFrame:
    """The bad rows of a batch that is refused, as they are stored in place of those of the input's last refusal.

    `number` is how many there are, `at` the start of the run.
    """
    escaped = source.replace("\\", "\\\\").replace("'", "\\'")
    of_source = f"source = '{escaped}'"
    if lake.exists(BRONZE_REFUSED_ROWS):
        lake.delete(BRONZE_REFUSED_ROWS, of_source)
    rows = bad_rows.select(
        F.lit(source).alias("source"),
        "file",
        "line",
        "reason",
        "raw",
        F.lit(at).alias("refused_at"),
        F.lit(lake.run_id).alias("run_id"),
    )
    lake.append(BRONZE_REFUSED_ROWS, conform(rows, BRONZE_REFUSED_ROWS), at_most=number)
    return lake.read(BRONZE_REFUSED_ROWS).where(of_source)


def _keys(raw: str) -> str:
    """The keys of a JSON object, for who has others than an adapter reads; '' for another row."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    return f" It has the keys {sample(', '.join(found))}; see docs/input.md." if isinstance(found, dict) else ""
