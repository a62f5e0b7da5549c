"""Every table from the same bronze events on Spark and on Sail: processor time, memory, and every row compared.

    python bench/bench_engines.py                       # 2 million events
    python bench/bench_engines.py --events 300000

Each engine has a process of its own, and what is measured is that process with all that it started, start and imports
included. JSON goes to stdout, the table to stderr. The exit code is 1 where a row differs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from engine_tables import CONF, RECIPES, build_tables, difference
from heart_events import make_events
from pyspark.sql import SparkSession
from rich.console import Console
from rich.table import Table as RichTable

from jobs.settings import Settings, load_settings
from warehouse.contracts import Table
from warehouse.engine import ENGINES, Engine, session
from warehouse.tables import BRONZE_EVENTS

EVENTS = 2_000_000
SEED = 20260301
AS_OF = date(2026, 2, 28)


def main() -> int:
    """Measure both engines and compare their tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--folder", type=Path, help="where tables are kept; otherwise they are removed")
    parser.add_argument("--engine", choices=[*ENGINES, "events"], help=argparse.SUPPRESS)  # for the process of a side
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="bench-engines-"))
    if options.engine == "events":
        with session("spark", "bench", _conf()) as spark:
            make_events(spark, options.events, SEED).write.mode("overwrite").parquet(str(folder / "bronze"))
        return 0
    if options.engine:
        print(json.dumps(_side(options.engine, folder)))
        return 0
    try:
        _process("events", options.events, folder)
        sides = {engine: json.loads(_process(engine, options.events, folder)) for engine in ENGINES}
        figures = {"events": options.events, "sides": sides, "differences": _differences(folder)}
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    print(json.dumps(figures, indent=1))
    _print(figures)
    return int(not all(one["is_same"] for one in figures["differences"].values()))


def _process(side: str, events: int, folder: Path) -> str:
    """The output of a side's own process, in a session of its own, so that all that it starts can be counted."""
    command = [sys.executable, __file__, "--events", str(events), "--folder", str(folder), "--engine", side]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, start_new_session=True).stdout


def _settings() -> Settings:
    """The defaults, without fits: they need a model registry."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(yaml.safe_dump({"attribution": {"data_driven": {"models": []}}}))
        return load_settings(config)


def _conf() -> dict[str, str]:
    return {**_settings().spark.conf, **CONF, "spark.ui.enabled": "false"}


def _side(engine: Engine, folder: Path) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    with session(engine, "bench", _conf()) as spark:
        with _timed(seconds, spark) as built:
            bronze = {BRONZE_EVENTS: spark.read.parquet(str(folder / "bronze"))}
            build_tables(spark, folder / engine, bronze, _settings(), as_of=AS_OF, built=built)
        return {
            "cpu_seconds": _cpu_seconds(),
            "cpu_seconds_by_table": seconds,
            "seconds": time.perf_counter() - started,
            "peak_mib": _peak_mib(),
        }


@contextmanager
def _timed(seconds: dict[str, float], spark: SparkSession) -> Iterator[Any]:
    before = _cpu_seconds()

    def built(table: Table) -> None:
        nonlocal before
        now = _cpu_seconds()
        seconds[table.full_name], before = now - before, now

    yield built


def _of_session() -> Iterator[Path]:
    """The processes of this process's session, by /proc."""
    mine = os.getsid(0)
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                if os.getsid(int(process.name)) == mine:
                    yield process
            except OSError:  # it ended
                continue


def _cpu_seconds() -> float:
    """Processor time so far of the session's processes, and of those that they have waited for."""
    ticks = 0
    for process in _of_session():
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _peak_mib() -> int:
    """The sum of the processes' largest resident memory."""
    found = 0
    for process in _of_session():
        lines = (process / "status").read_text().splitlines()
        found += sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return found // 1024


def _differences(folder: Path) -> dict[str, dict[str, Any]]:
    found = {}
    for table in (recipe.table for recipe in RECIPES):
        one, other = (folder / engine / table.layer / table.name for engine in ENGINES)
        differs = difference(table, one, other)
        found[table.full_name] = {**vars(differs), "is_same": differs.is_same}
    return found


def _print(figures: dict[str, Any]) -> None:
    shown = RichTable("table", "rows", "spark CPU s", "sail CPU s", "the same")
    for name, one in figures["differences"].items():
        times = (f"{figures['sides'][engine]['cpu_seconds_by_table'][name]:.1f}" for engine in ENGINES)
        shown.add_row(name, f"{one['rows']:,}", *times, "yes" if one["is_same"] else "NO")
    shown.add_row("all, with start", "", *(f"{figures['sides'][engine]['cpu_seconds']:.1f}" for engine in ENGINES))
    shown.add_row("peak MiB", "", *(str(figures["sides"][engine]["peak_mib"]) for engine in ENGINES))
    Console(stderr=True).print(shown)


if __name__ == "__main__":
    sys.exit(main())
