"""spark-submit jobs/report.py --config conf/demo.yaml: the report page of the newest publication."""

from __future__ import annotations

import hashlib
import json as json_format
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dashboard.made_from import made_from as page_is_from
from jobs.ending import exit_code_of
from jobs.options import Config, DryRun, Json, job_main, run_steps
from jobs.private_files import umask
from jobs.run import Plan, Run, Step, StepLog
from jobs.settings import Settings, load_settings
from published.former import find_publication
from published.publication import Published, read_published
from published.run_facts import StepTime
from published.view import View
from warehouse.code_version import code_version
from warehouse.messages import say_line
from warehouse.tables import OPS_PUBLISHED

OfRun = Annotated[
    str | None,
    typer.Option(
        "--run",
        help="The publication to show: a run, or a day for the last one published until then. Default: the newest.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(help="The file to write. Default: report.file; with --run or a view, a file beside it."),
]
DAYS = ["%Y-%m-%d"]
From = Annotated[datetime | None, typer.Option("--from", formats=DAYS, help="The first day. Default: all of them.")]
To = Annotated[datetime | None, typer.Option(formats=DAYS, help="The last day. Default: the publication's.")]
Type = Annotated[
    str | None, typer.Option("--type", help="The conversion type. Default: the one with the most net revenue.")
]
Models = Annotated[str | None, typer.Option(help="Attribution models, with commas between them. Default: all.")]
Basis = Annotated[str | None, typer.Option(help="What dates credit: conversion (the default) or touch.")]
OfLanguage = Annotated[str | None, typer.Option("--language", help="en or ko. Default: report.language.")]


def report(
    *,
    config: Config = None,
    run: OfRun = None,
    out: Out = None,
    from_: From = None,
    to: To = None,
    type_: Type = None,
    models: Models = None,
    basis: Basis = None,
    language: OfLanguage = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Write the report, one self-contained HTML file, to report.file.

    Example: distributary report --config conf/demo.yaml

    With --run a former one is made again, as it was then; --from, --to, --type, --models, --basis and --language choose
    a view, and the same view gives the same bytes. That needs no JVM and is not logged.
    """
    asked: dict[str, Any] = {
        "first_day": from_ and from_.date(),
        "last_day": to and to.date(),
        "conversion_type": type_,
        "models": models and tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip())),
        "date_basis": basis,
        "language": language,
    }
    chosen = {name: value for name, value in asked.items() if value is not None}
    if run is None and out is None and not chosen:
        run_steps("report", [STEP], config=config, dry_run=dry_run, as_json=json)

    def action() -> None:
        settings = load_settings(config)
        view = View(**{"language": settings.report.language, **chosen})
        published = _chosen(settings, run)
        page = out or _beside(settings, published, chosen if run is None else {"run": published.run_id, **chosen})
        if dry_run:
            say_line(f"would write {page}, the report of run {published.run_id}")
            return
        write_page(settings, published, page, view=view)
        say_line(f"wrote {page}, the report of run {published.run_id}")
        if json:
            sys.stdout.write(json_format.dumps({"run_id": published.run_id, "file": str(page)}, indent=2) + "\n")

    raise typer.Exit(exit_code_of(action))


def plan(run: Run) -> Plan:
    """The report page of the newest publication."""
    settings = run.settings

    def do(log: StepLog) -> None:
        published = read_published(settings.lake)
        # The run that published has not logged its steps yet.
        steps = [StepTime(*step) for step in run.step_times] if published.run_id == run.lake.run_id else None
        with umask(run.umask):  # it is made to be passed on
            log.message = f"wrote {write_page(settings, published, settings.report.file, steps=steps)}"

    if not run.lake.exists(OPS_PUBLISHED):
        return Plan(f"write {settings.report.file}", do) if run.ahead else Plan("nothing is published yet")
    made_from = digest_of_page(settings, read_published(settings.lake))
    if page_is_from(settings.report.file) == made_from and not run.ahead:
        return Plan(f"{settings.report.file} shows what is published")
    return Plan(f"write {settings.report.file}", do)


def write_page(
    settings: Settings,
    published: Published,
    page: Path | str,
    *,
    steps: list[StepTime] | None = None,
    view: View | None = None,
) -> Path:
    """Writes the report of a publication in a view (None = everything in report.language).

    The same publication, view, knobs and program give the same bytes.
    """
    # Charts are drawn by a library that takes a second to import.
    from dashboard.report import write_report  # noqa: PLC0415

    return write_report(
        settings.lake,
        page,
        timezone=settings.report.timezone,
        steps=steps,
        view=view or _everything(settings),
        made_from=digest_of_page(settings, published, view),
        run_id=published.run_id,
    )


def digest_of_page(settings: Settings, published: Published, view: View | None = None) -> str:
    """A hash of all that the page depends on: the publication, the view, knobs and code."""
    is_all = view is None or view == _everything(settings)
    content = [
        *([] if is_all else [repr(view)]),
        f"{published.run_id} {published.published_at.isoformat()}",
        *(f"{name} {version}" for name, version in sorted(published.versions.items())),
        settings.report.content(),
        code_version(("published", "dashboard"), (".py", ".html", ".css", ".json", ".yaml")),
    ]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:16]


def _chosen(settings: Settings, which: str | None) -> Published:
    if which is None:
        return read_published(settings.lake)
    return find_publication(settings.lake, which, timezone=settings.report.timezone)


def _everything(settings: Settings) -> View:
    return View(language=settings.report.language)


def _beside(settings: Settings, published: Published, chosen: Mapping[str, Any]) -> Path:
    """report.html becomes report-<run>.html or report-<what was chosen>.html, so that the page of everything stays."""
    page = Path(settings.report.file)
    named = chosen or {"run": published.run_id}
    parts = [part for value in named.values() for part in (value if isinstance(value, tuple) else (str(value),))]
    plain = (re.sub(r"[^\w-]+", "_", part) for part in parts)
    return page.with_name(f"{page.stem}-{'-'.join(plain)}{page.suffix}")


STEP = Step("report", plan)
main = job_main(report)

if __name__ == "__main__":
    sys.exit(main())
