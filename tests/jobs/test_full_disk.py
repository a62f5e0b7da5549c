"""A disk that is full and one that is read-only, as real file systems: needs the right to mount."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.jobs.places import Place
from tests.jobs.worlds import cut_worlds
from tests.quick import QUICK
from warehouse.lock import LOCK_FILE

pytestmark = pytest.mark.faults

CUT = cut_worlds(2, seed=1, batches=2)
SIZE = 32_000_000


@pytest.fixture(scope="module")
def whole(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A published lake, and one more batch that has landed."""
    place = Place.new(tmp_path_factory.mktemp("disk") / "whole")
    CUT.land(place.landing, 0)
    place.run_here(spark)
    CUT.land(place.landing, 1)
    return place


@contextmanager
def on_a_disk_of_its_own(place: Place) -> Iterator[None]:
    """The lake on a file system of SIZE bytes; the test is skipped where none may be mounted."""
    before = place.lake.rename(place.folder / "lake.before")
    place.lake.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place.lake)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no file system may be mounted here")
    try:
        shutil.copytree(before, place.lake, dirs_exist_ok=True)
        yield
    finally:
        subprocess.run(["umount", str(place.lake)], check=True)


def fill(place: Place, *, free: int) -> Path:
    """A file that leaves so many bytes."""
    ballast, state = place.lake / "ballast", os.statvfs(place.lake)
    with ballast.open("wb") as file:
        file.write(bytes(state.f_bavail * state.f_frsize - free))
    return ballast


def ended(place: Place) -> tuple[int, list[str]]:
    """Exit code and lines of a run."""
    with place.begin(QUICK) as process:
        code = process.wait(600)
    lines = (place.folder / "stderr.txt").read_text().splitlines()
    (place.folder / "stderr.txt").unlink()
    return code, lines


@pytest.mark.parametrize("free", [0, 20_000, 100_000, 250_000])
def test_a_full_disk_ends_with_3_and_one_line_and_the_next_run_goes_on(free: int, whole: Place, tmp_path: Path) -> None:
    place = whole.copy(tmp_path / "full")
    with on_a_disk_of_its_own(place):
        ballast = fill(place, free=free)
        code, lines = ended(place)
        assert code == 3, lines
        assert [line for line in lines if line.startswith("error: ")] == [lines[-1]]
        assert "no space is left on the disk; free some, then run again" in lines[-1]
        assert not [line for line in lines if "Traceback" in line or "Exception" in line or line.startswith("\tat ")]
        assert (place.lake / LOCK_FILE).read_text() == ""
        ballast.unlink()
        code, lines = ended(place)
        assert code == 0, lines
        assert place.is_published()


def test_a_read_only_disk_ends_with_3_and_one_line(whole: Place, tmp_path: Path) -> None:
    place = whole.copy(tmp_path / "read-only")
    with on_a_disk_of_its_own(place):
        subprocess.run(["mount", "-o", "remount,ro", str(place.lake)], check=True)
        code, lines = ended(place)
        assert code == 3, lines
        assert lines[-1] == (
            f"error: {place.lake}/_lock: may not be written; see owner, rights and whether the disk is read-only"
        )
        assert not [line for line in lines if "Traceback" in line]
