"""Two runs at once on one lake, as real processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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


def test_another_host_s_lock_is_never_taken_over(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text('{"run_id": "r", "host": "elsewhere", "pid": 1, "started_at": "noon"}')
    with pytest.raises(LakeInUse, match="this host cannot see whether it still runs; if it does not, remove the file"):
        take(tmp_path)


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
    other = '{"run_id": "r", "host": "elsewhere", "pid": 1, "started_at": "noon"}'
    (tmp_path / LOCK_FILE).write_text(other)
    with (
        pytest.raises(LakeInUse),
        lake_lock(str(tmp_path), "second", wait_seconds=0, say=print, once_jvm_runs=lambda name: name(4712)),
    ):
        pass
    assert (tmp_path / LOCK_FILE).read_text() == other
