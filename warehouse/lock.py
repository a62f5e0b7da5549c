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

LOCK_FILE = "_lock"
POLL_SECONDS = 0.2
# A killed run's JVM may still end a commit it had begun.
JVM_END_SECONDS = 60.0


@contextmanager
def lake_lock(
    root: str, run_id: str, *, wait_seconds: float, say: Callable[[str], None], jvm_pid: int | None = None
) -> Iterator[None]:
    """Holds `<root>/_lock` for as long as the block runs; LakeInUse where another run holds it after `wait_seconds`.

    The operating system holds the lock (flock) and frees it when the process ends, however it ends; the file says
    who has it: run_id, host, pid, jvm_pid, started_at. It is empty after a run that ended in order. Who was killed
    leaves its name: the next run says that it takes over, once that run's JVM is gone too. A name from another host
    is never taken over: there a person must look. On object stores (a root with a scheme other than file) nothing is
    locked: Delta refuses conflicting commits table by table, and the scheduler must keep runs apart.
    """
    folder = _local_folder(root)
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    # Never removed: who waits for a removed file would hold another lock than who makes the next one.
    with (folder / LOCK_FILE).open("a+") as file:
        until = time.monotonic() + wait_seconds
        _wait_for(file, until, wait_seconds, say)
        _take_over(file, until, say, jvm_pid)
        holder = {
            "run_id": run_id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "jvm_pid": jvm_pid,
            "started_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        _write(file, json.dumps(holder))
        try:
            yield
        finally:
            _write(file, "")


def _local_folder(root: str) -> Path | None:
    scheme, separator, path = root.partition("://")
    if not separator:
        return Path(root)
    return Path(path) if scheme == "file" else None


def _wait_for(file: IO[str], until: float, wait_seconds: float, say: Callable[[str], None]) -> None:
    has_said = False
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
        if not has_said:
            say(f"waiting for {_named(_holder(file))}, at most {wait_seconds:g} s (lock.wait_seconds)")
            has_said = True
        time.sleep(POLL_SECONDS)


def _take_over(file: IO[str], until: float, say: Callable[[str], None], own_jvm: int | None) -> None:
    """Looks at the name that a run left which did not end in order."""
    left = _holder(file)
    if not left:
        return
    if left.get("host") != socket.gethostname():
        raise LakeInUse(
            f"{file.name}: {_named(left)} has not ended in order, and from this host nobody can see whether it runs; "
            "if it does not, remove the file"
        )
    until = max(until, time.monotonic() + JVM_END_SECONDS)
    while left.get("jvm_pid") != own_jvm and _is_running_java(left.get("jvm_pid")):
        if time.monotonic() >= until:
            raise LakeInUse(
                f"{file.name}: {_named(left)} was stopped, but its JVM (pid {left['jvm_pid']}) still runs; end it"
            )
        time.sleep(POLL_SECONDS)
    say(f"taking over the lock of {_named(left)}, which was stopped before its end")


def _is_running_java(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        # A number that another program has by now is not the JVM.
        return "java" in Path(f"/proc/{pid}/comm").read_text() and " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def _holder(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    try:
        found = json.loads(file.read() or "{}")
    except ValueError:  # caught between two writes
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
