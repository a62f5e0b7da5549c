"""Gamma-Gamma's prediction: what a customer's next purchase is worth, from the mean of the repeat purchases so far.

This file goes with every registered model (see `ltv.pyfunc`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .errors import ConvergenceError, InputError
from .histories import Array, column


def expected_order_value(theta: Array, x: Array, m: Array) -> Array:
    """p (gamma + x m) / (p x + q - 1), theta the logarithms of p, q and gamma; without repeat purchases all
    customers' mean."""
    p, q, gamma = np.exp(theta).tolist()
    Q = p * x + q
    if (Q <= 1).any():
        raise ConvergenceError(f"gamma_gamma: q = {q:.4g} <= 1 gives new customers no finite mean.")
    return np.asarray(p * (gamma + x * m) / (Q - 1))


def spend(frequency: ArrayLike, monetary_value: ArrayLike) -> tuple[Array, Array]:
    """Checked arrays of one length; the value of customers without a repeat purchase becomes 0."""
    x = column(frequency, "frequency")
    try:
        given = np.atleast_1d(np.asarray(monetary_value, dtype=np.float64))
    except (TypeError, ValueError):
        raise InputError("monetary_value holds values that are no numbers.") from None
    try:
        x, given = (np.ascontiguousarray(c) for c in np.broadcast_arrays(x, given))
    except ValueError:
        raise InputError(f"frequency and monetary_value differ in length ({x.size}, {given.size}).") from None
    return x, column(np.where(x > 0, given, 0.0), "monetary_value")
