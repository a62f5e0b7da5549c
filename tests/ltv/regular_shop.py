"""Simulated shops of customers who buy at even intervals: Erlang-k gaps, and leaving after a purchase."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

# Groceries: a purchase a month on average, most customers stay for a while.
GROCERIES = {"r": 1.3, "alpha": 14.0, "a": 0.45, "b": 1.6}


class RegularShop(NamedTuple):
    """Repeat purchases of all customers: who and when (days since the opening); and the first days of all customers."""

    who: np.ndarray
    when: np.ndarray
    first: np.ndarray

    def histories(self, close: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """frequency, recency and T of the customers known at `close`."""
        known = self.first <= close
        seen = self.when <= close
        last = self.first.copy()
        np.maximum.at(last, self.who[seen], self.when[seen])
        frequency = np.bincount(self.who[seen], minlength=len(self.first)).astype(float)
        return frequency[known], (last - self.first)[known], (close - self.first)[known]

    def purchases(self, close: float, until: float) -> np.ndarray:
        """Of the same customers, the purchases after `close` up to `until`."""
        later = (self.when > close) & (self.when <= until)
        return np.bincount(self.who[later], minlength=len(self.first))[self.first <= close].astype(float)

    def log_gaps(self, close: float) -> float:
        """Sum of the logarithms of the gaps up to `close`."""
        order = np.lexsort((self.when, self.who))
        who, when = self.who[order], self.when[order]
        before = np.where(np.diff(who, prepend=-1) == 0, np.roll(when, 1), self.first[who])
        return float(np.log((when - before)[when <= close]).sum())

    def days(self, opened: str) -> pd.DataFrame:
        """Purchase days (customer, day, value), as of a shop system."""
        who = np.concatenate([np.arange(len(self.first)), self.who])
        when = np.floor(np.concatenate([self.first, self.when])).astype(int)
        frame = pd.DataFrame({"customer": who, "day": pd.Timestamp(opened) + pd.to_timedelta(when, unit="D")})
        frame = frame.drop_duplicates(ignore_index=True)
        return frame.assign(value=20.0 + 10.0 * (frame["customer"] % 7) + frame["day"].dt.day % 5)


def regular_shop(
    customers: int,
    k: int,
    *,
    seed: int,
    days: float,
    leaves_at_once: bool = True,
    arrive: float | None = None,
    **params: float,
) -> RegularShop:
    """Customers who arrive evenly over the first `arrive` days (all days without it), their purchases up to `days`."""
    r, alpha, a, b = ({**GROCERIES, **params}[name] for name in ("r", "alpha", "a", "b"))
    rng = np.random.default_rng(seed)
    first = rng.uniform(0, days if arrive is None else arrive, customers)
    rate = rng.gamma(r, 1 / alpha, customers)
    leaving = rng.beta(a, b, customers)
    stays = rng.random(customers) >= leaving if leaves_at_once else np.ones(customers, dtype=bool)
    who, when = np.flatnonzero(stays), first[stays]
    all_who, all_when = [], []
    while len(who):
        when = when + rng.gamma(k, 1, len(who)) / rate[who]
        seen = when <= days
        who, when = who[seen], when[seen]
        all_who.append(who)
        all_when.append(when)
        stays = rng.random(len(who)) >= leaving[who]
        who, when = who[stays], when[stays]
    return RegularShop(np.concatenate(all_who), np.concatenate(all_when), first)
