"""The small shop, published once: tests read it and change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_shop import write_shop

from dashboard.report_data import Published, read_published


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("shop") / "lake"
    write_shop(lake)
    return lake


@pytest.fixture(scope="session")
def published(shop: Path) -> Published:
    return read_published(str(shop))
