"""The sessions of the tests: one of Sail in each process, and one JVM of Spark for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from pyspark.sql import SparkSession

from tests.shared_spark import SETTINGS, SharedJvm, attach_to, start
from warehouse.engine import ENGINES, Engine, opened, using

# The same examples on every run, so that failures are repeatable.
hypothesis_settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis_settings.load_profile("repeatable")

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"


# Files that take longest, the longest first, because a long file that starts last delays the end of the run.
LONG_FILES = (
    "tests/jobs/test_incremental.py",
    "tests/jobs/test_nothing_lost.py",
    "tests/jobs/test_tokens_for_ids.py",
    "tests/jobs/test_last_day.py",
    "tests/jobs/test_stale_champion.py",
    "tests/jobs/test_exit_codes.py",
    "tests/intake/test_ingest.py",
    "tests/jobs/",
    "tests/intake/",
    "tests/docs/",
    "tests/ltv/test_registry.py",
)


# Files whose tests need nothing but the DataFrame API, except for those marked spark_only.
ON_EITHER_ENGINE = ("tests/touchpoints/", "tests/attribution/", "tests/ltv/")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=ENGINES,
        help="run only the tests that run on either engine, on this one (default: all tests, those on sail)",
    )


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are numbered: those of archives hold the time, and all processes must call a test by one name."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.engine:
        config.hook.pytest_deselected(items=[item for item in items if not has_a_session_of_either(item)])
        items[:] = [item for item in items if has_a_session_of_either(item)]
    items.sort(key=lambda item: next((n for n, name in enumerate(LONG_FILES) if item.nodeid.startswith(name)), 99))


def has_a_session_of_either(item: pytest.Item) -> bool:
    """Whether --engine changes anything for the test."""
    file = item.getparent(pytest.Module)
    return "spark" in getattr(item, "fixturenames", ()) and file is not None and is_of_either(file)


# With several test processes (pytest-xdist), the controller process owns the JVM that the others attach to.
_jvm = pytest.StashKey[SharedJvm]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass to a new test process where it finds the address of the JVM; the first call starts the JVM."""
    stash = node.config.stash
    if _jvm not in stash:
        stash[_jvm] = SharedJvm(processes=int(node.config.option.numprocesses or 1))
    node.workerinput["spark"] = str(stash[_jvm].address_file)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _jvm in config.stash:
        config.stash[_jvm].stop()


@pytest.fixture(scope="module")
def spark(request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    """The session of a file's tests: on Sail where they run on either engine, unless --engine says otherwise."""
    made: SparkSession = request.getfixturevalue(f"{engine_of_file(request.node, request.config)}_session")
    with using(made):
        yield made


def engine_of_file(file: pytest.Module, config: pytest.Config) -> Engine:
    engine: Engine = config.option.engine or "sail"
    return engine if is_of_either(file) else "spark"


def is_of_either(file: pytest.Module) -> bool:
    """Whether the tests of the file that have a session run on either engine."""
    return file.nodeid.startswith(ON_EITHER_ENGINE) and not file.get_closest_marker("spark_only")


@pytest.fixture(scope="session")
def sail_session() -> Iterator[SparkSession]:
    """A server of Sail in this process, and a session of it."""
    with opened("sail", "distributary tests", SETTINGS) as made:
        yield made


@pytest.fixture(scope="session")
def spark_session(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    if hasattr(pytestconfig, "workerinput"):
        yield attach_to(Path(pytestconfig.workerinput["spark"]))
    else:
        session = start(tmp_path_factory.mktemp("spark"))
        yield session
        session.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of golden values and real inputs beside the repository; the test is skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside the repository: golden values and real inputs are not on this machine")
    return SHARED
