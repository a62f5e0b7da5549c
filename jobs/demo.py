"""`make demo`: a simulated shop, every step in one session, and the figures at the end."""

from __future__ import annotations

import sys

from dashboard.text_summary import print_summary
from jobs import attribute, build, check, ingest, marts, report, score, simulate, train, train_attribution
from jobs.options import Config, job_main, run_steps
from jobs.run import Plan, Run, Step
from ltv.customer_value import champion_of
from published.run_facts import StepTime
from published.view import View


def demo(config: Config = None) -> None:
    """Simulate a shop and take it from raw files to the report.

    Example: python jobs/demo.py --config conf/demo.yaml
    """
    run_steps("demo", STEPS, config=config, at_the_end=show_summary)


def plan_training_once(run: Run) -> Plan:
    """Trains unless there is a champion: training has a schedule of its own, and the demo's data does not change."""
    champion = champion_of(run)
    return Plan(f"{champion} scores already") if champion else train.plan(run)


def show_summary(run: Run) -> None:
    """Prints the main figures of the newest publication and the time of every step."""
    view = View(language=run.settings.report.language)
    print_summary(run.settings.lake, run.console, steps=[StepTime(*step) for step in run.step_times], view=view)


STEPS = (
    simulate.STEP,
    ingest.STEP,
    build.STEP,
    attribute.JOURNEYS_STEP,
    train_attribution.STEP,
    attribute.STEP,
    Step("train", plan_training_once),
    score.STEP,
    marts.STEP,
    check.PUBLISH,
    report.STEP,
)
main = job_main(demo)

if __name__ == "__main__":
    sys.exit(main())
