"""One more day: how long the build takes after 59 days were built, compared with a full build of all 60 days.

    make bench-increment [EVENTS=10000000]

The day has its own events and late ones: as many as 1% of its rows, which happened up to a week earlier. Build and
attribute are the steps of the jobs. The session is warm; start-up is reported separately. Both results are compared
row by row before a ratio is reported.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

from heart_events import FIRST_DAY, OWN_DOMAIN, make_events
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from rich.console import Console
from rich.table import Table as Grid

from jobs import attribute, build
from jobs.run import Run, open_run, perform
from jobs.settings import load_settings
from warehouse.contracts import Table
from warehouse.tables import ALL_TABLES, BRONZE_EVENTS

DAYS = 60
LATE_SHARE, LATE_DAYS = 0.01, 7
SEED = 20260301
ROUNDING = 1.5e-9
COMPARED = tuple(table for table in ALL_TABLES if table.layer in ("silver", "gold") and "customer" not in table.name)


def main() -> int:
    """Run the benchmark; exit code 1 if the two results differ."""
    events = int(os.environ.get("EVENTS", "10000000"))
    root = Path(os.environ.get("BENCH_ROOT", "bench/out")).absolute() / "increment"
    shutil.rmtree(root, ignore_errors=True)
    begun = time.perf_counter()
    run = _run(root / "lake", full=False)
    start_up = time.perf_counter() - begun
    generated = make_events(run.spark, events, SEED, DAYS).where(F.col("event_at") < _day(DAYS))
    generated.write.parquet(str(root / "events"))
    events_of_all_days = run.spark.read.parquet(str(root / "events"))

    run.lake.append(BRONZE_EVENTS, events_of_all_days.where(~_of_last_batch()))
    first = _timed(run)
    run.lake.append(BRONZE_EVENTS, events_of_all_days.where(_of_last_batch()))
    more = _timed(run)
    full_run = _run(root / "lake_full", full=True, like=run)
    full_run.lake.append(BRONZE_EVENTS, events_of_all_days)
    full = _timed(full_run)

    last, late = (events_of_all_days.where(chosen).count() for chosen in (_of_last_batch(), _is_late()))
    differing = [
        table.full_name for table in COMPARED if _differ(table, run.lake.read(table), full_run.lake.read(table))
    ]
    result = {
        "events": events_of_all_days.count(), "events_of_the_day": last - late, "late_events": late,
        "start_up_seconds": start_up, "first_59_days": first, "one_more_day": more, "all_60_days": full,
        "differing_tables": differing,
        "ratio": None if differing else sum(more.values()) / sum(full.values()),
    }  # fmt: skip
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    grid = Grid("Step", "One more day", "All 60 days", title=f"{result['events']:,} events")
    for step in full:
        grid.add_row(step, f"{more[step]:.1f} s", f"{full[step]:.1f} s")
    outcome = "tables differ: " + ", ".join(differing) if differing else f"{result['ratio']:.2f}"
    grid.add_row("ratio", outcome, "")
    Console(stderr=True).print(grid)
    return 1 if differing else 0


def _run(lake: Path, *, full: bool, like: Run | None = None) -> Run:
    settings = load_settings(None).model_copy(update={"lake": str(lake)})
    touchpoints = settings.touchpoints.model_copy(update={"own_domains": [OWN_DOMAIN]})
    # The lake is empty when its session starts, and must not be taken for a small one.
    spark = settings.spark.model_copy(update={"small_lake_rows": 0})
    settings = settings.model_copy(update={"touchpoints": touchpoints, "spark": spark})
    return open_run("bench", config=None, full=full, settings=settings, spark=like.spark if like else None)


def _timed(run: Run) -> dict[str, float]:
    before = len(run.steps)
    perform(run, (build.STEP, attribute.STEP))
    return {step.name: step.seconds for step in run.steps[before:]}


def _day(day: int) -> Column:
    return F.lit(FIRST_DAY).cast("timestamp") + F.expr(f"INTERVAL {day} DAYS")


def _is_late() -> Column:
    """Whether an event of the week before the last day arrives late: 1% of a day's events in all."""
    chance = F.shiftrightunsigned(F.xxhash64(F.lit("late"), "event_id"), 11) / F.lit(2.0**53)
    in_week = F.col("event_at").between(_day(DAYS - 1 - LATE_DAYS), _day(DAYS - 1) - F.expr("INTERVAL 1 MICROSECOND"))
    return in_week & (chance < LATE_SHARE / LATE_DAYS)


def _of_last_batch() -> Column:
    return (F.col("event_at") >= _day(DAYS - 1)) | _is_late()


def _differ(table: Table, one: DataFrame, other: DataFrame) -> bool:
    """Whether the two have different rows. Doubles are sums rounded to 9 decimals; the last decimal may differ."""
    exact = [column.name for column in table.columns if column.type != "double"]
    doubles = [column.name for column in table.columns if column.type == "double"]
    if not doubles:
        return not one.exceptAll(other).unionByName(other.exceptAll(one)).isEmpty()
    pair = one.alias("a").join(other.alias("b"), _all(table.key, _same), how="full")
    same = _all(exact, _same) & _all(doubles, lambda name: _same(name) | (F.abs(_less(name)) <= ROUNDING))
    return not pair.where(~F.coalesce(same, F.lit(False))).isEmpty()


def _all(names: Sequence[str], holds: Callable[[str], Column]) -> Column:
    return reduce(Column.__and__, map(holds, names))


def _same(name: str) -> Column:
    return F.col(f"a.{name}").eqNullSafe(F.col(f"b.{name}"))


def _less(name: str) -> Column:
    return F.col(f"a.{name}") - F.col(f"b.{name}")


if __name__ == "__main__":
    sys.exit(main())
