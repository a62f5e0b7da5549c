"""The options that commands share, and the way from a command line to an exit code; loads no Spark."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from jobs.command_help import with_common_help
from jobs.completion import config_files

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
