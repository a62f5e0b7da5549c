"""gold.retention_profit: what a retention campaign is expected to earn, by how many are contacted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from ltv.customer_summary import of_run_day
from ltv.customer_value import champion_of, value_model_of
from ltv.knobs import RetentionCampaign, Scoring
from ltv.retention import NOBODY, Contacts, Uplift, campaign_profit
from ltv.retention_candidates import candidates_of, is_worth_it, uplift_of_work
from warehouse.checks import CheckResult, equal, none_found, side_by_side
from warehouse.conform import conform
from warehouse.knobs import Registry, ReportingCurrency, ReportingDay, ValueModelName
from warehouse.recipes import Recipe, Work
from warehouse.tables.gold_customer_summary import GOLD_CUSTOMER_SUMMARY
from warehouse.tables.gold_customer_value import GOLD_CUSTOMER_VALUE
from warehouse.tables.gold_retention_list import GOLD_RETENTION_LIST
from warehouse.tables.gold_retention_profit import AUDIENCES, BEST, GOLD_RETENTION_PROFIT, THRESHOLDS
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS

EVERYBODY, HIGH_VALUE = AUDIENCES
SUMMED = ("value_at_risk", "log_error", "square")


class Threshold(NamedTuple):
    """Some of an audience: who has the most value at risk; and the value at risk of the last of them."""

    audience: str
    threshold: str
    contacts: Contacts
    least_at_risk: float | None


def build_retention_profit(
    spark: SparkSession,
    thresholds: Sequence[Threshold],
    *,
    as_of: dt.date,
    campaign: RetentionCampaign,
    uplift: Uplift,
    interval_level: float,
    currency: str,
    model_version: str,
) -> DataFrame:
    """One row per threshold of `campaign_thresholds`: contacts, expected profit with its interval, and with what."""
    assert campaign.contact_cost is not None
    cost = campaign.contact_cost
    rows = [
        (
            as_of,
            one.audience,
            one.threshold,
            one.contacts.contacts,
            one.least_at_risk,
            one.contacts.value_at_risk,
            *campaign_profit(one.contacts, uplift, contact_cost=cost, level=interval_level),
            *uplift,
            cost,
            campaign.leaving_days,
            campaign.horizon_days,
            interval_level,
            currency,
            model_version,
        )
        for one in thresholds
    ]
    return conform(spark.createDataFrame(rows, GOLD_RETENTION_PROFIT.ddl), GOLD_RETENTION_PROFIT)


def campaign_thresholds(candidates: DataFrame, *, campaign: RetentionCampaign, uplift: Uplift) -> list[Threshold]:
    """Both audiences by tenths, as far as there are customers, then the best. One small query: sums by tenth.

    `candidates` is the result of `retention_candidates`.
    """
    of_everybody = (EVERYBODY, F.lit(True), "tenth", "rank")
    of_high_value = (HIGH_VALUE, F.col("is_valuable"), "high_value_tenth", "high_value_rank")
    found: list[Threshold] = []
    for audience, is_in, tenth, rank in (of_everybody, of_high_value):
        sums = (
            candidates.where(is_in)
            .select(F.col(tenth).alias("tenth"), is_worth_it(campaign, uplift, rank).alias("is_worth_it"), *SUMMED)
            .groupBy("tenth", "is_worth_it")
            .agg(
                F.count(F.lit(1)).alias("contacts"),
                F.sum("value_at_risk").alias("value_at_risk"),
                F.sum(F.col("value_at_risk") * F.col("log_error")).alias("error"),
                F.sum("square").alias("square"),
                F.min("value_at_risk").alias("least"),
            )
            .collect()
        )
        found += _of_sums(audience, sorted((row.asDict() for row in sums), key=_best_first))
    return found


def campaign_lines(profit: DataFrame) -> list[str]:
    """Rows of gold.retention_profit (one as_of) in words: a line for each audience's best contacts."""
    best = profit.where(F.col("threshold") == F.lit(BEST)).orderBy("audience").collect()
    return [_line(row.asDict()) for row in best]


