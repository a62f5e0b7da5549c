"""spark-submit jobs/report.py --config conf/demo.yaml: the report page of the newest publication."""

from __future__ import annotations

import hashlib
import json as json_format
import sys
from pathlib import Path
from typing import Annotated

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
    Path | None, typer.Option(help="The file to write. Default: report.file; with --run, a file beside it.")
]


def report(
    config: Config = None, run: OfRun = None, out: Out = None, dry_run: DryRun = False, json: Json = False
) -> None:
    """Write the report, one self-contained HTML file, to report.file.

    Example: distributary report --config conf/demo.yaml

    With --run a former one is made again, as it was then. That needs no JVM and is not logged.
    """
    if run is None and out is None:
        run_steps("report", [STEP], config=config, dry_run=dry_run, as_json=json)

    def action() -> None:
        settings = load_settings(config)
        published = _chosen(settings, run)
        page = out or _beside(settings, published)
        if dry_run:
            say_line(f"would write {page}, the report of run {published.run_id}")
            return
        write_page(settings, published, page)
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
    settings: Settings, published: Published, page: Path | str, *, steps: list[StepTime] | None = None
) -> Path:
    """Writes the report of a publication: the same publication, knobs and program give the same bytes."""
    # Charts are drawn by a library that takes a second to import.
    from dashboard.report import write_report  # noqa: PLC0415

    return write_report(
        settings.lake,
        page,
        timezone=settings.report.timezone,
        steps=steps,
        view=View(language=settings.report.language),
        made_from=digest_of_page(settings, published),
        run_id=published.run_id,
    )


def digest_of_page(settings: Settings, published: Published) -> str:
    """A hash of all that the page depends on: the publication, knobs and code."""
    content = [
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


def _beside(settings: Settings, published: Published) -> Path:
    """report.html becomes report-<run>.html, so that the newest page stays."""
    page = Path(settings.report.file)
    return page.with_name(f"{page.stem}-{published.run_id}{page.suffix}")


STEP = Step("report", plan)
main = job_main(report)

if __name__ == "__main__":
    sys.exit(main())
