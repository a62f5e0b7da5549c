"""Who has left or is about to, and what their leaving costs: purchases that they would make if they were kept.

Under the Pareto/NBD a customer with a history leaves at a moment that the likelihood integrates over. Who left long ago
was there for a short time only, and so bought faster than a living customer of the same history would: the purchases
that leaving costs are not those of the living times the odds of having left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import exprel

from ltv.histories import Array, Histories
from ltv.pareto_nbd_alive import Leaving, customers, gauss_legendre, leaving_of
from ltv.pareto_nbd_forecast import forecast

PAST_RULE = gauss_legendre(24)
SOON_RULE = gauss_legendre(6)


class Leavers(NamedTuple):
    """Per history: the probability of having left or of leaving soon, and what that costs.

    `lost_purchases` are those of the horizon that a leaver would make if kept, times that probability; `lost_pairs` is
    E[X (X - 1)] of the same purchases X, a part of their variance.
    """

    leaving: Array
    lost_purchases: Array
    lost_pairs: Array


def leavers(theta: Array, data: Histories, *, within: float, horizon: float) -> Leavers:
    """Of customers who have left by T or leave in (T, T + within]: their purchases in (T, T + horizon] if kept.

    A kept customer goes on as the customer was: with the same rate of purchases, and as likely to leave again, from T
    or from the moment of leaving. `within` is at most the horizon. Days with a purchase where the data have a day.
    """
    c, known = customers(theta, data), forecast(theta, data)
    R, a, s, b = leaving_of(c, data)
    # who has left: the moment of leaving, t after the last purchase, as in `ltv.pareto_nbd_alive.departure`
    k = (R + 1) / a + (s + 1) / b
    interval = np.log1p(k * (data.end - data.recency))
    total, once, pairs = (np.zeros_like(k) for _ in range(3))
    for node, weight in zip(*PAST_RULE, strict=True):
        t = np.expm1(node * interval) / k
        density = weight * np.exp(-R * np.log1p(t / a) - (s + 1) * np.log1p(t / b)) * (1 + k * t)
        mean, square = _kept(Leaving(R, a + t, s, b + t), horizon, data.day)
        total += density
        once += density * mean
        pairs += density * square
    gone = 1 - known.p_alive
    lost, lost_pairs = gone * once / total, gone * pairs / total
    # who leaves soon: at t after T
    B = known.dropout_rate
    for node, weight in zip(*SOON_RULE, strict=True):
        t = node * within
        density = weight * within * known.p_alive * s / B * np.exp(-(s + 1) * np.log1p(t / B))
        mean, square = _kept(Leaving(R, known.purchase_rate, s, B + t), horizon - t, data.day)
        lost += density * mean
        lost_pairs += density * square
    stays = known.p_alive * np.exp(-s * np.log1p(within / B))
    return Leavers(1 - stays, lost, lost_pairs)


def _kept(leaving: Leaving, horizon: float, day: float) -> tuple[Array, Array]:
    """E[X] and E[X (X - 1)] of the purchases of a kept leaver, who buys at rate ~ Gamma(R, a) and leaves at one
    ~ Gamma(s + 1, b)."""
    R, a, s, b = leaving
    growth = np.log1p(horizon / b)
    time = b * growth * exprel(-s * growth)
    time_squared = 2 * b**2 * growth * (exprel((1 - s) * growth) - exprel(-s * growth))
    if not day:
        return R / a * time, R * (R + 1) / a**2 * time_squared
    one, two = (np.exp(-R * np.log1p(days * day / a)) for days in (1, 2))
    return (1 - one) / day * time, (1 - 2 * one + two) / day**2 * np.maximum(time_squared - day * time, 0.0)
