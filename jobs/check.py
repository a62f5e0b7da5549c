"""spark-submit jobs/check.py --config conf/demo.yaml: every conservation law over the tables as they stand."""

from __future__ import annotations

import sys

from jobs.options import AsOf, Config, DryRun, Json, job_main, run_steps
from jobs.publish import check as check_step


def check(config: Config = None, as_of: AsOf = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Check the tables as they stand: rows, credit, revenue and spend. Exit code 1 where a check fails.

    Example: distributary check --config conf/demo.yaml
    """
    run_steps("check", [check_step], config=config, as_of=as_of, dry_run=dry_run, as_json=json)


main = job_main(check)

if __name__ == "__main__":
    sys.exit(main())
