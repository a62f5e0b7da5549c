"""The minimum of a convex loss by Newton's method, with steps that are halved where they overshoot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ltv.churn_scorer import Array
from warehouse.errors import ConvergenceError

TOLERANCE = 1e-10
LEAST_SIZE = 1e-8  # of a step; a smaller part of it changes rounding alone


def minimum(
    loss: Callable[[Array], float],
    derivatives: Callable[[Array], tuple[Array, Array]],
    parameters: int,
    *,
    steps: int,
    failure: str,
) -> Array:
    """Where `loss` is smallest, from zeros on; `derivatives` gives its slope and curve. ConvergenceError(failure) where
    so many steps do not reach it."""
    theta: Array = np.zeros(parameters)
    for _ in range(steps):
        slope, curve = derivatives(theta)
        step = np.linalg.solve(curve, slope)
        now, size = loss(theta), 1.0
        while loss(theta - size * step) > now and size > LEAST_SIZE:
            size /= 2
        theta = theta - size * step
        if np.abs(slope @ step) < TOLERANCE:
            return theta
    raise ConvergenceError(failure)
