"""Where a run spends its time: the stages of a Spark event log, as a table.

python bench/heart_stages.py EVENT_LOG_FOLDER [seconds]      # stages with at least this many task seconds (default 2)
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def lines(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of every log file below the folder."""
    for file in sorted(
        path for path in folder.rglob("*") if path.is_file() and path.name.startswith(("events_", "local-"))
    ):
        with file.open() as log:
            yield from map(json.loads, log)


def stages(folder: Path) -> list[dict[str, Any]]:
    """One dict per stage: its SQL operators, its seconds of several kinds, and the MB shuffled and spilled."""
    found: dict[int, dict[str, Any]] = defaultdict(lambda: defaultdict(float))
    for event in lines(folder):
        if event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            metrics, stage = event["Task Metrics"], found[event["Stage ID"]]
            stage["tasks"] += 1
            stage["longest"] = max(stage["longest"], metrics["Executor Run Time"] / 1e3)
            stage["task_seconds"] += metrics["Executor Run Time"] / 1e3
            stage["cpu_seconds"] += metrics["Executor CPU Time"] / 1e9
            stage["gc_seconds"] += metrics["JVM GC Time"] / 1e3
            stage["shuffle_mb"] += metrics["Shuffle Write Metrics"]["Shuffle Bytes Written"] / 2**20
            stage["spill_mb"] += metrics["Disk Bytes Spilled"] / 2**20
        elif event["Event"] == "SparkListenerStageCompleted":
            info = event["Stage Info"]
            stage = found[info["Stage ID"]]
            stage["seconds"] = (info["Completion Time"] - info["Submission Time"]) / 1e3
            scopes = (json.loads(rdd["Scope"])["name"] for rdd in info["RDD Info"] if rdd.get("Scope"))
            stage["of"] = ", ".join(dict.fromkeys(scopes))
    return [{"stage": number, **found[number]} for number in sorted(found)]


def main() -> int:
    """Print the stages of the log in the folder."""
    least = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0
    print("| stage | seconds | task s | CPU s | longest | GC s | shuffle MB | spill MB | tasks | of |\n|" + "---|" * 10)
    for stage in stages(Path(sys.argv[1])):
        if stage.get("task_seconds", 0) >= least:
            names = (
                "seconds",
                "task_seconds",
                "cpu_seconds",
                "longest",
                "gc_seconds",
                "shuffle_mb",
                "spill_mb",
                "tasks",
            )
            figures = " | ".join(f"{stage.get(name, 0):.0f}" for name in names)
            print(f"| {stage['stage']} | {figures} | {stage.get('of', '')[:150]} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
