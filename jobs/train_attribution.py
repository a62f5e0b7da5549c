"""spark-submit jobs/train_attribution.py --config conf/demo.yaml: fit and register data-driven attribution."""

from __future__ import annotations

import sys

from attribution.channel_effects import CHANNEL_EFFECTS
from attribution.channel_transitions import CHANNEL_TRANSITIONS
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.run import Plan, Run, Step, table_step
from warehouse.checks import require_held
from warehouse.tables.ops_quality_results import OPS_QUALITY_RESULTS

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
    """Fits what attribution.data_driven.models names; credits follow with the next `attribute`.

    CheckFailed where the checks that ran last did not hold.
    """
    if not run.settings.attribution.data_driven.models:
        return Plan("attribution.data_driven.models names none")
    require_held(run.lake.rows(OPS_QUALITY_RESULTS))
    return FIT.plan(run)


STEP = Step("train-attribution", plan)
main = job_main(train_attribution)

if __name__ == "__main__":
    sys.exit(main())
