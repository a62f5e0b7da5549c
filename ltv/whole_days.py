"""Whether days with a purchase can be taken for purchases, as the plain Pareto/NBD does (docs/value-models.md)."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from ltv import pareto_nbd_likelihood
from ltv.fit import Evaluate
from ltv.histories import histories
from ltv.pareto_nbd import ParetoNBDFit
from ltv.scorer import DAYS_PER_UNIT
from ltv.spark_likelihood import SpreadCounts, purchase_sums, summed

MOST_STANDARD_ERRORS = 2.0  # farther from the likelihood of days, a plain fit is not kept


def one_day(time_unit: str) -> float:
    """The length of a day in the unit of T."""
    return 1 / DAYS_PER_UNIT[time_unit]


def likelihood_of_days(counted: pd.DataFrame | SpreadCounts, day: float) -> Evaluate:
    """The likelihood of days with a purchase: of counted rows here (frequency, recency, T, customers) or on Spark."""
    if isinstance(counted, SpreadCounts):
        return summed(counted.frame.where("T > 0"), partial(purchase_sums, day=day))
    seen = counted[counted["T"] > 0]
    rows = histories(seen["frequency"], seen["recency"], seen["T"], seen["customers"], day=day)
    return lambda theta, order: pareto_nbd_likelihood.sums(theta, rows, order)


def days_matter(plain: ParetoNBDFit, of_days: Evaluate) -> bool:
    """Whether a plain fit is more than two standard errors, of all parameters together, from the fit of days.

    `of_days` is the likelihood of days with a purchase on the same data. The distance is that of one Newton step, so
    it costs one evaluation, not a fit. It grows with how often customers buy and with the root of their number: below
    it, the error of whole days is lost in that of the parameters. A fit by the weak prior is kept.
    """
    if plain.note:
        return False
    there = of_days(plain.theta, 2)
    assert there.hessian is not None, "order 2 has one"
    curvature, axes = np.linalg.eigh(-there.hessian)
    slope = axes.T @ there.gradient
    return bool(curvature[0] <= 0 or slope @ (slope / curvature) > MOST_STANDARD_ERRORS**2)
