"""Checks of the data and their results."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from warehouse.errors import CheckFailed

Number = int | float | Decimal
OF_MARTS = re.compile(r"\bin mart\.|^(rows|total|failures) of mart\.")  # names of checks


@dataclass(frozen=True)
class CheckResult:
    """One check: what must hold, whether it did, and the two figures that were compared."""

    name: str
    passed: bool
    expected: float
    actual: float
    detail: str


def equal(name: str, expected: Number | None, actual: Number | None, *, detail: str = "") -> CheckResult:
    """Both figures are the same: exactly for integers and decimals, to 1e-9 of their size for floats.

    A missing figure (the sum of nothing) counts as 0.
    """
    left, right = expected or 0, actual or 0
    if isinstance(left, float) or isinstance(right, float):
        passed = math.isclose(float(left), float(right), rel_tol=1e-9, abs_tol=1e-6)
    else:
        passed = left == right
    return CheckResult(name, passed, float(left), float(right), detail)


def none_found(name: str, found: int | None, *, detail: str = "") -> CheckResult:
    """The number of bad things is 0; a missing one counts as 0."""
    return equal(name, 0, found, detail=detail)


def at_least(name: str, expected: Number | None, actual: Number | None, *, detail: str = "") -> CheckResult:
    """The second figure is the first or more; a missing one counts as 0."""
    left, right = expected or 0, actual or 0
    return CheckResult(name, right >= left, float(left), float(right), detail)


def at_most(name: str, expected: Number | None, actual: Number | None, *, detail: str = "") -> CheckResult:
    """The second figure is the first or less; a missing one counts as 0."""
    left, right = expected or 0, actual or 0
    return CheckResult(name, right <= left, float(left), float(right), detail)


def row_count(frame: DataFrame, name: str) -> DataFrame:
    """One row: the number of rows of `frame`, in the column `name`; for `side_by_side`."""
    return frame.agg(F.count(F.lit(1)).alias(name))


def side_by_side(*totals: DataFrame) -> Row:
    """One row with the columns of all `totals`, frames of one row each, from one query. Column names must differ."""
    (row,) = reduce(DataFrame.crossJoin, totals).collect()
    return row


def require_all(results: Sequence[CheckResult]) -> None:
    """CheckFailed, naming the first failures with their figures, unless every check passed."""
    failed = [result for result in results if not result.passed]
    if not failed:
        return
    failures = "; ".join(
        f"{result.name}: expected {result.expected:,.15g}, found {result.actual:,.15g}"
        + (f" ({result.detail})" if result.detail else "")
        for result in failed[:3]
    )
    more = f"; and {len(failed) - 3} more" if len(failed) > 3 else ""
    raise CheckFailed(f"{len(failed)} of {len(results)} checks failed, nothing is published: {failures}{more}")


def require_held(recorded: Sequence[Mapping[str, Any]]) -> None:
    """CheckFailed unless all checks that ran last held; `recorded` are the rows of ops.quality_results.

    For jobs whose result outlives the data, such as a fit: what was wrong is asked again only by the next `check`.
    Nothing is learned from marts, so theirs do not matter.
    """
    ours = [row for row in recorded if not OF_MARTS.search(row["check_name"])]
    last = max((row["checked_at"] for row in ours), default=None)
    failed = sorted(row["check_name"] for row in ours if row["checked_at"] == last and not row["passed"])
    if not failed:
        return
    more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
    raise CheckFailed(
        f"the checks of {last:%Y-%m-%d %H:%M} UTC failed, so nothing is learned from these data: "
        f"{'; '.join(failed[:3])}{more}. Mend the data and run `check`; where it holds, this goes on"
    )
