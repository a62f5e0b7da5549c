"""A run that is killed at any moment is simply run again: the tables end as an undisturbed run's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession
from rich.console import Console

from jobs.pipeline import STEPS
from jobs.run import open_run, perform
from tests.jobs.worlds import FIRST_DAY, Cut, cut_worlds
from warehouse.tables import ALL_TABLES, OPS_PUBLISHED, TABLES

REPOSITORY = Path(__file__).parents[2]
SEED = 20260301
WORLDS = 12
KILLS = 30
SECONDS_AT_MOST = 600
# When a row was set aside is a fact about the run, not about the row.
ABOUT_THE_RUN = {"quarantined_at"}
CONFIG = """
lake: {folder}/lake
landing: {{root: {folder}/landing}}
report: {{timezone: Asia/Seoul, currency: USD, file: {folder}/report.html}}
touchpoints: {{own_domains: [shop.example]}}
attribution: {{start_date: {first_day}}}
build: {{max_changed_share: 1}}
mlflow: {{tracking_uri: 'sqlite:///{folder}/mlflow.db', artifact_root: {folder}/artifacts}}
spark:
  master: local[2]
  conf:
    spark.driver.memory: 1g
    spark.sql.shuffle.partitions: "2"
    spark.default.parallelism: "2"
    spark.driver.extraJavaOptions: >-
      -XX:+UseParallelGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -Dderby.system.home={folder}
"""
# For runs on small tables, which spend most of their time on compiling code and on files to leave out.
QUICK = """
    spark.sql.codegen.wholeStage: "false"
    spark.sql.codegen.factoryMode: NO_CODEGEN
    spark.databricks.delta.stats.skipping: "false"
    spark.databricks.delta.snapshotPartitions: "1"
"""


@dataclass(frozen=True)
class Place:
    """A folder with landed files, lake and settings."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> Place:
        folder.mkdir(parents=True)
        return cls(folder)

    def copy(self, folder: Path) -> Place:
        # Times of modification are part of what a run remembers of a file.
        shutil.copytree(self.folder, folder)
        return Place(folder)

    def configured(self, conf: str) -> Path:
        """The configuration file, with `conf` for Spark."""
        config = self.folder / "shop.yaml"
        config.write_text(CONFIG.format(folder=self.folder, first_day=f"{FIRST_DAY:%Y-%m-%d}") + conf)
        return config

    def begin(self, conf: str) -> subprocess.Popen[bytes]:
        """`distributary pipeline`, in a process group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "jobs.cli", "pipeline", "--config", str(self.configured(conf))],
            cwd=REPOSITORY,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "said.txt").open("ab"),
            start_new_session=True,
        )

    def run(self, conf: str = QUICK) -> None:
        """A whole run that must end well."""
        with self.begin(conf) as process:
            code = process.wait(SECONDS_AT_MOST)
        assert code == 0, (self.folder / "said.txt").read_text()[-3000:]

    def run_here(self, spark: SparkSession) -> None:
        """The same in this process, whose session is warm."""
        config = self.configured("")
        perform(open_run("pipeline", config=config, spark=spark, console=Console(quiet=True)), STEPS)

    def kill_after(self, seconds: float, conf: str, *, with_jvm: bool) -> bool:
        """Begins a run and kills it, its JVM with it or not; whether it still ran then."""
        with self.begin(conf) as process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                # Without its Python the JVM ends by itself, perhaps after a commit that it had begun.
                (os.killpg if with_jvm else os.kill)(process.pid, signal.SIGKILL)
                process.wait()
                return True
        return False

    def rows(self) -> dict[str, Counter[str]]:
        """What bronze, silver and gold hold: rows as text, with how often each stands there."""
        return {
            table.full_name: Counter(map(_as_text, self.table(table.full_name)))
            for table in ALL_TABLES
            if table.layer != "ops"
        }

    def table(self, name: str) -> list[dict[str, Any]]:
        folder = self.folder / "lake" / TABLES[name].layer / TABLES[name].name
        rows: list[dict[str, Any]] = []
        if DeltaTable.is_deltatable(str(folder)):
            rows = DeltaTable(str(folder)).to_pyarrow_table().to_pylist()
        return rows

    def published(self) -> dict[str, int]:
        """The versions that the newest publication names, of each table."""
        told = self.table(OPS_PUBLISHED.full_name)
        newest = max(row["published_at"] for row in told)
        return {row["table_name"]: row["version"] for row in told if row["published_at"] == newest}

    def versions(self) -> dict[str, int]:
        folder = self.folder / "lake"
        return {name: DeltaTable(str(folder / name.replace(".", "/"))).version() for name in self.published()}


@dataclass(frozen=True)
class Undisturbed:
    """Before and after each batch of one undisturbed history; how long a run took."""

    before: Sequence[Place]
    after: Sequence[dict[str, Counter[str]]]
    seconds: Sequence[float]


def conf_of(batch: int) -> str:
    """The first batch is taken as users' are: its tables are what the others' must be, compiled or not."""
    return "" if batch == 0 else QUICK


def undisturbed(cut: Cut, folder: Path, run: Callable[[Place, int], None]) -> Undisturbed:
    """The history of a place that takes in each batch by `run`, which gets the batch's number too."""
    place = Place.new(folder / "undisturbed")
    before, after, seconds = [], [], []
    for batch in range(len(cut.files)):
        cut.land(place.folder / "landing", batch)
        # Two lines that no adapter reads, so that there is something to set aside.
        (place.folder / "landing" / "events" / f"bad-{batch}.jsonl").write_text("no event\n")
        before.append(place.copy(folder / f"before-{batch}"))
        begun = time.monotonic()
        run(place, batch)
        seconds.append(time.monotonic() - begun)
        after.append(place.rows())
    return Undisturbed(before, after, seconds)


