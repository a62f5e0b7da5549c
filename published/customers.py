"""Customer value: how much customers are worth, how many may be leaving, and which are worth winning back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import sqrt

from published.chance import Bounds, is_beyond_chance, mean_bounds
from published.delta_files import Row
from published.publication import Published
from published.view import View
from warehouse.tables import GOLD_CUSTOMER_SUMMARY, GOLD_CUSTOMER_VALUE
from warehouse.terms import UNATTRIBUTED

HORIZON_DAYS = 365
CHURN_DAYS = 30
BINS = 10
AT_RISK_ROWS = 15
# p_alive of customers who are neither certainly active nor certainly gone: a message can still win them back.
UNCERTAIN_ALIVE = (0.2, 0.8)


@dataclass(frozen=True)
class AcquisitionFigures:
    """The customers acquired by one channel: their number, and the mean and total of their expected value.

    `deviation` is the standard deviation of a customer's value, None of a single one.
    """

    channel: str
    customers: int
    p_alive: float
    mean_value: Decimal
    total_value: Decimal
    deviation: float | None = None

    @property
    def bounds(self) -> Bounds | None:
        """The 95% interval of the mean: how far another draw of as many customers may lie. None of a single one."""
        return mean_bounds(float(self.mean_value), self.deviation, self.customers)


@dataclass(frozen=True)
class AtRisk:
    """A customer who may be leaving.

    `value_at_risk` is the customer's expected value within the horizon if they were certainly active (clv / p_alive),
    times the probability that they are not active.
    """

    person_id: str
    p_alive: float
    churn: float
    expected_value: Decimal
    value_at_risk: float
    orders: int
    last_order_at: datetime


@dataclass(frozen=True)
class CustomerFigures:
    """gold.customer_value at its newest as_of. Histograms count customers per tenth: [0, 0.1), … , [0.9, 1]."""

    as_of: date
    currency: str
    model_version: str
    customers: int
    likely_alive: int
    likely_quiet: int
    expected_value: Decimal
    p_alive: tuple[int, ...]
    churn: tuple[int, ...]
    channels: tuple[AcquisitionFigures, ...]
    at_risk: tuple[AtRisk, ...]

    @property
    def comparable(self) -> tuple[AcquisitionFigures, ...]:
        """The channels that can be set beside each other: without the customers whom no touch is known of, such as
        those of before tracking, who are other customers."""
        return tuple(channel for channel in self.channels if channel.channel != UNATTRIBUTED)

    @property
    def comparable_mean(self) -> Decimal | None:
        """The mean value of a customer of the comparable channels; None without one."""
        customers = sum(channel.customers for channel in self.comparable)
        total = sum((channel.total_value for channel in self.comparable), Decimal(0))
        return total / customers if customers else None

    def worth_most(self, *, least: int) -> AcquisitionFigures | None:
        """The comparable channel of at least `least` customers with the highest mean, where it lies above the mean of
        the customers of all others by more than chance; otherwise None."""
        enough = [channel for channel in self.comparable if channel.customers >= least]
        if not enough:
            return None
        best = enough[0]
        mean, variance, customers = _together([channel for channel in self.comparable if channel is not best])
        if customers < least or best.deviation is None:
            return None
        error = sqrt(best.deviation**2 / best.customers + variance / customers)
        difference = float(best.mean_value) - mean
        return best if difference > 0 and is_beyond_chance(difference, error, compared=len(enough)) else None


def _together(channels: Sequence[AcquisitionFigures]) -> tuple[float, float, int]:
    """Mean, variance and number of the customers of several channels."""
    customers = sum(channel.customers for channel in channels)
    if customers < 2:
        return 0.0, 0.0, customers
    mean = float(sum(channel.total_value for channel in channels)) / customers
    squares = sum(
        (channel.deviation or 0.0) ** 2 * (channel.customers - 1)
        + channel.customers * (float(channel.mean_value) - mean) ** 2
        for channel in channels
    )
    return mean, squares / (customers - 1), customers


def newest_day(published: Published) -> date | None:
    """The newest as_of of gold.customer_value up to the publication's; None without one. See `_newest_day`."""
    if not published.has(GOLD_CUSTOMER_VALUE):
        return None
    query = _newest_day(published, "gold_customer_value").replace("max(as_of)", "max(as_of) as as_of")
    day: date | None = published.rows(query, GOLD_CUSTOMER_VALUE)[0]["as_of"]
    return day


