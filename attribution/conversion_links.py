"""gold.conversion_links: which small step predicts which conversion.

A visit with the step is set beside visits by the same channel without it: most buyers put something into a cart first,
so the share of buyers who did says nothing; how much oftener such visits are followed by a purchase does. It is a
prediction, not an effect: who means to buy fills carts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from attribution.knobs import CreditedTypes, LinkKnobs
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.contracts import MONEY, MONEY_SUM
from warehouse.knobs import ReportingCurrency
from warehouse.numbers import rounded
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.gold_conversion_links import GOLD_CONVERSION_LINKS
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_sessions import SILVER_SESSIONS

ALL_CHANNELS = "(all)"
MICROS_PER_DAY = 86_400_000_000
Z = 1.959963984540054  # of 95%


def build_conversion_links(
    conversions: DataFrame,
    sessions: DataFrame,
    *,
    conversion_types: Sequence[str],
    within_days: int,
    report_currency: str,
) -> DataFrame:
    """One row per auxiliary type, type of `conversion_types` and channel that has visits with the auxiliary, and one
    for all channels.

    A visit is a session that no robot made. It counts if it ended `within_days` or more before the newest visit's end,
    so that what could follow it has been seen. A visit with the step is followed if the person's next conversion of the
    type comes at the first such step of the visit or later, by `within_days` at most (inclusive); a visit without it,
    likewise from its start. An auxiliary conversion outside visits, such as a server's, is no step of one.
    The intervals are Wilson's (1927) for the probability, and Katz et al.'s (1978) for the lift, with visits taken as
    independent.
    """
    people = Window.partitionBy("person_key", "person_id")
    # Downwards in time; of one moment the conversions that count first, so that a step and a visit's start see them.
    is_counted = F.coalesce(F.col("type").isin(list(conversion_types)), F.lit(False))
    later = people.orderBy(F.col("at").desc(), is_counted.desc(), F.col("id").desc())
    upto = later.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    rows = _rows(conversions, sessions)
    followers = {
        f"next_{number}": F.last(
            F.when(~F.col("is_visit") & (F.col("type") == name), F.struct("at", "report_value")), ignorenulls=True
        ).over(upto)
        for number, name in enumerate(conversion_types)
    }
    with_next = rows.select("*", *(column.alias(name) for name, column in followers.items()))
    newest = sessions.where(~F.col("is_bot")).agg(F.max("ended_at").alias("newest_at"))
    visits = (
        with_next.where("is_visit")
        .join(F.broadcast(newest), how="cross")
        .where(F.unix_micros("newest_at") - F.unix_micros("ended_at") >= within_days * MICROS_PER_DAY)
        .select("session_id", "channel", F.col("at").alias("started_at"), *followers)
    )
    steps = (
        with_next.where(~F.col("is_visit") & ~F.col("is_final") & F.col("session_id").isNotNull())
        .groupBy("session_id", "type")
        .agg(F.min(F.struct("at", "id", *followers)).alias("step"))
    )
    of_visits = visits.join(steps, "session_id", how="inner")
    with_step = of_visits.groupBy(F.col("type").alias("auxiliary_type"), "channel").agg(
        F.count(F.lit(1)).alias("visits"),
        *(
            measure
            for number, _ in enumerate(conversion_types)
            for measure in (
                *_followed(f"step.next_{number}", "step.at", within_days, number),
                _count_followed(f"next_{number}", "started_at", within_days).alias(f"base_{number}"),
            )
        ),
    )
    all_visits = visits.groupBy("channel").agg(
        F.count(F.lit(1)).alias("all_visits"),
        *(
            _count_followed(f"next_{number}", "started_at", within_days).alias(f"all_{number}")
            for number, _ in enumerate(conversion_types)
        ),
    )
    by_type = _by_type(with_step.join(all_visits, "channel", how="inner"), conversion_types)
    # A channel whose visits never have the step is in no row of its own, but in that of all channels.
    totals = all_visits.agg(*(F.sum(name).alias(name) for name in all_visits.columns if name != "channel"))
    summed = with_step.groupBy("auxiliary_type").agg(
        *(F.sum(name).alias(name) for name in with_step.columns if name not in ("auxiliary_type", "channel"))
    )
    of_all = _by_type(
        summed.withColumn("channel", F.lit(ALL_CHANNELS)).join(F.broadcast(totals), how="cross"), conversion_types
    )
    links = by_type.unionByName(of_all).where(F.col("auxiliary_type") != F.col("conversion_type"))
    return conform(
        _with_rates(links).withColumns({"within_days": F.lit(within_days), "currency": F.lit(report_currency)}),
        GOLD_CONVERSION_LINKS,
    )


def _rows(conversions: DataFrame, sessions: DataFrame) -> DataFrame:
    """Visits and conversions of each person as one frame."""
    key = F.xxhash64("person_id").alias("person_key")
    visits = sessions.where(~F.col("is_bot")).select(
        key,
        "person_id",
        F.col("started_at").alias("at"),
        F.lit(True).alias("is_visit"),
        F.lit(False).alias("is_final"),
        F.col("session_id").alias("id"),
        F.lit(None).cast("string").alias("type"),
        F.lit(None).cast(MONEY).alias("report_value"),
        "session_id",
        "ended_at",
        "channel",
    )
    others = conversions.select(
        key,
        "person_id",
        F.col("converted_at").alias("at"),
        F.lit(False).alias("is_visit"),
        "is_final",
        F.col("conversion_id").alias("id"),
        F.col("conversion_type").alias("type"),
        "report_value",
        "session_id",
        F.lit(None).cast("timestamp").alias("ended_at"),
        F.lit(None).cast("string").alias("channel"),
    )
    return visits.unionByName(others)


def _is_followed(next_: str, origin: str, within_days: int) -> Column:
    delay = F.unix_micros(f"{next_}.at") - F.unix_micros(origin)
    return F.coalesce(delay <= within_days * MICROS_PER_DAY, F.lit(False))


def _count_followed(next_: str, origin: str, within_days: int) -> Column:
    return F.count_if(_is_followed(next_, origin, within_days))


def _followed(next_: str, origin: str, within_days: int, number: int) -> list[Column]:
    is_followed = _is_followed(next_, origin, within_days)
    delay = (F.unix_micros(f"{next_}.at") - F.unix_micros(origin)).cast("decimal(20,0)")
    return [
        F.count_if(is_followed).alias(f"followed_{number}"),
        F.sum(F.when(is_followed, delay)).alias(f"micros_{number}"),
        F.sum(F.when(is_followed, F.col(f"{next_}.report_value"))).alias(f"value_{number}"),
    ]


def _by_type(frame: DataFrame, conversion_types: Sequence[str]) -> DataFrame:
    """One row for each conversion type of what stands side by side."""

    def of_type(number: int, name: str) -> DataFrame:
        zero = F.lit(0)
        return frame.select(
            "auxiliary_type",
            F.lit(name).alias("conversion_type"),
            "channel",
            "visits",
            F.col(f"followed_{number}").alias("followed"),
            (F.col("all_visits") - F.col("visits")).alias("other_visits"),
            (F.col(f"all_{number}") - F.col(f"base_{number}")).alias("other_followed"),
            F.coalesce(F.col(f"micros_{number}"), zero).cast(MONEY_SUM).alias("micros"),
            F.coalesce(F.col(f"value_{number}"), zero).cast(MONEY_SUM).alias("value"),
        )

    return reduce(DataFrame.unionByName, (of_type(*one) for one in enumerate(conversion_types)))


def _with_rates(links: DataFrame) -> DataFrame:
    visits, followed = F.col("visits").cast("double"), F.col("followed").cast("double")
    others, other_followed = F.col("other_visits").cast("double"), F.col("other_followed").cast("double")
    share = followed / visits
    centre, width = share + Z * Z / (2 * visits), Z * F.sqrt(share * (1 - share) / visits + Z * Z / (4 * visits**2))
    scale = 1 + Z * Z / visits
    lift = share / (other_followed / others)
    log_width = Z * F.sqrt(1 / followed - 1 / visits + 1 / other_followed - 1 / others)
    has_lift = F.col("other_followed") > 0
    has_interval = has_lift & (F.col("followed") > 0)
    seconds = (F.col("micros") / F.lit(1_000_000)).cast(MONEY_SUM)
    days = F.col("micros").cast("double") / MICROS_PER_DAY / followed
    return links.withColumns(
        {
            "probability": rounded(share, 9),
            # At 0 of n and at n of n the interval ends there; doubles may miss it by their last digit.
            "probability_lower": rounded(F.greatest((centre - width) / scale, F.lit(0.0)), 9),
            "probability_upper": rounded(F.least((centre + width) / scale, F.lit(1.0)), 9),
            "lift": F.when(has_lift, rounded(lift, 9)),
            "lift_lower": F.when(has_interval, rounded(lift * F.exp(-log_width), 9)),
            "lift_upper": F.when(has_interval, rounded(lift * F.exp(log_width), 9)),
            "seconds_to_conversion": seconds,
            "days_to_conversion": F.when(F.col("followed") > 0, rounded(days, 9)),
            "value_per_visit": rounded(F.col("value").cast("double") / visits, 6),
        }
    )


def check_conversion_links(links: DataFrame) -> list[CheckResult]:
    """The channels' visits of a step add up to those of all channels, and so do those that were followed."""
    is_all = F.col("channel") == ALL_CHANNELS
    sums = {name: F.sum(F.when(is_all, F.col(name)).otherwise(-F.col(name))) for name in ("visits", "followed")}
    found = side_by_side(links.agg(*(total.alias(name) for name, total in sums.items())))
    return [equal(f"{name} by channel and of all channels in conversion_links", 0, found[name] or 0) for name in sums]