def differences(place: Place, wanted: dict[str, Counter[str]]) -> list[str]:
    """The tables of a place that hold other rows than `wanted`, and whether something else is published."""
    now = place.rows()
    other = [
        f"{name} (+{(now[name] - wanted[name]).total()} -{(wanted[name] - now[name]).total()})"
        for name in wanted
        if now[name] != wanted[name]
    ]
    if place.published() != place.versions():
        other.append("what is published are not the newest versions")
    return other


@dataclass(frozen=True)
class Kill:
    """A run that was killed while it ran and run again, and the tables that then held other rows than they should."""

    batch: int
    seconds: float
    other: Sequence[str]


def kills(history: Undisturbed, folder: Path, random: Random) -> Iterator[Kill]:
    """Kills without end, each of a random batch at a random moment; a run that had ended before is drawn anew."""
    while True:
        batch = random.randrange(len(history.before))
        seconds = random.uniform(0.1, 1.0) * history.seconds[batch]
        place = history.before[batch].copy(folder / "killed")
        if place.kill_after(seconds, conf_of(batch), with_jvm=random.random() < 0.5):
            place.run()
            yield Kill(batch, seconds, differences(place, history.after[batch]))
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


def test_a_run_killed_twice_ends_as_an_undisturbed_one(spark: SparkSession, tmp_path: Path) -> None:
    history = undisturbed(
        cut_worlds(WORLDS, seed=SEED, batches=2), tmp_path, lambda place, batch: place.run_here(spark)
    )
    place, random = history.before[1].copy(tmp_path / "killed"), Random(SEED)
    for with_jvm in (True, False):
        moment = random.uniform(0.3, 1.0) * history.seconds[1]
        assert place.kill_after(moment, QUICK, with_jvm=with_jvm), "it had ended before"
    place.run()
    assert differences(place, history.after[1]) == []


@pytest.mark.faults
def test_30_runs_killed_at_random_moments_end_as_undisturbed_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = cut_worlds(WORLDS, seed=SEED, batches=3)
    history = undisturbed(cut, tmp_path, lambda place, batch: place.run(conf_of(batch)))
    failed, console = [], Console()
    with capsys.disabled():
        for number, kill in enumerate(islice(kills(history, tmp_path, Random(SEED)), KILLS), 1):
            if kill.other:
                failed.append(kill)
            how = ", ".join(kill.other) or "as undisturbed"
            console.print(f"kill {number}: batch {kill.batch} after {kill.seconds:.0f} s: {how}")
        console.print(f"{KILLS - len(failed)} passed, {len(failed)} failed")
    assert failed == []
