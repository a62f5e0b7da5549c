"""Weights of touches on aggregated paths that several rules share: by place in the path, in NumPy."""

from __future__ import annotations

import numpy as np

from attribution.paths import Flags, Floats, Paths, summed


def ends_and_middle(
    paths: Paths, first: float, last: float, other: Floats | None = None, other_total: float = 0.0
) -> Floats:
    """Shares of the ends, plus `other` shares per touch; touches without a share divide what is left of 1."""
    shares = first * (paths.position == 0) + last * (paths.to_last == 0)
    role = (paths.position == 0) | (paths.to_last == 0)
    if other is not None:
        shares, role = shares + other, role | (other > 0)
    rest = summed(paths.path_of_step, ~role, len(paths))[paths.path_of_step]
    return np.where(role, shares, max(0.0, 1.0 - first - last - other_total) / np.maximum(rest, 1.0))


def last_where(paths: Paths, eligible: Flags) -> Floats:
    """1 for the last eligible touch of each path, or its last touch where none is; 0 for the others."""
    chosen = paths.starts[1:] - 1
    candidates = np.flatnonzero(eligible)
    # In ascending order, so that the last one wins.
    chosen[paths.path_of_step[candidates]] = candidates
    weights = np.zeros(len(paths.steps))
    weights[chosen[paths.lengths > 0]] = 1.0
    return weights


def is_any_of(paths: Paths, channels: list[str]) -> Flags:
    """Whether each touch's channel is one of these."""
    return np.isin(paths.steps, [paths.code_of(channel) for channel in sorted(channels)])
