"""What the customers of each acquisition channel are expected to bring, with both intervals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from published.publication import Published
from warehouse.tables import GOLD_CUSTOMER_VALUE, GOLD_VALUE_TOTALS
from warehouse.terms import ALL_CHANNELS


@dataclass(frozen=True)
class ChannelValue:
    """The expected value of the customers of one acquisition channel within the horizon, and how many they are.

    `lower` and `upper` hold the model's own error too, the others are right if the model holds. An upper bound is None
    where there is no finite one, `customers` where scores are not published.
    """

    channel: str
    customers: int | None
    purchases: float | None
    value: float
    lower: float
    upper: float | None
    lower_if_model_holds: float
    upper_if_model_holds: float | None

    def each(self, total: float | None) -> float | None:
        """A total per customer; None without a bound or customers."""
        return total / self.customers if total is not None and self.customers else None


@dataclass(frozen=True)
class ValueByChannel:
    """The channels with most value first, as of the day of the newest scores."""

    as_of: date
    days: int
    currency: str
    level: float
    channels: tuple[ChannelValue, ...]


def read_value_by_channel(published: Published) -> ValueByChannel | None:
    """The totals of the longest horizon by channel; None if gold.value_totals is not published or has none."""
    if not published.has(GOLD_VALUE_TOTALS):
        return None
    rows = published.rows(
        f"""
        with newest as (
            select * from gold_value_totals
            where acquisition_channel <> '{ALL_CHANNELS}' and as_of = (
                select max(as_of) from gold_value_totals where as_of <= date '{published.as_of.isoformat()}'
            )
        )
        select v.as_of, v.days, v.currency, v.interval_level, v.acquisition_channel as channel,
               p.predicted as purchases, v.predicted as value, v.lower, v.upper, v.lower_if_model_holds,
               v.upper_if_model_holds
        from newest v
        left join newest p
          on p.acquisition_channel = v.acquisition_channel and p.days = v.days and p.measure = 'purchases'
        where v.measure = 'value' and v.days = (select max(days) from newest where measure = 'value')
        order by v.predicted desc, v.acquisition_channel
        """,
        GOLD_VALUE_TOTALS,
    )
    if not rows:
        return None
    first = rows[0]
    customers = _customers(published, first["as_of"])
    names = ("purchases", "value", "lower", "upper", "lower_if_model_holds", "upper_if_model_holds")
    return ValueByChannel(
        as_of=first["as_of"],
        days=int(first["days"]),
        currency=first["currency"],
        level=first["interval_level"],
        channels=tuple(
            ChannelValue(row["channel"], customers.get(row["channel"]), **{name: row[name] for name in names})
            for row in rows
        ),
    )


def _customers(published: Published, as_of: date) -> dict[str, int]:
    if not published.has(GOLD_CUSTOMER_VALUE):
        return {}
    rows = published.rows(
        f"""
        select acquisition_channel as channel, count(*) as customers from gold_customer_value
        where as_of = date '{as_of.isoformat()}' group by acquisition_channel
        """,
        GOLD_CUSTOMER_VALUE,
    )
    return {row["channel"]: int(row["customers"]) for row in rows}
