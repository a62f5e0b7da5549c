"""spark-submit jobs/report.py --config conf/demo.yaml: the report page of the newest publication."""

from __future__ import annotations

import hashlib
import sys

from dashboard.made_from import made_from as page_is_from
from jobs.options import Config, DryRun, Json, job_main, run_steps
from jobs.private_files import umask
from jobs.run import Plan, Run, Step, StepLog
from published.run_facts import StepTime
from published.view import View
from warehouse.code_version import code_version
from warehouse.tables import BRONZE_LANDED_FILES, BRONZE_QUARANTINE, OPS_PUBLISHED


def report(config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Write the report, one self-contained HTML file, to report.file.

    Example: distributary report --config conf/demo.yaml
    """
    run_steps("report", [STEP], config=config, dry_run=dry_run, as_json=json)


def plan(run: Run) -> Plan:
    """The report page of the newest publication."""
    settings = run.settings
    made_from = digest_of_page(run)

    def do(log: StepLog) -> None:
        # Charts are drawn by a library that takes a second to import.
        from dashboard.report import write_report  # noqa: PLC0415

        # A run of this step alone shows the times of the run that published, other runs their own.
        steps = [StepTime(*step) for step in run.step_times] or None
        with umask(run.umask):  # it is made to be passed on
            page = write_report(
                settings.lake,
                settings.report.file,
                timezone=settings.report.timezone,
                steps=steps,
                view=View(language=settings.report.language),
                made_from=made_from,
            )
        log.message = f"wrote {page}"

    if not run.lake.exists(OPS_PUBLISHED) and not run.ahead:
        return Plan("nothing is published yet")
    if page_is_from(settings.report.file) == made_from and not run.ahead:
        return Plan(f"{settings.report.file} shows what is published")
    return Plan(f"write {settings.report.file}", do)


def digest_of_page(run: Run) -> str:
    """A hash of all that the page depends on: what is published, what was landed and set aside, knobs and code."""
    states = run.lake.states((OPS_PUBLISHED, BRONZE_LANDED_FILES, BRONZE_QUARANTINE))
    content = [
        *(f"{name} {state}" for name, state in sorted(states.items())),
        run.settings.report.content(),
        code_version(("published", "dashboard"), (".py", ".html", ".css", ".json", ".yaml")),
    ]
    return hashlib.sha256("\n".join(content).encode()).hexdigest()[:16]


STEP = Step("report", plan)
main = job_main(report)

if __name__ == "__main__":
    sys.exit(main())
