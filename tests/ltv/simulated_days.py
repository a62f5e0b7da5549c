"""Purchase days of simulated shops, in the form of `shops`: with a season, and with channels whose customers differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

# A living customer buys every 100 days or so, and half of them leave within 150 days.
R, ALPHA, S, BETA = 0.7, 60.0, 0.6, 150.0
PRICE = 25.0


def simulated_days(
    customers: int,
    seed: int,
    *,
    first: str,
    until: str,
    months: Mapping[int, float] | None = None,
    leaving: Mapping[str, float] | None = None,
    spring: float | None = None,
    on_days: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Purchase days (customer, day, value, channel) of customers who come evenly from `first` to `until`.

    `months` multiplies the rate of purchases in a month of the year (12: December), `on_days` that of a date,
    `leaving` the rate at which the customers of a channel leave; channels are of one size. With `spring` there is a
    column campaign: customers of 'spring', every other one, buy so many times as often as those of 'autumn'.
    """
    rng = np.random.default_rng(seed)
    start = pd.Timestamp(first)
    length = (pd.Timestamp(until) - start).days + 1
    factors = {month: (months or {}).get(month, 1.0) for month in range(1, 13)}
    channels = list(leaving or {"Direct": 1.0})
    channel = rng.integers(0, len(channels), customers)
    came = rng.uniform(0, length, customers)
    rate = rng.gamma(R, 1 / ALPHA, customers)
    leaves = rng.gamma(S, 1 / BETA, customers) * np.array(list((leaving or {"Direct": 1.0}).values()))[channel]
    gone = np.minimum(came + rng.exponential(1, customers) / np.maximum(leaves, 1e-300), length)
    often = np.where(np.arange(customers) % 2, 1.0, spring or 1.0)
    rate *= often
    calendar = pd.date_range(start, periods=length)
    by_day = calendar.month.map(factors).to_numpy(float)
    by_day *= [(on_days or {}).get(str(day.date()), 1.0) for day in calendar]
    most = by_day.max()
    who = np.repeat(np.arange(customers), rng.poisson(most * rate * (gone - came)))
    when = came[who] + rng.uniform(0, 1, len(who)) * (gone - came)[who]
    kept = rng.uniform(0, most, len(who)) < by_day[when.astype(int)]
    buyer = np.concatenate([np.arange(customers), who[kept]])
    day = np.concatenate([came, when[kept]]).astype(int)
    bought = pd.DataFrame({"customer": buyer, "number": day}).drop_duplicates()
    days = pd.DataFrame(
        {
            "customer": bought["customer"],
            "day": calendar[bought["number"]],
            "value": PRICE * rng.gamma(4, 1 / 4, len(bought)),
            "channel": np.array(channels)[channel[bought["customer"]]],
        }
    ).reset_index(drop=True)
    return days if spring is None else days.assign(campaign=np.where(days["customer"] % 2, "autumn", "spring"))


def daily_purchases(days: pd.DataFrame) -> pd.DataFrame:
    """`customer_summary.daily_purchases` of purchase days."""
    is_first = days["day"] == days.groupby("customer")["day"].transform("min")
    counted = days.assign(first_purchases=is_first.astype(int), repeat_purchases=(~is_first).astype(int))
    by_day = counted.groupby("day", as_index=False)[["first_purchases", "repeat_purchases"]].sum()
    return by_day.assign(day=by_day["day"].dt.date)
