"""silver.set_aside: amounts that do not count because of another row, and amounts that a newer row may have changed."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from touchpoints.exchange_rates import build_daily_rates
from touchpoints.ids import identified
from touchpoints.knobs import DefaultCurrency, ExchangeRates, Platforms
from touchpoints.line_outcomes import line_outcomes
from touchpoints.order_outcomes import ORDERS, PURCHASES, event_outcomes, order_outcomes
from touchpoints.order_versions import newest_versions
from touchpoints.outcomes import SHOWN, UNSETTLED
from touchpoints.rate_outcomes import rate_outcomes
from touchpoints.spend_versions import spend_outcomes
from touchpoints.usable import OF_EVENT, tokenised, usable_orders
from warehouse.checks import CheckResult, at_most, equal, side_by_side
from warehouse.conform import conform, with_contract_columns
from warehouse.knobs import ReportingCurrency, ReportingDay, UnsettledLimit
from warehouse.pseudonyms import Pseudonyms
from warehouse.recipes import Changes, Recipe, Work
from warehouse.tables.bronze_ad_spend import BRONZE_AD_SPEND
from warehouse.tables.bronze_events import BRONZE_EVENTS
from warehouse.tables.bronze_exchange_rates import BRONZE_EXCHANGE_RATES
from warehouse.tables.bronze_orders import BRONZE_ORDERS
from warehouse.tables.bronze_quarantine import BRONZE_QUARANTINE
from warehouse.tables.silver_conversions import SILVER_CONVERSIONS
from warehouse.tables.silver_money_ledger import SILVER_MONEY_LEDGER
from warehouse.tables.silver_set_aside import SILVER_SET_ASIDE

# Every row is made, and only differences are written: few rows have money, and any of them can be set aside by another.
MONEY = Changes()
MONEY_INPUTS = (BRONZE_EVENTS, BRONZE_ORDERS, BRONZE_AD_SPEND, BRONZE_EXCHANGE_RATES, BRONZE_QUARANTINE)
OF_ORDERS = (ORDERS, PURCHASES)
MONEY_KNOBS = (DefaultCurrency, Platforms, ExchangeRates, ReportingDay, ReportingCurrency)


def build_set_aside(outcomes: DataFrame) -> DataFrame:
    """One row per row of `outcomes` (see `touchpoints.outcomes`) whose amount does not count or is not settled."""
    return conform(outcomes.where(F.col("outcome").isin(*SHOWN)), SILVER_SET_ASIDE)


def money_outcomes(work: Work) -> DataFrame:
    """What became of every amount in bronze: one row per row with an amount, or part of it."""
    currency, timezone = work.knobs(ReportingCurrency).currency, work.knobs(ReportingDay).timezone
    # A lake of before lacks what says which rows are lines.
    secret = work.knobs(Pseudonyms).secret()
    orders = usable_orders(with_contract_columns(work.read(BRONZE_ORDERS), BRONZE_ORDERS), secret)
    landed_rates = work.read(BRONZE_EXCHANGE_RATES)
    # A lake of before lacks the columns that say what a row is about.
    landed = with_contract_columns(work.read(BRONZE_QUARANTINE), BRONZE_QUARANTINE)
    quarantine = _with_tokens(landed, secret)
    max_age_days = work.knobs(ExchangeRates).max_age_days
    rates = build_daily_rates(landed_rates, report_currency=currency, max_age_days=max_age_days)
    of_events = event_outcomes(
        tokenised(identified(work.read(BRONZE_EVENTS)), OF_EVENT, secret),
        newest_versions(orders),
        quarantine,
        rates,
        default_currency=work.knobs(DefaultCurrency).default_currency or currency,
        timezone=timezone,
        report_currency=currency,
    )
    of_spend = spend_outcomes(
        work.read(BRONZE_AD_SPEND),
        quarantine,
        rates,
        platforms=work.knobs(Platforms).platforms,
        timezone=timezone,
        report_currency=currency,
    )
    of_orders = order_outcomes(
        orders.where(F.col("part").isNull()), quarantine, rates, timezone=timezone, report_currency=currency
    )
    of_lines = line_outcomes(orders, quarantine, rates, input_=ORDERS, timezone=timezone, report_currency=currency)
    outcomes = (
        of_orders.unionByName(of_lines)
        .unionByName(of_events)
        .unionByName(of_spend)
        .unionByName(rate_outcomes(landed_rates))
    )
    return work.stage("money_outcomes", outcomes)


def _with_tokens(quarantine: DataFrame, secret: bytes | None) -> DataFrame:
    """Rows of quarantine by the tokens of orders and events; ids of spend and rates name nobody."""
    names_nobody = ~F.col("table_name").isin(BRONZE_EVENTS.full_name, BRONZE_ORDERS.full_name)
    kept = F.when(names_nobody, F.col("record_id"))
    return tokenised(quarantine.withColumn("kept", kept), ("record_id",), secret).withColumn(
        "record_id", F.coalesce("kept", "record_id")
    )


def check_set_aside(
    set_aside: DataFrame, ledger: DataFrame, conversions: DataFrame, *, max_unsettled_share: float
) -> list[CheckResult]:
    """The rows that are listed are those that the ledger sums, and few of the orders' money is unsettled."""
    shown = ledger.where(F.col("outcome").isin(*SHOWN))
    found = side_by_side(
        set_aside.agg(F.count(F.lit(1)).alias("listed"), F.sum("amount").alias("listed_amount")),
        shown.agg(F.sum("rows").alias("summed"), F.sum("amount").alias("summed_amount")),
    )
    return [
        equal("rows set aside are those of the ledger", found["summed"], found["listed"]),
        equal("amounts set aside are those of the ledger", found["summed_amount"], found["listed_amount"]),
        _check_unsettled(set_aside, conversions, max_unsettled_share),
    ]


