"""A run that was killed at a random moment is run again: its tables must equal those of an undisturbed run.

The short form, in which an update is killed twice, is in test_incremental.py.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rich.console import Console

from tests.jobs.places import Place
from tests.jobs.worlds import Cut, cut_worlds
from tests.quick import QUICK
from warehouse.tables import ALL_TABLES

SEED = 20260301
WORLDS = 12
KILLS = int(os.environ.get("KILLS", "30"))
# build.small_change_rows of a killed run and of the one after it: each writer continues what either left.
WRITERS = {"Spark": 0, "Arrow": 1_000_000}
# Small changes by Arrow are the default, so most kills have it.
DRAWN = {"Spark": 1, "Arrow": 3}
# When a row was quarantined is a fact about the run, not about the row.
ABOUT_THE_RUN = {"quarantined_at"}


def rows(place: Place) -> dict[str, Counter[str]]:
    """The rows of bronze, silver and gold by table: each as text, with its number of occurrences."""
    return {
        table.full_name: Counter(map(_as_text, place.table(table.full_name)))
        for table in ALL_TABLES
        if table.layer != "ops"
    }


@dataclass(frozen=True)
class Undisturbed:
    """Before and after each batch of one undisturbed history; how long a run took."""

    before: Sequence[Place]
    after: Sequence[dict[str, Counter[str]]]
    seconds: Sequence[float]


def conf_of(batch: int) -> Mapping[str, str]:
    """The first batch runs with the settings of users: its tables must be the same, whether code is compiled or not."""
    return {} if batch == 0 else QUICK


def undisturbed(cut: Cut, folder: Path) -> Undisturbed:
    """The history of a place that takes in each batch in a process of its own."""
    place = Place.new(folder / "undisturbed")
    before, after, seconds = [], [], []
    for batch in range(len(cut.files)):
        cut.land(place.landing, batch)
        # A line that no adapter reads, so that there is a row to quarantine.
        (place.landing / "events" / f"bad-{batch}.jsonl").write_text("no event\n")
        before.append(place.copy(folder / f"before-{batch}"))
        begun = time.monotonic()
        place.run(conf_of(batch))
        seconds.append(time.monotonic() - begun)
        after.append(rows(place))
    return Undisturbed(before, after, seconds)


def differences(place: Place, wanted: dict[str, Counter[str]]) -> list[str]:
    """The tables of a place with other rows than `wanted`, and a line where not the newest versions are published."""
    now = rows(place)
    other = [
        f"{name} (+{(now[name] - wanted[name]).total()} -{(wanted[name] - now[name]).total()})"
        for name in wanted
        if now[name] != wanted[name]
    ]
    if not place.is_published():
        other.append("the published versions are not the newest")
    return other


@dataclass(frozen=True)
class Kill:
    """A run that was killed and then run again, and its differences from the undisturbed one."""

    batch: int
    seconds: float
    writers: tuple[str, str]
    other: Sequence[str]


def kills(history: Undisturbed, folder: Path, random: Random) -> Iterator[Kill]:
    """Endless kills, each of a random batch at a random moment; where the run has ended before, it is drawn again."""
    while True:
        batch = random.randrange(len(history.before))
        seconds = random.uniform(0.1, 1.0) * history.seconds[batch]
        place = history.before[batch].copy(folder / "killed")
        with_jvm = random.random() < 0.5
        first, second = random.choices([*DRAWN], weights=[*DRAWN.values()], k=2)
        killed, next_ = (replace(place, small_change_rows=WRITERS[name]) for name in (first, second))
        if killed.kill_after(seconds, conf_of(batch), with_jvm=with_jvm):
            next_.run()
            yield Kill(batch, seconds, (first, second), differences(place, history.after[batch]))
        shutil.rmtree(place.folder)


def _as_text(row: dict[str, Any]) -> str:
    # Sums of doubles depend on the order of the addends.
    return repr(
        {
            name: round(value, 9) if isinstance(value, float) else value
            for name, value in row.items()
            if name not in ABOUT_THE_RUN
        }
    )


@pytest.mark.faults
def test_runs_killed_at_random_moments_end_as_undisturbed_ones_with_either_writer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = cut_worlds(WORLDS, seed=SEED, batches=3)
    history = undisturbed(cut, tmp_path)
    failed, with_arrow, console = [], 0, Console()
    with capsys.disabled():
        for number, kill in enumerate(islice(kills(history, tmp_path, Random(SEED)), KILLS), 1):
            if kill.other:
                failed.append(kill)
            with_arrow += "Arrow" in kill.writers
            how = ", ".join(kill.other) or "as undisturbed"
            writers = " then ".join(kill.writers)
            console.print(f"kill {number}: batch {kill.batch} after {kill.seconds:.0f} s, {writers}: {how}")
        console.print(f"{KILLS - len(failed)} passed, {len(failed)} failed; {with_arrow} with the Arrow writer")
    assert failed == []
