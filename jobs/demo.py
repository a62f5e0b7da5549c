"""`make demo`: a simulated shop, every step in one session, and the figures at the end."""

from __future__ import annotations

import sys

from jobs.bronze import intake
from jobs.channel_fit import fit_channels
from jobs.credit import attribute, journeys
from jobs.options import Config, job_main, run_steps
from jobs.publish import check_and_publish
from jobs.reporting import report, show_summary
from jobs.run import Run
from jobs.shop import write_shop
from jobs.silver import build_silver
from jobs.value import score, train
from ltv import registry


def simulate(run: Run) -> None:
    """Writes the shop's landing files; those of the same shop stay as they are."""
    with run.step("simulate") as log:
        log.counts.update(write_shop(run.settings, run.say))


def train_once(run: Run) -> None:
    """Trains unless a champion is there: training has a rhythm of its own, and the demo's data does not change."""
    if registry.find_champion(run.settings.mlflow) is None:
        train(run)


STEPS = (
    simulate,
    intake,
    build_silver,
    journeys,
    fit_channels,
    attribute,
    train_once,
    score,
    check_and_publish,
    report,
    show_summary,
)


def demo(config: Config = None) -> None:
    """Simulate a shop and take it from raw files to the report.

    Example: python jobs/demo.py --config conf/demo.yaml
    """
    run_steps("demo", STEPS, config=config)


main = job_main(demo)

if __name__ == "__main__":
    sys.exit(main())
