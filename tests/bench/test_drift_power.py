"""A purchase rate that falls by a fifth is seen within two weekly runs, and a steady shop is left alone."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # customers of the last day

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    sys.path.insert(0, str(BENCH))
    return importlib.import_module("drift_power")


def alarms(bench: ModuleType, shops: int, **options: float) -> int:
    """Shops with an alarm in either of the two weekly runs."""
    return sum(
        any(finding.is_alarm for run in bench.weekly_runs(20_000, seed, **options) for finding in run)
        for seed in range(shops)
    )


def test_two_shops_whose_customers_buy_a_fifth_more_rarely_and_two_steady_ones(bench: ModuleType) -> None:
    assert alarms(bench, 2, change=-0.2, after=0) == 2
    assert alarms(bench, 2, change=0.0, after=0) == 0


@pytest.mark.long
@pytest.mark.parametrize(("after", "day"), [(0, 0.0), (90, 1.0)])
def test_95_of_100_changed_shops_are_seen_and_at_most_2_of_100_steady_ones(
    bench: ModuleType, after: int, day: float
) -> None:
    assert alarms(bench, 100, change=-0.2, after=after, day=day) >= 95
    assert alarms(bench, 100, change=0.0, after=after, day=day) <= 2
