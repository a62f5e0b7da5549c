"""SQL over what was published, and the ready views, on this machine and without a JVM."""

from __future__ import annotations

import csv as csv_format
import json as json_format
import math
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.cells import cell_len

from jobs.ending import exit_code_of
from jobs.options import Config, job_main
from jobs.settings import Settings, load_settings
from published.metrics import with_targets
from published.publication import Published, read_published
from published.semantic_model import semantic_model_yaml
from published.sql import Answer, ask, columns_of, listed
from published.views import ready_views
from warehouse.errors import UsageError
from warehouse.messages import printable, say_line

Query = Annotated[str | None, typer.Argument(help="One query. Without it, tables and views are listed.")]
RunId = Annotated[str | None, typer.Option("--run", help="Read what this run published. Default: the newest.")]
Columns = Annotated[str | None, typer.Option(metavar="NAME", help="List the columns of this table or view.")]
Limit = Annotated[int, typer.Option(min=1, help="How many rows to show at most.")]
Csv = Annotated[bool, typer.Option("--csv", help="Write the rows as CSV on stdout.")]
JsonRows = Annotated[bool, typer.Option("--json", help="Write the rows as a JSON array on stdout, decimals as text.")]
ModelFile = Annotated[
    Path | None, typer.Option(help="Write the metrics as an Apache Ossie semantic model (YAML) to this file.")
]
ViewsFolder = Annotated[Path | None, typer.Option(help="Write the SQL of the ready views into this folder.")]


def sql(
    query: Query = None,
    *,
    config: Config = None,
    run: RunId = None,
    columns: Columns = None,
    limit: Limit = 1000,
    csv: Csv = False,
    json: JsonRows = False,
    semantic_model: ModelFile = None,
    views: ViewsFolder = None,
) -> None:
    """Ask what was published, in SQL; without SQL, list tables and views. Starts no JVM.

    Example: distributary sql "select * from roas_by_channel_30d" --config shop.yaml
    """

    def action() -> None:
        if csv and json:
            raise UsageError("--csv and --json: choose one")
        settings = load_settings(config)
        if semantic_model or views:
            _write_files(settings, semantic_model, views)
            return
        published = read_published(settings.lake, run_id=run)
        if columns:
            answer = columns_of(published, columns)
        else:
            answer = ask(published, query, limit=limit) if query else _list(published, settings)
        _writer(csv=csv, json=json)(answer, sys.stdout)
        if answer.is_cut:
            say_line(f"{limit:,} rows are shown, and there are more: --limit N shows N")

    raise typer.Exit(exit_code_of(action))


def _list(published: Published, settings: Settings) -> Answer:
    """Every view and table as rows."""
    rows = [
        ("view" if one.is_view else "table", one.name, one.sentence)
        for one in listed(published, settings.report.language)
    ]
    return Answer(("kind", "name", "what"), tuple(rows), is_cut=False)


def _write_files(settings: Settings, semantic_model: Path | None, views: Path | None) -> None:
    texts = {semantic_model: semantic_model_yaml(with_targets(settings.report.targets))} if semantic_model else {}
    if views:
        texts |= {views / f"{view.name}.sql": f"{view.text}\n" for view in ready_views().values() if view.sql}
    for path, text in texts.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}") from error
    if semantic_model:
        say_line(f"wrote {semantic_model}")
    if views:
        say_line(f"wrote {len(texts) - bool(semantic_model)} views to {views}")


def _writer(*, csv: bool, json: bool) -> Callable[[Answer, TextIO], None]:
    return _as_csv if csv else _as_json if json else _as_table


def _as_csv(answer: Answer, out: TextIO) -> None:
    writer = csv_format.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([_exact(value) for value in row] for row in answer.rows)


def _as_json(answer: Answer, out: TextIO) -> None:
    rows = [{name: _jsonable(value) for name, value in row.items()} for row in answer.dicts()]
    out.write(json_format.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def _as_table(answer: Answer, out: TextIO) -> None:
    """Columns side by side, numbers to the right."""
    numbers = [all(isinstance(row[at], int | float | Decimal | None) for row in answer.rows) for at in _at(answer)]
    rows = [answer.columns, *([_short(value) for value in row] for row in answer.rows)]
    last = len(answer.columns) - 1
    widths = [max(cell_len(row[at]) for row in rows) for at in _at(answer)]
    for row in rows:
        cells = []
        for at, cell in enumerate(row):
            blanks = " " * (widths[at] - cell_len(cell))  # a letter of Hangul is as wide as two of Latin
            cells.append(blanks + cell if numbers[at] else cell if at == last else cell + blanks)
        out.write("  ".join(cells).rstrip() + "\n")


def _at(answer: Answer) -> Iterable[int]:
    return range(len(answer.columns))


def _short(value: Any) -> str:
    """A value as a person reads it at a terminal; '' for null."""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".") if abs(value) >= 1e-3 or value == 0 else f"{value:.3g}"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return printable(" ".join(_exact(value).split()))


def _exact(value: Any) -> str:
    """A value as text without loss; '' for null."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " > ".join(map(_exact, value))
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_jsonable(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _jsonable(one) for name, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, bool | int | float | str) else _exact(value)


main = job_main(sql)

if __name__ == "__main__":
    sys.exit(main())
