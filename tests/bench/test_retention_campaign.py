"""Shops drawn from the model: the retention list earns more than lists by churn alone and by value alone."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[2] / "bench"

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # customers of the last day, correlations by chance


def campaigns(shops: int, **knobs: Any) -> list[Any]:
    sys.path.insert(0, str(BENCH))
    found: list[Any] = importlib.import_module("retention_campaign").campaigns(shops, **knobs)
    return found


def test_in_ten_shops_the_list_earns_more_than_as_many_contacts_by_churn_or_by_value() -> None:
    found = campaigns(10, customers=3000, uplift=0.1, cost=1.0, experiment=5000)

    assert sum(one.profit > max(one.by_churn, one.by_value) for one in found) >= 9
    assert sum(one.held for one in found) >= 8


@pytest.mark.long
def test_in_95_of_100_shops_the_list_earns_more_than_any_list_by_churn_alone_or_by_value_alone() -> None:
    """Of its length, and of the length that in hindsight would have been best for them."""
    found = campaigns(100, customers=10_000, uplift=0.1, cost=1.0, experiment=5000)

    assert sum(one.earns_most for one in found) >= 95
    assert sum(one.held for one in found) >= 93, "intervals of 95% hold the profit that came"
