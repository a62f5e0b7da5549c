"""What a retention campaign is expected to earn, and what the value model was worth in the past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from published.publication import Published
from warehouse.tables import GOLD_RETENTION_PROFIT, GOLD_VALUE_BACKTEST
from warehouse.tables.gold_retention_profit import AUDIENCES, BEST


class Threshold(NamedTuple):
    """A share of an audience that is contacted, those with most value at risk first, and its expected profit."""

    audience: str
    threshold: str
    contacts: int
    least_at_risk: float | None
    profit: float
    lower: float
    upper: float
    break_even_uplift: float | None


@dataclass(frozen=True)
class RetentionProfit:
    """gold.retention_profit at its newest day: thresholds by audience, then by contacts, `best` among them.

    `uplift` is the probability that a contact keeps a leaver, with its bounds; `level` that of all intervals.
    """

    as_of: date
    currency: str
    uplift: tuple[float, float, float]
    contact_cost: float
    leaving_days: int
    horizon_days: int
    level: float
    thresholds: tuple[Threshold, ...]

    def of(self, audience: str) -> tuple[Threshold, ...]:
        """The thresholds of an audience."""
        return tuple(each for each in self.thresholds if each.audience == audience)

    def best(self, audience: str) -> Threshold | None:
        """All whose contact is worth its cost."""
        return next((each for each in self.of(audience) if each.threshold == BEST), None)


class PastForecast(NamedTuple):
    """How the value model ranked the customers of a day of the past by their chance of buying again.

    `auc`: the probability that one who bought ranks above one who did not, of .5 by chance. `brier` is the mean squared
    error of the probability, `base_brier` that of the share of buyers for everybody.
    """

    cutoff: date
    until: date
    customers: int
    auc: float
    brier: float | None
    base_brier: float | None
    reliability_error: float | None
    recency_auc: float | None


def read_retention_profit(published: Published) -> RetentionProfit | None:
    """The profit by threshold; None where it is not published or there is no campaign."""
    if not published.has(GOLD_RETENTION_PROFIT):
        return None
    day = f"select max(as_of) from gold_retention_profit where as_of <= date '{published.as_of.isoformat()}'"
    rows = published.rows(f"select * from gold_retention_profit where as_of = ({day})", GOLD_RETENTION_PROFIT)
    if not rows:
        return None
    first = rows[0]
    thresholds = [
        Threshold(
            row["audience"],
            row["threshold"],
            row["contacts"],
            row["least_at_risk"],
            row["expected_profit"],
            row["expected_profit_lower"],
            row["expected_profit_upper"],
            row["break_even_uplift"],
        )
        for row in rows
    ]
    order = {audience: place for place, audience in enumerate(AUDIENCES)}
    thresholds.sort(key=lambda each: (order.get(each.audience, len(order)), each.contacts, each.threshold))
    return RetentionProfit(
        as_of=first["as_of"],
        currency=first["currency"],
        uplift=(first["uplift"], first["uplift_lower"], first["uplift_upper"]),
        contact_cost=first["contact_cost"],
        leaving_days=first["leaving_days"],
        horizon_days=first["horizon_days"],
        level=first["interval_level"],
        thresholds=tuple(thresholds),
    )


def read_past_forecasts(published: Published) -> tuple[PastForecast, ...]:
    """The days of the past at which the newest judged version was tried, newest first; none where not published.

    The newest version is that of the latest `until`, ties by the larger name.
    """
    if not published.has(GOLD_VALUE_BACKTEST):
        return ()
    rows = published.rows(
        """
        with newest as (
            select model_version from gold_value_backtest group by model_version
            order by max(until) desc, length(model_version) desc, model_version desc limit 1
        ),
        judged as (
            select * from gold_value_backtest
            where measure = 'purchases' and model_version in (select model_version from newest)
        )
        select model.cutoff, model.until, model.customers, model.buys_again_auc as auc, model.buys_again_brier as brier,
               model.buys_again_base_brier as base_brier, model.reliability_error,
               recency.buys_again_auc as recency_auc
        from (select * from judged where model = 'value_model') as model
        left join (select cutoff, buys_again_auc from judged where model = 'recency') as recency
          on recency.cutoff = model.cutoff
        where model.buys_again_auc is not null order by model.cutoff desc
        """,
        GOLD_VALUE_BACKTEST,
    )
    return tuple(PastForecast(**row) for row in rows)
