"""silver.set_aside: amounts that do not count because another row counts in their place."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.knobs import DefaultCurrency
from touchpoints.order_outcomes import event_outcomes, order_outcomes
from touchpoints.outcomes import SHOWN
from touchpoints.rate_outcomes import rate_outcomes
from touchpoints.spend_versions import spend_outcomes
from warehouse.checks import CheckResult, equal, side_by_side
from warehouse.conform import conform
from warehouse.knobs import ReportingCurrency, ReportingDay
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.silver_money_ledger import SILVER_MONEY_LEDGER
from warehouse.tables.silver_set_aside import SILVER_SET_ASIDE

# Every row is made, and only differences are written: few rows have money, and any of them can be set aside by another.
MONEY = Changes()
MONEY_INPUTS = (BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES)
MONEY_KNOBS = (DefaultCurrency, ReportingDay, ReportingCurrency)


def build_set_aside(outcomes: DataFrame) -> DataFrame:
    """One row per row of `outcomes` (see `touchpoints.outcomes`) whose amount another row took out of the figures."""
    return conform(outcomes.where(F.col("outcome").isin(*SHOWN)), SILVER_SET_ASIDE)


def money_outcomes(work: Work) -> DataFrame:
    """What became of every amount in bronze: one row per row with an amount, or part of it."""
    currency = work.knobs(DefaultCurrency).default_currency or work.knobs(ReportingCurrency).currency
    orders = work.read(BRONZE_ORDERS)
    of_events = event_outcomes(
        work.read(BRONZE_EVENTS), orders, default_currency=currency, timezone=work.knobs(ReportingDay).timezone
    )
    outcomes = (
        order_outcomes(orders)
        .unionByName(of_events)
        .unionByName(spend_outcomes(work.read(BRONZE_AD_SPEND)))
        .unionByName(rate_outcomes(work.read(BRONZE_EXCHANGE_RATES)))
    )
    return work.persist(outcomes)


def check_set_aside(set_aside: DataFrame, ledger: DataFrame) -> list[CheckResult]:
    """The rows that are listed are those that the ledger sums."""
    shown = ledger.where(F.col("outcome").isin(*SHOWN))
    found = side_by_side(
        set_aside.agg(F.count(F.lit(1)).alias("listed"), F.sum("amount").alias("listed_amount")),
        shown.agg(F.sum("rows").alias("summed"), F.sum("amount").alias("summed_amount")),
    )
    return [
        equal("rows set aside are those of the ledger", found["summed"], found["listed"]),
        equal("amounts set aside are those of the ledger", found["summed_amount"], found["listed_amount"]),
    ]


SET_ASIDE = Recipe(
    table=SILVER_SET_ASIDE,
    inputs=MONEY_INPUTS,
    knobs=MONEY_KNOBS,
    build=lambda work: build_set_aside(work.once(money_outcomes)),
    changes=MONEY,
    checks=lambda work: check_set_aside(work.read(SILVER_SET_ASIDE), work.read(SILVER_MONEY_LEDGER)),
)
