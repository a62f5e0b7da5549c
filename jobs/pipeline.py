"""spark-submit jobs/pipeline.py --config conf/demo.yaml: from landed files to published tables and the report."""

from __future__ import annotations

import sys

from jobs import attribute, build, check, ingest, marts, report, score
from jobs.drift import end_if_drifted
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps

STEPS = (ingest.STEP, build.STEP, attribute.STEP, score.STEP, marts.STEP, check.PUBLISH, report.STEP)


def pipeline(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Ingest, build, attribute, score, make marts, check, publish and report; a step without changed input is skipped.

    Example: distributary pipeline --config conf/demo.yaml
    """
    run_steps(
        "pipeline",
        STEPS,
        config=config,
        as_of=as_of,
        full=full,
        dry_run=dry_run,
        as_json=json,
        at_the_end=end_if_drifted,
    )


main = job_main(pipeline)

if __name__ == "__main__":
    sys.exit(main())
