"""BG/NBD: customers leave, if ever, right after a repeat purchase (Fader, Hardie & Lee 2005).

Its p_alive is **no churn score**: a customer who never bought again cannot have left in this model and gets exactly 1,
so the customers who are most likely gone rank as the most alive. For churn use `ltv.pareto_nbd` and its
probability_of_no_purchase. Formulas: ltv/beta_geometric_likelihood.py and docs/value-models.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from ltv.beta_geometric import BetaGeometricFit


@dataclass(frozen=True, kw_only=True)
class BGNBDFit(BetaGeometricFit):
    """A BG/NBD with its parameters r, alpha, a, b. Do not rank customers for churn by its p_alive: see the module."""

    MODEL: ClassVar[str] = "bg_nbd"


def fit(frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, weights: ArrayLike | None = None) -> BGNBDFit:
    """Maximum-likelihood BG/NBD; arguments, units and errors as in `ltv.pareto_nbd.fit`, without covariates.

    >>> from ltv import bg_nbd
    >>> frequency, recency, T = [0, 1, 1, 3, 3, 8, 8], [0, 4, 30, 8, 35, 10, 38], [39] * 7  # weeks
    >>> fitted = bg_nbd.fit(frequency, recency, T, weights=[600, 80, 60, 25, 40, 8, 30])
    >>> {name: round(value, 2) for name, value in fitted.params.items()}
    {'r': 0.13, 'alpha': 3.34, 'a': 0.35, 'b': 0.66}
    >>> fitted.expected_purchases(13, frequency=3, recency=35, T=39).round(2).tolist()
    [0.78]
    """
    return BGNBDFit.fitted(frequency, recency, T, weights)
