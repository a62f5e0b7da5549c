"""spark-submit jobs/simulate.py --config conf/demo.yaml: landing files of a shop that never was."""

from __future__ import annotations

import json as json_text
import sys

import typer

from jobs.options import Config, DryRun, Json, job_main
from jobs.run import exit_code_of
from jobs.settings import load_settings
from jobs.shop import shop_of, write_shop


def simulate(config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Write the landing files of a simulated shop (knobs: simulator). The same knobs give the same bytes.

    Example: distributary simulate --config conf/demo.yaml
    """

    def say(message: str) -> None:
        sys.stderr.write(f"  {message}\n")

    def action() -> None:
        settings = load_settings(config)
        shop = shop_of(settings)
        if dry_run:
            say(f"would write {shop.days} days of {shop.visitors:,} visitors to {settings.landing.root}")
            return
        counts = write_shop(settings, say)
        if json:
            sys.stdout.write(json_text.dumps(counts, indent=2) + "\n")

    raise typer.Exit(exit_code_of(action))


main = job_main(simulate)

if __name__ == "__main__":
    sys.exit(main())
