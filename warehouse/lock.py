"""One writing run at a time on one lake."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from warehouse.errors import LakeInUse
from warehouse.local_files import local_folder

LOCK_FILE = "_lock"
POLL_SECONDS = 0.2
# The JVM of a killed run may still finish a commit.
JVM_END_SECONDS = 60.0
# A holder touches the file so often; one on another host that has not done so for SILENT_SECONDS has ended.
TOUCH_SECONDS = 5.0
SILENT_SECONDS = 30.0
LONGEST_NAME = 65_536  # bytes that are read of a file that may hold anything


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
    name: the next run reports that it takes over. Of a run of this host the JVM must have ended, too. A run of another
    host, or of a container that had another name, cannot be seen: but a run touches the file every TOUCH_SECONDS, so
    one that is silent for SILENT_SECONDS has ended, and where the lock does not reach between hosts one that is not
    silent runs. On object stores (a root with a scheme other than file) nothing is locked: Delta refuses conflicting
    commits table by table, and the scheduler must keep runs apart.
    """
    folder = local_folder(root)
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    # Never removed: a run that waits for a removed file would lock that one, while the next run locks a new file.
    with (folder / LOCK_FILE).open("a+", encoding="utf-8", errors="replace") as file:
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
            with _touched(file):
                yield
        finally:
            _write(file, "")


def lock_state(root: str | Path) -> tuple[bool, str]:
    """Whether a run of this machine holds the lake's lock, and the name of the last holder that the file has: '' after
    one that ended normally. Nothing is locked or written."""
    try:
        with (Path(root) / LOCK_FILE).open("r", encoding="utf-8", errors="replace") as file:
            holder = _holder(file)
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True, _named(holder)
            fcntl.flock(file, fcntl.LOCK_UN)
    except FileNotFoundError:
        return False, ""
    return False, _named(holder) if holder else ""


@contextmanager
def _touched(file: IO[str]) -> Iterator[None]:
    """Touches the file now and then, from a thread of its own."""
    has_ended = threading.Event()

    def touch() -> None:
        while not has_ended.wait(TOUCH_SECONDS):
            with suppress(OSError):
                os.utime(file.fileno())

    thread = threading.Thread(target=touch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()


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
        _require_silence(file, stopped, until, say)
    else:
        _wait_for_jvm(file, stopped, until, own_jvm)
    say(f"taking over the lock of {_named(stopped)}, which was stopped before its end")


def _require_silence(file: IO[str], stopped: dict[str, Any], until: float, say: Callable[[str], None]) -> None:
    """LakeInUse where a run of another host touches the file while this one has it locked."""
    say(f"{_named(stopped)} has not ended normally: watching for {SILENT_SECONDS:g} s whether it still runs")
    begun, touched_at = time.monotonic(), _touched_at(file)
    while time.monotonic() < begun + SILENT_SECONDS:
        time.sleep(POLL_SECONDS)
        if (now := _touched_at(file)) != touched_at:
            if time.monotonic() >= until:
                raise LakeInUse(
                    f"{file.name}: the lake is in use by {_named(stopped)}, which still runs; run again when it has "
                    "ended, or set lock.wait_seconds to wait for it"
                )
            begun, touched_at = time.monotonic(), now


def _touched_at(file: IO[str]) -> int:
    """When the file was touched last [ns]; opened again, as shared file systems answer from memory otherwise."""
    with open(file.name, "rb") as again:  # noqa: PTH123
        return os.fstat(again.fileno()).st_mtime_ns


def _wait_for_jvm(file: IO[str], stopped: dict[str, Any], until: float, own_jvm: object) -> None:
    until = max(until, time.monotonic() + JVM_END_SECONDS)
    while stopped.get("jvm_pid") != own_jvm and _is_running_java(stopped.get("jvm_pid")):
        if time.monotonic() >= until:
            raise LakeInUse(
                f"{file.name}: {_named(stopped)} was stopped, but its JVM (pid {stopped['jvm_pid']}) still runs; end it"
            )
        time.sleep(POLL_SECONDS)


def _is_running_java(pid: object) -> bool:
    if not isinstance(pid, int):
        return False
    try:
        # The pid may belong to another program by now.
        return "java" in Path(f"/proc/{pid}/comm").read_text() and " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError):
        return False


def _holder(file: IO[str]) -> dict[str, Any]:
    """What the file says of its holder; {} where it names none: empty, read between two writes, or not ours."""
    file.seek(0)
    try:
        found = json.loads(file.read(LONGEST_NAME) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and "run_id" in found else {}


def _named(holder: dict[str, Any]) -> str:
    if not holder:
        return "another run"
    run_id, pid, host, since = (holder.get(name, "?") for name in ("run_id", "pid", "host", "started_at"))
    return f"run {run_id} (pid {pid} on {host}, since {since})"


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
