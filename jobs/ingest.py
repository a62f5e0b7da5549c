"""spark-submit jobs/ingest.py --config conf/demo.yaml: landed files into bronze."""

from __future__ import annotations

import sys

from jobs.bronze import intake
from jobs.options import Config, DryRun, Json, job_main, run_steps


def ingest(config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Take new landed files into bronze, each row once. Bad rows go to bronze.quarantine with their reason.

    Example: distributary ingest --config conf/demo.yaml
    """
    run_steps("ingest", [intake], config=config, dry_run=dry_run, as_json=json)


main = job_main(ingest)

if __name__ == "__main__":
    sys.exit(main())
