"""The options jobs share, and the way from a command line to an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from jobs.command_help import with_common_help
from jobs.completion import config_files
from jobs.ending import exit_code_of
from jobs.run import Run, Step, open_run, perform

Config = Annotated[
    Path | None,
    typer.Option(
        help="Configuration file; other knobs are those of conf/base.yaml.",
        autocompletion=config_files,
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help="Last day that counts for customers and fits, in report.timezone. Default: the last day in bronze.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print what was done, or found, as JSON on stdout.")]
Full = Annotated[bool, typer.Option("--full", help="Rebuild even what is up to date.")]


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


class Main(Protocol):
    """The entry point of a job script."""

    def __call__(self, argv: Sequence[str] | None = None) -> int:
        """Runs the job with these arguments (by default the process's) and returns its exit code."""


def job_main(command: Callable[..., None] | typer.Typer) -> Main:
    """The `main(argv)` of a job script: the options of `command`, or of a group of commands, from argv, and its exit
    code as result."""

    def main(argv: Sequence[str] | None = None) -> int:
        if isinstance(command, typer.Typer):
            app = command
        else:
            app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            app.command()(command)
        with_help = with_common_help(typer.main.get_command(app))
        try:
            result: Any = with_help.main(args=list(sys.argv[1:] if argv is None else argv), standalone_mode=True)
        except SystemExit as stop:
            return int(stop.code or 0)
        return int(result or 0)

    return main
