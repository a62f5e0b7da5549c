"""spark-submit jobs/train_attribution.py --config conf/demo.yaml: fit and register data-driven attribution."""

from __future__ import annotations

import sys

from attribution.channel_effects import CHANNEL_EFFECTS
from attribution.channel_transitions import CHANNEL_TRANSITIONS
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, table_step

RECIPES = (CHANNEL_EFFECTS, CHANNEL_TRANSITIONS)
FIT = table_step("train-attribution", RECIPES, current="the fit that credits was made from these journeys and settings")


def train_attribution(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Fit Markov and Shapley on journeys and register them; `attribute` then credits by this version.

    Example: distributary train-attribution --config conf/demo.yaml
    """
    run_steps("train-attribution", [STEP], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


def plan(run: Run) -> Plan:
    """Fits what attribution.data_driven.models names; credits follow with the next `attribute`."""
    wanted = run.settings.attribution.data_driven.models
    return FIT.plan(run) if wanted else Plan("attribution.data_driven.models names none")


STEP = Step("train-attribution", plan)
main = job_main(train_attribution)

if __name__ == "__main__":
    sys.exit(main())
