"""Logistic regression by Newton's method: calibration, and the baselines of one feature. A few columns, many rows."""

from __future__ import annotations

import numpy as np

from ltv.behaviour.newton import minimum
from ltv.churn_scorer import Array, expit

RIDGE = 1e-6  # of the mean log-likelihood: outcomes that a feature separates have no finite coefficients otherwise
STEPS = 100


def fit_logistic(columns: Array, outcome: Array, *, ridge: float = RIDGE) -> Array:
    """Intercept and coefficients of P(outcome = 1), with a penalty of `ridge` / 2 times each squared coefficient.

    >>> import numpy as np
    >>> from ltv.behaviour.logistic import fit_logistic
    >>> rare, often = np.repeat([0.0, 1.0], 4), np.array([0, 0, 0, 1, 0, 1, 1, 1.0])
    >>> fit_logistic(rare[:, None], often).round(2).tolist()  # log(1/3), and from there to log(3)
    [-1.1, 2.2]
    """
    design = np.column_stack([np.ones(len(outcome)), columns])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 1e-12

    def loss(at: Array) -> float:
        log_odds = design @ at
        return float(np.mean(np.logaddexp(0, log_odds) - outcome * log_odds) + penalty @ at**2 / 2)

    def derivatives(at: Array) -> tuple[Array, Array]:
        probability = expit(design @ at)
        slope = design.T @ (probability - outcome) / len(outcome) + penalty * at
        weights = np.maximum(probability * (1 - probability), 1e-12)
        return slope, (design * weights[:, None]).T @ design / len(outcome) + np.diag(penalty)

    failure = "a logistic regression of churn found no maximum"
    return minimum(loss, derivatives, design.shape[1], steps=STEPS, failure=failure)
