"""Landed files into bronze: how long 59 days of a simulated shop take, and then one more day.

    make bench-ingest [VISITORS=120000]

The session is cold, as in a separate run. Start-up is reported separately, and writing the files is not timed. Ingest
checks that every row read is kept, a duplicate or quarantined; here it must also read as many as the simulator wrote.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table as Grid

from jobs import ingest
from jobs.run import Run, open_run, perform
from jobs.settings import load_settings
from simulator import Shop, write_landing


def main() -> int:
    """Run the benchmark; exit code 1 if rows are missing."""
    visitors = int(os.environ.get("VISITORS", "120000"))
    root = Path(os.environ.get("BENCH_ROOT", "bench/out")).absolute() / "ingest"
    shutil.rmtree(root, ignore_errors=True)
    landing = root / "landing"
    written = write_landing(Shop(days=60, visitors=visitors), landing)
    events = sorted((landing / "events").iterdir())
    last_day = events[-1].rename(root / events[-1].name)
    size = sum(file.stat().st_size for file in events[:-1])

    begun = time.perf_counter()
    run = _run(root)
    start_up = time.perf_counter() - begun
    first = _timed(run)
    last_day.rename(events[-1])
    more = _timed(run)

    result = {
        "start_up_seconds": start_up, "event_lines": written["event_lines"], "gzip_bytes_of_59_days": size,
        "first_59_days": first, "one_more_day": more,
    }  # fmt: skip
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
    grid = Grid("", "Event lines", "Seconds", title="Landed files into bronze")
    for name, step in (("59 days", first), ("one more day", more)):
        grid.add_row(name, f"{step['events_read']:,.0f}", f"{step['seconds']:.1f}")
    Console(stderr=True).print(grid)
    if first["events_read"] + more["events_read"] != written["event_lines"]:
        sys.stderr.write("the number of rows read is not the number of rows written\n")
        return 1
    return 0


def _run(root: Path) -> Run:
    settings = load_settings(None)
    landing = settings.landing.model_copy(update={"root": str(root / "landing")})
    conversions = settings.conversions.model_copy(update={"default_currency": "KRW"})
    changes = {"lake": str(root / "lake"), "landing": landing, "conversions": conversions}
    return open_run("bench", config=None, settings=settings.model_copy(update=changes))


def _timed(run: Run) -> dict[str, float]:
    perform(run, (ingest.STEP,))
    step = run.steps[-1]
    return {"seconds": step.seconds, **step.counts}


if __name__ == "__main__":
    sys.exit(main())
