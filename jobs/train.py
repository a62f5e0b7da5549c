"""spark-submit jobs/train.py --config conf/demo.yaml: fit, judge and register the value models."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from jobs.options import AsOf, Config, DryRun, Json, job_main, run_steps
from jobs.value import train as train_step

RequirePromotion = Annotated[
    bool, typer.Option("--require-promotion", help="Exit with 4 unless the new fit becomes champion.")
]


def train(
    config: Config = None,
    as_of: AsOf = None,
    require_promotion: RequirePromotion = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Fit Pareto/NBD and Gamma-Gamma, judge them on the newest period, register the better of old and new.

    Example: distributary train --config conf/demo.yaml
    """
    step = partial(train_step, require_promotion=require_promotion)
    run_steps("train", [step], config=config, as_of=as_of, dry_run=dry_run, as_json=json)


main = job_main(train)

if __name__ == "__main__":
    sys.exit(main())
