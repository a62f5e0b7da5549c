"""Predictions of BG/NBD, MBG/NBD and MBG/CNBD-k from what is known of each customer at T.

The time between two purchases is k phases, each of them exponential at the customer's rate. With R = r + k frequency,
A = alpha + T and u = (T - recency)/A, a customer who is alive has finished j < k phases since the last purchase with
weight c_j = (R)_j/j! u^j out of G = sum of c_j, and then has rate ~ Gamma(R + j, A). Of M, the phases between the last
purchase and T + h,

    P(M = m) = (R)_m/m! (1-z)^R / G  sum over j < k of C(m, j) g^j z^(m-j),   z = h/(A+h), g = (T - recency)/(A+h)

and the n-th next purchase needs M >= n k and a customer who has stayed n - 1 times, E[(1-p)^(n-1)] of p ~ Beta(a, B +
frequency). All sums are of positive terms, so nothing cancels. This file goes with every registered model (see
`ltv.pyfunc`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, gammaln

from .errors import UsageError
from .histories import Array, Histories, checked_count, checked_horizon
from .pareto_nbd_alive import gauss_legendre

BLOCK = 4_096  # customers whose sums are taken together, of about the same number of terms
TAIL = 34.0  # minus log of the probability that is left out of a sum
CHECKED_EVERY = 4  # terms between two looks at what is left
NEGLIGIBLE = 1e-15
UNDERFLOW = -600.0
# Nodes of the integral of a discount, by discount rate times horizon.
DISCOUNT_RULES = ((1.0, gauss_legendre(8)), (np.inf, gauss_legendre(48)))


@dataclass(frozen=True)
class BetaGeometricForecast:
    """Per customer: p_alive, and given that the customer is alive shape and rate of the phases, a and b of leaving.

    `pause` is the time since the last purchase, which the k phases up to the next one have used.
    """

    p_alive: Array
    phase_shape: Array
    phase_rate: Array
    pause: Array
    leaves: float
    stays: Array
    k: int

    def at_rate(self, factor: float) -> Self:
        """The same customers, buying at `factor` times their rates, as in a season; what they have finished stays."""
        if factor == 1:
            return self
        return replace(self, phase_rate=self.phase_rate / factor, pause=self.pause / factor)

    def expected_purchases(self, horizon: ArrayLike) -> Array:
        """Purchases expected in (T, T + horizon]; horizon is one number or one per customer, 0 or more."""
        return self.p_alive * self.expected_while_alive(horizon)

    def expected_while_alive(self, horizon: ArrayLike) -> Array:
        """Purchases expected in (T, T + horizon] of a customer known to be alive at T."""
        return self._sums(checked_horizon(horizon))

    def probability_of_no_purchase(self, horizon: ArrayLike) -> Array:
        """Probability of no purchase in (T, T + horizon]: already left, or only pauses."""
        h = checked_horizon(horizon)
        R, A = self.phase_shape, self.phase_rate
        log_pauses = -R * np.log1p(h / A) + log_phases(R, (self.pause + h) / (A + h), self.k) - self._log_phases
        return np.asarray(np.clip(1 + self.p_alive * np.expm1(np.minimum(log_pauses, 0.0)), 0.0, 1.0))

    def probability_of_n_purchases(self, n: ArrayLike, horizon: ArrayLike) -> Array:
        """Probability of exactly n purchases in (T, T + horizon]; n is one number or one per customer."""
        count, h = checked_count(n), checked_horizon(horizon)
        nothing = self.probability_of_no_purchase(h)
        R, A, a, b, k = self.phase_shape, self.phase_rate, self.leaves, self.stays, self.k
        some = np.maximum(count, 1)
        z = h / (A + h)
        exactly = sum(self._probability_of_phases(k * some + extra, h) for extra in range(k))
        at_least = sum(
            weight * betainc(k * some - j, R + j, z) for j, weight in enumerate(phase_weights(R, self.pause / A, k))
        )
        stay = np.exp(betaln(a, b + some) - betaln(a, b)) * exactly
        leave = np.exp(betaln(a + 1, b + some - 1) - betaln(a, b)) * at_least
        return np.asarray(np.where(count == 0, nothing, self.p_alive * (stay + leave)))

    def discounted_expected_purchases(self, rate: float, horizon: float | None = None) -> Array:
        """Expected purchases in (T, T + horizon], each times exp(-rate x its time after T).

        rate is continuous, per unit of T, 0 or more. There is no infinite horizon: the expectation has no limit.
        """
        if not rate >= 0:
            raise UsageError(f"A discount rate is 0 or more; not {rate}.")
        if horizon is None:
            raise UsageError("Discounted purchases of this model need a horizon: without one they have no limit.")
        h = float(checked_horizon(horizon))
        # integration by parts: Int e^(-rate t) dE = e^(-rate h) E(h) + rate Int e^(-rate t) E dt
        total = np.exp(-rate * h) * self.expected_while_alive(h)
        nodes = next(rule for most, rule in DISCOUNT_RULES if rate * h <= most) if rate > 0 else ((), ())
        # E bends at the scale of A: as a function of log(1 + t/A) it is smooth
        interval = np.log1p(h / self.phase_rate)
        for node, weight in zip(*nodes, strict=True):
            t = self.phase_rate * np.expm1(node * interval)
            step = interval * (self.phase_rate + t)
            total += weight * rate * step * np.exp(-rate * t) * self.expected_while_alive(t)
        return np.asarray(self.p_alive * total)

    def purchase_pairs(self, horizon: ArrayLike) -> Array:
        """E[X (X - 1)] of the purchases X in (T, T + horizon], a part of their variance."""
        return np.asarray(self.p_alive * self._sums(checked_horizon(horizon), pairs=True))

    def purchase_variance(self, horizon: ArrayLike) -> Array:
        """Variance of the purchases in (T, T + horizon] around their expectation, the parameters taken as known."""
        expected = self.expected_purchases(horizon)
        return self.purchase_pairs(horizon) + expected - expected**2

    def log_no_phases(self, horizon: Array | float) -> Array:
        """Log of the probability of being at the start of a gap at T, and of no phase in (T, T + horizon]."""
        return np.asarray(-self.phase_shape * np.log1p(horizon / self.phase_rate) - self._log_phases)

    @property
    def _log_phases(self) -> Array:
        return log_phases(self.phase_shape, self.pause / self.phase_rate, self.k)

    def _probability_of_phases(self, m: Array, h: Array) -> Array:
        """P(M = m) of a customer known to be alive, m at least k."""
        R, A, k = self.phase_shape, self.phase_rate, self.k
        z, g = h / (A + h), self.pause / (A + h)
        with np.errstate(divide="ignore"):
            log_z = (m - k + 1) * np.log(z)  # -inf at a horizon of 0
        start = gammaln(R + m) - gammaln(R) - gammaln(m + 1) - R * np.log1p(h / A) - self._log_phases
        ways = sum(
            np.exp(gammaln(m + 1) - gammaln(m - j + 1) - gammaln(j + 1)) * g**j * z ** (k - 1 - j) for j in range(k)
        )
        return np.asarray(np.exp(start + log_z) * ways)

    def _sums(self, horizon: Array, *, pairs: bool = False) -> Array:
        """E[X], or with `pairs` E[X (X - 1)], of the purchases X in (T, T + horizon] of customers who are alive."""
        h = np.broadcast_to(horizon, self.phase_rate.shape)
        found = np.zeros_like(self.phase_rate)
        terms = most_phases(self.phase_shape, self.phase_rate, h) + self.k
        start = self.log_no_phases(h)
        for rows in blocks(terms, h > 0):
            found[rows] = self._sum_of_block(rows, h[rows], start[rows], int(terms[rows].max()) + 1, pairs)
        return found

    def _sum_of_block(self, rows: NDArray[np.intp], h: Array, start: Array, terms: int, pairs: bool) -> Array:
        R, A, b, k, a = self.phase_shape[rows], self.phase_rate[rows], self.stays[rows], self.k, self.leaves
        z = h / (A + h)
        g = self.pause[rows] / (A + h)
        powers = np.stack([g**j * z ** (k - 1 - j) for j in range(k)])
        # the first k phases, after which there is a purchase
        first = start + np.log(z) + sum(np.log((R + i) / (i + 1)) for i in range(k))
        chances = negative_binomial(first, R, z, k)
        stayed = np.ones_like(R)  # E[(1-p)^(n-1)]
        counted = np.zeros_like(R)  # what n purchases add to the sum
        total = np.zeros_like(R)
        for m in range(k, terms + 1):
            if m % k == 0:
                n = m // k
                counted += 2 * (n - 1) * stayed if pairs else stayed
                stayed = stayed * ((b + (n - 1)) / (a + b + (n - 1)))
            term = next(chances)
            if k > 1:
                # einsum, since threads of BLAS would wait for one another at every term
                ways = np.array([math.comb(m, j) for j in range(k)], dtype=np.float64)
                term = term * np.einsum("j,jn->n", ways, powers)
            total += term * counted
            if m % CHECKED_EVERY == 0:
                shrinks = z * ((R + m) / (m + 2 - k))
                grows = (2 * m / k if pairs else 1.0) / k  # of `counted` with each phase, at most
                with np.errstate(divide="ignore", invalid="ignore"):
                    left = term * (counted + grows / (1 - shrinks)) * shrinks / (1 - shrinks)
                if ((shrinks < 1) & (left <= NEGLIGIBLE * total)).all():
                    break
        return total


def forecast(theta: Array, data: Histories, *, k: int = 1, leaves_at_once: bool) -> BetaGeometricForecast:
    """What is known of each customer at T under (log r, log alpha, log a, log b).

    `leaves_at_once`: customers may leave right after their first purchase (MBG), not only after a later one (BG).
    """
    r, alpha, a, b = np.exp(theta).tolist()
    x, t_x, T = data.frequency, data.recency, data.T
    shape, rate, pause = r + k * x, alpha + T, T - t_x
    log_rho = log_left(theta, data, k=k, leaves_at_once=leaves_at_once) - log_phases(shape, pause / rate, k)
    p_alive = np.exp(-np.logaddexp(0, log_rho))
    return BetaGeometricForecast(np.asarray(p_alive), shape, rate, pause, a, b + leaves_at_once + x, k)


def log_left(theta: Array, data: Histories, *, k: int, leaves_at_once: bool) -> Array:
    """Log of having left after the last purchase, where being alive is G; -inf for a BG customer of one purchase."""
    r, alpha, a, b = np.exp(theta).tolist()
    x, t_x, T = data.frequency, data.recency, data.T
    could_leave = x + leaves_at_once > 0
    dropouts = np.where(could_leave, b + leaves_at_once + x - 1, 1.0)
    log_odds = np.log(a) - np.log(dropouts) + (r + k * x) * np.log1p((T - t_x) / (alpha + t_x))
    return np.asarray(np.where(could_leave, log_odds, -np.inf))


def log_phases(R: Array, u: Array, k: int) -> Array:
    """log G: 0 where one phase is a purchase."""
    if k == 1:
        return np.zeros(np.broadcast(R, u).shape)
    return np.asarray(np.log(np.sum(_phases(R, u, k), axis=0)))


def phase_weights(R: Array, u: Array, k: int) -> Array:
    """Probability of each number j < k of finished phases of customers who are alive, (k, n)."""
    terms = _phases(R, u, k)
    return np.asarray(terms / np.sum(terms, axis=0))


def _phases(R: Array, u: Array, k: int) -> Array:
    terms = np.ones((k, *np.broadcast(R, u).shape))
    for j in range(1, k):
        terms[j] = terms[j - 1] * ((R + (j - 1)) / j * u)
    return terms


def negative_binomial(log_first: Array, R: Array, z: Array, m: int) -> Iterator[Array]:
    """(R)_m/m! z^m times a constant, from a first one upwards; in logarithms where the first ones underflow."""
    if log_first.min() > UNDERFLOW:
        term = np.exp(log_first)
        while True:
            yield term
            term = term * ((R + m) / (m + 1) * z)
            m += 1
    log_term = log_first
    while True:
        yield np.exp(log_term)
        log_term = log_term + np.log((R + m) / (m + 1) * z)
        m += 1


def most_phases(R: Array, A: Array, h: Array) -> Array:
    """Phases within h that are exceeded with a probability below exp(-TAIL): bounds of a gamma, then of a Poisson."""
    most = (R + np.sqrt(2 * TAIL * R) + TAIL) / A * h
    return np.asarray(most + np.sqrt(2 * TAIL * most) + TAIL)


def blocks(terms: Array, wanted: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """Rows by their number of terms, some thousands at a time."""
    order = np.argsort(terms, kind="stable")
    order = order[wanted[order]]
    for start in range(0, len(order), BLOCK):
        yield order[start : start + BLOCK]
