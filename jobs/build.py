"""spark-submit jobs/build.py --config conf/demo.yaml: silver, what happened in one vocabulary."""

from __future__ import annotations

import sys

from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.run import table_step
from touchpoints.activity import ACTIVITY
from touchpoints.ad_spend import AD_SPEND
from touchpoints.aliases import ALIASES
from touchpoints.conversions import CONVERSIONS
from touchpoints.identities import IDENTITIES
from touchpoints.money_ledger import MONEY_LEDGER
from touchpoints.orders import ORDERS
from touchpoints.robots import ROBOTS
from touchpoints.sessions import SESSIONS
from touchpoints.set_aside import SET_ASIDE
from touchpoints.source_findings import SOURCE_FINDINGS
from touchpoints.touchpoints import TOUCHPOINTS

RECIPES = (
    ALIASES, IDENTITIES, SESSIONS, ROBOTS, TOUCHPOINTS, SOURCE_FINDINGS, ACTIVITY, ORDERS, CONVERSIONS, AD_SPEND,
    SET_ASIDE, MONEY_LEDGER,
)  # fmt: skip
STEP = table_step("build", RECIPES, current="bronze and settings are those silver was made from")


def build(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Build the silver tables from bronze. Nothing is written where bronze and settings are unchanged.

    Example: distributary build --config conf/demo.yaml
    """
    run_steps("build", [STEP], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


main = job_main(build)

if __name__ == "__main__":
    sys.exit(main())
