"""silver.money_ledger: what became of every amount in bronze, summed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from touchpoints.ids import MONEY_EVENTS
from touchpoints.knobs import DefaultCurrency
from touchpoints.lost_by_name import lost_by_name
from touchpoints.order_outcomes import ORDERS, PURCHASES, REFUNDS
from touchpoints.outcomes import IN_FORCE, SHOWN
from touchpoints.rate_outcomes import RATES
from touchpoints.set_aside import MONEY, MONEY_INPUTS, MONEY_KNOBS, money_outcomes
from touchpoints.spend_versions import SPEND
from warehouse.checks import CheckResult, equal
from warehouse.conform import conform
from warehouse.knobs import ReportingCurrency
from warehouse.recipes import Recipe, Work
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.silver_ad_spend import SILVER_AD_SPEND
from warehouse.tables.silver_money_ledger import SILVER_MONEY_LEDGER
from warehouse.tables.silver_orders import SILVER_ORDERS

# How the rows of an input are called in one line: where they stand, and what one is.
IN_WORDS = {
    ORDERS: ("orders", "order row"),
    PURCHASES: ("orders", "purchase"),
    REFUNDS: ("orders", "refund"),
    SPEND: ("ad_spend", "row"),
    RATES: ("exchange_rates", "rate"),
}


ANY = "any currency"


def build_money_ledger(outcomes: DataFrame) -> DataFrame:
    """One row per input, currency, outcome and reason of `outcomes` (see `touchpoints.outcomes`): rows and amounts."""
    summed = outcomes.groupBy("input", "currency", "outcome", "reason").agg(
        F.sum("rows").alias("rows"), F.sum("amount").alias("amount")
    )
    return conform(summed, SILVER_MONEY_LEDGER)


def in_words(ledger: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line per kind of amount that is set aside, e.g. 'orders: 60.00 USD of 1 purchase set aside: same order_id,
    other day and value'; the largest first."""
    lines = []
    for row in sorted(ledger, key=lambda row: (-row["amount"], row["input"], row["currency"], row["reason"])):
        if row["outcome"] in SHOWN:
            where, what = IN_WORDS[row["input"]]
            rows = f"{row['rows']:,} {what}{'' if row['rows'] == 1 else 's'}"
            amount = "" if row["input"] == RATES else f"{row['amount']:,.2f} {row['currency']} of "
            lines.append(f"{where}: {amount}{rows} {row['outcome'].replace('_', ' ')}: {row['reason']}")
    return lines


def check_money_ledger(
    ledger: DataFrame, bronze: Mapping[str, DataFrame], silver: Mapping[str, DataFrame]
) -> list[CheckResult]:
    """By input and currency: the ledger's outcomes add up to bronze, and what counted is in silver.

    `bronze` and `silver` are frames of currency and amount, by input; refunds, whose currency may be their order's, are
    compared over any currency.
    """
    compared_as = F.when(F.col("input") == REFUNDS, F.lit(ANY)).otherwise(F.col("currency"))
    of_ledger = ledger.select(
        "input", compared_as.alias("currency"), "amount", F.col("outcome").isin(*IN_FORCE).alias("is_counted")
    )
    frames = [
        _sums(of_ledger, "ledger", F.col("input")),
        _sums(of_ledger.where("is_counted"), "counted", F.col("input")),
        *(_sums(frame, "bronze", F.lit(input_)) for input_, frame in bronze.items()),
        *(_sums(frame, "silver", F.lit(input_)) for input_, frame in silver.items()),
    ]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in reduce(DataFrame.unionByName, frames).collect():  # a few rows per input and currency
        found.setdefault((row["input"], row["currency"]), {})[row["of"]] = row["amount"]
    results = []
    for (input_, currency), sums in sorted(found.items()):
        if input_ in bronze:
            name = f"{input_} in {currency}: what became of the amounts adds up to bronze"
            results.append(equal(name, sums.get("bronze"), sums.get("ledger")))
        if input_ in silver:
            name = f"{input_} in {currency}: the amounts that count are those of silver"
            results.append(equal(name, sums.get("counted"), sums.get("silver")))
    return results


def _sums(frame: DataFrame, of: str, input_: Column) -> DataFrame:
    return (
        frame.withColumn("input", input_)
        .groupBy("input", "currency")
        .agg(F.sum("amount").cast("decimal(38,6)").alias("amount"))
        .withColumn("of", F.lit(of))
    )


def _check(work: Work) -> list[CheckResult]:
    default = F.lit(work.knobs(DefaultCurrency).default_currency or work.knobs(ReportingCurrency).currency)
    events, orders, silver_orders = work.read(BRONZE_EVENTS), work.read(BRONZE_ORDERS), work.read(SILVER_ORDERS)
    purchases, refunds = (events.where(F.col("event_name") == name) for name in MONEY_EVENTS)
    counted = {"orders": ORDERS, "events": PURCHASES}
    return check_money_ledger(
        work.read(SILVER_MONEY_LEDGER),
        bronze={
            ORDERS: orders.select("currency", F.col("value").alias("amount")),
            PURCHASES: purchases.select(
                F.coalesce("currency", default).alias("currency"), F.coalesce("value", F.lit(0)).alias("amount")
            ),
            REFUNDS: refunds.select(F.lit(ANY).alias("currency"), F.coalesce("value", F.lit(0)).alias("amount")),
            SPEND: work.read(BRONZE_AD_SPEND).select("currency", F.col("spend").alias("amount")),
        },
        silver={
            **{
                input_: silver_orders.where(F.col("origin") == origin).select(
                    "currency", F.col("value").alias("amount")
                )
                for origin, input_ in counted.items()
            },
            SPEND: work.read(SILVER_AD_SPEND).select("currency", F.col("spend").alias("amount")),
        },
    )


def _build(work: Work) -> DataFrame:
    work.once(lost_by_name)  # before the ledger is written: its origin says what landed since
    return build_money_ledger(work.once(money_outcomes))


def _say(work: Work) -> None:
    for line in (*in_words(work.lake.rows(SILVER_MONEY_LEDGER)), *work.once(lost_by_name)):
        work.run.say(line)


MONEY_LEDGER = Recipe(
    table=SILVER_MONEY_LEDGER,
    inputs=MONEY_INPUTS,
    knobs=MONEY_KNOBS,
    build=_build,
    changes=MONEY,
    checks=_check,
    after=_say,
)
