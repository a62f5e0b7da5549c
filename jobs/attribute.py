"""spark-submit jobs/attribute.py --config conf/demo.yaml: journeys, credits, channel performance and paths."""

from __future__ import annotations

import sys

from attribution.ad_abuse import AD_ABUSE
from attribution.attribution_credits import CREDITS
from attribution.channel_performance import PERFORMANCE
from attribution.conversion_links import CONVERSION_LINKS
from attribution.journeys import JOURNEYS
from attribution.path_summary import PATHS
from attribution.skan_performance import SKAN_PERFORMANCE
from attribution.tracking_losses import TRACKING_LOSSES
from attribution.unattributed_conversions import UNATTRIBUTED_CONVERSIONS
from attribution.unmatched_spend import UNMATCHED_SPEND
from jobs.options import AsOf, Config, DryRun, Full, Json, job_main, run_steps
from jobs.run import table_step

RECIPES = (
    JOURNEYS, CREDITS, PERFORMANCE, UNMATCHED_SPEND, AD_ABUSE, PATHS, CONVERSION_LINKS, SKAN_PERFORMANCE,
    UNATTRIBUTED_CONVERSIONS,
    TRACKING_LOSSES,
)  # fmt: skip
STEP = table_step("attribute", RECIPES, current="silver and settings are those gold was made from")
# Data-driven models are fitted on journeys before anything is credited.
JOURNEYS_STEP = table_step("journeys", (JOURNEYS,), current="silver and settings are those journeys were made from")


def attribute(
    config: Config = None, as_of: AsOf = None, full: Full = False, dry_run: DryRun = False, json: Json = False
) -> None:
    """Give every conversion's credit to channels, under every model of attribution.models.

    Example: distributary attribute --config conf/demo.yaml
    """
    run_steps("attribute", [STEP], config=config, as_of=as_of, full=full, dry_run=dry_run, as_json=json)


main = job_main(attribute)

if __name__ == "__main__":
    sys.exit(main())
