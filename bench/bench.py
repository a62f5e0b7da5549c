"""The core of the build, sessions to credits, compared with Spark's floor and with DuckDB on the same bronze files.

    python bench/bench.py                    # 1 and 10 million events; BENCH=small: 100,000; BENCH=large: 100 million

`ours` is every builder from identities to credits, written as Delta as the jobs do. `floor` reads bronze.events,
shuffles it by visitor, sorts it and writes it once: with all columns, and with the columns that the build reads.
`duckdb` does the same work in SQL on the same Parquet files and writes Parquet. Each side has 2 threads and the same
memory. Results are compared first: no ratio is printed for a side that failed or differs. Spark is warmed up on fewer
events. JSON goes to stdout or --json FILE, the table to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyspark
from heart_duckdb import build_with_duckdb, differences, differing_credits, files_of, row_counts
from heart_events import make_events
from heart_ours import HEART_COLUMNS, TABLES, build_heart, run_floor
from pyspark.sql import SparkSession
from rich.console import Console
from rich.table import Table as RichTable

from jobs.settings import Settings, load_settings
from warehouse.jvm.session import build_session, process_id
from warehouse.store import Lake
from warehouse.tables import BRONZE_EVENTS

SIZES = {"small": [100_000], "": [1_000_000, 10_000_000], "large": [1_000_000, 10_000_000, 100_000_000]}
WARM_UP = 300_000
SEED = 20260301
THREADS = 2
# The largest acceptable ratio at 10 million events.
TARGETS = {"ours / floor": 2.0, "ours / duckdb": 2.5}


def measure(spark: SparkSession, settings: Settings, events: int, folder: Path) -> dict[str, Any]:
    """Seconds of each side on `events` events, the differing rows, and the ratios if the results are the same."""
    lake = made_lake(spark, events, folder)
    bronze = files_of(folder, BRONZE_EVENTS)
    memory = settings.spark.conf["spark.driver.memory"].upper() + "B"
    sides: dict[str, Callable[[], Any]] = {
        "ours": lambda: build_heart(lake, settings),
        "floor": lambda: run_floor(lake, str(folder / "floor"), None),
        "floor, heart's columns": lambda: run_floor(lake, str(folder / "floor_narrow"), HEART_COLUMNS),
        "duckdb": lambda: build_with_duckdb(bronze, folder / "duckdb", settings, threads=THREADS, memory=memory),
    }
    runs = {side: _attempt(spark, work) for side, work in sides.items()}
    failures = {side: run["failure"] for side, run in runs.items() if "failure" in run}
    differ = differences(folder, folder / "duckdb") if not {"ours", "duckdb"} & set(failures) else {}
    is_same = bool(differ) and not any(differ.values())
    return {
        "events": lake.read(BRONZE_EVENTS).count(),
        "rows": {} if "ours" in failures else row_counts(folder),
        "seconds": {side: run.get("seconds") for side, run in runs.items()},
        "cpu_seconds": {side: run.get("cpu_seconds") for side, run in runs.items()},
        "seconds_by_table": {side: run.get("result") for side, run in runs.items() if side in ("ours", "duckdb")},
        "differing_rows": differ,
        "differing_credits": differing_credits(folder, folder / "duckdb") if any(differ.values()) else [],
        "failures": failures,
        "ratios": _ratios(runs, "seconds", is_same=is_same),
        "cpu_ratios": _ratios(runs, "cpu_seconds", is_same=is_same),
    }


def made_lake(spark: SparkSession, events: int, folder: Path, **how: Any) -> Lake:
    """A lake in `folder` with generated bronze.events."""
    lake = Lake(spark, str(folder), "bench")
    lake.append(BRONZE_EVENTS, make_events(spark, events, SEED, **how))
    return lake


def skew(spark: SparkSession, settings: Settings, events: int, folder: Path) -> dict[str, Any]:
    """Seconds of the build on `events` events of one visitor, and on as many events of many visitors."""
    seconds, cpu_seconds = {}, {}
    for name, how in {"many visitors": {}, "one visitor": {"visitors": 1}}.items():
        lake = made_lake(spark, events, folder / name.replace(" ", "_"), **how)
        before = _cpu_seconds(spark)
        seconds[name] = build_heart(lake, settings)
        cpu_seconds[name] = _cpu_seconds(spark) - before
    total = {name: sum(parts.values()) for name, parts in seconds.items()}
    return {"events": events, "seconds": total, "seconds_by_table": seconds, "cpu_seconds": cpu_seconds,
            "ratio": total["one visitor"] / total["many visitors"],
            "cpu_ratio": cpu_seconds["one visitor"] / cpu_seconds["many visitors"], "target": 3.0}  # fmt: skip


def _attempt(spark: SparkSession, work: Callable[[], Any]) -> dict[str, Any]:
    """result, seconds and cpu_seconds of a side, or its failure."""
    started, cpu_started = time.perf_counter(), _cpu_seconds(spark)
    try:
        result = work()
    except Exception as error:  # one side's failure must not lose the figures of the others
        return {"failure": f"{type(error).__name__}: {str(error)[:500]}"}
    return {
        "result": result,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": _cpu_seconds(spark) - cpu_started,
    }


def _cpu_seconds(spark: SparkSession) -> float:
    """Processor time so far of this process (DuckDB) and of the JVM (Spark), without other work on the machine.

    The JVM's time is read from /proc; without /proc only this process is counted.
    """
    process = process_id(spark)
    stat = Path(f"/proc/{process}/stat")
    fields = stat.read_text().rpartition(")")[2].split() if stat.exists() else ["0"] * 13
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ratios(runs: dict[str, dict[str, Any]], figure: str, *, is_same: bool) -> dict[str, float]:
    ours = runs["ours"].get(figure)
    if ours is None or not is_same:
        return {}
    return {f"ours / {side}": ours / run[figure] for side, run in runs.items() if side != "ours" and figure in run}


def _show(console: Console, measured: dict[str, Any]) -> None:
    table = RichTable(title=f"sessions to credits, {measured['events']:,} events")
    for heading in ("side", "seconds", "CPU seconds", "ours is times this", "by CPU", "target"):
        table.add_column(heading, justify="left" if heading == "side" else "right")
    for name, seconds in measured["seconds"].items():
        ratio = measured["ratios"].get(f"ours / {name}")
        cpu, cpu_ratio = measured["cpu_seconds"][name], measured["cpu_ratios"].get(f"ours / {name}")
        target = TARGETS.get(f"ours / {name}")
        table.add_row(
            name,
            f"{seconds:.1f}" if seconds else "failed",
            f"{cpu:.1f}" if cpu else "failed",
            f"{ratio:.2f}" if ratio else "",
            f"{cpu_ratio:.2f}" if cpu_ratio else "",
            f"{target}" if target else "",
        )
    console.print(table)
    wrong = {name: rows for name, rows in measured["differing_rows"].items() if rows}
    if wrong or measured["failures"]:
        console.print(f"no ratio: differing rows {wrong}, failures {measured['failures']}")
        console.print(measured["differing_credits"])


def main() -> int:
    """Measure the sizes of BENCH; exit code 1 if a side failed or the results differ."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", default=os.environ.get("BENCH", ""), choices=[*SIZES, "skew"])
    arguments.add_argument("--events", type=int, help="number of events instead of the size's")
    arguments.add_argument("--json", type=Path, help="file for the figures (default: stdout)")
    arguments.add_argument("--folder", type=Path, help="folder for the tables (default: a temporary one)")
    arguments.add_argument("--event-log", type=Path, help="folder for Spark's event log; see heart_stages.py")
    chosen = arguments.parse_args()
    settings, console = load_settings(), Console(stderr=True)
    root = Path(tempfile.mkdtemp(prefix="bench-", dir=chosen.folder))
    spark = build_session(
        "bench", {**settings.spark.conf, **_scratch(root, chosen.event_log)}, master=f"local[{THREADS}]"
    )
    figures: dict[str, Any] = {"versions": _versions(), "threads": THREADS, "tables": [t.full_name for t in TABLES]}
    try:
        if chosen.size != "small":
            started = time.perf_counter()
            build_heart(made_lake(spark, WARM_UP, root / "warm_up"), settings)
            figures["warm_up_seconds"] = time.perf_counter() - started
        if chosen.size == "skew":
            figures["skew"] = skew(spark, settings, chosen.events or 3_000_000, root)
            console.print(figures["skew"])
        else:
            figures["sizes"] = []
            for events in [chosen.events] if chosen.events else SIZES[chosen.size]:
                figures["sizes"].append(measure(spark, settings, events, root / str(events)))
                _show(console, figures["sizes"][-1])
                shutil.rmtree(root / str(events))
    finally:
        spark.stop()
        shutil.rmtree(root, ignore_errors=True)
    text = json.dumps(figures, indent=2)
    if chosen.json:
        chosen.json.write_text(text + "\n")
    else:
        sys.stdout.write(text + "\n")
    is_good = all(size["ratios"] for size in figures.get("sizes", []))
    return 0 if is_good else 1


def _scratch(root: Path, event_log: Path | None) -> dict[str, str]:
    conf = {"spark.local.dir": str(root / "spark"), "spark.sql.warehouse.dir": str(root / "warehouse")}
    if event_log:
        event_log.mkdir(parents=True, exist_ok=True)
        conf |= {
            "spark.eventLog.enabled": "true",
            "spark.eventLog.compress": "false",
            "spark.eventLog.dir": event_log.absolute().as_uri(),
        }
    return conf


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "pyspark": pyspark.__version__,
        "duckdb": duckdb.__version__,
        "processors": str(os.cpu_count()),
    }


if __name__ == "__main__":
    sys.exit(main())
