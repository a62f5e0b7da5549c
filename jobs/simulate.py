"""spark-submit jobs/simulate.py --config conf/demo.yaml: landing files of a simulated shop."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer

from jobs.ending import exit_code_of
from jobs.options import Config, DryRun, Json, job_main
from jobs.run import Plan, Run, Step, StepLog
from jobs.settings import Settings, load_settings
from simulator import Shop, write_landing
from warehouse.errors import UsageError
from warehouse.messages import one_line


def simulate(config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Write the landing files of a simulated shop (knobs: simulator). The same knobs give the same bytes.

    Example: distributary simulate --config conf/demo.yaml
    """

    def say(message: str) -> None:
        sys.stderr.write(f"  {one_line(message)}\n")

    def action() -> None:
        settings = load_settings(config)
        if dry_run:
            say(f"would {_what(settings)}")
            return
        counts = write_shop(settings, say)
        if json:
            sys.stdout.write(json_text.dumps(counts, indent=2) + "\n")

    raise typer.Exit(exit_code_of(action))


def plan(run: Run) -> Plan:
    """Writes the shop's landing files; files of the same shop that exist already are left as they are."""

    def do(log: StepLog) -> None:
        log.counts.update(write_shop(run.settings, run.say))

    return Plan(_what(run.settings), do)


def shop_of(settings: Settings) -> Shop:
    """The shop that the simulator section describes; UsageError for a knob it does not have."""
    knobs: dict[str, Any] = dict(settings.simulator)
    known = {field.name for field in fields(Shop)}
    if unknown := sorted(set(knobs) - known):
        raise UsageError(f"simulator.{unknown[0]}: unknown knob; there are {', '.join(sorted(known))}")
    try:
        return Shop(**knobs)
    except (TypeError, ValueError) as error:
        raise UsageError(f"simulator: {error}") from error


def write_shop(settings: Settings, say: Callable[[str], None]) -> dict[str, int]:
    """Writes the shop to the landing folder and returns how much was written, by kind."""
    landing = Path(settings.landing.root)
    try:
        counts = write_landing(shop_of(settings), landing, progress=say)
    except FileExistsError as error:
        raise UsageError(str(error)) from error
    say(
        f"{counts['event_lines']:,} event lines, {counts['orders']:,} orders and "
        f"{counts['spend_rows']:,} spend rows in {landing}"
    )
    return counts


def _what(settings: Settings) -> str:
    shop = shop_of(settings)
    return f"write {shop.days} days of {shop.visitors:,} visitors to {settings.landing.root}"


STEP = Step("simulate", plan)
main = job_main(simulate)

if __name__ == "__main__":
    sys.exit(main())
