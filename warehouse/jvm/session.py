"""The one place that makes a session of Spark itself."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession

from warehouse.jars import delta_jars
from warehouse.package_files import on_disk

JAVA_OPTIONS = "spark.driver.extraJavaOptions"
# A JVM that does not end in the first time is killed, which takes the system as long as it has other things to do.
JVM_END_SECONDS, JVM_KILL_SECONDS = 2.0, 20.0

# The meaning of the tables depends on these; no configuration file may change them.
FIXED_CONF = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # A damaged file must fail the run, not lose its rows.
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
}


def under_spark_submit() -> bool:
    """Whether spark-submit started this process and has set master, memory and JARs."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def build_session(app_name: str, conf: Mapping[str, str], *, master: str | None = None) -> SparkSession:
    """A session with Delta Lake. `conf` are Spark's own settings (conf/base.yaml, section spark).

    Under spark-submit, master, driver memory and JARs are those of its command line; otherwise master defaults to
    local[*] and Delta's JARs come from the local cache. Python workers use this interpreter.
    """
    chosen = {**conf, **FIXED_CONF}
    if not under_spark_submit():
        chosen |= _launch_conf(conf, master or "local[*]")
    builder = SparkSession.builder.appName(app_name)
    for key, value in chosen.items():
        builder = builder.config(key, value)
    # A JVM that has ended shows in the error of the call; py4j would print its stack, too.
    logging.getLogger("py4j").setLevel(logging.CRITICAL + 1)
    logging.getLogger().addFilter(_is_not_of_py4j)
    session: SparkSession = builder.getOrCreate()
    session.sparkContext.setLogLevel("FATAL")
    _keep_quiet_at_the_end(session.sparkContext)
    _cache_classes(session)
    return session


def java_class(session: SparkSession, name: str) -> Any:
    """A class of the JVM, looked up once by its full name.

    Package by package (`jvm.java.io...`), each part would first be searched for as a class in every JAR.
    """
    return getattr(session._jvm, name)


def process_id(session: SparkSession) -> int:
    """The process id of the session's JVM."""
    return int(java_class(session, "java.lang.ProcessHandle").current().pid())


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    """Some of its stacks go to the root logger."""
    return Path(record.pathname).parent.name != "py4j"


def _keep_quiet_at_the_end(context: SparkContext) -> None:
    """PySpark's server for counts of workers prints a stack where the JVM ends before it."""
    server = getattr(context, "_accumulatorServer", None)
    if server is not None:
        server.handle_error = lambda request, client_address: None


def cancel_jobs() -> None:
    """Ends all jobs of Spark in this process: their callers get an error. Nothing happens where there is none."""
    context = SparkContext._active_spark_context
    with suppress(Exception):  # there may be no JVM any more
        if context is not None:
            context.cancelAllJobs()


def end_jvm() -> None:
    """Ends the JVM that this process started, and waits until it has ended; one of spark-submit's is left alone."""
    started = [pid for pid in _children() if _is_jvm(pid)]
    for number, seconds in ((signal.SIGTERM, JVM_END_SECONDS), (signal.SIGKILL, JVM_KILL_SECONDS)):
        for pid in started:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        until = time.monotonic() + seconds
        while started and time.monotonic() < until:
            started = [pid for pid in started if _runs(pid)]
            time.sleep(0.05)


def _children() -> list[int]:
    """The processes that this one started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in brackets, may hold anything.
            if status.read_text(errors="replace").rpartition(")")[2].split()[1] == str(os.getpid()):
                found.append(int(status.parent.name))
    return found


def _is_jvm(pid: int) -> bool:
    """Whether it is a JVM or Spark's script that becomes one."""
    with suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return b"java" in command or b"spark-submit" in command or b"spark-class" in command
    return False


def _runs(pid: int) -> bool:
    """Whether the process has not ended; one that has is taken from the list of processes."""
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == 0
    return Path(f"/proc/{pid}").exists()


def default_parallelism(session: SparkSession) -> int:
    """How many tasks the session's cluster runs at once."""
    return int(session.sparkContext.defaultParallelism)


class _CachedClass:
    """A class of the JVM whose members are looked up once."""

    def __init__(self, java_class: Any) -> None:
        self._java_class = java_class

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._java_class, name)
        setattr(self, name, member)
        return member


def _cache_classes(session: SparkSession) -> None:
    """Caches the classes that make columns. PySpark looks them up at every use of a function, by short names that the
    JVM searches for in every JAR: a tenth of the time of a run on little data.
    """
    for name in ("functions", "PythonUtils", "org.apache.spark.sql.functions"):
        found = java_class(session, name)
        if not isinstance(found, _CachedClass):
            setattr(session._jvm, name, _CachedClass(found))


def _launch_conf(conf: Mapping[str, str], master: str) -> dict[str, str]:
    """What spark-submit's command line would set: master, JARs, Python, a quiet log; local masters use loopback."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    quiet = f"-Dlog4j2.configurationFile={on_disk('conf', 'spark', 'log4j2.properties').as_uri()}"
    return {
        "spark.master": master,
        "spark.jars": ",".join(map(str, delta_jars())),
        JAVA_OPTIONS: f"{conf.get(JAVA_OPTIONS, '')} {quiet}".strip(),
    }
