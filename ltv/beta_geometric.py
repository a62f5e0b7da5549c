"""What BG/NBD and MBG/NBD share: a customer buys at rate ~ Gamma(r, alpha) and may leave after each purchase, with
probability ~ Beta(a, b). The modified model lets customers also leave right after their first purchase.

With B = b for BG and b + 1 for MBG, R = r + frequency and rho the odds of having left after the last purchase,

    L = Gamma(R)/Gamma(r) alpha^r (alpha+T)^-R  Beta(a, B+x)/Beta(a, b) (1 + rho)
    rho = a/(B+x-1) ((alpha+T)/(alpha+t_x))^R          (0 in BG without a repeat purchase)

which is the stable form of Hardie's note 027. The usual expectation holds a 2F1 that overflows and divides by a - 1; by
Euler's transformation it becomes a series in z = h/(alpha+T+h) with neither (see `expected_while_alive`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, betaln, exprel, gammaln, polygamma, psi

from ltv.fit import Fit, Search, Sums, maximise
from ltv.histories import Array, Histories, checked_count, checked_horizon, histories, per_count
from ltv.pareto_nbd_alive import gauss_legendre
from warehouse.errors import ConvergenceError, InputError, UsageError

MAX_TERMS = 100_000
DISCOUNT_RULE = gauss_legendre(24)


@dataclass(frozen=True, kw_only=True)
class BetaGeometricFit(Fit):
    """The common predictions; BGNBDFit and MBGNBDFit are the models."""

    PARAMETERS: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    LEAVES_AT_ONCE: ClassVar[bool] = False

    @classmethod
    def fitted(cls, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, weights: ArrayLike | None) -> Self:
        """The maximum-likelihood model; see `fit` of the module."""
        data = histories(frequency, recency, T, weights).counted()
        if not data.weights @ data.frequency > 0:
            raise InputError("No customer has bought twice: purchase rate and dropout cannot be estimated separately.")
        best = maximise(
            lambda theta, order: sums(theta, data, cls.LEAVES_AT_ONCE, order),
            search_box(data),
            lambda theta: explain(theta, cls.MODEL),
        )
        return cls(
            params=dict(zip(cls.PARAMETERS, np.exp(best.theta).tolist(), strict=True)),
            log_covariance=best.covariance,
            log_likelihood=best.log_likelihood,
            customers=data.customers,
        )

    def p_alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Array:
        """Probability of not having left by T."""
        return self._p_alive(histories(frequency, recency, T))

    def expected_purchases(self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Array:
        """Purchases expected in (T, T + horizon]."""
        data = histories(frequency, recency, T)
        return self._p_alive(data) * self.expected_while_alive(horizon, data.frequency, data.T)

    def expected_while_alive(self, horizon: ArrayLike, frequency: Array, T: Array) -> Array:
        """Purchases expected in (T, T + horizon] of a customer known to be alive at T.

        With c = a+B+x-1, d = a+B-1-r, z = h/(alpha+T+h):  c (1 - (1-z)^(a-1))/(a-1) - (1-z)^(a-1) H,
        H = sum over k >= 1 of (a)_{k-1} (d)_k / ((c+1)_{k-1} k!) z^k.
        """
        r, alpha, a, _ = self.params.values()
        h = checked_horizon(horizon)
        c = a + self._later_b + frequency - 1
        d = a + self._later_b - 1 - r
        z = h / (alpha + T + h)
        log_growth = np.log1p(h / (alpha + T))
        term = d * z
        series = np.zeros_like(term)
        with np.errstate(over="ignore", invalid="ignore"):
            for k in range(1, MAX_TERMS):
                series += term
                term = term * ((a + k - 1) * (d + k) / ((c + k) * (k + 1))) * z
                if not (np.abs(term) > 1e-16 * (1 - z) * np.abs(series)).any():
                    break
            expected = c * log_growth * exprel((1 - a) * log_growth) - np.exp((1 - a) * log_growth) * series
        if not np.isfinite(expected).all():
            raise ConvergenceError(
                f"{self.MODEL}: with a + b = {a + self.params['b']:.4g} customers hardly differ in how they leave, and "
                "expectations overflow. Use the Pareto/NBD."
            )
        return np.asarray(np.maximum(expected, 0.0))

    def probability_of_no_purchase(
        self, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Array:
        """Probability of no purchase in (T, T + horizon], whether the customer has left or not."""
        return self.probability_of_n_purchases(0, horizon, frequency, recency, T)

    def probability_of_n_purchases(
        self, n: ArrayLike, horizon: ArrayLike, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Array:
        """Probability of exactly n purchases in (T, T + horizon]; n is one number or one per customer."""
        count, h = checked_count(n), checked_horizon(horizon)
        r, alpha, a, _ = self.params.values()
        data = histories(frequency, recency, T)
        p_alive = self._p_alive(data)
        R, rate, b = r + data.frequency, alpha + data.T, self._later_b + data.frequency
        z = h / (rate + h)
        pauses = np.exp(-R * np.log1p(h / rate))
        some = np.maximum(count, 1)
        exactly = np.exp(gammaln(R + some) - gammaln(R) - gammaln(some + 1)) * z**some * pauses
        stays = np.exp(betaln(a, b + some) - betaln(a, b)) * exactly
        leaves = np.exp(betaln(a + 1, b + some - 1) - betaln(a, b)) * betainc(some, R, z)
        return np.asarray(np.where(count == 0, 1 - p_alive * (1 - pauses), p_alive * (stays + leaves)))

    def discounted_expected_purchases(
        self, rate: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, *, horizon: float
    ) -> Array:
        """Purchases expected in (T, T + horizon], each times exp(-rate x its time after T).

        `rate` is continuous and per unit of T, 0 or more. There is no infinite horizon: the expectation has no limit.
        """
        if not rate >= 0:
            raise UsageError(f"A discount rate is 0 or more; not {rate}.")
        data = histories(frequency, recency, T)
        h = float(checked_horizon(horizon))

        def expected(t: float) -> Array:
            return self.expected_while_alive(t, data.frequency, data.T)

        # integration by parts: Int e^(-rate t) dE = e^(-rate h) E(h) + rate Int e^(-rate t) E dt
        total = np.exp(-rate * h) * expected(h)
        for node, weight in zip(*DISCOUNT_RULE, strict=True) if rate > 0 else ():
            total += weight * h * rate * np.exp(-rate * h * node) * expected(h * node)
        return np.asarray(self._p_alive(data) * total)

    @property
    def _later_b(self) -> float:
        return self.params["b"] + self.LEAVES_AT_ONCE

    def _p_alive(self, data: Histories) -> Array:
        return np.asarray(np.exp(-np.logaddexp(0, _log_rho(list(self.params.values()), data, self.LEAVES_AT_ONCE))))


def _log_rho(params: list[float], data: Histories, leaves_at_once: bool) -> Array:
    """Log odds of having left; -inf for a BG customer without a repeat purchase."""
    r, alpha, a, b = params
    x, t_x, T = data.frequency, data.recency, data.T
    could_leave = x + leaves_at_once > 0
    dropouts = np.where(could_leave, b + leaves_at_once + x - 1, 1.0)
    log_rho = np.log(a) - np.log(dropouts) + (r + x) * np.log1p((T - t_x) / (alpha + t_x))
    return np.asarray(np.where(could_leave, log_rho, -np.inf))


def sums(theta: Array, data: Histories, leaves_at_once: bool, order: int = 2) -> Sums:
    """Log-likelihood, gradient and, with order 2, Hessian at (log r, log alpha, log a, log b), over weighted rows."""
    p = np.exp(theta)
    r, alpha, a, b = p.tolist()
    x, t_x, T, weights = data.frequency, data.recency, data.T, data.weights
    R, first = r + x, b + leaves_at_once  # the dropout part is Beta(a, first + x)
    log_rho = _log_rho(p.tolist(), data, leaves_at_once)
    q = np.exp(-np.logaddexp(0, -log_rho))
    value = (
        per_count(lambda n: gammaln(r + n), x)
        + per_count(lambda n: gammaln(first + n), x)
        - per_count(lambda n: gammaln(a + first + n), x)
    )
    value += gammaln(a + b) - gammaln(b) - gammaln(r)
    value += np.logaddexp(0, log_rho) - x * np.log(alpha + T) - r * np.log1p(T / alpha)

    at_T, at_tx = 1 / (alpha + T), 1 / (alpha + t_x)
    dropouts = np.where(x + leaves_at_once > 0, first + x - 1, 1.0)
    both = psi(a + b) - per_count(lambda n: psi(a + first + n), x)
    stay_b = both + per_count(lambda n: psi(first + n), x) - psi(b)
    stay = np.stack(
        [per_count(lambda n: psi(r + n), x) - psi(r) - np.log1p(T / alpha), r / alpha - R * at_T, both, stay_b]
    )
    rho = np.stack([np.log1p((T - t_x) * at_tx), R * (at_T - at_tx), np.full_like(T, 1 / a), -1 / dropouts])
    gradient = (stay + q * rho) @ weights
    if order < 2:
        return Sums(float(weights @ value), p * gradient)

    trigamma = polygamma(1, a + b) - per_count(lambda n: polygamma(1, a + first + n), x)
    curve = np.zeros((4, 4))
    curve[0, 0] = weights @ (per_count(lambda n: polygamma(1, r + n), x) - polygamma(1, r))
    curve[0, 1] = curve[1, 0] = weights @ (1 / alpha - at_T + q * (at_T - at_tx))
    curve[1, 1] = weights @ (-r / alpha**2 + R * at_T**2 + q * R * (at_tx**2 - at_T**2))
    curve[2, 3] = curve[3, 2] = weights @ trigamma
    curve[2, 2] = weights @ (trigamma - q / a**2)
    curve[3, 3] = weights @ (
        trigamma + per_count(lambda n: polygamma(1, first + n), x) - polygamma(1, b) + q / dropouts**2
    )
    hessian = curve + (rho * (weights * q * (1 - q))) @ rho.T
    return Sums(float(weights @ value), p * gradient, p[:, None] * hessian * p + np.diag(p * gradient))


def search_box(data: Histories) -> Search:
    """Start from moderate heterogeneity; six decades in either direction count as infinity."""
    age = float(np.average(data.T, weights=data.weights))
    if age == 0:
        raise InputError("T is 0 for every customer: nobody has been observed after the first purchase.")
    start = np.log([0.7, age / 3, 0.8, 2.5])
    wall = np.log([1e6, 1e8, 1e6, 1e6])
    return Search(start, start - wall, start + wall, np.ones(4))


def explain(theta: Array, model: str) -> str:
    """Why there is no inner maximum, from where the search ended."""
    r, alpha, a, b = np.exp(theta)
    reasons = []
    if a / (a + b) < 1e-3:
        reasons.append("no churn shows in the data (a/(a+b) goes to 0): observe customers for longer")
    if a + b > 1e4 and a / (a + b) >= 1e-3:
        reasons.append("customers do not differ in how likely they leave (a and b go to infinity)")
    if a + b < 1e-3:
        reasons.append("customers leave at once or never (a and b go to 0)")
    if r > 1e3:
        reasons.append("customers do not differ in how often they buy (r goes to infinity)")
    if r < 1e-3:
        reasons.append("almost nobody buys again (r goes to 0)")
    why = "; ".join(reasons) or "the likelihood is flat: too few customers"
    return (
        f"{model} has no maximum inside its range: {why}. "
        f"The search ended at r = {r:.4g}, alpha = {alpha:.4g}, a = {a:.4g}, b = {b:.4g}."
    )
