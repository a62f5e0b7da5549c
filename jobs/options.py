"""The options of jobs, and how a job that is a run of steps ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import typer

from jobs.command_line import AsOf, Config, DryRun, Full, Json, Main, job_main
from jobs.ending import exit_code_of
from jobs.run import Run, Step, open_run, perform

__all__ = ["AsOf", "Config", "DryRun", "Full", "Json", "Main", "job_main", "run_steps"]


def run_steps(
    job: str,
    steps: Sequence[Step],
    *,
    config: Path | None,
    as_of: datetime | None = None,
    dry_run: bool = False,
    full: bool = False,
    as_json: bool = False,
    at_the_end: Callable[[Run], None] = lambda run: None,
) -> None:
    """Performs `steps` as one run, then `at_the_end`, and ends the process with its exit code."""
    runs: list[Run] = []

    def action() -> None:
        run = open_run(job, config=config, as_of=as_of.date() if as_of else None, dry_run=dry_run, full=full)
        runs.append(run)
        perform(run, steps)
        at_the_end(run)

    code = exit_code_of(action, runs)
    if as_json and runs:
        sys.stdout.write(json.dumps({**runs[0].summary(), "exit_code": code}, indent=2) + "\n")
    raise typer.Exit(code)
