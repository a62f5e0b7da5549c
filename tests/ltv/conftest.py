"""Golden values that several tests of value models share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def golden(shared_data: Path) -> dict:
    """Published and exact values of value models."""
    return json.loads((shared_data / "golden" / "ltv.json").read_text())
