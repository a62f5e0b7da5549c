"""spark-submit jobs/pipeline.py --config conf/demo.yaml: from landed files to published tables and the report."""

from __future__ import annotations

import sys

from jobs.bronze import intake
from jobs.credit import attribute
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.publish import check_and_publish
from jobs.reporting import report
from jobs.silver import build_silver
from jobs.value import score

STEPS = (intake, build_silver, attribute, score, check_and_publish, report)


def pipeline(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Ingest, build, attribute, score, check, publish and report, each only where something is new.

    Example: distributary pipeline --config conf/demo.yaml
    """
    run_steps("pipeline", STEPS, config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


main = job_main(pipeline)

if __name__ == "__main__":
    sys.exit(main())
