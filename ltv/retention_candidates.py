"""Who can be on a retention list: value at risk of each customer, and places by it among all and among the best."""

from __future__ import annotations

import datetime as dt
from functools import partial

import pandas as pd
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from ltv.customer_summary import of_day
from ltv.customer_value import champion_of, scorer
from ltv.delta_method import quantile
from ltv.histories import Array
from ltv.knobs import RetentionCampaign, Scoring
from ltv.predictions import HISTORY, with_predictions
from ltv.retention import SPEND_SQUARE, Uplift, mean_discount, purchases_at_risk, uplift_of
from ltv.value_model import ValueModel
from warehouse.days import report_day
from warehouse.knobs import ReportingDay
from warehouse.recipes import Work
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import GOLD_CUSTOMER_VALUE
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS

AT_RISK = ("leaving", "lost_purchases", "lost_pairs", "lost_log_error")
TENTHS = 10


def retention_candidates(
    value: DataFrame,
    summary: DataFrame,
    refunds: DataFrame,
    *,
    model: ValueModel,
    campaign: RetentionCampaign,
    scoring: Scoring,
    timezone: str,
) -> DataFrame:
    """One row per customer of gold.customer_value (one as_of) who may be contacted.

    `summary` has their histories, `refunds` is the result of `refunded_shares`. Columns of gold.retention_list without
    the expected gain, and value_at_risk as a double; besides log_error, the standard error of its logarithm by the
    parameters; square, the mean square of what the customer would bring as a leaver who is kept; tenth, of all by
    value_at_risk, 1 the most; high_value_rank and high_value_tenth, the same among those of the same is_valuable.
    """
    last_day = report_day("last_order_at", timezone).alias("last_purchase_on")
    histories = summary.select("person_id", *HISTORY, *model.attributes, last_day)
    scores = value.select(
        "person_id", "as_of", "currency", "acquisition_channel", "model_version", "expected_order_value",
        "expected_order_value_upper",
    )  # fmt: skip
    margin = F.lit(scoring.margin * mean_discount(campaign.horizon_days, scoring.annual_discount_rate))
    worth = margin * F.col("expected_order_value")
    return _placed(
        with_predictions(histories, partial(_at_risk, model, campaign), AT_RISK, model=model)
        .drop(*model.attributes)
        .join(scores, on="person_id", how="inner")
        .join(refunds, on="person_id", how="left")
        .where(_may_be_contacted(campaign))
        .withColumn("value_at_risk", worth * F.col("lost_purchases"))
        .withColumn("value_if_kept", _where_positive("leaving", F.col("value_at_risk") / F.col("leaving")))
        .withColumn("square", F.lit(SPEND_SQUARE) * worth**2 * (F.col("lost_purchases") + F.col("lost_pairs")))
        .withColumn("log_error", F.sqrt(F.col("lost_log_error") ** 2 + _order_value_log_error(scoring) ** 2)),
        campaign,
    )


def refunded_shares(conversions: DataFrame, *, as_of: dt.date, timezone: str) -> DataFrame:
    """(person_id, refunded_share): refunds of the purchases up to as_of by their gross value, 0 where that is 0."""
    gross, net = (F.sum(name).cast("double") for name in ("report_gross_value", "report_value"))
    bought = (F.col("conversion_type") == "purchase") & (report_day("converted_at", timezone) <= F.lit(as_of))
    return (
        conversions.where(bought)
        .groupBy("person_id")
        .agg(gross.alias("gross"), net.alias("net"))
        .select(
            "person_id",
            _where_positive("gross", (F.col("gross") - F.col("net")) / F.col("gross")).alias("refunded_share"),
        )
    )


def expected_gain(campaign: RetentionCampaign, uplift: Uplift) -> Column:
    """uplift x value at risk - cost of a contact."""
    assert campaign.contact_cost is not None
    return F.lit(uplift.estimate) * F.col("value_at_risk") - F.lit(campaign.contact_cost)


def is_worth_it(campaign: RetentionCampaign, uplift: Uplift, rank: str = "rank") -> Column:
    """Whether a contact earns more than it costs, and is among the best retention.max_contacts of them."""
    gains = expected_gain(campaign, uplift) > 0
    return gains if campaign.max_contacts is None else gains & (F.col(rank) <= campaign.max_contacts)


def candidates_of(work: Work) -> DataFrame:
    """The candidates of the run's day, for `work.once`."""
    version = champion_of(work.run)
    assert version is not None, "made only where a model was trained"
    run, day, timezone = work.run, of_day(work.run.as_of), work.knobs(ReportingDay).timezone
    return work.persist(
        retention_candidates(
            work.read(GOLD_CUSTOMER_VALUE).where(day),
            work.read(GOLD_CUSTOMER_SUMMARY).where(day),
            refunded_shares(work.read(SILVER_CONVERSIONS), as_of=run.as_of, timezone=timezone),
            model=scorer(run, version).model.on(run.as_of),
            campaign=work.knobs(RetentionCampaign),
            scoring=work.knobs(Scoring),
            timezone=timezone,
        )
    )


def uplift_of_work(work: Work) -> Uplift:
    """The uplift by the run's knobs."""
    return uplift_of(work.knobs(RetentionCampaign), level=work.knobs(Scoring).interval_level)


def _at_risk(model: ValueModel, campaign: RetentionCampaign, histories: pd.DataFrame) -> dict[str, Array]:
    return purchases_at_risk(
        model,
        *(histories[name].to_numpy() for name in HISTORY),
        leaving_days=campaign.leaving_days,
        horizon_days=campaign.horizon_days,
        attributes=histories,
    )


def _may_be_contacted(campaign: RetentionCampaign) -> Column:
    fair = F.coalesce("refunded_share", F.lit(0.0)) <= campaign.max_refunded_share
    if campaign.max_days_since_purchase is None:
        return fair
    return fair & (F.datediff("as_of", "last_purchase_on") <= campaign.max_days_since_purchase)


def _where_positive(divisor: str, quotient: Column) -> Column:
    return F.when(F.col(divisor) > 0, quotient).otherwise(F.lit(0.0))


def _order_value_log_error(scoring: Scoring) -> Column:
    ratio = F.col("expected_order_value_upper") / F.col("expected_order_value")
    return F.coalesce(F.log(ratio) / F.lit(quantile(scoring.interval_level)), F.lit(0.0))


def _placed(candidates: DataFrame, campaign: RetentionCampaign) -> DataFrame:
    day = Window.partitionBy("as_of")
    best_first = (F.col("value_at_risk").desc(), F.col("person_id"))
    among_all = day.orderBy(*best_first)
    among_alike = Window.partitionBy("as_of", "is_valuable").orderBy(*best_first)
    by_value = F.percent_rank().over(day.orderBy(F.col("value_if_kept").desc()))
    return (
        candidates.withColumn("is_valuable", by_value < campaign.high_value_share)
        .withColumn("rank", F.row_number().over(among_all).cast("bigint"))
        .withColumn("tenth", F.ntile(TENTHS).over(among_all))
        .withColumn("high_value_rank", F.row_number().over(among_alike).cast("bigint"))
        .withColumn("high_value_tenth", F.ntile(TENTHS).over(among_alike))
    )
