"""One writing run at a time on one lake."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from warehouse.errors import LakeInUse
from warehouse.local_files import local_folder

LOCK_FILE = "_lock"
POLL_SECONDS = 0.2
# The JVM of a killed run may still finish a commit.
JVM_END_SECONDS = 60.0


@contextmanager
def lake_lock(
    root: str,
    run_id: str,
    *,
    wait_seconds: float,
    say: Callable[[str], None],
    once_jvm_runs: Callable[[Callable[[int], None]], None] = lambda name: None,
) -> Iterator[None]:
    """Holds `<root>/_lock` while the block runs; LakeInUse where another run still holds it after `wait_seconds`.

    The operating system holds the lock (flock) and frees it when the process ends, however that happens. The file
    names the holder: run_id, host, pid, jvm_pid, started_at. `once_jvm_runs` gets a function and calls it with the
    JVM's pid as soon as there is a JVM. The file is empty after a run that ended normally. A killed run leaves its
    name: the next run reports that it takes over, once that run's JVM has ended too. A name from another host is never
    taken over: a person must look there. On object stores (a root with a scheme other than file) nothing is locked:
    Delta refuses conflicting commits table by table, and the scheduler must keep runs apart.
    """
    folder = local_folder(root)
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    # Never removed: a run that waits for a removed file would lock that one, while the next run locks a new file.
    with (folder / LOCK_FILE).open("a+") as file:
        until = time.monotonic() + wait_seconds
        _wait_for(file, until, wait_seconds, say)
        holder = {
            "run_id": run_id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "jvm_pid": None,
            "started_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        is_held = False

        def name_jvm(pid: int) -> None:
            holder["jvm_pid"] = pid
            if is_held:
                _write(file, json.dumps(holder))

        once_jvm_runs(name_jvm)
        _take_over(file, until, say, holder["jvm_pid"])
        is_held = True
        _write(file, json.dumps(holder))
        try:
            yield
        finally:
            _write(file, "")


def _wait_for(file: IO[str], until: float, wait_seconds: float, say: Callable[[str], None]) -> None:
    has_reported = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise LakeInUse(
                    f"{file.name}: the lake is in use by {_named(_holder(file))}; run again when it has ended, or set "
                    f"lock.wait_seconds (now {wait_seconds:g}) to wait for it"
                ) from None
        if not has_reported:
            say(f"waiting for {_named(_holder(file))}, at most {wait_seconds:g} s (lock.wait_seconds)")
            has_reported = True
        time.sleep(POLL_SECONDS)


def _take_over(file: IO[str], until: float, say: Callable[[str], None], own_jvm: object) -> None:
    """Takes over from a run that did not end normally and so left its name in the file."""
    stopped = _holder(file)
    if not stopped:
        return
    if stopped.get("host") != socket.gethostname():
        raise LakeInUse(
            f"{file.name}: {_named(stopped)} has not ended normally, and this host cannot see whether it still runs; "
            "if it does not, remove the file"
        )
    until = max(until, time.monotonic() + JVM_END_SECONDS)
    while stopped.get("jvm_pid") != own_jvm and _is_running_java(stopped.get("jvm_pid")):
        if time.monotonic() >= until:
            raise LakeInUse(
                f"{file.name}: {_named(stopped)} was stopped, but its JVM (pid {stopped['jvm_pid']}) still runs; end it"
            )
        time.sleep(POLL_SECONDS)
    say(f"taking over the lock of {_named(stopped)}, which was stopped before its end")


def _is_running_java(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        # The pid may belong to another program by now.
        return "java" in Path(f"/proc/{pid}/comm").read_text() and " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def _holder(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    try:
        found = json.loads(file.read() or "{}")
    except ValueError:  # read between two writes
        return {}
    return found if isinstance(found, dict) else {}


def _named(holder: dict[str, Any]) -> str:
    if not holder:
        return "another run"
    return f"run {holder['run_id']} (pid {holder['pid']} on {holder['host']}, since {holder['started_at']})"


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
