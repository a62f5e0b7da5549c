"""BG/NBD: customers leave, if ever, right after a repeat purchase (Fader, Hardie & Lee 2005).

Its p_alive is **no churn score**: who never bought again cannot have left in this model and gets exactly 1, so that
the customers most likely gone rank first among the living. Use `ltv.pareto_nbd` and its probability_of_no_purchase
for churn. Formulas: ltv/beta_geometric.py and docs/value-models.md.
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
    """Maximum-likelihood BG/NBD; arguments, units and errors as in `ltv.pareto_nbd.fit`, without covariates."""
    return BGNBDFit.fitted(frequency, recency, T, weights)
