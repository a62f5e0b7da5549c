"""Questions about numbers: list them, ask one, answer one."""

from __future__ import annotations

import getpass
import json as json_format
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from jobs.ending import exit_code_of
from jobs.options import Config, DryRun, Json, job_main
from jobs.private_files import OWNER_ALONE, are_private, current_umask, umask
from jobs.settings import Settings, load_settings
from published.publication import read_published
from published.questions import Question, answer, ask, questions_for
from warehouse.errors import UsageError
from warehouse.messages import printable, say_line

Metric = Annotated[str, typer.Option(help="Name of the number, e.g. roas.")]
AnyMetric = Annotated[str | None, typer.Option(help="Only questions about this number.")]
Number = Annotated[str, typer.Option(help="The number as it was shown.")]
State = Annotated[str | None, typer.Option(help="open or answered. Default: both.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many to show, the newest first.")]
By = Annotated[str | None, typer.Option(help="Whose words these are. Default: the user of this machine.")]
Text = Annotated[str, typer.Argument(help="At most 2,000 characters.")]
QuestionId = Annotated[str, typer.Argument(help="question_id, as `questions list` shows it.")]

COMMANDS = typer.Typer(
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)


@COMMANDS.callback()
def questions() -> None:
    """List what people asked about numbers, ask about one, or answer.

    Example: distributary questions list --state open --config shop.yaml
    """


@COMMANDS.command("list")
def list_(
    *, metric: AnyMetric = None, state: State = None, limit: Limit = 50, config: Config = None, json: Json = False
) -> None:
    """Show the questions, the newest first, each with its newest answer. Starts no JVM.

    Example: distributary questions list --state open --config shop.yaml
    """

    def action() -> None:
        found = questions_for(load_settings(config).lake, metric=metric, state=state, limit=limit)
        _show(found, as_json=json)

    raise typer.Exit(exit_code_of(action))


@COMMANDS.command("ask")
def ask_(
    note: Text,
    *,
    metric: Metric,
    number: Number,
    filters: Annotated[list[str] | None, typer.Option("--filter", help="name=value, once for each filter.")] = None,
    by: By = None,
    config: Config = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Write a question about a number of the newest publication into ops.questions.

    Example: distributary questions ask "Why twice last week's?" --metric roas --number 4.2 --filter channel=Email
    """

    def action() -> None:
        settings = load_settings(config)
        with umask(_mask(settings)):
            asked = ask(
                read_published(settings.lake),
                metric=metric,
                number=number,
                filters=filters_of(filters or []),
                note=note,
                asked_by=by or getpass.getuser(),
                asked_at=datetime.now(UTC),
                is_dry_run=dry_run,
            )
        _show([asked], as_json=json)

    raise typer.Exit(exit_code_of(action))


@COMMANDS.command("answer")
def answer_(
    question_id: QuestionId,
    text: Text,
    *,
    by: By = None,
    config: Config = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Write an answer to a question; earlier answers stay, and the newest is shown.

    Example: distributary questions answer 0111e59c96f52173c1f0de203ffb58a9 "A refund of 2 May." --config shop.yaml
    """

    def action() -> None:
        settings = load_settings(config)
        with umask(_mask(settings)):
            found = answer(
                settings.lake,
                question_id,
                answer=text,
                answered_by=by or getpass.getuser(),
                answered_at=datetime.now(UTC),
                is_dry_run=dry_run,
            )
        _show([found], as_json=json)

    raise typer.Exit(exit_code_of(action))


def filters_of(texts: Sequence[str]) -> dict[str, str]:
    """Filters from name=value. UsageError where one is no such text, or named twice."""
    filters: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value) or name in filters:
            raise UsageError(f"--filter {text!r}: give name=value, each name once, e.g. --filter channel=Email")
        filters[name] = value
    return filters


def in_words(question: Question) -> list[str]:
    """A question and its answer as lines."""
    of = ", ".join(f"{name} {value}" for name, value in question.filters.items())
    lines = [
        f"{question.question_id}  {question.state}",
        f"  {question.metric} {question.number}" + (f" ({of})" if of else "") + f", published by {question.run_id}",
        f"  {question.asked_at:%Y-%m-%d %H:%M} UTC, {question.asked_by}: {question.note}",
    ]
    if question.answered_at is not None:
        lines.append(f"  {question.answered_at:%Y-%m-%d %H:%M} UTC, {question.answered_by}: {question.answer}")
    return lines


def as_data(question: Question) -> dict[str, Any]:
    """A question as plain data."""
    return {**asdict(question), "state": question.state}


def _show(found: Sequence[Question], *, as_json: bool) -> None:
    if as_json:
        data = [as_data(question) for question in found]
        sys.stdout.write(json_format.dumps(data, indent=2, default=str, ensure_ascii=False) + "\n")
        return
    for question in found:
        sys.stdout.write("".join(f"{printable(line)}\n" for line in in_words(question)))
    if not found:
        say_line("no question")


def _mask(settings: Settings) -> int:
    return OWNER_ALONE if are_private(settings) else current_umask()


main = job_main(COMMANDS)

if __name__ == "__main__":
    sys.exit(main())
