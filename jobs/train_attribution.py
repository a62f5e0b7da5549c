"""spark-submit jobs/train_attribution.py --config conf/demo.yaml: fit and register data-driven attribution."""

from __future__ import annotations

import sys

from jobs.channel_fit import fit_channels
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps


def train_attribution(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Fit Markov and Shapley on journeys and register them; `attribute` then credits by this version.

    Example: distributary train-attribution --config conf/demo.yaml
    """
    run_steps("train-attribution", [fit_channels], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


main = job_main(train_attribution)

if __name__ == "__main__":
    sys.exit(main())
