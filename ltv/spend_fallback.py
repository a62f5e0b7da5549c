"""Gamma-Gamma where its likelihood has no maximum of use: a weak prior on p and q decides.

With M = p gamma / (q - 1), the mean value of a purchase, E[value] = (k M + x m) / (k + x), k = (q - 1) / p: a
customer's own mean, shrunk towards M. Usually M is the mean of the data, so that no p or q can move it away, and p and
q decide how much is shrunk. Where spending is so uneven that the mean of the data is that of a few customers, M is
fitted too. p stays below about 10,000 and q between 2 and about 10,000: a price is hardly more regular than to 1%, and
totals need a finite variance (q > 2).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ltv.fit import Evaluate, Optimum, Search, Sums, maximise
from ltv.histories import Array
from ltv.prior import at_most, normal_prior

REGULAR = 1e4  # 1 / 1% squared
LEAST_Q = 2.0
USUAL = np.log([4.0, 2.0])  # p and q - 2: purchases vary by half around a customer's mean, those by 0.7
NOTHING = 1e-6  # the smallest amount that money columns hold


class SpendFacts(NamedTuple):
    """Of the customers of a fit: how many, their repeat purchases, mean value, mean of 1/frequency.

    `returning` are those with two repeat purchases or more, which show how a customer's own purchases vary.
    """

    customers: float
    purchases: float
    returning: float
    mean: float
    mean_inverse: float


def spend_facts(x: Array, m: Array, weights: Array) -> SpendFacts:
    """The facts of counted customers with a repeat purchase."""
    customers = float(weights.sum())
    return SpendFacts(
        customers=customers,
        purchases=float(weights @ x),
        returning=float(weights[x > 1].sum()),
        mean=float(weights @ m) / customers,
        mean_inverse=float(weights @ (1 / x)) / customers,
    )


def fit_with_prior(
    evaluate: Evaluate, facts: SpendFacts, sample: Evaluate | None = None, *, mean_is_known: bool
) -> Optimum:
    """The maximum of likelihood times prior: (log p, log q, log gamma) and their covariance.

    `evaluate` and `sample` are likelihoods of Gamma-Gamma by its own three parameters.
    """
    size = 2 if mean_is_known else 3
    start = np.append(USUAL, np.log(facts.mean))
    wall = np.log([1e6, 1e6, 1e8])[:size]
    normal = normal_prior(np.eye(2, size), USUAL)
    bound = at_most(REGULAR, np.array([facts.purchases, facts.customers, 0.0])[:size])

    def posterior(likelihood: Evaluate) -> Evaluate:
        def evaluate(at: Array, order: int) -> Sums:
            full = _by_mean(likelihood, np.append(at, start[size:]), order)
            hessian = None if full.hessian is None else full.hessian[:size, :size]
            return Sums(full.log_likelihood, full.gradient[:size], hessian) + normal(at) + bound(at)

        return evaluate

    best = maximise(
        posterior(evaluate),
        Search(start[:size], start[:size] - wall, start[:size] + wall, np.ones(size)),
        lambda at: f"gamma_gamma: the search with a weak prior ended at {np.exp(at).tolist()}.",
        None if sample is None else posterior(sample),
    )
    at = np.append(best.theta, start[size:])
    covariance = np.zeros((3, 3))
    covariance[:size, :size] = best.covariance
    if mean_is_known:
        p, above = np.exp(at[:2])
        between = 1 / above  # squared coefficient of variation of customers' means
        covariance[2, 2] = (between + (1 + between) / p * facts.mean_inverse) / facts.customers
    theta, slope, _ = _natural(at)
    return Optimum(theta, evaluate(theta, 1).log_likelihood, slope @ covariance @ slope.T)


def _natural(at: Array) -> tuple[Array, Array, Array]:
    """(log p, log q, log gamma) at (log p, log(q - 2), log M); first and, by log(q - 2), second derivatives."""
    above = float(np.exp(at[1]))
    q = LEAST_Q + above
    theta = np.array([at[0], np.log(q), at[2] + np.log(q - 1) - at[0]])
    in_q, in_gamma = above / q, above / (q - 1)
    slope = np.array([[1.0, 0.0, 0.0], [0.0, in_q, 0.0], [-1.0, in_gamma, 1.0]])
    return theta, slope, np.array([0.0, in_q - in_q**2, in_gamma - in_gamma**2])


def _by_mean(likelihood: Evaluate, at: Array, order: int) -> Sums:
    """The likelihood by (log p, log(q - 2), log M)."""
    theta, slope, bend = _natural(at)
    sums = likelihood(theta, order)
    hessian = None
    if sums.hessian is not None:
        hessian = slope.T @ sums.hessian @ slope
        hessian[1, 1] += sums.gradient @ bend
    return Sums(sums.log_likelihood, slope.T @ sums.gradient, hessian)
