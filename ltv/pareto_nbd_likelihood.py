"""Likelihood of the Pareto/NBD model, with exact gradient and Hessian, as sums over purchase histories.

A customer buys at rate lambda ~ Gamma(r, alpha) until leaving, at rate mu ~ Gamma(s, beta). With a = alpha, b = beta
and R = r + frequency, the likelihood is that of a customer still alive at T plus that of one who left at t in (t_x,
T):

    L = Gamma(R)/Gamma(r) a^r b^s [ (a+T)^-R (b+T)^-s + s Int_{t_x}^{T} (a+t)^-R (b+t)^-(s+1) dt ]

Both terms are positive, so nothing cancels (the usual form subtracts two hypergeometric functions and is NaN
for the best customers). The integral is taken by Gauss-Legendre in u = log(1 + k (t - t_x)) with k = (R+1)/(a+t_x) +
(s+1)/(b+t_x). In u the integrand is analytic wherever |Im u| < pi, so the number of nodes needed depends on the width
of the u interval alone; WIDEST keeps its relative error, hence the absolute error of the log-likelihood, below 1e-12
(rounding adds some 1e-15 a purchase).

Where frequency counts days with a purchase, T is `Histories.end`, and t in (a+t) is the part of t in which a purchase
would have counted (`Histories.open_time`).

Parameters are (log r, log alpha, log s, log beta, transaction coefficients, dropout coefficients). A covariate x with
coefficient g makes alpha (or beta) of the customer alpha exp(-g x), so that g > 0 buys (or leaves) faster.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, polygamma, psi

from ltv.fit import Sums
from ltv.histories import Array, Histories, per_count
from ltv.pareto_nbd_alive import PAIRS, customers, departure, leaving_of, log_left_to_alive

CHUNK = 262_144  # histories whose derivatives are held at a time


def sums(theta: Array, data: Histories, order: int = 1) -> Sums:
    """Log-likelihood (natural units), gradient and, with order 2, Hessian at theta, summed over weighted histories.

    Sums of disjoint parts of the data add up to the sums of the whole. Without a `day`, histories with T = 0 contribute
    exactly 0.
    """
    size = len(theta)
    total = Sums(0.0, np.zeros(size), np.zeros((size, size)) if order == 2 else None)
    for chunk in data.chunks(CHUNK):
        total = total + _chunk_sums(theta, chunk, order)
    return total


def scores(theta: Array, data: Histories) -> Array:
    """Gradient of each history's log-likelihood at theta, one row per history, unweighted."""
    found = np.zeros((len(data), len(theta)))
    for start, chunk in zip(range(0, len(data), CHUNK), data.chunks(CHUNK), strict=True):
        _, gradient, _ = by_history(theta, chunk)
        for (columns, design), g in zip(_designs(theta, chunk), gradient, strict=True):
            found[start : start + len(chunk), columns] = design * g[:, None]
    return found


def _chunk_sums(theta: Array, data: Histories, order: int) -> Sums:
    value, gradient, hessian = by_history(theta, data, order)
    designs = _designs(theta, data)
    total_gradient = np.zeros(len(theta))
    for (columns, design), g in zip(designs, gradient, strict=True):
        total_gradient[columns] += design.T @ (data.weights * g)
    if order < 2:
        return Sums(float(data.weights @ value), total_gradient, None)
    total_hessian = np.zeros((len(theta), len(theta)))
    for (i, j), h in zip(PAIRS, hessian, strict=True):
        block = designs[i][1].T @ ((data.weights * h)[:, None] * designs[j][1])
        total_hessian[np.ix_(designs[i][0], designs[j][0])] += block
        if i != j:
            total_hessian[np.ix_(designs[j][0], designs[i][0])] += block.T
    return Sums(float(data.weights @ value), total_gradient, total_hessian)


def _designs(theta: Array, data: Histories) -> tuple[tuple[list[int], Array], ...]:
    """The parameters of a history are linear in theta, on the log scale: columns of theta, and what multiplies them."""
    split = 4 + data.transaction.shape[1]
    one = np.ones((len(data), 1))
    return (
        ([0], one),
        ([1, *range(4, split)], np.hstack([one, -data.transaction])),
        ([2], one),
        ([3, *range(split, len(theta))], np.hstack([one, -data.dropout])),
    )


def by_history(theta: Array, data: Histories, order: int = 1) -> tuple[Array, Array, Array]:
    """Log-likelihood (n), gradient (4, n) and Hessian (10, n in PAIRS order) of each history, unweighted.

    Derivatives are by the history's own log r, log alpha, log s, log beta. With A the alive and D the departed term,
    p = A/(A+D) and g the gradient of a term's logarithm: the gradient is p g_A + q E[g_D], the Hessian is the mean of
    the terms' Hessians plus the covariance of g over (alive, moment of leaving).
    """
    c = customers(theta, data)
    r, a, s, b = c
    x, t_x, T = data.frequency, data.recency, data.end
    o_x, o_T = data.open_time(t_x), data.open_time(T)
    R = r + x
    leaving = leaving_of(c, data)
    left = departure(leaving, T - t_x, order=max(order, 1))
    log_left = log_left_to_alive(data, leaving, left)
    p, q = np.exp(-np.logaddexp(0, log_left)), np.exp(-np.logaddexp(0, -log_left))
    value = (
        per_count(lambda n: gammaln(r + n), x)
        - gammaln(r)
        - x * np.log(a + o_T)
        - r * np.log1p(o_T / a)
        - s * np.log1p(T / b)
    )
    value += np.logaddexp(0, log_left)

    log_a, w, log_b, v = left.mean
    w, v = w * a / (a + o_x), v * b / (b + t_x)  # now means of a/(a+t), b/(b+t) over the moment of leaving
    digamma = r * (per_count(lambda n: psi(r + n), x) - psi(r))
    alive = np.stack(
        [digamma - r * np.log1p(o_T / a), r - R * a / (a + o_T), -s * np.log1p(T / b), s - s * b / (b + T)],
    )
    gone = np.stack(
        [
            digamma - r * (np.log1p(o_x / a) + log_a),
            r - R * w,
            1 - s * (np.log1p(t_x / b) + log_b),
            s - (s + 1) * v,
        ]
    )
    gradient = p * alive + q * gone
    if order < 2:
        return value, gradient, np.empty((0, len(x)))

    scale = np.stack([np.full_like(T, -r), -R * a / (a + o_x), np.full_like(T, -s), -(s + 1) * b / (b + t_x)])
    spread = alive - gone
    hessian = np.empty((len(PAIRS), len(x)))
    for n, (i, j) in enumerate(PAIRS):
        hessian[n] = p * q * spread[i] * spread[j] + q * scale[i] * scale[j] * left.covariance[n]
    ww = (left.covariance[4] + left.mean[1] ** 2) * (a / (a + o_x)) ** 2  # mean of (a/(a+t))^2
    vv = (left.covariance[9] + left.mean[3] ** 2) * (b / (b + t_x)) ** 2
    at_T, bt_T = a / (a + o_T), b / (b + T)
    hessian[0] += gradient[0] + r**2 * (per_count(lambda n: polygamma(1, r + n), x) - polygamma(1, r))
    hessian[1] += r * (1 - p * at_T - q * w)
    hessian[4] -= R * (p * at_T * (1 - at_T) + q * (w - ww))
    hessian[7] += gradient[2] - q
    hessian[8] += s * (1 - p * bt_T - q * v)
    hessian[9] -= p * s * bt_T * (1 - bt_T) + q * (s + 1) * (v - vv)
    return value, gradient, hessian
