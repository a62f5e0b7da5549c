"""One Spark for all tests: the session of one process, or, where several run tests, a JVM that each attaches to.

A JVM for each process would load and compile everything as often as there are processes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from jobs.settings import load_settings
from tests.quick import QUICK, SHARED_SESSION
from warehouse.spark import build_session, hadoop_path

# How spark-submit tells a Python process which JVM is its own.
PORT, SECRET = "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"
SESSION = "org.apache.spark.sql.classic.SparkSession"
# As users run, but for what small tables want.
SETTINGS = {
    **load_settings().spark.conf,
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    **QUICK,
}


def start(scratch: Path, *, processes: int = 1) -> SparkSession:
    """A JVM with room for so many processes, and a session in it."""
    place = {
        "spark.driver.memory": f"{2 * processes}g",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={scratch} {SHARED_SESSION}",
    }
    session = build_session("distributary tests", SETTINGS | place, master=f"local[{2 * processes}]")
    # Hadoop starts a process for the rights of every file that it makes: half as many without a checksum beside each.
    hadoop_path(session, scratch.as_uri())[1].setWriteChecksum(False)
    return session


def address(session: SparkSession) -> dict[str, str]:
    """Where another process finds the JVM of `session`."""
    told = session.sparkContext._gateway.gateway_parameters  # type: ignore[union-attr]
    return {PORT: str(told.port), SECRET: told.auth_token}


def attach(address: dict[str, str]) -> SparkSession:
    """A session of this process, with settings and views of its own, in the JVM at `address`."""
    os.environ["PYSPARK_PYTHON"] = sys.executable  # asked for as the context is made
    with _told(address):
        gateway = launch_gateway()
    first = getattr(gateway.jvm, SESSION).getDefaultSession().get()
    conf = SparkConf(_jvm=gateway.jvm, _jconf=first.sparkContext().conf())
    context = SparkContext(gateway=gateway, jsc=gateway.jvm.JavaSparkContext(first.sparkContext()), conf=conf)
    SparkSession(context, first.newSession())
    return build_session("distributary tests", SETTINGS)


@contextmanager
def _told(address: dict[str, str]) -> Iterator[None]:
    """The environment says it no longer than needed: processes that tests start have a JVM of their own."""
    os.environ.update(address)
    try:
        yield
    finally:
        for name in address:
            del os.environ[name]
