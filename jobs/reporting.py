"""The steps that show what was published: the report page and the summary in the terminal."""

from __future__ import annotations

from dashboard.report import write_report
from dashboard.text_summary import print_summary
from jobs.run import Run
from published.run_facts import StepTime
from published.view import View
from warehouse.tables import OPS_PUBLISHED


def report(run: Run) -> None:
    """Writes the report page of the newest publication."""
    settings = run.settings
    with run.step("report") as log:
        if run.dry_run:
            log.skip(f"would write {settings.report.file}")
            return
        if not run.lake.exists(OPS_PUBLISHED):
            log.skip("nothing is published yet")
            return
        # Alone it shows the times of the run that published, behind others those of this run.
        page = write_report(
            settings.lake,
            settings.report.file,
            timezone=settings.report.timezone,
            steps=step_times(run) or None,
            view=View(language=settings.report.language),
        )
        log.message = f"wrote {page}"


def show_summary(run: Run) -> None:
    """Prints the main figures of the newest publication and the time of every step."""
    view = View(language=run.settings.report.language)
    print_summary(run.settings.lake, run.console, steps=step_times(run), view=view)


def step_times(run: Run) -> list[StepTime]:
    """The steps of this run so far."""
    return [StepTime(log.name, log.seconds, log.status, log.message) for log in run.steps]