def count_customers(published: Published, view: View) -> int | None:
    """Persons with a purchase at the newest day of gold.customer_summary; None if the table is not published.

    No field of the view applies.
    """
    if not published.has(GOLD_CUSTOMER_SUMMARY):
        return None
    rows = published.rows(
        "select count(*) as customers from gold_customer_summary "
        f"where as_of = ({_newest_day(published, 'gold_customer_summary')})",
        GOLD_CUSTOMER_SUMMARY,
    )
    return int(rows[0]["customers"])


def read_customers(published: Published, view: View) -> CustomerFigures | None:
    """The figures of the published gold.customer_value; None if it is not published or empty.

    No field of the view applies: customers are as of one day and do not depend on an attribution model.
    """
    if not published.has(GOLD_CUSTOMER_VALUE, GOLD_CUSTOMER_SUMMARY):
        return None
    total = _scored(
        published,
        f"""
        select max(as_of) as as_of, max(currency) as currency, max(model_version) as model_version,
               count(*) as customers, sum(clv_{HORIZON_DAYS}d) as expected_value,
               sum(case when p_alive > 0.5 then 1 else 0 end) as likely_alive,
               sum(case when churn_{CHURN_DAYS}d > 0.5 then 1 else 0 end) as likely_quiet
        from scored
        """,
    )[0]
    if not total["customers"]:
        return None
    return CustomerFigures(
        as_of=total["as_of"],
        currency=total["currency"],
        model_version=total["model_version"],
        customers=total["customers"],
        likely_alive=total["likely_alive"],
        likely_quiet=total["likely_quiet"],
        expected_value=total["expected_value"],
        p_alive=_histogram(published, "p_alive"),
        churn=_histogram(published, f"churn_{CHURN_DAYS}d"),
        channels=_channels(published),
        at_risk=_at_risk(published),
    )


def _scored(published: Published, select: str) -> list[Row]:
    """The rows of a query over `scored`: gold.customer_value at its newest as_of."""
    scored = f"""
        with scored as (
            select * from gold_customer_value where as_of = ({_newest_day(published, "gold_customer_value")})
        )
    """
    return published.rows(scored + select, GOLD_CUSTOMER_VALUE, GOLD_CUSTOMER_SUMMARY)


def _newest_day(published: Published, table: str) -> str:
    """The newest as_of of a table up to the publication's, as a query. Later ones are of runs that were asked for a
    later day, or that followed a moment which is not believed any more."""
    return f"select max(as_of) from {table} where as_of <= date '{published.as_of.isoformat()}'"


def _histogram(published: Published, column: str) -> tuple[int, ...]:
    # The last bin includes a probability of exactly 1.
    rows = _scored(
        published,
        f"""
        select least(cast(floor({column} * {BINS}) as int), {BINS - 1}) as bin, count(*) as customers
        from scored group by 1
        """,
    )
    counts = {row["bin"]: row["customers"] for row in rows}
    return tuple(counts.get(position, 0) for position in range(BINS))


def _channels(published: Published) -> tuple[AcquisitionFigures, ...]:
    rows = _scored(
        published,
        f"""
        select acquisition_channel as channel, count(*) as customers, avg(p_alive) as p_alive,
               sum(clv_{HORIZON_DAYS}d) as total_value, stddev(cast(clv_{HORIZON_DAYS}d as double)) as deviation
        from scored group by acquisition_channel
        """,
    )
    channels = [
        AcquisitionFigures(
            row["channel"],
            row["customers"],
            row["p_alive"],
            row["total_value"] / row["customers"],
            row["total_value"],
            row["deviation"],
        )
        for row in rows
    ]
    return tuple(sorted(channels, key=lambda channel: (-channel.mean_value, channel.channel)))


def _at_risk(published: Published) -> tuple[AtRisk, ...]:
    low, high = UNCERTAIN_ALIVE
    rows = _scored(
        published,
        f"""
        select scored.person_id, p_alive, churn_{CHURN_DAYS}d as churn, clv_{HORIZON_DAYS}d as expected_value,
               cast(clv_{HORIZON_DAYS}d as double) / p_alive * (1 - p_alive) as value_at_risk,
               history.orders, history.last_order_at
        from scored join gold_customer_summary as history
          on history.person_id = scored.person_id and history.as_of = scored.as_of
        where p_alive between {low} and {high}
        order by value_at_risk desc, scored.person_id limit {AT_RISK_ROWS}
        """,
    )
    return tuple(AtRisk(**row) for row in rows)
