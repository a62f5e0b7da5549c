from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from warehouse.checks import Number, equal, none_found, require_all, require_held
from warehouse.errors import CheckFailed


@pytest.mark.parametrize(
    ("expected", "actual", "passes"),
    [
        (3, 3, True),
        (3, 4, False),
        (Decimal("0.300000"), Decimal("0.3"), True),
        (Decimal("1000000000.000001"), Decimal("1000000000.000002"), False),  # decimals are compared exactly
        (10**16, 10**16 + 1, False),  # and so are integers, where a float would see no difference
        (0.1 + 0.2, 0.3, True),  # floats to 1e-9 of their size
        (1.0, 1.0 + 1e-5, False),
        (1e9, 1e9 + 10, False),
        (Decimal("0.3"), 0.1 + 0.2, True),
        (None, 0, True),  # the sum of nothing
        (None, None, True),
        (0, Decimal("0.000001"), False),
        (1.0, float("nan"), False),
        (float("nan"), float("nan"), False),  # NaN equals nothing
    ],
)
def test_two_figures_are_equal_exactly_or_to_rounding_for_floats(
    expected: Number | None, actual: Number | None, passes: bool
) -> None:
    assert equal("figures", expected, actual).passed is passes


def test_none_found_passes_only_for_zero() -> None:
    assert none_found("strays", 0).passed
    assert none_found("strays", None).passed
    assert not none_found("strays", 1).passed


def test_nothing_happens_where_every_check_holds() -> None:
    require_all([])
    require_all([equal("a", 1, 1), none_found("b", 0)])


def test_failed_checks_are_named_with_figures_that_show_the_difference() -> None:
    with pytest.raises(CheckFailed) as failure:
        require_all(
            [
                equal("rows", 3, 3),
                equal("spend of meta in KRW", Decimal("1234567.010000"), Decimal("1234567.020000"), detail="2 rows"),
                none_found("keys that stand twice", 2),
            ]
        )
    assert failure.value.exit_code == 1
    assert str(failure.value) == (
        "2 of 3 checks failed, nothing is published: spend of meta in KRW: expected 1,234,567.01, found "
        "1,234,567.02 (2 rows); keys that stand twice: expected 0, found 2"
    )


def test_only_the_first_three_failures_are_named_and_the_others_counted() -> None:
    with pytest.raises(CheckFailed, match=r"^5 of 5 checks failed.*c0.*c1.*c2.*; and 2 more$") as failure:
        require_all([equal(f"c{number}", 0, 1) for number in range(5)])
    assert "c3" not in str(failure.value)


def recorded(day: int, **passed: bool) -> list[dict[str, Any]]:
    """Rows of ops.quality_results of one run."""
    checked_at = dt.datetime(2026, 3, day, 4, 30, tzinfo=dt.UTC)
    return [{"check_name": name, "passed": held, "checked_at": checked_at} for name, held in passed.items()]


def test_only_the_checks_that_ran_last_count() -> None:
    require_held([])
    require_held([*recorded(2, rows=True, credit=True), *recorded(1, rows=False, credit=True)])
    with pytest.raises(CheckFailed, match=r"^the checks of 2026-03-03 04:30 UTC failed, .*: credit; rows\. Mend "):
        require_held([*recorded(2, rows=True), *recorded(3, rows=False, spend=True, credit=False)])
    with pytest.raises(CheckFailed, match=r": a; b; c and 2 more\. "):
        require_held(recorded(1, a=False, b=False, c=False, d=False, e=False))
