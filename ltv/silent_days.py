"""Warnings about a shop's data that no history of a customer shows: days without orders, and contracts.

A model takes silence for customers who left. Where the whole shop was silent, it was not the customers: the data end
before as_of, or the orders of some weeks are missing.
"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd

# Shorter silences are holidays; longer ones are reported unless chance alone makes one in so many shops.
LEAST_DAYS = 21
CHANCE = 1e-4
NEARBY = 90  # days before and after a silence, whose orders say how many it lacks
# k of Erlang-k times between purchases: 1 at random, 2 to 3 for groceries, hundreds for monthly contracts.
EVEN = 10.0
LEAST_PAIRS = 30


def warnings_of_days(daily: pd.DataFrame, *, as_of: dt.date) -> list[str]:
    """A long time without orders before as_of, or between two orders, where orders were to be expected.

    `daily` is the result of `customer_summary.daily_purchases`: columns day, first_purchases, repeat_purchases.
    """
    numbers = pd.to_datetime(daily["day"]).map(pd.Timestamp.toordinal).to_numpy(np.int64)
    known = numbers <= as_of.toordinal()
    days, buyers = numbers[known], (daily["first_purchases"] + daily["repeat_purchases"]).to_numpy(np.int64)[known]
    if not len(days):
        return []
    bought = np.concatenate([[0], np.cumsum(buyers)])
    # The last of them counts as_of, a day without orders; the others lie between two days with orders.
    gaps = np.diff(np.append(days, as_of.toordinal() + 1)) - 1
    found = []
    for place in np.flatnonzero(gaps >= LEAST_DAYS).tolist():
        is_last = place == len(days) - 1
        before = _rate(bought, days, days[place] - NEARBY, days[place])
        after = before if is_last else _rate(bought, days, days[place + 1] - 1, days[place + 1] + NEARBY - 1)
        if min(before, after) * gaps[place] < math.log(len(days) / CHANCE):
            continue
        first, last = (dt.date.fromordinal(int(days[place] + away)) for away in (1, gaps[place]))
        if is_last:
            found.append(
                f"The last order is of {first - dt.timedelta(days=1)}, {gaps[place]:,} days before as_of {as_of}: to "
                "the model, nearly all customers have left. Train as of the last day of the data."
            )
        else:
            found.append(
                f"There is no order from {first} to {last} ({gaps[place]:,} days): to the model, customers left there. "
                "Load what is missing, or leave out the time before."
            )
    return found


def _rate(bought: np.ndarray, days: np.ndarray, after: int, until: int) -> float:
    """Buyers a day in (after, until], from the first day with orders to the last."""
    start, end = max(after, int(days[0]) - 1), min(until, int(days[-1]))
    first, last = np.searchsorted(days, [start, end], side="right")
    return float(bought[last] - bought[first]) / max(end - start, 1)


def warnings_of_rhythm(pairs: int, unevenness: float, histories: pd.DataFrame) -> list[str]:
    """Whether customers buy like clockwork: each at even gaps, or all of them at the same gap.

    `unevenness` is the mean of (g / (g + h) - 1/2)^2 for the last two gaps g and h between purchases of `pairs`
    customers. With Erlang-k gaps it is 1 / (4 (2k + 1)), at whatever rate each customer buys (Wheat & Morrison 1990).
    Customers with one gap, as of yearly contracts, show it in `histories` (counted: frequency, recency, customers).
    """
    if not (pairs >= LEAST_PAIRS and unevenness * 4 * (2 * EVEN + 1) <= 1) and not _all_at_one_gap(histories):
        return []
    return [
        "Customers buy at even intervals, as with contracts or subscriptions: who misses one has left, but the model "
        "takes purchases as random and notices late. Count ended contracts instead."
    ]


def _all_at_one_gap(histories: pd.DataFrame) -> bool:
    repeaters = histories[histories["frequency"] > 0]
    weights = repeaters["customers"].to_numpy(np.float64)
    if weights.sum() < LEAST_PAIRS:
        return False
    gaps = (repeaters["recency"] / repeaters["frequency"]).to_numpy(np.float64)
    mean = np.average(gaps, weights=weights)
    return bool(np.average((gaps - mean) ** 2, weights=weights) < mean**2 / EVEN**2)
