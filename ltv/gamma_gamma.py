"""Gamma-Gamma: what a customer spends per purchase (Fader & Hardie 2013, "The Gamma-Gamma model of monetary value").

A purchase is worth z ~ Gamma(p, nu), and nu ~ Gamma(q, gamma) differs between customers. From the mean value m of x
repeat purchases, with Q = p x + q and G = gamma + x m:

    L = Gamma(Q) / (Gamma(p x) Gamma(q)) gamma^q m^(p x - 1) x^(p x) / G^Q,        E[value] = p G / (Q - 1)

The model assumes that the value of purchases does not depend on their number; a fit warns where it does.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, polygamma, psi

from ltv.fit import Evaluate, Fit, Search, Sums, find
from ltv.histories import Array, column, group_index, per_count, refuse
from ltv.order_value import expected_order_value, spend
from ltv.spend_fallback import NOTHING, REGULAR, SpendFacts, fit_with_prior, spend_facts
from warehouse.errors import InputError

# Beyond this correlation of frequency and mean value, the model's assumption of independence is clearly violated.
CORRELATED = 0.3
# Fewer customers with two repeat purchases cannot show how a customer's own purchases vary.
FEW = 100
SHRUNK = "each customer's own mean is shrunk towards that of all"


@dataclass(frozen=True, kw_only=True)
class GammaGammaFit(Fit):
    """A Gamma-Gamma with its parameters p, q, gamma (lifetimes calls the last one v). gamma is in units of money."""

    MODEL: ClassVar[str] = "gamma_gamma"
    PARAMETERS: ClassVar[tuple[str, ...]] = ("p", "q", "gamma")

    def expected_value(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Array:
        """Expected value of a future purchase, given the mean value of `frequency` repeat purchases.

        Without repeat purchases monetary_value may be anything, NaN too: the answer is the mean of all customers.
        """
        return expected_order_value(self.theta, *spend(frequency, monetary_value))

    def second_moments(self, frequency: ArrayLike, monetary_value: ArrayLike) -> tuple[Array, Array]:
        """E[z^2] of a future purchase, and E[z z'] of two of one customer; infinite where p x + q <= 2."""
        x, m = spend(frequency, monetary_value)
        Q, G = self._posterior(x, m)
        p = self.params["p"]
        with np.errstate(divide="ignore", over="ignore"):
            inverse_square = np.where(Q > 2, G**2 / ((Q - 1) * np.maximum(Q - 2, 0)), np.inf)
        return p * (p + 1) * inverse_square, p**2 * inverse_square

    def _posterior(self, x: Array, m: Array) -> tuple[Array, Array]:
        p, q, gamma = self.params.values()
        return p * x + q, gamma + x * m


def fit(frequency: ArrayLike, monetary_value: ArrayLike, weights: ArrayLike | None = None) -> GammaGammaFit:
    """Maximum-likelihood Gamma-Gamma over the customers with a repeat purchase; the others are left out.

    monetary_value is the mean value of the repeat purchases, positive, in any one currency; weights are customers per
    row. Where the likelihood has no inner maximum (one price, too few customers) or one without a finite mean (q <= 1),
    a weak prior decides (`spend_fallback`), and the `note` of the fit says so. Raises InputError for impossible rows
    and where nobody has a repeat purchase. Warns when frequency and monetary_value correlate beyond 0.3.

    >>> from ltv import gamma_gamma
    >>> frequency, monetary_value = [1, 1, 1, 4, 4, 4, 4], [12.0, 30.0, 80.0, 18.0, 25.0, 40.0, 90.0]
    >>> fitted = gamma_gamma.fit(frequency, monetary_value, weights=[30, 60, 20, 30, 50, 30, 20])
    >>> {name: round(value, 2) for name, value in fitted.params.items()}
    {'p': 8.34, 'q': 4.57, 'gamma': 15.19}
    >>> fitted.expected_value(frequency=[0, 4], monetary_value=[0, 90.0]).round(2).tolist()
    [35.54, 84.74]
    """
    x, m = spend(frequency, monetary_value)
    w = np.broadcast_to(column(1.0 if weights is None else weights, "weights"), x.shape)
    x, m, w = (c[(x > 0) & (w > 0)] for c in (x, m, w))
    check(x, m, w)
    group = group_index([x, m])
    representative = np.empty(int(group.max()) + 1, dtype=np.intp)
    representative[group] = np.arange(len(x))
    counts = np.bincount(group, w).astype(np.float64)
    x, m = x[representative], m[representative]
    facts = spend_facts(x, m, counts)
    return fit_sums(lambda theta, order: sums(theta, x, m, counts, order), m, counts, facts=facts)


def check(x: Array, m: Array, weights: Array) -> None:
    """Refuse impossible spend; warn where it depends on frequency."""
    if not len(x):
        raise InputError("No customer has bought twice: there is no repeat purchase to learn the value from.")
    refuse(m <= 0, "monetary_value must be positive; leave out customers whose refunds cancel their purchases", m=m)
    _warn_if_correlated(x, m, weights)


def fit_sums(
    evaluate: Evaluate, known: Array, weights: Array, *, facts: SpendFacts, sample: Evaluate | None = None
) -> GammaGammaFit:
    """The fit of a likelihood that the caller sums, such as over Spark partitions.

    `evaluate(theta, order)` gives the sums over all data, `facts` are those of all customers; `known` are monetary
    values, all or a sample, with their weights, that set the scale of the search; `sample` is the likelihood of a
    sample, where the search starts.
    """
    note, free = None, False
    if is_flat(known):
        best, note = None, f"every purchase is worth {known[0]:g}, so that price is predicted for all customers"
    else:
        best, ended = find(evaluate, search_box(known, weights), sample)
        if best is None or ended[1] <= 0:  # log q: a finite mean needs q > 1
            best, note, free = None, f"{explain(ended, facts)}; {SHRUNK}", bool(ended[1] <= 0)
    if best is None:
        best = fit_with_prior(evaluate, facts, sample, mean_is_known=not free)
    p, q, gamma = np.exp(best.theta).tolist()
    return GammaGammaFit(
        params={"p": p, "q": q, "gamma": gamma},
        log_covariance=best.covariance,
        log_likelihood=best.log_likelihood,
        customers=facts.customers,
        note=f"Value of purchases: {note}." if note else None,
    )


def worthless() -> GammaGammaFit:
    """The fit where people came back, but no repeat purchase has a value above 0: it predicts about 0."""
    p = q = REGULAR
    return GammaGammaFit(
        params={"p": p, "q": q, "gamma": NOTHING * (q - 1) / p},
        log_covariance=np.eye(3) / REGULAR,
        note="Value of purchases: no repeat purchase is worth more than 0 (refunds, free orders), so 0 is predicted.",
    )


def is_flat(m: Array) -> bool:
    """Is every value one price?"""
    return bool(np.ptp(m) <= 1e-9 * m.max())


def sums(theta: Array, x: Array, m: Array, weights: Array, order: int = 2) -> Sums:
    """Log-likelihood, gradient and, with order 2, Hessian at (log p, log q, log gamma), over weighted customers."""
    natural = np.exp(theta)
    p, q, gamma = natural.tolist()
    Q, G = p * x + q, gamma + x * m
    share, rest = np.log(x * m / G), np.log(gamma / G)
    value = (
        per_count(lambda n: gammaln(p * n + q) - gammaln(p * n), x) - gammaln(q) - np.log(m) + p * x * share + q * rest
    )
    slope_p = x * (per_count(lambda n: psi(p * n + q) - psi(p * n), x) + share)
    slope_q = per_count(lambda n: psi(p * n + q), x) - psi(q) + rest
    gradient = np.array([weights @ slope_p, weights @ slope_q, weights @ (q / gamma - Q / G)])
    if order < 2:
        return Sums(float(weights @ value), natural * gradient)

    trigamma = per_count(lambda n: polygamma(1, p * n + q), x)
    pp = weights @ (x**2 * (trigamma - per_count(lambda n: polygamma(1, p * n), x)))
    pq = weights @ (x * trigamma)
    pg = weights @ (-x / G)
    qq = weights @ (trigamma - polygamma(1, q))
    qg = weights @ (1 / gamma - 1 / G)
    gg = weights @ (Q / G**2 - q / gamma**2)
    hessian = np.array([[pp, pq, pg], [pq, qq, qg], [pg, qg, gg]])
    return Sums(
        float(weights @ value),
        natural * gradient,
        natural[:, None] * hessian * natural + np.diag(natural * gradient),
    )


def search_box(m: Array, weights: Array) -> Search:
    """Start: purchases vary by half around a mean that varies by half, too; six decades count as infinity."""
    start = np.log([4.0, 4.0, np.average(m, weights=weights)])
    wall = np.log([1e6, 1e6, 1e8])
    return Search(start, start - wall, start + wall, np.ones(3))


def explain(theta: Array, facts: SpendFacts) -> str:
    """Why there is no inner maximum, from where the search ended."""
    p, q, _ = np.exp(theta)
    reasons = []
    if q <= 1:
        reasons.append(
            f"spending is so uneven that its mean is infinite (q = {q:.4g} <= 1); look for a few huge orders "
            "(wholesale, test orders, another currency)"
        )
    if p > 1e3 and facts.returning < FEW:
        reasons.append(
            f"only {facts.returning:,.0f} customers have two repeat purchases or more, too few to show how a "
            "customer's own purchases vary (p goes to infinity)"
        )
    elif p > 1e3:
        reasons.append("each customer always spends the same (p goes to infinity), as with subscription prices")
    if q > 1e3:
        reasons.append("customers do not differ in what they spend (q goes to infinity)")
    return "; ".join(reasons) or f"the likelihood is flat: too few customers ({facts.customers:,.0f})"


def _warn_if_correlated(x: Array, m: Array, weights: Array) -> None:
    if np.ptp(x) == 0 or is_flat(m):
        return
    (xx, xm), (_, mm) = np.cov(np.stack([x, m]), aweights=weights)
    correlation = xm / np.sqrt(xx * mm)
    if abs(correlation) > CORRELATED:
        warnings.warn(
            f"Frequency and monetary_value correlate ({correlation:.2f}): the Gamma-Gamma assumes that they do not, "
            "so values of frequent customers are biased. Fit such groups separately.",
            stacklevel=4,
        )
