"""One Spark for the whole run, in the fast profile that small tables need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from pyspark.sql import SparkSession

from tests.shared_spark import address, attach, start

# The same examples on every run: a failure is repeatable, and a pass means the same thing twice.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis_settings.load_profile("repeatable")

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"


# Files that run whole pipelines. They go first: the last file to begin decides when the run ends.
LONG_FILES = ("tests/jobs/", "tests/intake/test_ingest.py", "tests/ltv/test_registry.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FILES))


# Where several processes run tests (pytest-xdist), the one that hands them out holds the JVM that they attach to.
_jvm = pytest.StashKey[tuple[SparkSession, TemporaryDirectory[str]]]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a process that is about to be started where the JVM is; the first one makes it start."""
    stash, processes = node.config.stash, int(node.config.option.numprocesses or 1)
    if _jvm not in stash:
        scratch = TemporaryDirectory(prefix="distributary-tests-")
        stash[_jvm] = start(Path(scratch.name), processes=processes), scratch
    node.workerinput["spark"] = address(stash[_jvm][0])


def pytest_unconfigure(config: pytest.Config) -> None:
    if _jvm in config.stash:
        session, scratch = config.stash[_jvm]
        session.stop()
        scratch.cleanup()


@pytest.fixture(scope="session")
def spark(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    if hasattr(pytestconfig, "workerinput"):
        yield attach(pytestconfig.workerinput["spark"])
    else:
        session = start(tmp_path_factory.mktemp("spark"))
        yield session
        session.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of golden values and real inputs beside the repository, where it exists."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside the repository: golden values and real inputs are not on this machine")
    return SHARED