def best_in_words(links: DataFrame) -> str:
    """The step that predicts a conversion most surely, by the lower end of its lift, in one line; '' without one."""
    of_all = links.where((F.col("channel") == ALL_CHANNELS) & (F.col("lift_lower") > 1))
    best = of_all.orderBy(F.col("lift_lower").desc(), "auxiliary_type", "conversion_type").first()
    if best is None:
        return ""
    return (
        f"{best['auxiliary_type']} predicts {best['conversion_type']} best: {best['probability']:.1%} of visits with "
        f"it are followed by one within {best['within_days']} days, {best['lift']:.1f} times as many as of other "
        f"visits ({best['lift_lower']:.1f} to {best['lift_upper']:.1f}): see gold.conversion_links"
    )


def _build(work: Work) -> DataFrame:
    return build_conversion_links(
        work.read(SILVER_CONVERSIONS),
        work.read(SILVER_SESSIONS),
        conversion_types=work.knobs(CreditedTypes).conversion_types,
        within_days=work.knobs(LinkKnobs).within_days,
        report_currency=work.knobs(ReportingCurrency).currency,
    )


def _say_best(work: Work) -> None:
    if words := best_in_words(work.read(GOLD_CONVERSION_LINKS)):
        work.run.say(words)


CONVERSION_LINKS = Recipe(
    table=GOLD_CONVERSION_LINKS,
    inputs=(SILVER_CONVERSIONS, SILVER_SESSIONS),
    knobs=(CreditedTypes, LinkKnobs, ReportingCurrency),
    build=_build,
    changes=Changes(),  # every row is built, and only differences are written
    checks=lambda work: check_conversion_links(work.read(GOLD_CONVERSION_LINKS)),
    after=_say_best,
)
