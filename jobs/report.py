"""spark-submit jobs/report.py --config conf/demo.yaml: the report page of what was published last."""

from __future__ import annotations

import sys

from jobs.options import Config, DryRun, Json, job_main, run_steps
from jobs.reporting import report as report_step


def report(config: Config = None, dry_run: DryRun = False, json: Json = False) -> None:
    """Write the report, one self-contained HTML file, to report.file.

    Example: distributary report --config conf/demo.yaml
    """
    run_steps("report", [report_step], config=config, dry_run=dry_run, as_json=json)


main = job_main(report)

if __name__ == "__main__":
    sys.exit(main())
