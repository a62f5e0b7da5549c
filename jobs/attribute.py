"""spark-submit jobs/attribute.py --config conf/demo.yaml: journeys, credits and channel performance."""

from __future__ import annotations

import sys

from jobs.credit import attribute as attribute_step
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps


def attribute(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Give every conversion's credit to channels, under every model of attribution.models.

    Example: distributary attribute --config conf/demo.yaml
    """
    run_steps("attribute", [attribute_step], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


main = job_main(attribute)

if __name__ == "__main__":
    sys.exit(main())
