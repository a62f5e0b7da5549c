"""Parameters and customers that are hard to compute with."""

from __future__ import annotations

import numpy as np

REGIMES = (
    {"r": 0.55, "alpha": 10.6, "s": 0.61, "beta": 11.7},
    {"r": 0.55, "alpha": 74.0, "s": 0.61, "beta": 82.0},
    {"r": 1.2, "alpha": 20.0, "s": 0.8, "beta": 3000.0},  # where differences of hypergeometric functions are NaN
    {"r": 5.0, "alpha": 5.0, "s": 1.0, "beta": 5.0},  # alpha = beta and s = 1
    {"r": 0.05, "alpha": 1.0, "s": 0.05, "beta": 1.0},
    {"r": 20.0, "alpha": 300.0, "s": 2.0, "beta": 40.0},
    {"r": 0.3, "alpha": 2000.0, "s": 3.0, "beta": 10.0},
    {"r": 2.0, "alpha": 0.5, "s": 10.0, "beta": 4000.0},
)


def stress_rows(rows: int, seed: int) -> tuple[np.ndarray, ...]:
    """Frequencies to 1,500 at every age: bought once, bought on the last day, and in between."""
    rng = np.random.default_rng(seed)
    T = np.floor(10 ** rng.uniform(0, 3.2, rows)) + 1
    kind = rng.integers(0, 4, rows)
    frequency = np.where(kind == 0, 0, np.floor(10 ** rng.uniform(0, np.log10(1501), rows)))
    recency = np.select([kind == 0, kind == 1], [0, T], np.maximum(np.floor(T * rng.random(rows)), 1))
    return frequency, recency, T
