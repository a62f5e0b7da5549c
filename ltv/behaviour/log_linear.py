"""Regression of amounts with a logarithmic link, as if they were gamma distributed. A few columns, many rows."""

from __future__ import annotations

import numpy as np

from ltv.behaviour.newton import minimum
from ltv.churn_scorer import Array

STEPS = 200


def fit_log_linear(columns: Array, amount: Array, *, ridge: float = 0.0) -> Array:
    """Intercept and coefficients of log E(amount), with a penalty of `ridge` / 2 times each squared coefficient.

    The variance is in proportion to the squared expectation, so large amounts do not decide alone: the mean of amount /
    expectation is 1. Amounts are 0 or more, some are above.

    >>> import numpy as np
    >>> from ltv.behaviour.log_linear import fit_log_linear
    >>> fit_log_linear(np.array([[0.0], [0.0], [1.0]]), np.array([1.0, 3.0, 4.0])).round(4).tolist()  # log 2, log 4/2
    [0.6931, 0.6931]
    """
    mean = float(amount.mean())
    share = amount / mean
    design = np.column_stack([np.ones(len(amount)), columns])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    # The expected curve of the deviance does not depend on theta: one matrix for all steps.
    curve = design.T @ design / len(amount) + np.diag(np.maximum(penalty, 1e-12))

    def loss(at: Array) -> float:
        log_mean = design @ at
        return float(np.mean(share * np.exp(-log_mean) + log_mean) + penalty @ at**2 / 2)

    def derivatives(at: Array) -> tuple[Array, Array]:
        return design.T @ (1 - share * np.exp(-(design @ at))) / len(amount) + penalty * at, curve

    failure = "a regression of the value of new users found no maximum"
    theta = minimum(loss, derivatives, design.shape[1], steps=STEPS, failure=failure)
    theta[0] += np.log(mean)
    return theta
