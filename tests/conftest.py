"""One Spark session for the whole run (one per worker), in the fast profile that small tables need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from pyspark.sql import SparkSession

from tests.quick import QUICK, SHARED_SESSION
from warehouse.spark import build_session, hadoop_path

# The same examples on every run: a failure is repeatable, and a pass means the same thing twice.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis_settings.load_profile("repeatable")

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"


# Files that run whole pipelines. They go first: the last file to begin decides when the run ends.
LONG_FILES = ("tests/jobs/", "tests/touchpoints/test_ingest.py", "tests/ltv/test_registry.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FILES))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    scratch = tmp_path_factory.mktemp("spark")
    session = build_session(
        "distributary tests",
        {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.memory": "2g",
            "spark.sql.shuffle.partitions": "2",
            "spark.default.parallelism": "2",
            "spark.sql.requireAllClusterKeysForCoPartition": "false",
            "spark.sql.ui.explainMode": "simple",
            "spark.python.sql.dataFrameDebugging.enabled": "false",
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            "spark.driver.extraJavaOptions": f"-Dderby.system.home={scratch} {SHARED_SESSION}",
            **QUICK,
        },
        master="local[2]",
    )
    # Hadoop starts a process for the rights of every file that it makes: half as many without a checksum beside each.
    hadoop_path(session, scratch.as_uri())[1].setWriteChecksum(False)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of golden values and real inputs beside the repository, where it exists."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside the repository: golden values and real inputs are not on this machine")
    return SHARED
