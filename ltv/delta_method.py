"""The delta method: intervals of predictions from the covariance of the parameters. Plain arrays, no fits.

`ltv.intervals` has the same for fits, and says what each interval covers. This file goes with every registered model
(see `ltv.pyfunc`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit, logit, ndtri

from .errors import UsageError
from .histories import Array

# Differences are taken over a thousandth of a standard error: far inside the region where predictions are straight.
STEP = 1e-3


class Interval(NamedTuple):
    """An estimate and the bounds of its two-sided interval, one of each per row."""

    estimate: Array
    lower: Array
    upper: Array


def slopes(predict: Callable[[Array], Array], theta: Array, covariance: Array) -> Array:
    """Derivatives of `predict(theta)`, of any shape, by theta: central differences, one row each."""
    rows = []
    for j, deviation in enumerate(np.sqrt(np.diag(covariance))):
        shift = np.zeros(len(theta))
        shift[j] = STEP * (deviation or 1.0)  # what is known exactly has no share in the error, whatever its slope
        rows.append((predict(theta + shift) - predict(theta - shift)) / (2 * shift[j]))
    return np.array(rows)


def errors_of(gradient: Array, covariance: Array) -> Array:
    """Standard errors of predictions from their `slopes`, of the shape of the predictions."""
    variance = np.einsum("i...,ij,j...->...", gradient, covariance, gradient, optimize=True)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def symmetric(rows: Sequence[Sequence[float]]) -> Array:
    """The matrix of which these are the rows up to the diagonal; whole rows will do, as earlier releases stored."""
    matrix = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        matrix[i, : i + 1] = matrix[: i + 1, i] = row[: i + 1]
    return matrix


def bounded(
    estimate: Array, standard_error: Array, *, level: float = 0.95, scale: Literal["log", "logit"] = "log"
) -> Interval:
    """The interval of an estimate with its standard error, symmetric on the scale; an exact 0 (or 1) has no width."""
    link, inverse, slope = (np.log, np.exp, estimate) if scale == "log" else (logit, expit, estimate * (1 - estimate))
    certain = slope <= 0
    half_width = quantile(level) * standard_error / np.where(certain, 1.0, slope)
    with np.errstate(divide="ignore", over="ignore"):
        center = link(estimate)
        return Interval(
            estimate,
            np.where(certain, estimate, inverse(center - half_width)),
            np.where(certain, estimate, inverse(center + half_width)),
        )


def quantile(level: float) -> float:
    """Standard errors on either side of an estimate; UsageError for a level outside (0, 1)."""
    if not 0 < level < 1:
        raise UsageError(f"The level of an interval lies between 0 and 1, such as 0.95; not {level}.")
    return float(ndtri((1 + level) / 2))
