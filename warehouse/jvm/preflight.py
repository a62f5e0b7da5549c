"""Before a cluster does any work: whether its workers have this project, this Python and these folders."""

from __future__ import annotations

import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Timer
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]  # has no stubs
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from warehouse.code_version import code_version
from warehouse.errors import ClusterNotReady
from warehouse.jvm.files import hadoop_path
from warehouse.jvm.session import default_parallelism

# The modules with functions that run in Python on workers. They import the packages that workers need.
ON_WORKERS = (
    "touchpoints.bots",
    "touchpoints.referrers",
    "ltv.churn",
    "ltv.customer_totals",
    "ltv.early_value",
    "ltv.predictions",
    "ltv.spark_likelihood",
    "intake.csv_rows",
    "intake.line_text",
)
WAY_OUT = 'see "On a cluster" in docs/running.md'
# Long enough that several workers take part, however few tasks there are.
SECONDS_PER_TASK = 0.1
TASKS_PER_CORE = 4
SILENT_SECONDS = 60.0
FILES_LOOKED_FOR = 20


class Answer(NamedTuple):
    """What one worker answered: its host and Python, the code it has or what it cannot import, paths it lacks."""

    host: str
    python: str
    code: str
    lacks: str
    reason: str
    unseen: tuple[str, ...]


def check_workers(
    session: SparkSession, folders: Mapping[str, str], *, may_write: bool, say: Callable[[str], None]
) -> None:
    """ClusterNotReady, naming a worker and the way out, where the workers of a cluster cannot do this run's work.

    Every worker that takes part must import the modules `ON_WORKERS`, have the driver's code, and see the `folders`
    (by the knob that names each) that are plain folders of the driver's machine: a worker that does not would write
    files where nobody looks for them. `may_write`: a marker file, removed at the end, shows that the lake is the same
    folder. Local masters have no other machines: nothing is checked.
    """
    if re.match(r"local(\[|$)", str(session.sparkContext.master)):
        return
    with _visible(session, folders, may_write=may_write) as places:
        with _patience(session, say):
            answers = _ask(session, [str(path) for path in places])
        # A landed file may have been moved since it was listed.
        there = {path: knob for path, knob in places.items() if path.exists()}
    for answer in answers:
        if problem := _problem(answer, there):
            raise ClusterNotReady(f"worker {answer.host} {problem}; {WAY_OUT}")


def _problem(answer: Answer, places: Mapping[Path, str]) -> str:
    """What is wrong with a worker, '' where nothing is; `places` are the paths that it must see, with their knobs."""
    if answer.lacks:
        return f"cannot import {answer.lacks} ({answer.reason}; its Python is {answer.python})"
    if answer.code != code_version():
        return f"has other code of this project (version {answer.code}, here {code_version()}): pack it again"
    for path, knob in places.items():
        if str(path) in answer.unseen:
            return f"does not see {path} ({knob}): it must be on a file system that all machines share"
    return ""


def _ask(session: SparkSession, paths: Sequence[str]) -> list[Answer]:
    """The answers of the workers that there are now, each several times."""
    spark = session.sparkContext
    tasks = TASKS_PER_CORE * max(default_parallelism(session), spark._jsc.sc().getExecutorMemoryStatus().size())
    # One line below reports what fails, not Spark's log.
    spark.setLogLevel("OFF")
    try:
        found = spark.parallelize(range(tasks), tasks).mapPartitions(_look(ON_WORKERS, paths, SECONDS_PER_TASK))
        return [Answer(*one) for one in found.collect()]
    except (Py4JJavaError, PySparkException) as error:
        raise ClusterNotReady(f"{_in_one_line(error)}; {WAY_OUT}") from error
    finally:
        spark.setLogLevel("ERROR")


def _look(modules: Sequence[str], paths: Sequence[str], seconds: float) -> Callable[[Iterable[int]], Iterator[Any]]:
    """The task: a function inside a function, which Spark sends as code, because workers may lack this very module."""

    def look(_: Iterable[int]) -> Iterator[Any]:
        import os  # noqa: PLC0415
        import socket  # noqa: PLC0415
        import sys  # noqa: PLC0415
        import time  # noqa: PLC0415
        from importlib import import_module  # noqa: PLC0415

        code = lacks = reason = ""
        try:
            for module in modules:
                lacks = module
                import_module(module)
            code, lacks = import_module("warehouse.code_version").code_version(), ""
        except Exception as error:  # whatever keeps a module from being imported
            lacks, reason = getattr(error, "name", None) or lacks, f"{type(error).__name__}: {error}"
        unseen = tuple(path for path in paths if not os.path.exists(path))  # noqa: PTH110
        time.sleep(seconds)
        yield socket.gethostname(), sys.executable, code, lacks, reason, unseen

    return look


@contextmanager
def _visible(session: SparkSession, folders: Mapping[str, str], *, may_write: bool) -> Iterator[dict[Path, str]]:
    """Paths that workers must see, each with the knob of its folder."""
    local = {knob: path for knob, folder in folders.items() if (path := _local_path(session, folder))}
    places = {file: knob for knob, path in local.items() for file in _some_of(path)}
    marker = local["lake"] / f"_preflight-{secrets.token_hex(8)}" if may_write and "lake" in local else None
    if marker:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        places[marker] = "lake"
    try:
        yield places
    finally:
        if marker:
            marker.unlink()


def _local_path(session: SparkSession, folder: str) -> Path | None:
    """The folder where it is one of this machine's file system; None on an object store or HDFS."""
    path, system = hadoop_path(session, folder)
    uri = system.makeQualified(path).toUri()
    return Path(uri.getPath()) if uri.getScheme() == "file" else None


def _some_of(folder: Path) -> list[Path]:
    """The folder, where it exists, and some files in it: another machine may have an empty folder of that name."""
    if not folder.is_dir():
        return []
    return [folder, *islice((path for path in folder.rglob("[!._]*") if path.is_file()), FILES_LOOKED_FOR)]


@contextmanager
def _patience(session: SparkSession, say: Callable[[str], None]) -> Iterator[None]:
    """A line of progress where no worker has answered for a while: Spark itself waits without end."""
    words = (
        f"waiting for workers of {session.sparkContext.master}: they are unpacking what they were sent, or none has "
        "the memory and cores that an executor asks for"
    )
    timer = Timer(SILENT_SECONDS, say, [words])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _in_one_line(error: Exception) -> str:
    """Why the workers' Python did not even start, from the text of Spark's error."""
    text = str(error)
    # An error of Python itself comes without the host.
    worker = f"worker {found.group(1)}" if (found := re.search(r"\(TID \d+\) \((\S+) executor", text)) else "a worker"
    if program := re.search(r'Cannot run program "([^"]+)"', text):
        return f"{worker} has no Python at {program.group(1)} (PYSPARK_PYTHON)"
    if "PYTHON_VERSION_MISMATCH" in text:
        version = found.group(1) if (found := re.search(r"different version: (\S+) than", text)) else "another version"
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"{worker} has Python {version}, the driver {here} (PYSPARK_PYTHON)"
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("\tat ")]
    named = [line for line in lines if re.match(r"(\w+\.)*\w*(Error|Exception)\b", line)]
    return f"{worker} cannot run Python: {(named or lines or [text])[-1]}"
