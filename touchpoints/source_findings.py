"""silver.source_findings: what touches lose of their source: unknown sources, self-referrals, ad clicks not paid."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Row, Window
from pyspark.sql import functions as F

from touchpoints.channel_rules import UNASSIGNED, ChannelRules
from touchpoints.channel_sql import category_sql, source_name_sql
from touchpoints.knobs import RuleFiles
from touchpoints.referrers import referrer_host
from touchpoints.source_list import SourceList
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.days import report_day
from warehouse.knobs import ReportingDay
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.silver_source_findings import SILVER_SOURCE_FINDINGS
from warehouse.tables.silver_touchpoints import SILVER_TOUCHPOINTS
from warehouse.terms import NOT_SET

MOST = 1000  # kinds of touches of a finding that have a row of their own
OTHER = "(other)"
KIND = ("source", "medium", "click_id_type", "channel", "site")
# Channels in which a source of no category ends; elsewhere the medium alone decides, and it need not be known.
OF_NO_CATEGORY = ("Referral", "Paid Other", UNASSIGNED)
IN_WORDS = {
    "unknown_source": "touches have a source of no list",
    "self_referral": "touches came from the site's own pages",
    "unpaid_click": "touches have an ad's click id and an unpaid channel",
}


def build_source_findings(
    touchpoints: DataFrame, rules: ChannelRules, sources: SourceList, *, timezone: str
) -> DataFrame:
    """One row per finding and KIND of touches: how many, and on which days. Of equally many the names decide."""
    named = touchpoints.withColumn("source_name", F.expr(source_name_sql()))
    known = named.withColumn("source_category", F.expr(category_sql(sources)))
    is_unknown = (
        F.col("source").isNotNull() & F.col("source_category").isNull() & F.col("channel").isin(*OF_NO_CATEGORY)
    )
    found = {
        "unknown_source": is_unknown,
        "self_referral": F.col("source_from") == "own_page",
        "unpaid_click": is_unpaid(rules, sources),
    }
    findings = F.array(*(F.when(condition, F.lit(name)) for name, condition in found.items())).cast("array<string>")
    site = F.when(F.col("source_from") == "own_page", referrer_host(F.col("landing_url")))
    each = known.select(
        F.explode(findings).alias("finding"),
        *(F.coalesce(name, F.lit(NOT_SET)).alias(name) for name in ("source", "medium", "click_id_type", "channel")),
        F.coalesce(site, F.lit(NOT_SET)).alias("site"),
        report_day("touched_at", timezone).alias("day"),
    ).where(F.col("finding").isNotNull())
    counted = each.groupBy("finding", *KIND).agg(
        F.count(F.lit(1)).alias("touches"), F.min("day").alias("first_day"), F.max("day").alias("last_day")
    )
    largest = Window.partitionBy("finding").orderBy(F.col("touches").desc(), *KIND)
    ranked = counted.withColumn("is_shown", F.row_number().over(largest) <= MOST)
    shown = ranked.withColumns({name: F.when(F.col("is_shown"), F.col(name)).otherwise(F.lit(OTHER)) for name in KIND})
    totals = shown.groupBy("finding", *KIND).agg(
        F.sum("touches").alias("touches"), F.min("first_day").alias("first_day"), F.max("last_day").alias("last_day")
    )
    return conform(totals, SILVER_SOURCE_FINDINGS)


def is_unpaid(rules: ChannelRules, sources: SourceList) -> Column:
    """Whether a touch has a click id that proves an ad, and its channel is none that such a click id can have."""
    paid = [rule.channel for rule in rules.overrules] or [
        rule.channel for rule in rules.rules if "Paid" in rule.channel
    ]
    has_click = F.coalesce(F.col("click_id_type").isin(sources.paid_click_ids), F.lit(False))
    return has_click & ~F.col("channel").isin(sorted(set(paid)))


def check_source_findings(touchpoints: DataFrame, findings: DataFrame) -> list[CheckResult]:
    """Every touch from an own page is among the self-referrals."""
    found = side_by_side(
        touchpoints.agg(F.count_if(F.col("source_from") == "own_page").alias("touches")),
        findings.agg(F.sum(F.when(F.col("finding") == "self_referral", F.col("touches"))).alias("counted")),
    )
    return [equal("touches from own pages are self-referrals", found["touches"], found["counted"] or 0)]


def findings_in_words(findings: DataFrame, touches: int, *, most: int = 3) -> list[str]:
    """One line per finding that there is: how many touches, their share, and the kinds with most of them."""
    lines = []
    rows = findings.orderBy(F.col("touches").desc(), *KIND).collect() if touches else []
    for finding, words in IN_WORDS.items():
        of_it = [row for row in rows if row["finding"] == finding]
        if of_it:
            count = sum(row["touches"] for row in of_it)
            top = ", ".join(f"{_kind(row)} {row['touches']:,}" for row in of_it[:most])
            lines.append(f"{count:,} of {touches:,} {words} ({count / touches:.1%}): {top}")
    return lines


def _kind(row: Row) -> str:
    shown = ("site",) if row["finding"] == "self_referral" else ("source", "medium")
    return " / ".join(row[name] for name in shown)


def _build(work: Work) -> DataFrame:
    files, timezone = work.knobs(RuleFiles), work.knobs(ReportingDay).timezone
    return build_source_findings(
        work.read(SILVER_TOUCHPOINTS), files.channel_rules(), files.sources(), timezone=timezone
    )


def _say_findings(work: Work) -> None:
    touches = work.read(SILVER_TOUCHPOINTS).count()
    for line in findings_in_words(work.read(SILVER_SOURCE_FINDINGS), touches):
        work.run.say(line)


SOURCE_FINDINGS = Recipe(
    table=SILVER_SOURCE_FINDINGS,
    inputs=(SILVER_TOUCHPOINTS,),
    knobs=(RuleFiles, ReportingDay),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written
    checks=lambda work: check_source_findings(work.read(SILVER_TOUCHPOINTS), work.read(SILVER_SOURCE_FINDINGS)),
    after=_say_findings,
)
