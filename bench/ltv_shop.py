"""Simulated Pareto/NBD and Gamma-Gamma shops, with the purchases that follow after the end of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The published CDNOW fits, in days: 60% of the customers of two years buy once.
PURCHASES = {"r": 0.553, "alpha": 10.58 * 7, "s": 0.606, "beta": 11.67 * 7}
SPEND = {"p": 6.25, "q": 3.74, "gamma": 15.44}
DAYS = 730
FUTURE_DAYS = 182


class Shop(NamedTuple):
    """One entry per customer: the history, mean value of repeats, purchases and value of the days after."""

    frequency: Array
    recency: Array
    T: Array
    monetary_value: Array
    future_purchases: Array
    future_value: Array


def simulate(
    customers: int,
    seed: int,
    *,
    daily: bool = True,
    purchases: Mapping[str, float] = PURCHASES,
    spend: Mapping[str, float] = SPEND,
    observed_days: int = DAYS,
    future_days: int = FUTURE_DAYS,
) -> Shop:
    """A shop whose customers arrive evenly over the observed days.

    With `daily`, times are whole days and purchases on one day are one purchase, as in the customer summary. Without
    it, time is continuous as in the model.
    """
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, observed_days, customers)
    buying_rate = rng.gamma(purchases["r"], 1 / purchases["alpha"], customers)
    leaving_rate = rng.gamma(purchases["s"], 1 / purchases["beta"], customers)
    leaves = start + rng.exponential(1, customers) / np.maximum(leaving_rate, 1e-300)
    end = np.minimum(leaves, observed_days + future_days)
    who = np.repeat(np.arange(customers), rng.poisson(buying_rate * (end - start)))
    when = start[who] + rng.uniform(0, 1, len(who)) * (end - start)[who]
    close = float(observed_days)
    if daily:
        start, close, span = np.floor(start), observed_days - 1.0, observed_days + future_days
        days = np.unique(who * span + np.floor(when).astype(np.int64))
        who, whole = np.divmod(days, span)
        when = whole.astype(np.float64)
        later = when > start[who]
        who, when = who[later], when[later]
    seen = when < observed_days
    frequency = np.bincount(who[seen], minlength=customers).astype(np.float64)
    last = start.copy()
    np.maximum.at(last, who[seen], when[seen])
    future = np.bincount(who[~seen], minlength=customers).astype(np.float64)

    spend_rate = rng.gamma(spend["q"], 1 / spend["gamma"], customers)
    with np.errstate(invalid="ignore"):
        value = rng.gamma(spend["p"] * frequency) / spend_rate / frequency  # NaN without a repeat purchase
    return Shop(frequency, last - start, close - start, value, future, rng.gamma(spend["p"] * future) / spend_rate)
