from __future__ import annotations

from pathlib import Path

import pytest
from landed_text import Landing
from pyspark.sql import SparkSession


@pytest.fixture
def landing(spark: SparkSession, tmp_path: Path) -> Landing:
    return Landing(spark, tmp_path / "landing")
