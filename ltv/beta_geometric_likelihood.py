"""Likelihood of BG/NBD, MBG/NBD and MBG/CNBD-k, with exact gradient and Hessian, as sums over purchase histories.

With B = b for BG and b + 1 for MBG, R = r + k frequency, rho the odds of having left after the last purchase, and G as
in `ltv.beta_geometric_forecast` (1 where k is 1),

    L = Gamma(R)/Gamma(r) alpha^r (alpha+T)^-R  Beta(a, B+x)/Beta(a, b)  G (1 + rho)
    rho = a/(B+x-1) ((alpha+T)/(alpha+t_x))^R / G          (0 in BG without a repeat purchase)

which for k = 1 is the stable form of Hardie's note 027. Where k is above 1 the likelihood also has the gaps between
purchases, (k-1) sum of their logarithms - frequency log Gamma(k): no parameter is in it, and it decides which k is best
(`gap_likelihood`). Parameters are (log r, log alpha, log a, log b).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, polygamma, psi

from ltv.beta_geometric_forecast import log_left, phase_weights
from ltv.fit import Sums
from ltv.histories import Array, Histories, per_count


def gap_likelihood(k: int, purchases: float, log_gaps: float) -> float:
    """What the gaps add to the log-likelihood of all customers: `purchases` repeat purchases, sum of their log gaps."""
    return float((k - 1) * log_gaps - purchases * gammaln(k))


def sums(theta: Array, data: Histories, leaves_at_once: bool, order: int = 2, *, k: int = 1) -> Sums:
    """Log-likelihood, gradient and, with order 2, Hessian at (log r, log alpha, log a, log b), over weighted rows."""
    p = np.exp(theta)
    r, alpha, a, b = p.tolist()
    x, t_x, T, weights = data.frequency, data.recency, data.T, data.weights
    R, first = r + k * x, b + leaves_at_once  # the dropout part is Beta(a, first + x)
    at_T, at_tx = 1 / (alpha + T), 1 / (alpha + t_x)
    alive, phases = _of_phases(R, at_T, (T - t_x) * at_T, k)
    log_rho = log_left(theta, data, k=k, leaves_at_once=leaves_at_once) - alive
    q = np.exp(-np.logaddexp(0, -log_rho))
    value = (
        per_count(lambda n: gammaln(r + k * n), x)
        + per_count(lambda n: gammaln(first + n), x)
        - per_count(lambda n: gammaln(a + first + n), x)
    )
    value += gammaln(a + b) - gammaln(b) - gammaln(r)
    value += alive + np.logaddexp(0, log_rho) - k * x * np.log(alpha + T) - r * np.log1p(T / alpha)

    dropouts = np.where(x + leaves_at_once > 0, first + x - 1, 1.0)
    both = psi(a + b) - per_count(lambda n: psi(a + first + n), x)
    stay_b = both + per_count(lambda n: psi(first + n), x) - psi(b)
    stay = np.stack(
        [per_count(lambda n: psi(r + k * n), x) - psi(r) - np.log1p(T / alpha), r / alpha - R * at_T, both, stay_b]
    )
    rho = np.stack([np.log1p((T - t_x) * at_tx), R * (at_T - at_tx), np.full_like(T, 1 / a), -1 / dropouts])
    stay[:2] += phases.gradient
    rho[:2] -= phases.gradient
    gradient = (stay + q * rho) @ weights
    if order < 2:
        return Sums(float(weights @ value), p * gradient)

    trigamma = polygamma(1, a + b) - per_count(lambda n: polygamma(1, a + first + n), x)
    curve = np.zeros((4, 4))
    curve[0, 0] = weights @ (per_count(lambda n: polygamma(1, r + k * n), x) - polygamma(1, r))
    curve[0, 1] = curve[1, 0] = weights @ (1 / alpha - at_T + q * (at_T - at_tx))
    curve[1, 1] = weights @ (-r / alpha**2 + R * at_T**2 + q * R * (at_tx**2 - at_T**2))
    curve[2, 3] = curve[3, 2] = weights @ trigamma
    curve[2, 2] = weights @ (trigamma - q / a**2)
    curve[3, 3] = weights @ (
        trigamma + per_count(lambda n: polygamma(1, first + n), x) - polygamma(1, b) + q / dropouts**2
    )
    curve[:2, :2] += np.einsum("ijn,n->ij", phases.hessian, weights * (1 - q))
    hessian = curve + (rho * (weights * q * (1 - q))) @ rho.T
    return Sums(float(weights @ value), p * gradient, p[:, None] * hessian * p + np.diag(p * gradient))


class _Slopes(NamedTuple):
    """Derivatives of log G of each history by r and alpha."""

    gradient: Array
    hessian: Array


def _of_phases(R: Array, at_T: Array, u: Array, k: int) -> tuple[Array, _Slopes]:
    """log G of each history, and its derivatives: means and covariances over the number of finished phases."""
    value, gradient, hessian = np.zeros_like(R), np.zeros((2, len(R))), np.zeros((2, 2, len(R)))
    if k == 1:
        return value, _Slopes(gradient, hessian)
    weights = phase_weights(R, u, k)
    # of log c_j by r and alpha: the slopes, and the curvature by r
    by_r, by_alpha, bend = np.zeros_like(weights), np.zeros_like(weights), np.zeros_like(weights)
    for j in range(1, k):
        by_r[j] = by_r[j - 1] + 1 / (R + (j - 1))
        by_alpha[j] = -j * at_T
        bend[j] = bend[j - 1] - 1 / (R + (j - 1)) ** 2
    slopes = np.stack([by_r, by_alpha])
    gradient = np.einsum("jn,ijn->in", weights, slopes)
    hessian = np.einsum("jn,ajn,bjn->abn", weights, slopes, slopes) - gradient[:, None] * gradient
    hessian[0, 0] += np.einsum("jn,jn->n", weights, bend)
    hessian[1, 1] -= gradient[1] * at_T
    return -np.log(weights[0]), _Slopes(gradient, hessian)  # c_0 is 1