def _check_unsettled(set_aside: DataFrame, conversions: DataFrame, limit: float) -> CheckResult:
    """The share of unsettled orders in the gross value of purchases, in the reporting currency.

    The detail names rows in quarantine, not orders: it is printed, and order numbers lead to persons.
    """
    of_orders = set_aside.where((F.col("outcome") == UNSETTLED) & F.col("input").isin(*OF_ORDERS))
    value = F.col("report_gross_value")
    place = F.concat_ws(":", "other_file", F.col("other_line").cast("string"))
    purchases = conversions.where(F.col("conversion_type") == "purchase").join(
        of_orders.select(F.col("record_id").alias("order_id"), F.lit(True).alias("is_unsettled")).distinct(),
        "order_id",
        how="left",
    )
    found = side_by_side(
        purchases.agg(F.sum(F.when(F.col("is_unsettled"), value)).alias("unsettled"), F.sum(value).alias("all")),
        of_orders.agg(F.sort_array(F.collect_set(place)).alias("rows")),
    )
    share = float(found["unsettled"] or 0) / float(found["all"] or 1)
    more = f" and {len(found['rows']) - 3} more" if len(found["rows"]) > 3 else ""
    return at_most(
        "share of the value of orders whose newest row is in quarantine (quality.max_unsettled_share)",
        limit,
        share,
        detail=", ".join(found["rows"][:3]) + more,
    )


SET_ASIDE = Recipe(
    table=SILVER_SET_ASIDE,
    inputs=MONEY_INPUTS,
    knobs=(*MONEY_KNOBS, Pseudonyms),
    build=lambda work: build_set_aside(work.once(money_outcomes)),
    changes=MONEY,
    checks=lambda work: check_set_aside(
        work.read(SILVER_SET_ASIDE),
        work.read(SILVER_MONEY_LEDGER),
        work.read(SILVER_CONVERSIONS),
        max_unsettled_share=work.run.knobs(UnsettledLimit).max_unsettled_share,  # no row depends on it
    ),
)
