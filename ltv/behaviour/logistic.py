"""Logistic regression by Newton's method: calibration, and the baselines of one feature. A few columns, many rows."""

from __future__ import annotations

import numpy as np

from ltv.churn_scorer import Array, expit
from warehouse.errors import ConvergenceError

RIDGE = 1e-6  # of the mean log-likelihood: outcomes that a feature separates have no finite coefficients otherwise
STEPS = 100
TOLERANCE = 1e-10


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
    theta = np.zeros(design.shape[1])

    def loss(at: Array) -> float:
        log_odds = design @ at
        return float(np.mean(np.logaddexp(0, log_odds) - outcome * log_odds) + penalty @ at**2 / 2)

    for _ in range(STEPS):
        probability = expit(design @ theta)
        slope = design.T @ (probability - outcome) / len(outcome) + penalty * theta
        weights = np.maximum(probability * (1 - probability), 1e-12)
        curve = (design * weights[:, None]).T @ design / len(outcome) + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        now, size = loss(theta), 1.0
        while loss(theta - size * step) > now and size > 1e-8:
            size /= 2
        theta = theta - size * step
        if np.abs(slope @ step) < TOLERANCE:
            return np.asarray(theta)
    raise ConvergenceError("a logistic regression of churn found no maximum")
