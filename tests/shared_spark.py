"""One Spark for all tests: one session, or with several test processes one JVM that each of them attaches to.

With a JVM per process, each would load and compile everything again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from jobs.settings import load_settings
from tests.quick import QUICK, SHARED_SESSION
from warehouse.jvm.files import hadoop_path
from warehouse.jvm.session import build_session

# The environment variables by which spark-submit passes the JVM's address to a Python process.
PORT, SECRET = "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"
SESSION = "org.apache.spark.sql.classic.SparkSession"
# The settings of users, except for those that make small tables fast.
SETTINGS = {
    **load_settings().spark.conf,
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    **QUICK,
}


WAIT_AT_MOST = 300  # seconds for the JVM to start


class SharedJvm:
    """A JVM that starts while the test processes look for their tests; they wait for it where they need it."""

    def __init__(self, processes: int) -> None:
        self._folder = TemporaryDirectory(prefix="distributary-tests-")
        self.address_file = Path(self._folder.name) / "address.json"
        self._thread = Thread(target=self._start, args=(processes,))
        self._thread.start()

    def _start(self, processes: int) -> None:
        found: dict[str, str] = {}
        try:
            self._session = start(Path(self._folder.name), processes=processes)
            found = address(self._session)
        finally:
            written = self.address_file.with_suffix(".new")
            written.write_text(json.dumps(found))
            written.rename(self.address_file)  # whole or not there

    def stop(self) -> None:
        self._thread.join()
        self._session.stop()
        self._folder.cleanup()


def attach_to(address_file: Path) -> SparkSession:
    """`attach` to the JVM whose address will stand in this file."""
    begun = time.monotonic()
    while not address_file.exists():
        assert time.monotonic() - begun < WAIT_AT_MOST, f"no JVM after {WAIT_AT_MOST} seconds"
        time.sleep(0.05)
    found = json.loads(address_file.read_text())
    assert found, "the JVM of the test run did not start; its error is above"
    return attach(found)


def start(scratch: Path, *, processes: int = 1) -> SparkSession:
    """A session in a new JVM with memory for this number of test processes."""
    place = {
        "spark.driver.memory": f"{2 * processes}g",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        # Delta keeps the plans of 10,000 tables for an hour. Tests make new lakes again and again, which would fill the
        # memory; this is room for several.
        "spark.databricks.delta.delta.log.cacheSize": "150",
        # Descriptions of queries for the page of Spark, which tests have not.
        "spark.sql.ui.retainedExecutions": "10",
        "spark.ui.retainedJobs": "50",
        "spark.ui.retainedStages": "50",
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={scratch} {SHARED_SESSION}",
    }
    session = build_session("distributary tests", SETTINGS | place, master=f"local[{2 * processes}]")
    # Hadoop starts a process to set the rights of every file; without checksum files there are half as many files.
    hadoop_path(session, scratch.as_uri())[1].setWriteChecksum(False)
    return session


def address(session: SparkSession) -> dict[str, str]:
    """The address of the JVM of `session`, for another process."""
    gateway = session.sparkContext._gateway.gateway_parameters  # type: ignore[union-attr]
    return {PORT: str(gateway.port), SECRET: gateway.auth_token}


def attach(address: dict[str, str]) -> SparkSession:
    """A session of this process in the JVM at `address`, with its own settings and views."""
    os.environ["PYSPARK_PYTHON"] = sys.executable  # read when the context is created
    with _environment(address):
        gateway = launch_gateway()
    first = getattr(gateway.jvm, SESSION).getDefaultSession().get()
    conf = SparkConf(_jvm=gateway.jvm, _jconf=first.sparkContext().conf())
    context = SparkContext(gateway=gateway, jsc=gateway.jvm.JavaSparkContext(first.sparkContext()), conf=conf)
    SparkSession(context, first.newSession())
    return build_session("distributary tests", SETTINGS)


@contextmanager
def _environment(address: dict[str, str]) -> Iterator[None]:
    """Set the address in the environment only while attaching: processes that tests start need their own JVM."""
    os.environ.update(address)
    try:
        yield
    finally:
        for name in address:
            del os.environ[name]
