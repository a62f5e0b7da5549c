"""MBG/NBD: customers may leave right after any purchase, the first included (Batislam, Denizel & Filiztekin 2007).

Unlike BG/NBD it gives one-time buyers a p_alive below 1, but customers can leave only at purchases; `ltv.pareto_nbd`
is the model for churn. Formulas: ltv/beta_geometric_likelihood.py and docs/value-models.md.
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
    """Maximum-likelihood MBG/NBD; arguments, units and errors as in `ltv.pareto_nbd.fit`, without covariates.

    >>> from ltv import mbg_nbd
    >>> frequency, recency, T = [0, 1, 1, 3, 3, 8, 8], [0, 4, 30, 8, 35, 10, 38], [39] * 7  # weeks
    >>> fitted = mbg_nbd.fit(frequency, recency, T, weights=[600, 80, 60, 25, 40, 8, 30])
    >>> {name: round(value, 2) for name, value in fitted.params.items()}
    {'r': 0.4, 'alpha': 4.87, 'a': 0.65, 'b': 0.62}
    >>> fitted.p_alive(frequency=0, recency=0, T=[0, 39]).round(2).tolist()
    [0.49, 0.28]
    """
    return MBGNBDFit.fitted(frequency, recency, T, weights)
