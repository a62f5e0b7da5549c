"""spark-submit jobs/score.py --config conf/demo.yaml: the champion model's view of every customer."""

from __future__ import annotations

import sys

from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.value import score as score_step


def score(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Score every customer with the registered champion: activity, churn, purchases and value to come.

    Example: distributary score --config conf/demo.yaml
    """
    run_steps("score", [score_step], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


main = job_main(score)

if __name__ == "__main__":
    sys.exit(main())
