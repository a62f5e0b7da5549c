"""Total purchases and value of all customers, with predictive intervals.

Intervals of single customers must not be summed. Totals are built from sums of their own (estimate, gradient by the
parameters, variance at known parameters), which add up over partitions and channels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from ltv.backtest import Backtest
from ltv.intervals import Interval, Total, total_interval
from ltv.knobs import Scoring
from ltv.model_totals import Measure, estimated_for, model_totals
from ltv.own_error import with_own_error
from ltv.value_model import ValueModel

SUMS = "channel string, measure string, days int, estimate double, gradient array<double>, variance double"


@dataclass(frozen=True, kw_only=True)
class CustomerTotal:
    """One total: purchase days, or discounted margin (reporting currency), within `days` days after as_of.

    `channel` is the acquisition channel, None for all customers. Both intervals are predictive, of level
    interval_level: `interval` holds the model's own error, `if_model_holds` parameters and chance alone.
    """

    channel: str | None
    measure: Measure
    days: int
    interval: Interval
    if_model_holds: Interval


def customer_totals(
    summary: DataFrame,
    *,
    model: ValueModel,
    days: Sequence[int],
    scoring: Scoring,
    backtest: Backtest,
) -> list[CustomerTotal]:
    """Totals of gold.customer_summary (one as_of): of all customers, then by acquisition channel, horizons in order.

    `backtest` has the model's own error. Estimates are the sums of expected_purchases_<h>d and of clv_<h>d in
    gold.customer_value. The interval of a value is (0, inf) where spending is too uneven to have a variance.
    """
    money = F.col("monetary_value").cast("double").alias("monetary_value")
    keys = dict.fromkeys(("acquisition_channel", "frequency", "recency", "T", *model.attributes))
    counted = summary.groupBy(*keys, money).agg(F.count("*").alias("customers"))
    rows = counted.mapInPandas(_parts(model, tuple(days), scoring.margin, scoring.annual_discount_rate), SUMS).collect()
    totals: dict[tuple[str | None, str, int], list[Total]] = defaultdict(list)
    for row in rows:
        part = Total(row["estimate"], np.asarray(row["gradient"]), row["variance"])
        for channel in (None, row["channel"]):
            totals[channel, row["measure"], row["days"]].append(part)
    found: list[CustomerTotal] = []
    channels = sorted({row["channel"] for row in rows})
    measures: tuple[Measure, ...] = ("purchases", "value")
    for channel in (None, *channels):
        for measure in measures:
            for horizon in days:
                fits = estimated_for(model, measure, days=horizon)
                nothing = Total(0.0, np.zeros(sum(len(fit.theta) for fit in fits)), 0.0)
                first, *others = totals.get((channel, measure, horizon)) or [nothing]
                total = sum(others, first)
                alone = total_interval(total, *fits, level=scoring.interval_level)
                wide = with_own_error(alone, backtest.own_error(measure), level=scoring.interval_level)
                found.append(
                    CustomerTotal(channel=channel, measure=measure, days=horizon, interval=wide, if_model_holds=alone)
                )
    return found


def total_metrics(totals: Sequence[CustomerTotal]) -> dict[str, float]:
    """The totals of all customers by name: total_purchases_<h>d, total_value_<h>d, each also _lower and _upper."""
    return {
        f"total_{total.measure}_{total.days}d{end}": float(figure)
        for total in totals
        if total.channel is None
        for end, figure in zip(("", "_lower", "_upper"), total.interval, strict=True)
    }


def _parts(
    model: ValueModel, days: tuple[int, ...], margin: float, annual_discount_rate: float
) -> Callable[[Iterator[pd.DataFrame]], Iterator[pd.DataFrame]]:
    def add_up(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            rows = [
                (channel, measure, horizon, total.estimate, total.gradient, total.variance)
                for channel, customers in batch.groupby("acquisition_channel")
                for horizon in days
                for measure, total in model_totals(
                    model, customers, days=horizon, margin=margin, annual_discount_rate=annual_discount_rate
                ).items()
            ]
            yield pd.DataFrame(rows, columns=["channel", "measure", "days", "estimate", "gradient", "variance"])

    return add_up


def total_lines(totals: Sequence[CustomerTotal], currency: str) -> tuple[list[str], list[str]]:
    """Two lists of lines: one per total of all customers and, at the longest horizon, of each channel; and those of all
    customers at the longest horizon."""
    longest = max(total.days for total in totals)
    shown = [total for total in totals if total.channel is None or total.days == longest]
    of_all = [total for total in shown if (total.channel, total.days) == (None, longest)]
    return [_line(total, currency) for total in shown], [_line(total, currency) for total in of_all]


def _line(total: CustomerTotal, currency: str) -> str:
    who = total.channel or "all customers"
    what = "purchases" if total.measure == "purchases" else f"{currency} discounted margin"
    estimate, lower, upper = (f"{float(figure):,.0f}" for figure in total.interval)
    return f"{who}, next {total.days} days: {estimate} {what} ({lower} to {upper})"
