"""A write that is stopped anywhere: the table is as before it or as after it, and the next write continues."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from types import FrameType
from typing import Any

import pytest
from deltalake import DeltaTable

from tests.warehouse.arrow.test_arrow_writer import Visit, day, feed, new_table, rows_in, staged
from tests.warehouse.example_tables import VISITS
from warehouse.arrow import writer

REPOSITORY = Path(__file__).parents[3]
OURS = str(Path(writer.__file__).parent)
BEFORE: list[Visit] = [("a", None, day(1), None), ("b", "x", day(1), ["y"]), ("c", "x", day(2), None)]
AFTER: list[Visit] = [("a", None, day(3), None), ("c", "x", day(2), ["z"]), ("d", None, day(2), None)]
FEED = [
    ("a", None, "update_postimage"),
    ("a", None, "update_preimage"),
    ("b", "x", "delete"),
    ("c", "x", "update_postimage"),
    ("c", "x", "update_preimage"),
    ("d", None, "insert"),
]


class Stopped(BaseException):
    """What a signal raises."""


@contextmanager
def stopped_at(line: int, stop: Callable[[], None]) -> Iterator[list[int]]:
    """Calls `stop` at the line of this number that the writer runs; gives the numbers of the lines that it ran."""
    lines: list[int] = []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        if event == "line":
            lines.append(len(lines) + 1)
            if len(lines) == line:
                stop()
        return trace

    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(None)


def interrupt() -> None:
    raise Stopped


def kill() -> None:
    signal.raise_signal(signal.SIGKILL)


def change(path: str, changed: Path) -> None:
    writer.merge_differences(path, VISITS, changed, metadata="")


def test_interrupted_at_a_line_a_write_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    untouched = new_table(tmp_path / "untouched", BEFORE[:2], BEFORE[2:])
    changed, version = staged(tmp_path / "changed", BEFORE, AFTER), DeltaTable(untouched).version()
    with stopped_at(0, interrupt) as lines:
        change(str(copytree(untouched, tmp_path / "whole")), changed)
    seen = set()
    for line in (*lines[:-20:7], *lines[-20:]):  # all of them hold as well, in a minute
        path = str(copytree(untouched, tmp_path / str(line)))
        with pytest.raises(Stopped), stopped_at(line, interrupt):
            change(path, changed)
        is_made = DeltaTable(path).version() > version
        seen.add(is_made)
        assert rows_in(path) == (AFTER if is_made else BEFORE), f"line {line}"
        if not is_made:
            change(path, changed)
        assert (rows_in(path), feed(path, version)) == (AFTER, FEED), f"line {line}"
    assert seen == {False, True}


@pytest.mark.parametrize("line", range(10, 490, 120))
def test_a_killed_write_is_made_whole_or_not_at_all(tmp_path: Path, line: int) -> None:
    path = new_table(tmp_path, BEFORE[:2], BEFORE[2:])
    changed, version = staged(tmp_path / "changed", BEFORE, AFTER), DeltaTable(path).version()
    code = (
        "from tests.warehouse.arrow.test_stopped_writes import *\n"
        f"with stopped_at({line}, kill):\n    change({path!r}, Path({str(changed)!r}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
    assert ended.returncode in (0, -signal.SIGKILL)
    if DeltaTable(path).version() == version:
        assert rows_in(path) == BEFORE
        change(path, changed)
    assert (rows_in(path), feed(path, version)) == (AFTER, FEED)
