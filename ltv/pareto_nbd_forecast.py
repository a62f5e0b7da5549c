"""Predictions of the Pareto/NBD from what is known of each customer at T.

Given the history, a customer is alive with probability p_alive, and then buys at rate ~ Gamma(r + frequency, alpha + T)
and leaves at rate ~ Gamma(s, beta + T): nothing else of the history matters, so one likelihood serves all horizons.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, exprel, gammaln

from .errors import UsageError
from .histories import Array, Histories, checked_count, checked_horizon
from .pareto_nbd_alive import Leaving, customers, departure, gauss_legendre, log_odds_alive

# A discount of exp(-45) is below the last digit.
DISCOUNTED_AWAY = 45.0
DISCOUNT_RULE = gauss_legendre(48)
COUNT_RULE = gauss_legendre(48)


@dataclass(frozen=True)
class Forecast:
    """Per customer: p_alive, and shape and rate of the purchase and dropout rates given that the customer is alive.

    Where `day` is not 0, expectations and variances are of days with a purchase.
    """

    p_alive: Array
    purchase_shape: Array
    purchase_rate: Array
    dropout_shape: float
    dropout_rate: Array
    day: float = 0.0

    def at_rate(self, factor: float) -> Self:
        """The same customers, buying at `factor` times their rates, as in a season; they leave as before."""
        return self if factor == 1 else replace(self, purchase_rate=self.purchase_rate / factor)

    def expected_purchases(self, horizon: ArrayLike) -> Array:
        """Purchases expected in (T, T + horizon]; horizon is one number or one per customer, 0 or more."""
        return self.p_alive * self._rate() * self._time_alive(checked_horizon(horizon))

    def probability_of_no_purchase(self, horizon: ArrayLike) -> Array:
        """Probability of no purchase in (T, T + horizon]: already left, leaves before buying, or only pauses."""
        h = np.broadcast_to(checked_horizon(horizon), self.p_alive.shape)
        R, a, s, b = self.purchase_shape, self.purchase_rate, self.dropout_shape, self.dropout_rate
        stays = np.exp(-R * np.log1p(h / a) - s * np.log1p(h / b))
        leaves = s * np.exp(departure(Leaving(R, a, s, b), h).log_integral)
        return np.clip(1 - self.p_alive * (1 - stays - leaves), 0.0, 1.0)

    def probability_of_n_purchases(self, n: ArrayLike, horizon: float) -> Array:
        """Probability of exactly n purchases in (T, T + horizon]; n is one number or one per customer."""
        count, h = checked_count(n), float(checked_horizon(horizon))
        nothing = self.probability_of_no_purchase(h)
        if h == 0 or not count.any():
            return np.where(count == 0, nothing, 0.0)
        R, a, s, b = self.purchase_shape, self.purchase_rate, self.dropout_shape, self.dropout_rate
        ways = gammaln(R + count) - gammaln(R) - gammaln(count + 1)

        def buys(t: float) -> Array:  # n purchases by t while alive: negative binomial
            return np.asarray(np.exp(ways + count * np.log(t / (a + t)) - R * np.log1p(t / a)))

        probability = buys(h) * np.exp(-s * np.log1p(h / b))
        # t = h v^2 smooths the start; the bump of width ~ 1/sqrt(n) gets panels of its own size
        panels = 2 + int(np.sqrt(count.max()) / 4)
        z, w = COUNT_RULE
        for panel in range(panels):
            for v, weight in zip((panel + z) / panels, w / panels, strict=True):
                t = h * v**2
                probability += weight * 2 * h * v * buys(t) * np.exp(-(s + 1) * np.log1p(t / b)) * s / b
        return np.where(count == 0, nothing, self.p_alive * probability)

    def discounted_expected_purchases(self, rate: float, horizon: float | None = None) -> Array:
        """Expected purchases, each times exp(-rate x its time after T); without limit where horizon is None.

        rate is continuous, per unit of T, 0 or more; without a horizon it must be positive.
        """
        if rate < 0 or (rate == 0 and horizon is None):
            raise UsageError(
                f"A discount rate of {rate} gives no finite value for ever: give a horizon or a positive rate."
            )
        end = np.inf if horizon is None else float(checked_horizon(horizon))
        end = min(end, DISCOUNTED_AWAY / rate) if rate > 0 else end
        # T takes few values, and only T matters here
        b, back = np.unique(self.dropout_rate, return_inverse=True)
        s = self.dropout_shape
        k = rate + (s + 1) / b
        interval = np.log1p(k * end)
        z, w = DISCOUNT_RULE
        total = np.zeros_like(b)
        for node, weight in zip(z, w, strict=True):
            t = np.expm1(node * interval) / k
            total += weight * np.exp(-rate * t - s * np.log1p(t / b)) * (1 + k * t)
        return self.p_alive * self._rate() * (total * interval / k)[back]

    def purchase_pairs(self, horizon: ArrayLike) -> Array:
        """E[X (X - 1)] of the purchases X in (T, T + horizon], a part of their variance."""
        R, s, b = self.purchase_shape, self.dropout_shape, self.dropout_rate
        log_growth = np.log1p(checked_horizon(horizon) / b)
        # E[Z^2] of the time Z that a living customer stays within the horizon
        time_squared = 2 * b**2 * log_growth * (exprel((2 - s) * log_growth) - exprel((1 - s) * log_growth))
        if not self.day:
            return np.asarray(self.p_alive * R * (R + 1) / self.purchase_rate**2 * time_squared)
        one, two = (np.exp(-R * np.log1p(days * self.day / self.purchase_rate)) for days in (1, 2))
        both = (1 - 2 * one + two) / self.day**2  # a purchase on each of two days; a day is no pair with itself
        return np.asarray(self.p_alive * both * (time_squared - self.day * self._time_alive(checked_horizon(horizon))))

    def purchase_variance(self, horizon: ArrayLike) -> Array:
        """Variance of the purchases in (T, T + horizon] around their expectation, the parameters taken as known."""
        expected = self.expected_purchases(horizon)
        return self.purchase_pairs(horizon) + expected - expected**2

    def _rate(self) -> Array:
        if not self.day:
            return self.purchase_shape / self.purchase_rate
        return np.asarray(-np.expm1(-self.purchase_shape * np.log1p(self.day / self.purchase_rate)) / self.day)

    def _time_alive(self, h: Array) -> Array:
        """Expected time a living customer stays within the horizon: Int_0^h (b/(b+t))^s dt, also at s = 1."""
        log_growth = np.log1p(h / self.dropout_rate)
        return np.asarray(self.dropout_rate * log_growth * exprel((1 - self.dropout_shape) * log_growth))


def forecast(theta: Array, data: Histories) -> Forecast:
    """What is known of each customer at T under parameters on the scale of the fit (logarithms, then coefficients)."""
    c = customers(theta, data)
    p_alive = np.asarray(expit(log_odds_alive(c, data)))
    rate = c.alpha + data.open_time(data.end)
    return Forecast(p_alive, c.r + data.frequency, rate, c.s, c.beta + data.end, data.day)
