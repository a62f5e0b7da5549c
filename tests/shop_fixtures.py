"""Fixtures of the small shop, for the conftest files of the folders that use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from published.publication import Published, read_published
from tests.small_shop import write_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("shop") / "lake"
    write_shop(lake)
    return lake


@pytest.fixture(scope="session")
def published(shop: Path) -> Published:
    return read_published(str(shop))
