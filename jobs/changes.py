"""What changed between two publications, and why: sentences and a table that adds up."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import typer

from dashboard.changes_panel import changes_sentences, changes_table
from dashboard.text_table import table_lines
from dashboard.words import words_in
from jobs.ending import exit_code_of
from jobs.options import Config, job_main
from jobs.settings import load_settings
from published.changes import Changes, Move, read_changes
from published.former import two_publications
from published.publication import Published
from published.view import Language, View
from warehouse.errors import InputError

From = Annotated[
    str | None,
    typer.Option("--from", help="The earlier publication: a run, or a day. Default: the one before --to."),
]
To = Annotated[
    str | None,
    typer.Option(help="The later publication: a run, or a day. Default: the newest."),
]
Model = Annotated[str | None, typer.Option(help="The attribution model. Default: last_touch, or the first there is.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the changes of all models as JSON on stdout.")]


def changes(
    config: Config = None, from_: From = None, to: To = None, model: Model = None, as_json: AsJson = False
) -> None:
    """Say what changed between two publications, and why. Starts no JVM.

    Example: distributary changes --from 2026-03-30 --config shop.yaml

    A day stands for the last publication on or before it, in report.timezone.
    """

    def action() -> None:
        settings = load_settings(config)
        timezone = settings.report.timezone
        before, after = two_publications(settings.lake, from_=from_, to=to, timezone=timezone)
        view = View(models=(model,) if model else None, language=settings.report.language)
        found = read_changes(before, after, view, timezone=timezone)
        if found is None:
            raise InputError(
                f"{settings.lake}: run {before.run_id} or {after.run_id} published no credits or no spend; "
                "choose other publications"
            )
        sys.stdout.write((in_json if as_json else in_text)(found, view.language))

    raise typer.Exit(exit_code_of(action))


def in_text(found: Changes, language: Language) -> str:
    """The sentences under the first model of the view, one a line, and the table."""
    words, model = words_in(language), found.models[0]
    lines = list(changes_sentences(found, words, model))
    if not found.is_empty:
        lines += ["", *table_lines(changes_table(found, words, model))]
    return "\n".join(lines) + "\n"


def in_json(found: Changes, language: Language) -> str:
    """All models of the view as JSON: money as text, which keeps its digits."""
    words = words_in(language)
    plain = {
        "from": _publication(found.before),
        "to": _publication(found.after),
        "conversion_type": found.conversion_type,
        "currency": found.currency,
        "new_models": list(found.new_models),
        "removed_models": list(found.removed_models),
        "refitted": [vars(one) for one in found.refitted],
        "models": [
            {
                "model": model,
                "sentences": list(changes_sentences(found, words, model)),
                "total": _plain(found.total(model)),
                "channels": [_plain(one) for one in found.of_model(model) if one.has_moved],
            }
            for model in found.models
        ],
    }
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def _publication(published: Published) -> dict[str, str]:
    return {
        "run_id": published.run_id,
        "as_of": published.as_of.isoformat(),
        "published_at": published.published_at.isoformat(),
    }


def _plain(one: Any) -> dict[str, Any]:
    moves: Mapping[str, Move[Any]] = {"conversions": one.conversions, "value": one.value, "spend": one.spend}
    roas = one.roas
    return {
        "channel": one.channel,
        **{name: {**_ends(move), "parts": _numbers(move.parts)} for name, move in moves.items()},
        "roas": roas and {**_ends(roas), "parts": _numbers(roas.parts), "chance": roas.chance},
    }


def _ends(move: Any) -> dict[str, Any]:
    return _numbers({"before": move.before, "after": move.after})


def _numbers(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(one) if isinstance(one, Decimal) else one for name, one in numbers.items()}


main = job_main(changes)

if __name__ == "__main__":
    sys.exit(main())
