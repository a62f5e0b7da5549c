"""MBG/NBD: customers may leave right after any purchase, the first included (Batislam, Denizel & Filiztekin 2007).

Unlike BG/NBD it gives one-time buyers a p_alive below 1, but it knows of leaving only at purchases; `ltv.pareto_nbd`
is the model for churn. Formulas: ltv/beta_geometric.py and docs/value-models.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from numpy.typing import ArrayLike

from ltv.beta_geometric import BetaGeometricFit


@dataclass(frozen=True, kw_only=True)
class MBGNBDFit(BetaGeometricFit):
    """An MBG/NBD with its parameters r, alpha, a, b."""

    MODEL: ClassVar[str] = "mbg_nbd"
    LEAVES_AT_ONCE: ClassVar[bool] = True


def fit(frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, weights: ArrayLike | None = None) -> MBGNBDFit:
    """Maximum-likelihood MBG/NBD; arguments, units and errors as in `ltv.pareto_nbd.fit`, without covariates."""
    return MBGNBDFit.fitted(frequency, recency, T, weights)
