"""A project folder written from what a landing folder holds."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.command_line import DryRun, Json, job_main
from jobs.ending import exit_code_of
from warehouse.errors import InputError
from warehouse.messages import say_line

Folder = Annotated[Path, typer.Argument(help="The folder of the project; it is made where it is missing.")]
Landing = Annotated[Path, typer.Option(help="The folder with your exports, each kind best in a folder of its own.")]


def init(folder: Folder = Path(), *, landing: Landing, dry_run: DryRun = False, json: Json = False) -> None:
    """Write a commented project folder from what a landing folder holds. Starts no JVM, overwrites nothing.

    Example: distributary init shop --landing ~/exports

    It looks at the first bytes of each file and asks every format of intake whether it has the columns that it needs.
    Currency, time zone and spelling of days and amounts are guessed, each with what it rests on in a comment of
    shop.yaml. Files that no format takes are listed with the nearest one and the columns that they lack.
    """

    def action() -> None:
        # They load pyspark, which takes longer than an answer about the options.
        from jobs.found_inputs import look_through  # noqa: PLC0415
        from jobs.project_folder import as_data, project_files, unknown_in_words, write_new  # noqa: PLC0415

        found = look_through(landing)
        for file in found.unknown:
            say_line(f"  not read: {unknown_in_words(file)}")
        if not found.inputs:
            raise InputError(f"{landing}: no file is of a known format; the formats are in docs/input.md")
        files = project_files(folder, landing, found)
        if not dry_run:
            write_new(files)
        for one in found.inputs:
            say_line(f"  {one.name}: {len(one.files):,} files of {one.adapter} ({one.pattern})")
        say_line(f"  {found.currency} ({found.currency_evidence}); {found.timezone} ({found.timezone_evidence})")
        for path, text in files.items():
            say_line(f"{'would write' if dry_run else 'wrote'} {path}")
            if dry_run and not json:
                sys.stdout.write(f"# --- {path} ---\n{text}\n")
        if json:
            written = [] if dry_run else [str(path) for path in files]
            sys.stdout.write(
                json_format.dumps({**as_data(found), "written": written}, indent=2, ensure_ascii=False) + "\n"
            )

    raise typer.Exit(exit_code_of(action))


main = job_main(init)

if __name__ == "__main__":
    sys.exit(main())
