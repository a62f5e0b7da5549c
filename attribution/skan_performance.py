"""gold.skan_performance: what Apple's postbacks report of app installs, by day, network and campaign; no user."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from attribution.knobs import SkanKnobs, SkanValue
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY
from warehouse.days import report_day
from warehouse.file_order import file_order
from warehouse.knobs import ReportingCurrency, ReportingDay
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.bronze_skan_postbacks import BRONZE_SKAN_POSTBACKS
from warehouse.tables.gold_skan_performance import GOLD_SKAN_PERFORMANCE
from warehouse.terms import NOT_SET

# What makes two landed rows one postback: networks and partners both get it, and some send it again.
POSTBACK = ("ad_network_id", "transaction_id", "sequence_index")
MEANING = f"struct<event:string, revenue:{MONEY}>"


def build_skan_performance(postbacks: DataFrame, knobs: SkanKnobs, *, timezone: str, report_currency: str) -> DataFrame:
    """One row per day of receipt and key of the contract, with what its postbacks report.

    Of the rows of one postback the first one received counts; of those at one moment the one of the first file. Only
    ads that won have a value, whose meaning is that of the first entry of `knobs.values` that fits it.
    """
    first = Window.partitionBy(*POSTBACK).orderBy("received_at", file_order("source_file"), "source_line")
    once = postbacks.withColumn("place", F.row_number().over(first)).where(F.col("place") == 1)
    meant = once.withColumn("meaning", _meaning(knobs.values))
    labelled = meant.select(
        report_day("received_at", timezone).alias("date"),
        *("framework", "ad_network_id", "did_win", "sequence_index", "conversion_type"),
        *(F.coalesce(name, F.lit(NOT_SET)).alias(name) for name in ("app_id", "source_identifier", "interaction")),
        F.coalesce(F.col("meaning")["event"], F.lit(NOT_SET)).alias("event"),
        F.col("meaning")["revenue"].alias("revenue"),
        F.col("fine_level").isNotNull().alias("is_fine"),
        F.col("coarse_level").isNotNull().alias("is_coarse"),
    )
    won, is_fine, is_coarse = F.col("did_win"), F.col("is_fine"), F.col("is_coarse")
    is_first = won & (F.col("sequence_index") == 0)
    counted = {
        "postbacks": F.lit(True),
        "installs": is_first & (F.col("conversion_type") == "download"),
        "redownloads": is_first & (F.col("conversion_type") == "redownload"),
        "reengagements": is_first & (F.col("conversion_type") == "re-engagement"),
        "not_won": ~won,
        "second_postbacks": won & (F.col("sequence_index") == 1),
        "third_postbacks": won & (F.col("sequence_index") == 2),
        "fine_values": won & is_fine,
        "coarse_values": won & is_coarse & ~is_fine,
        "null_values": won & ~is_fine & ~is_coarse,
    }
    totals = labelled.groupBy(*GOLD_SKAN_PERFORMANCE.key).agg(
        *(F.count_if(condition).alias(name) for name, condition in counted.items()),
        F.coalesce(F.sum("revenue"), F.lit(0)).alias("revenue"),
    )
    channel = F.coalesce(*(F.when(F.col("ad_network_id") == id_, F.lit(name)) for id_, name in knobs.networks.items()),
                         F.lit(NOT_SET))  # fmt: skip
    return conform(totals.withColumns({"channel": channel, "currency": F.lit(report_currency)}), GOLD_SKAN_PERFORMANCE)


def _meaning(values: Sequence[SkanValue]) -> Column:
    """Event and revenue of the first of `values` that fits a postback; null where none does."""
    nothing = F.lit(None).cast(MEANING)
    return F.coalesce(*(F.when(F.col("did_win") & _fits(value), _meant(value)) for value in values), nothing)


def _meant(value: SkanValue) -> Column:
    revenue = None if value.revenue is None else Decimal(str(value.revenue))
    return F.struct(F.lit(value.event).cast("string").alias("event"), F.lit(revenue).cast(MONEY).alias("revenue")).cast(
        MEANING
    )


def _fits(value: SkanValue) -> Column:
    asked = {"app_id": value.app_id, "sequence_index": value.sequence, "coarse_level": value.coarse}
    conditions = [F.col(name) == wanted for name, wanted in asked.items() if wanted is not None]
    if value.fine is not None:
        conditions.append(F.col("fine_level").between(*value.fine))
    return reduce(Column.__and__, conditions)


def check_skan_performance(postbacks: DataFrame, performance: DataFrame) -> list[CheckResult]:
    """Every postback counts once, as won or not; every one that won has a kind of value, or none."""
    found = side_by_side(
        postbacks.agg(
            F.count_distinct(*POSTBACK).alias("postbacks"),
        ),
        performance.agg(
            *(
                F.coalesce(F.sum(name), F.lit(0)).alias(f"counted_{name}")
                for name in ("postbacks", "not_won", "fine_values", "coarse_values", "null_values")
            )
        ),
    )
    by_value = sum(found[f"counted_{name}"] for name in ("not_won", "fine_values", "coarse_values", "null_values"))
    return [
        equal("postbacks count once each", found["postbacks"], found["counted_postbacks"]),
        equal("postbacks that won have a value or none", found["postbacks"], by_value),
    ]


def in_words(performance: DataFrame) -> str:
    """How many installs and how many values postbacks report, in one line; '' where there is no postback."""
    found = side_by_side(
        performance.agg(
            *(F.sum(name).alias(name) for name in ("postbacks", "installs", "not_won", "null_values", "revenue")),
            F.max("currency").alias("currency"),
        )
    )
    if not found["postbacks"]:
        return ""
    won = found["postbacks"] - found["not_won"]
    share = f" ({found['null_values'] / won:.0%} of those that won without a value)" if won else ""
    return (
        f"Apple's postbacks: {found['postbacks']:,}{share}, {found['installs']:,} installs, "
        f"{found['revenue']:,.2f} {found['currency']}: see gold.skan_performance"
    )


def _build(work: Work) -> DataFrame:
    return build_skan_performance(
        work.read(BRONZE_SKAN_POSTBACKS),
        work.knobs(SkanKnobs),
        timezone=work.knobs(ReportingDay).timezone,
        report_currency=work.knobs(ReportingCurrency).currency,
    )


def _say(work: Work) -> None:
    if words := in_words(work.read(GOLD_SKAN_PERFORMANCE)):
        work.run.say(words)


SKAN_PERFORMANCE = Recipe(
    table=GOLD_SKAN_PERFORMANCE,
    inputs=(BRONZE_SKAN_POSTBACKS,),
    knobs=(SkanKnobs, ReportingDay, ReportingCurrency),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written: another postback may be the first
    checks=lambda work: check_skan_performance(work.read(BRONZE_SKAN_POSTBACKS), work.read(GOLD_SKAN_PERFORMANCE)),
    made_with=BRONZE_SKAN_POSTBACKS,
    after=_say,
)
