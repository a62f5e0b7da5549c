"""Weak priors on the logarithms of parameters: they decide only where a likelihood has no inner maximum."""

from __future__ import annotations

import numpy as np

from ltv.fit import Prior, Sums
from ltv.histories import Array

# One standard deviation of a weak prior is a factor of 4.5 either way, two are a factor of 20.
WEAK = 1.5


def normal_prior(directions: Array, centers: Array) -> Prior:
    """Each combination of theta (a row of `directions`) is normal around its center, with standard deviation WEAK."""
    bend = directions.T @ directions / WEAK**2

    def prior(theta: Array) -> Sums:
        away = directions @ theta - centers
        return Sums(float(-away @ away) / (2 * WEAK**2), -directions.T @ away / WEAK**2, -bend)

    return prior


def at_most(scale: float, counts: Array) -> Prior:
    """Keeps each exp(theta) below about `scale`, however many counts (observations of it) push it up.

    It is a log-density of -count exp(theta) / (2 scale): where the likelihood only ever gains, count/2 for each unit of
    theta, the maximum is at exp(theta) = scale.
    """

    def prior(theta: Array) -> Sums:
        pull = counts * np.exp(theta) / (2 * scale)
        return Sums(float(-pull.sum()), -pull, -np.diag(pull))

    return prior
