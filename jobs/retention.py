"""The retention list as a file: whom to contact so that they stay, and what a contact is expected to earn."""

from __future__ import annotations

import json as json_format
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from attribution.credit_file import is_formula
from jobs.csv_for_the_owner import write_for_the_owner
from jobs.ending import exit_code_of
from jobs.options import Config, DryRun, Json, job_main
from jobs.settings import load_settings
from published.publication import read_published
from published.retention import Contact, RetentionList, read_retention_list
from warehouse.errors import InputError, UsageError
from warehouse.messages import say_line

Out = Annotated[Path, typer.Option(help="The CSV to write; a file that is there is replaced as a whole.")]
Audience = Annotated[
    Literal["everybody", "high_value"], typer.Option(help="All customers of the list, or those of high value alone.")
]

COMMANDS = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)


@COMMANDS.callback()
def retention() -> None:
    """Write whom to contact so that they stay.

    Example: distributary retention list --out calls.csv --config shop.yaml
    """


@COMMANDS.command("list")
def list_(
    *, out: Out, audience: Audience = "everybody", config: Config = None, dry_run: DryRun = False, json: Json = False
) -> None:
    """Write the customers whose contact is expected to earn more than it costs, best first. Starts no JVM.

    Example: distributary retention list --out calls.csv --audience high_value --config shop.yaml
    """

    def action() -> None:
        settings = load_settings(config)
        if settings.privacy.pseudonyms:
            raise UsageError(
                "privacy.pseudonyms: the tables hold tokens in place of ids, and nobody can be contacted by a token; a "
                "list needs a lake with the ids themselves"
            )
        listed = read_retention_list(read_published(settings.lake), high_value_only=audience == "high_value")
        if listed is None:
            raise InputError(
                f"{settings.lake}: gold.retention_list is not published: set retention.contact_cost and an uplift, "
                "train a model, and run `distributary pipeline`"
            )
        heading = f"as of {listed.as_of}: customers whose contact is worth its cost, most value at risk first"
        if not dry_run:
            write_for_the_owner(out, heading, Contact._fields, map(_as_cells, listed.contacts))
        for line in in_words(listed, out, dry_run=dry_run):
            say_line(line)
        if json:
            sys.stdout.write(json_format.dumps(as_data(listed, out, dry_run=dry_run), indent=2) + "\n")

    raise typer.Exit(exit_code_of(action))


def as_data(listed: RetentionList, out: Path, *, dry_run: bool) -> dict[str, object]:
    """The same as plain data, without an id."""
    return {
        "file": str(out),
        "written": not dry_run,
        "as_of": listed.as_of.isoformat(),
        "customers": len(listed.contacts),
        "expected_gain": float(sum(contact.expected_gain for contact in listed.contacts)),
        "currency": listed.contacts[0].currency if listed.contacts else None,
        "left_out_without_login": listed.without_login,
    }


def in_words(listed: RetentionList, out: Path, *, dry_run: bool = False) -> list[str]:
    """How many customers were, or would be, written where, what their contacts should earn, and who was left out."""
    gain = sum(contact.expected_gain for contact in listed.contacts)
    earned = f", expected to earn {gain:,.0f} {listed.contacts[0].currency}" if listed.contacts else ""
    done = "would write" if dry_run else "wrote"
    lines = [f"{done} {out}: {len(listed.contacts):,} customers{earned}, as of {listed.as_of}"]
    if listed.without_login:
        lines.append(f"left out {listed.without_login:,} buyers without a login")
    return lines


def _as_cells(contact: Contact) -> list[object]:
    """A spreadsheet must not run an id or a name as a formula."""
    return [f"'{cell}" if is_formula(cell) else cell for cell in contact]


main = job_main(COMMANDS)

if __name__ == "__main__":
    sys.exit(main())
