"""Audiences as files: whom ads could be for, as ids that an ad platform can take."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import Annotated

import typer

from jobs.csv_for_the_owner import write_for_the_owner
from jobs.ending import exit_code_of
from jobs.options import Config, DryRun, Json, job_main
from jobs.settings import load_settings
from published.audiences import Audience, Member, counted, read_audience
from published.publication import read_published
from warehouse.errors import InputError, UsageError
from warehouse.messages import say_line

Out = Annotated[Path, typer.Option(help="The CSV to write; a file that is there is replaced as a whole.")]
Days = Annotated[int, typer.Option(min=1, max=540, help="How many reporting days up to as_of the visit may be old.")]

COMMANDS = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)


@COMMANDS.callback()
def audiences() -> None:
    """Write whom ads could be for: people who visited and did not buy.

    Example: distributary audiences export --out visitors.csv --config shop.yaml
    """


@COMMANDS.command()
def export(*, out: Out, days: Days = 30, config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Write the ids of people who visited, did not buy since, and agreed to ads. Starts no JVM.

    Example: distributary audiences export --out visitors.csv --days 14 --config shop.yaml
    """

    def action() -> None:
        settings = load_settings(config)
        if settings.privacy.pseudonyms:
            raise UsageError(
                "privacy.pseudonyms: the tables hold tokens in place of ids, and no ad platform knows a token; an "
                "audience needs a lake with the ids themselves"
            )
        audience = read_audience(read_published(settings.lake), days=days, timezone=settings.report.timezone)
        if audience is None:
            raise InputError(f"{settings.lake}: touches and conversions are not published: run `distributary pipeline`")
        if not dry_run:
            write_audience(audience, out)
        for line in in_words(audience, out, dry_run=dry_run):
            say_line(line)
        if json:
            sys.stdout.write(json_format.dumps(as_data(audience, out, dry_run=dry_run), indent=2) + "\n")

    raise typer.Exit(exit_code_of(action))


def write_audience(audience: Audience, out: Path) -> None:
    """A line that says the days and as_of, the names of the columns, and the ids. Another file is in place of the old
    one, or the old one stays; only the user may read it. UsageError where it cannot be written."""
    days = f"visited from {audience.first_day} to {audience.as_of}, did not buy since, consent to ads"
    write_for_the_owner(out, f"as of {audience.as_of}: {days}", Member._fields, audience.members)


def as_data(audience: Audience, out: Path, *, dry_run: bool) -> dict[str, object]:
    """The same as plain data, without an id."""
    return {
        "file": str(out),
        "written": not dry_run,
        "first_day": audience.first_day.isoformat(),
        "as_of": audience.as_of.isoformat(),
        "ids": counted(audience.members),
        "left_out_phone_numbers": audience.phone_numbers,
    }


def in_words(audience: Audience, out: Path, *, dry_run: bool = False) -> list[str]:
    """How many ids of which kind were, or would be, written where, and what was left out."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counted(audience.members).items()) or "nobody"
    lines = [f"{'would write' if dry_run else 'wrote'} {out}: {kinds}, as of {audience.as_of}"]
    if audience.phone_numbers:
        lines.append(f"left out {audience.phone_numbers:,} logins that are phone numbers")
    return lines


main = job_main(COMMANDS)

if __name__ == "__main__":
    sys.exit(main())
