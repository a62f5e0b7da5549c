"""Two runs at once on one lake, as real processes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from warehouse import lock
from warehouse.errors import LakeInUse
from warehouse.lock import LOCK_FILE, lake_lock

REPOSITORY = Path(__file__).parents[2]
HOLD = """
import sys, time
from warehouse.lock import lake_lock
with lake_lock(sys.argv[1], "first", wait_seconds=0, say=print):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""
TOUCH = """
import os, sys, time
while True:
    os.utime(sys.argv[1])
    time.sleep(0.1)
"""


@contextmanager
def another_run(lake: Path, *, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lake's lock for so long."""
    command = [sys.executable, "-c", HOLD, str(lake), str(seconds)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def take(lake: Path, *, wait_seconds: float = 0) -> list[str]:
    """Takes the lock and releases it; returns the messages."""
    messages: list[str] = []
    with lake_lock(str(lake), "second", wait_seconds=wait_seconds, say=messages.append):
        assert '"run_id": "second"' in (lake / LOCK_FILE).read_text()
    assert (lake / LOCK_FILE).read_text() == ""
    return messages


def test_the_second_run_ends_with_an_error_that_names_the_first(tmp_path: Path) -> None:
    with another_run(tmp_path, seconds=60) as first:
        with pytest.raises(
            LakeInUse, match=rf"in use by run first \(pid {first.pid} on .*lock\.wait_seconds"
        ) as refusal:
            take(tmp_path)
        assert refusal.value.exit_code == 3
        assert "\n" not in str(refusal.value)


def test_the_second_run_waits_where_wait_seconds_allows_it(tmp_path: Path) -> None:
    with another_run(tmp_path, seconds=1):
        begun = time.monotonic()
        messages = take(tmp_path, wait_seconds=30)
        assert 0.2 < time.monotonic() - begun < 25
    assert len(messages) == 1
    assert messages[0].startswith("waiting for run first (pid ")


def test_a_killed_run_s_lock_is_taken_over_with_a_message(tmp_path: Path) -> None:
    with another_run(tmp_path, seconds=60) as first:
        first.send_signal(signal.SIGKILL)
        first.wait()
    [message] = take(tmp_path)
    assert message.startswith(f"taking over the lock of run first (pid {first.pid} on ")
    assert take(tmp_path) == []


def test_a_run_that_fails_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lake_lock(str(tmp_path), "first", wait_seconds=0, say=print):
        raise ZeroDivisionError
    assert take(tmp_path) == []


ELSEWHERE = '{"run_id": "r", "host": "elsewhere", "pid": 1, "started_at": "noon"}'


def test_a_lock_of_another_host_or_of_a_container_that_is_gone_is_taken_over_after_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "SILENT_SECONDS", 1.0)
    (tmp_path / LOCK_FILE).write_text(ELSEWHERE)

    begun = time.monotonic()
    messages = take(tmp_path)

    assert time.monotonic() - begun >= 1.0
    of_run = "run r (pid 1 on elsewhere, since noon)"
    assert messages == [
        f"{of_run} has not ended normally: watching for 1 s whether it still runs",
        f"taking over the lock of {of_run}, which was stopped before its end",
    ]


def test_a_run_on_another_host_that_still_touches_the_file_keeps_the_lake_where_locks_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "SILENT_SECONDS", 2.0)
    (tmp_path / LOCK_FILE).write_text(ELSEWHERE)
    with subprocess.Popen([sys.executable, "-c", TOUCH, str(tmp_path / LOCK_FILE)]) as other:
        try:
            with pytest.raises(LakeInUse, match=r"in use by run r \(pid 1 on elsewhere.*which still runs"):
                take(tmp_path)
        finally:
            other.kill()
    assert (tmp_path / LOCK_FILE).read_text() == ELSEWHERE


def test_a_run_touches_the_file_as_long_as_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "TOUCH_SECONDS", 0.05)
    with lake_lock(str(tmp_path), "first", wait_seconds=0, say=print):
        begun = (tmp_path / LOCK_FILE).stat().st_mtime_ns
        time.sleep(0.5)
        assert (tmp_path / LOCK_FILE).stat().st_mtime_ns > begun
    ended = (tmp_path / LOCK_FILE).stat().st_mtime_ns
    time.sleep(0.2)
    assert (tmp_path / LOCK_FILE).stat().st_mtime_ns == ended


@pytest.mark.parametrize(
    "content",
    [
        b'{"owner": "somebody", "since": 1}',
        b'["a", "list"]',
        b"null",
        b"7",
        b'{"run_id": "cut in the mid',
        b"\xff\xfe\x00garbage",
        b"[" * 100_000,
        b" " * 1_000_000,
    ],
)
def test_a_lock_file_with_anything_in_it_names_nobody(content: bytes, tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_bytes(content)
    assert take(tmp_path) == []


def test_a_lock_file_that_lacks_something_is_that_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "SILENT_SECONDS", 0.3)
    (tmp_path / LOCK_FILE).write_text('{"run_id": "r", "jvm_pid": "many"}')
    assert "taking over the lock of run r (pid ? on ?, since ?), which" in take(tmp_path)[-1]
    (tmp_path / LOCK_FILE).write_text(json.dumps({"run_id": "r", "host": socket.gethostname(), "jvm_pid": "many"}))
    assert take(tmp_path)[0].startswith("taking over the lock of run r (pid ? on ")


def test_an_object_store_is_not_locked(tmp_path: Path) -> None:
    with lake_lock("s3a://bucket/lake", "first", wait_seconds=0, say=print):
        pass
    with lake_lock(f"file://{tmp_path}", "first", wait_seconds=0, say=print), pytest.raises(LakeInUse):
        take(tmp_path)


def test_the_lock_names_the_jvm_as_soon_as_there_is_one(tmp_path: Path) -> None:
    def holder() -> dict[str, object]:
        found: dict[str, object] = json.loads((tmp_path / LOCK_FILE).read_text())
        return found

    waiting: list[Callable[[int], None]] = []
    with lake_lock(str(tmp_path), "first", wait_seconds=0, say=print, once_jvm_runs=waiting.append):
        assert holder()["jvm_pid"] is None
        waiting[0](4711)
        assert (holder()["run_id"], holder()["jvm_pid"]) == ("first", 4711)
    assert (tmp_path / LOCK_FILE).read_text() == ""
    with lake_lock(str(tmp_path), "second", wait_seconds=0, say=print, once_jvm_runs=lambda name: name(4712)):
        assert holder()["jvm_pid"] == 4712


def test_a_run_that_does_not_get_the_lock_leaves_the_other_s_name(tmp_path: Path) -> None:
    with another_run(tmp_path, seconds=60):
        before = (tmp_path / LOCK_FILE).read_text()
        with (
            pytest.raises(LakeInUse),
            lake_lock(str(tmp_path), "second", wait_seconds=0, say=print, once_jvm_runs=lambda name: name(4712)),
        ):
            pass
        assert (tmp_path / LOCK_FILE).read_text() == before
