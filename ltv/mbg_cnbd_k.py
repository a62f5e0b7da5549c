"""MBG/CNBD-k: an MBG/NBD of customers who buy at even intervals (Platzer & Reutterer 2016; Reutterer et al. 2021).

The time between two purchases is Erlang-k: 1 is at random, as in the MBG/NBD, 2 to 4 is usual for groceries, and the
larger k, the more like clockwork. A customer who has just bought is then less likely to buy tomorrow, and one who is
overdue has more likely left. Formulas: `ltv.beta_geometric_likelihood`, `ltv.beta_geometric_forecast` and
docs/value-models.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from numpy.typing import ArrayLike

from ltv.beta_geometric import BetaGeometricFit, EvaluateOf
from ltv.beta_geometric_likelihood import gap_likelihood
from ltv.beta_geometric_search import check
from ltv.histories import Histories, histories

MOST_REGULAR = 10  # phases; beyond are contracts, of which `ltv.silent_days` warns
GAPS_NEEDED = "mbg_cnbd_k needs the gaps between purchases, which say how regular they are."


class Gaps(NamedTuple):
    """All gaps between purchases of a shop: how many, and the sum of their logarithms, in the unit of recency and T."""

    number: float
    log_total: float


@dataclass(frozen=True, kw_only=True)
class MBGCNBDFit(BetaGeometricFit):
    """An MBG/CNBD-k with its parameters r, alpha, a, b, and k; r/alpha is the mean rate of phases, k of them a gap.

    The log-likelihood is that of the gaps too where k was chosen by them.
    """

    MODEL: ClassVar[str] = "mbg_cnbd_k"
    LEAVES_AT_ONCE: ClassVar[bool] = True


def fit(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    log_gaps: float | None = None,
    k: int | None = None,
) -> MBGCNBDFit:
    """Maximum-likelihood MBG/CNBD-k; arguments, units and errors as in `ltv.pareto_nbd.fit`, without covariates.

    `log_gaps` is the sum of the logarithms of all gaps between purchases of all customers: with it k is chosen by the
    likelihood, from 1 upwards as long as it rises. Without it, k is given.

    >>> from ltv import mbg_cnbd_k
    >>> frequency, recency, T = [0, 1, 1, 3, 3, 8, 8], [0, 4, 30, 8, 35, 10, 38], [39] * 7  # weeks
    >>> fitted = mbg_cnbd_k.fit(frequency, recency, T, weights=[600, 80, 60, 25, 40, 8, 30], k=2)
    >>> {name: round(value, 2) for name, value in fitted.params.items()}
    {'r': 0.65, 'alpha': 2.57, 'a': 0.7, 'b': 0.44}
    >>> fitted.probability_of_no_purchase(4, frequency=8, recency=[34, 38], T=39).round(2).tolist()
    [0.44, 0.48]
    """
    if log_gaps is None:
        return MBGCNBDFit.fitted(frequency, recency, T, weights, k=k or 1)
    data = histories(frequency, recency, T, weights).counted()
    check(data)
    return best_fit(
        lambda phases: MBGCNBDFit.evaluate(data, phases),
        data,
        customers=data.customers,
        gaps=Gaps(float(data.weights @ data.frequency), log_gaps),
    )


def best_fit(
    evaluate_of: EvaluateOf,
    known: Histories,
    *,
    customers: float,
    gaps: Gaps,
    sample_of: EvaluateOf | None = None,
) -> MBGCNBDFit:
    """The fit with the best k, of likelihoods that the caller sums; arguments as in `pareto_nbd.fit_sums`."""

    def fitted(k: int) -> tuple[float, MBGCNBDFit]:
        sample = sample_of(k) if sample_of else None
        fit = MBGCNBDFit.fit_sums(evaluate_of(k), known, customers=customers, sample=sample, k=k)
        likelihood = (fit.log_likelihood or 0.0) + gap_likelihood(k, *gaps)
        return likelihood, replace(fit, log_likelihood=likelihood)

    likelihood, best = fitted(1)
    for k in range(2, MOST_REGULAR + 1):
        of_k, fit = fitted(k)
        if of_k <= likelihood:
            break
        likelihood, best = of_k, fit
    return best
