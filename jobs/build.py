"""spark-submit jobs/build.py --config conf/demo.yaml: silver, what happened in one vocabulary."""

from __future__ import annotations

import sys

from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.silver import build_silver


def build(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Build the silver tables from bronze. Nothing is written where bronze and settings are unchanged.

    Example: distributary build --config conf/demo.yaml
    """
    run_steps("build", [build_silver], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


main = job_main(build)

if __name__ == "__main__":
    sys.exit(main())
