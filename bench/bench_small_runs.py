"""Small runs: processor time of whole runs of `distributary pipeline`, each a process of its own.

    make bench-small [SHOPS=small,demo]

- small: a shop of a few hundred event lines. Its first days in full, one more day, and a run that finds nothing new.
- demo: the shop of conf/demo.yaml. 59 days in full, one more day, all 60 days in full, a run that finds nothing new.

The processor time is that of a run's whole process tree, with start-up, imports and Java. Linux only: the benchmark
adopts the processes that a run leaves behind (PR_SET_CHILD_SUBREAPER), so that their time is counted when they end.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table as Grid

from conf import CONF_ROOT
from simulator import Shop, write_landing

PR_SET_CHILD_SUBREAPER = 36
SMALL = Shop(days=10, visitors=25, history_months=1)


def main() -> int:
    """Run the benchmark; exit code 1 if a run fails."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    root = Path(os.environ.get("BENCH_ROOT", "bench/out")).absolute() / "small-runs"
    shutil.rmtree(root, ignore_errors=True)
    results = []
    for name in os.environ.get("SHOPS", "small,demo").split(","):
        shop = SMALL if name == "small" else Shop(**yaml.safe_load((CONF_ROOT / "demo.yaml").read_text())["simulator"])
        results.append({"shop": name, **_runs(root / name, shop)})
    sys.stdout.write(json.dumps(results, indent=2) + "\n")
    grid = Grid("Shop", "Run", "Processor s", "Wall s")
    for result in results:
        for run, (processor, wall) in result["runs"].items():
            grid.add_row(result["shop"], run, f"{processor:.1f}", f"{wall:.1f}")
        grid.add_row(result["shop"], "one more day / all days", f"{result['ratio']:.2f}", "")
    Console(stderr=True).print(grid)
    return 0


def _runs(place: Path, shop: Shop) -> dict[str, Any]:
    """Processor and wall seconds of each run, and the ratio of one more day to all days."""
    landed = place / "landing"
    counts = write_landing(shop, landed)
    last_day = sorted(path.name.split("events-")[1][:10] for path in (landed / "events").iterdir())[-1]
    held_back = place / "held-back"
    for path in sorted(landed.rglob("*")):
        if path.is_file() and last_day in path.name:
            (held_back / path.relative_to(landed)).parent.mkdir(parents=True, exist_ok=True)
            path.rename(held_back / path.relative_to(landed))
    runs = {"first days": _run(place / "by_day", landed)}
    for path in held_back.rglob("*"):
        if path.is_file():
            path.rename(landed / path.relative_to(held_back))
    runs["one more day"] = _run(place / "by_day", landed)
    runs["nothing new"] = _run(place / "by_day", landed)
    runs["all days"] = _run(place / "at_once", landed)
    return {"landed": str(counts), "runs": runs, "ratio": runs["one more day"][0] / runs["all days"][0]}


def _run(place: Path, landing: Path) -> tuple[float, float]:
    """Processor and wall seconds of one run of the pipeline on the lake in `place`."""
    place.mkdir(parents=True, exist_ok=True)
    demo = yaml.safe_load((CONF_ROOT / "demo.yaml").read_text())
    mlflow = {"tracking_uri": f"sqlite:///{place}/mlflow.db", "artifact_root": str(place / "mlartifacts")}
    places = {"lake": str(place / "lake"), "landing": {"root": str(landing)}, "mlflow": mlflow}
    report = demo["report"] | {"file": str(place / "report.html")}
    # Without what only a training makes; features alone would be more of a run than before.
    settings = {**demo, **places, "report": report, "simulator": {}, "behaviour": {}}
    if place.parent.name == "small":
        # A day is a large part of so small a shop, and must not end in a full build.
        settings |= {"build": {"max_changed_share": 1}}
    config = place / "shop.yaml"
    config.write_text(yaml.safe_dump(settings))
    with _processor_time() as seconds:
        subprocess.run([sys.executable, "-m", "jobs.cli", "pipeline", "--config", str(config)], check=True)
    return seconds["processor"], seconds["wall"]


@contextlib.contextmanager
def _processor_time() -> Iterator[dict[str, float]]:
    """Processor and wall seconds of the child processes that end in the block, and of all that they left behind."""
    seconds: dict[str, float] = {}
    before, begun = _of_children(), time.monotonic()
    yield seconds
    seconds["wall"] = time.monotonic() - begun
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    seconds["processor"] = _of_children() - before


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
