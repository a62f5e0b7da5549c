"""gold.retention_list: whom to contact so that they stay, best first."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv.customer_summary import expired_days, of_run_day
from ltv.customer_value import MAX_MONEY, value_model_of
from ltv.delta_method import quantile
from ltv.knobs import RetentionCampaign, Scoring
from ltv.retention import Uplift
from ltv.retention_candidates import candidates_of, expected_gain, is_worth_it, uplift_of_work
from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.conform import conform
from warehouse.knobs import Registry, ReportingDay, ValueModelName
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import GOLD_CUSTOMER_VALUE
from warehouse.tables.gold_retention_list import GOLD_RETENTION_LIST
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS

MONEY_COLUMNS = ("value_if_kept", "value_at_risk", "expected_gain", "expected_gain_lower", "expected_gain_upper")


def build_retention_list(
    candidates: DataFrame, *, campaign: RetentionCampaign, uplift: Uplift, interval_level: float
) -> DataFrame:
    """One row per candidate of `retention_candidates` whose contact is worth its cost, the best max_contacts of them.

    Bounds: deviations by uplift and by parameters add up in squares.
    """
    at_risk = F.col("value_at_risk")
    by_model = F.lit(quantile(interval_level) * uplift.estimate) * at_risk * F.col("log_error")
    below, above = (F.sqrt((at_risk * F.lit(uplift.estimate - bound)) ** 2 + by_model**2) for bound in uplift[1:])
    gain = expected_gain(campaign, uplift)
    listed = (
        candidates.where(is_worth_it(campaign, uplift))
        .withColumn("expected_gain", gain)
        .withColumn("expected_gain_lower", gain - below)
        .withColumn("expected_gain_upper", gain + above)
    )
    # A very uncertain fit can give a bound beyond any money type, which must not fail the run.
    kept = {name: F.least(F.greatest(name, F.lit(-MAX_MONEY)), F.lit(MAX_MONEY)) for name in MONEY_COLUMNS}
    return conform(listed.withColumns(kept), GOLD_RETENTION_LIST)


def check_retention_list(listed: DataFrame, value: DataFrame, *, as_of: date) -> list[CheckResult]:
    """Places are counted from 1 without a gap, and the list is of customers of the day."""
    day = listed.where(F.col("as_of") == F.lit(as_of))
    found = side_by_side(day.agg(F.count(F.lit(1)).alias("rows"), F.coalesce(F.max("rank"), F.lit(0)).alias("last")))
    scored = value.where(F.col("as_of") == F.lit(as_of))
    return [
        equal("places of the retention list are as many as its customers", found["rows"], found["last"]),
        none_found(
            "customers of the retention list without a score",
            day.join(scored, on="person_id", how="left_anti").count(),
        ),
    ]


def _build(work: Work) -> DataFrame:
    campaign = work.knobs(RetentionCampaign)
    if campaign.contact_cost is None:
        return work.lake.spark.createDataFrame([], GOLD_RETENTION_LIST.ddl)
    return build_retention_list(
        work.once(candidates_of),
        campaign=campaign,
        uplift=uplift_of_work(work),
        interval_level=work.knobs(Scoring).interval_level,
    )


RETENTION_LIST = Recipe(
    table=GOLD_RETENTION_LIST,
    inputs=(SILVER_CONVERSIONS, GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE),
    knobs=(Scoring, RetentionCampaign, ReportingDay),
    registered=(Registry, ValueModelName),
    build=_build,
    is_of_day=True,
    models=value_model_of,
    slice=of_run_day,
    expired=expired_days,
    checks=lambda work: check_retention_list(
        work.read(GOLD_RETENTION_LIST), work.read(GOLD_CUSTOMER_VALUE), as_of=work.run.as_of
    ),
)
