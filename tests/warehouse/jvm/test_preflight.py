"""What workers are asked before a cluster does any work, and the one line for each thing that is wrong.

On a real cluster: tests/cluster/test_cluster.py.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from py4j.protocol import Py4JError
from pyspark import cloudpickle
from pyspark.sql import SparkSession

from tests.test_architecture import MAY_IMPORT, REPOSITORY, sources
from warehouse.code_version import code_version
from warehouse.jvm import preflight
from warehouse.jvm.preflight import ON_WORKERS, Answer

# Runs a task as a worker does: it has pyspark and, where it is on the path, the project.
AS_A_WORKER = """
import pickle, sys
task = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps(list(task(iter([0])))))
"""
PYSPARK = str(Path(sys.modules["pyspark"].__path__[0]).parent)


def answer_of(*path: Path | str, paths: tuple[str, ...] = (), python: str = sys.executable) -> Answer:
    """The answer of a process that finds modules only in these folders."""
    task = cloudpickle.dumps(preflight._look(ON_WORKERS, paths, 0.0))
    done = subprocess.run(
        # -I: no folder of the caller, -S: nothing installed.
        [python, "-ISc", f"import sys; sys.path += {[str(place) for place in path]}\n{AS_A_WORKER}"],
        input=task,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()
    return Answer(*pickle.loads(done.stdout)[0])


@pytest.fixture
def only_pyspark(tmp_path: Path) -> Path:
    """A folder with what Spark itself gives its workers."""
    folder = tmp_path / "spark"
    folder.mkdir()
    for package in ("pyspark", "py4j"):
        (folder / package).symlink_to(Path(PYSPARK) / package)
    return folder


def problem_of(answer: Answer, places: dict[Path, str] | None = None) -> str:
    return preflight._problem(answer, places or {})


def test_a_worker_with_the_project_and_its_packages_has_no_problem() -> None:
    answer = answer_of(REPOSITORY, PYSPARK)
    assert (answer.code, answer.lacks, answer.unseen) == (code_version(), "", ())
    assert problem_of(answer) == ""


def test_a_worker_without_the_project_names_it_by_a_task_that_needs_nothing_of_it(only_pyspark: Path) -> None:
    assert problem_of(answer_of(only_pyspark)) == (
        "cannot import touchpoints (ModuleNotFoundError: No module named 'touchpoints'; its Python is "
        f"{sys.executable})"
    )


def test_a_worker_without_a_package_names_the_package(only_pyspark: Path) -> None:
    assert problem_of(answer_of(only_pyspark, REPOSITORY)).startswith("cannot import pandas (")


def test_a_worker_with_other_code_says_both_versions(tmp_path: Path) -> None:
    for package in MAY_IMPORT:
        (tmp_path / package).symlink_to(REPOSITORY / package)
    (tmp_path / "ltv").unlink()
    for source in sources("ltv"):
        (copy := tmp_path / source.relative_to(REPOSITORY)).parent.mkdir(exist_ok=True)
        copy.write_text(source.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")

    answer = answer_of(tmp_path, PYSPARK)

    assert answer.code not in ("", code_version())
    assert problem_of(answer) == (
        f"has other code of this project (version {answer.code}, here {code_version()}): pack it again"
    )


def test_a_worker_that_does_not_see_the_lake_names_folder_and_knob(tmp_path: Path) -> None:
    seen, unseen = tmp_path / "landing", tmp_path / "lake"
    seen.mkdir()
    answer = answer_of(REPOSITORY, PYSPARK, paths=(str(seen), str(unseen)))
    assert problem_of(answer, {seen: "landing.root", unseen: "lake"}) == (
        f"does not see {unseen} (lake): it must be on a file system that all machines share"
    )
    assert problem_of(answer, {seen: "landing.root"}) == "", "a file that has been moved is nobody's fault"


def test_every_module_with_a_function_for_workers_is_asked_for() -> None:
    calls = ("mapInPandas(", "mapInArrow(", "applyInPandas(", "pandas_udf(", "udf(", ".rdd")
    found = {
        path.relative_to(REPOSITORY).with_suffix("").as_posix().replace("/", ".")
        for package in MAY_IMPORT
        for path in sources(package)
        if any(call in path.read_text(encoding="utf-8") for call in calls)
    }
    assert found == set(ON_WORKERS)


def test_workers_must_see_the_folders_of_this_machine_and_some_files_in_them(
    spark: SparkSession, tmp_path: Path
) -> None:
    events = tmp_path / "landing" / "events"
    events.mkdir(parents=True)
    (events / "1.jsonl").touch()
    folders = {"lake": str(tmp_path / "lake"), "landing.root": f"file://{tmp_path}/landing"}

    with preflight._visible(spark, folders, may_write=True) as places:
        [marker] = (tmp_path / "lake").iterdir()
        assert places == {
            tmp_path / "landing": "landing.root",
            events / "1.jsonl": "landing.root",
            marker: "lake",
        }
    assert list((tmp_path / "lake").iterdir()) == [], "the marker is removed"


def test_a_run_that_writes_nothing_leaves_no_marker_and_no_folder(spark: SparkSession, tmp_path: Path) -> None:
    with preflight._visible(spark, {"lake": str(tmp_path / "lake")}, may_write=False) as places:
        assert places == {}
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_asked_of_a_local_master(spark: SparkSession, tmp_path: Path) -> None:
    preflight.check_workers(spark, {"lake": str(tmp_path / "lake")}, may_write=True, say=pytest.fail)
    assert list(tmp_path.iterdir()) == []


# Spark's texts as they came from a standalone cluster, shortened.
FAILED = (
    "Job aborted due to stage failure: Task 3 in stage 0.0 failed 4 times, most recent failure: Lost task 3.3 in "
    "stage 0.0 (TID 11) (10.0.0.7 executor 1): "
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            f'{FAILED}java.io.IOException: Cannot run program "./environment/bin/python": Exec failed, error: 2 '
            "(No such file or directory) \n\tat java.base/java.lang.ProcessBuilder.start(ProcessBuilder.java:1143)",
            "worker 10.0.0.7 has no Python at ./environment/bin/python (PYSPARK_PYTHON)",
        ),
        (
            "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n"
            '  File "pyspark/worker.py", line 3569, in main\n    check_python_version(infile)\n'
            "pyspark.errors.exceptions.base.PySparkRuntimeError: [PYTHON_VERSION_MISMATCH] Python in worker has "
            "different version: 3.10 than that in driver: 3.11, PySpark cannot run with different minor versions.\n"
            "Please check environment variables PYSPARK_PYTHON and PYSPARK_DRIVER_PYTHON are correctly set.",
            f"a worker has Python 3.10, the driver {sys.version_info.major}.{sys.version_info.minor} (PYSPARK_PYTHON)",
        ),
        (
            f"{FAILED}org.apache.spark.SparkException: \nError from python worker:\n"
            "  /usr/bin/python3: Error while finding module specification for 'pyspark.daemon' "
            "(ModuleNotFoundError: No module named 'pyspark')\nPYTHONPATH was:\n  /opt/spark/python\n"
            "org.apache.spark.SparkException: No port number in pyspark.daemon's stdout\n\tat org.apache.spark",
            "worker 10.0.0.7 cannot run Python: org.apache.spark.SparkException: No port number in "
            "pyspark.daemon's stdout",
        ),
    ],
    ids=["no Python", "another Python", "no pyspark"],
)
def test_a_python_that_does_not_start_is_one_line_with_host_and_reason(text: str, line: str) -> None:
    assert preflight._in_one_line(Py4JError(text)) == line
