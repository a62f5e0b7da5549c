"""Both writers of a lake, for tests that must hold with either."""

from __future__ import annotations

import pytest


@pytest.fixture(params=[0, 1_000_000], ids=["spark", "arrow"])
def small_change_rows(request: pytest.FixtureRequest) -> int:
    """`Lake.small_change_rows`: 0 lets Spark write everything, the other value nothing of a test's size."""
    rows: int = request.param
    return rows
