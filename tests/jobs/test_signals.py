"""A run that gets a signal ends as a failed one: logged, unlocked, nothing staged is left, and its JVM is gone."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.places import REPOSITORY, Place
from tests.quick import QUICK
from warehouse.lock import LOCK_FILE
from warehouse.tables import OPS_RUN_LOG

pytestmark = pytest.mark.system
SECONDS_AT_MOST = 120


def holder(place: Place) -> dict[str, Any]:
    """Whom the lock names."""
    file = place.lake / LOCK_FILE
    try:
        found: dict[str, Any] = json.loads(file.read_text() or "{}")
    except (OSError, ValueError):  # not there yet, or between two writes
        return {}
    return found


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text(errors="replace")
        except OSError:
            continue
        if text.rpartition(")")[2].split()[1] == str(pid):
            found.append(int(status.parent.name))
    return found


def state(pid: int) -> str:
    """The letter of a process's state: T where it is stopped, X where it is not there any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def running(pid: int) -> str:
    """The command of a process, '' where it has ended."""
    try:
        return "" if state(pid) in "ZX" else Path(f"/proc/{pid}/cmdline").read_text(errors="replace")[:200] or "?"
    except OSError:
        return ""


def is_staging(place: Place, pid: int) -> bool:
    """Whether it has staged something, in a call of the JVM."""
    try:
        return any((place.lake / "_staging").rglob("*.parquet"))
    except FileNotFoundError:  # removed while it is looked at
        return False


def is_stopped_staging(place: Place, pid: int) -> bool:
    """Whether it has staged something and is stopped there; where it is just removing that, it goes on."""
    if not is_staging(place, pid):
        return False
    os.killpg(pid, signal.SIGSTOP)
    until(lambda: all(state(stopped) in "TZX" for stopped in (pid, *children(pid))))
    if is_staging(place, pid):
        return True
    os.killpg(pid, signal.SIGCONT)
    return False


def is_starting_spark(place: Place, pid: int) -> bool:
    """Whether there is a JVM that has no session yet."""
    return bool(holder(place)) and bool(children(pid)) and holder(place)["jvm_pid"] is None


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS_AT_MOST
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [
        (signal.SIGTERM, 143, is_staging),
        (signal.SIGTERM, 143, is_starting_spark),
        (signal.SIGINT, 130, is_staging),
    ],
)
def test_a_signal_ends_a_run_as_a_failure_does(
    number: signal.Signals,
    code: int,
    moment: Callable[[Place, int], bool],
    with_a_new_batch: Place,
    tmp_path: Path,
) -> None:
    place = with_a_new_batch.copy(tmp_path / "stopped")
    logged, begun_at = len(place.table(OPS_RUN_LOG.full_name)), time.time()

    with place.begin(QUICK) as process:
        until(lambda: moment(place, process.pid))
        started = children(process.pid)
        begun = time.monotonic()
        process.send_signal(number)
        assert process.wait(SECONDS_AT_MOST) == code
        assert time.monotonic() - begun < 30

    assert started
    assert not [seen for pid in started if (seen := running(pid))], "the JVM is gone"
    assert (place.lake / LOCK_FILE).read_text() == ""
    assert not (place.lake / "_staging").exists()
    stderr = (place.folder / "stderr.txt").read_text().splitlines()
    assert stderr[-1] == f"stopped by {number.name}"
    assert f"{number.name}: stopping" in stderr
    assert not [line for line in stderr if "Traceback" in line or "py4j" in line or line.startswith("\tat ")]
    last = max(place.table(OPS_RUN_LOG.full_name), key=lambda row: row["started_at"])
    assert len(place.table(OPS_RUN_LOG.full_name)) > logged
    assert (last["status"], last["message"]) == ("failed", f"stopped by {number.name}")
    written = [path for path in place.lake.rglob("*") if path.is_file() and path.stat().st_ctime > begun_at]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}, "they are for the user alone"


def test_what_a_run_has_staged_is_for_the_user_alone(with_a_new_batch: Place, tmp_path: Path) -> None:
    place = with_a_new_batch.copy(tmp_path / "killed")
    with place.begin(QUICK) as process:
        until(lambda: is_stopped_staging(place, process.pid))
        os.killpg(process.pid, signal.SIGKILL)  # nobody is left to remove it

    staged = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in place.lake.glob("_staging/**/*")}
    assert staged == {(True, 0o700), (False, 0o600)}


CALL = """
import sys
from jobs.ending import exit_code_of
from jobs.signals import listen_again
from warehouse.jvm.session import build_session, java_class

def call() -> None:
    session = build_session("a long call", {"spark.ui.enabled": "false"}, master="local[1]")
    listen_again()
    sys.stdout.write("calling\\n")
    sys.stdout.flush()
    java_class(session, "java.lang.Thread").sleep(600_000)

sys.exit(exit_code_of(call))
"""


def test_a_call_that_the_jvm_does_not_answer_is_ended_with_the_jvm() -> None:
    command = [sys.executable, "-c", CALL]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "calling\n"
        [jvm] = children(process.pid)
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=SECONDS_AT_MOST)

    assert process.returncode == 143
    assert stderr.splitlines()[-2:] == ["SIGTERM: stopping", "stopped by SIGTERM"]
    assert "Traceback" not in stderr
    assert not running(jvm)
