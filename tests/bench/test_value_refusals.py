"""Young shops drawn from the model itself: none is refused, and totals lie near those under the true parameters."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"


def cell(customers: int, days: int, shops: int) -> dict[str, Any]:
    sys.path.insert(0, str(BENCH))
    found: dict[str, Any] = importlib.import_module("value_refusals").cell(customers, days, shops)
    return found


@pytest.mark.filterwarnings("ignore::UserWarning")  # customers of the last day, correlations by chance
def test_of_shops_of_100_customers_and_half_a_year_none_is_refused() -> None:
    found = cell(100, 180, 60)

    assert (found["refused"], found["nobody"]) == (0, 0)
    assert found["prior"] > 20, "so many had no model before"
    assert found["held"] >= 54, "intervals of 95% hold what came"
    assert -0.05 < found["error_quantiles"][1] < 0.05


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_totals_of_1000_customers_lie_within_10_percent_of_those_under_the_true_parameters() -> None:
    found = cell(1000, 365, 20)

    assert found["refused"] == 0
    assert found["within_10"] >= 0.9