def check_retention_profit(profit: DataFrame, listed: DataFrame, *, as_of: dt.date) -> list[CheckResult]:
    """The best contacts of everybody are the retention list; the expected profit lies in its interval."""
    day = profit.where(F.col("as_of") == F.lit(as_of))
    best = (F.col("audience") == F.lit(EVERYBODY)) & (F.col("threshold") == F.lit(BEST))
    is_inside = F.col("expected_profit").between(F.col("expected_profit_lower"), F.col("expected_profit_upper"))
    found = side_by_side(
        day.agg(F.coalesce(F.sum(F.when(best, F.col("contacts"))), F.lit(0)).alias("contacts")),
        listed.where(F.col("as_of") == F.lit(as_of)).agg(F.count(F.lit(1)).alias("listed")),
    )
    return [
        equal("customers of the retention list are the best contacts", found["contacts"], found["listed"]),
        none_found("profits outside of their intervals", day.where(~is_inside).count()),
    ]


def _line(row: Mapping[str, Any]) -> str:
    who = f"retention, {row['audience'].replace('_', ' ')}: "
    if not row["contacts"]:
        return f"{who}no contact is worth its cost"
    expected, lower, upper = (f"{row[f'expected_profit{end}']:,.0f}" for end in ("", "_lower", "_upper"))
    return (
        f"{who}{row['contacts']:,} contacts are expected to earn {expected} {row['currency']} ({lower} to {upper}), "
        f"something from an uplift of {row['break_even_uplift']:.2%} on"
    )


def _best_first(row: Mapping[str, Any]) -> tuple[int, bool]:
    return row["tenth"], not row["is_worth_it"]


def _of_sums(audience: str, sums: Sequence[Mapping[str, Any]]) -> list[Threshold]:
    """Thresholds from sums by tenth and whether a contact is worth its cost, the most value at risk first."""
    found: list[Threshold] = []
    so_far, best, least, least_of_best = NOBODY, NOBODY, None, None
    for place, row in enumerate(sums):
        contacts = Contacts(row["contacts"], row["value_at_risk"], row["error"], row["square"])
        so_far, least = so_far.plus(contacts), row["least"]
        if row["is_worth_it"]:
            best, least_of_best = best.plus(contacts), row["least"]
        if place + 1 == len(sums) or sums[place + 1]["tenth"] != row["tenth"]:
            found.append(Threshold(audience, THRESHOLDS[row["tenth"] - 1], so_far, least))
    return [*found, Threshold(audience, BEST, best, least_of_best)]


def _build(work: Work) -> DataFrame:
    campaign, version = work.knobs(RetentionCampaign), champion_of(work.run)
    if campaign.contact_cost is None:
        return work.lake.spark.createDataFrame([], GOLD_RETENTION_PROFIT.ddl)
    assert version is not None, "made only where a model was trained"
    uplift = uplift_of_work(work)
    return build_retention_profit(
        work.lake.spark,
        campaign_thresholds(work.once(candidates_of), campaign=campaign, uplift=uplift),
        as_of=work.run.as_of,
        campaign=campaign,
        uplift=uplift,
        interval_level=work.knobs(Scoring).interval_level,
        currency=work.knobs(ReportingCurrency).currency,
        model_version=version,
    )


RETENTION_PROFIT = Recipe(
    table=GOLD_RETENTION_PROFIT,
    inputs=(SILVER_CONVERSIONS, GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE, GOLD_RETENTION_LIST),
    knobs=(Scoring, RetentionCampaign, ReportingDay, ReportingCurrency),
    registered=(Registry, ValueModelName),
    build=_build,
    is_of_day=True,
    models=value_model_of,
    slice=of_run_day,
    checks=lambda work: check_retention_profit(
        work.read(GOLD_RETENTION_PROFIT), work.read(GOLD_RETENTION_LIST), as_of=work.run.as_of
    ),
)
