"""Churn under watch in simulated shops: steady ones are left alone, a large change is seen in its first week."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    sys.path.insert(0, str(BENCH))
    return importlib.import_module("churn_drift")


def test_a_steady_shop_has_no_alarm_and_one_whose_visits_halve_has_one_within_a_week(bench: ModuleType) -> None:
    steady = bench.measure(range(2), 8000, common=0.1, change=0.0)
    assert all(runs.startswith("0 of ") for runs in steady["runs"].values())
    assert bench.measure(range(2), 8000, common=0.1, change=-0.6)["shops seen"]["within 1 weeks"] == 2
