"""How long the data-driven models take on aggregated paths, without Spark. Prints one JSON line per case.

OMP_NUM_THREADS=1 python bench/bench_models_core.py
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import numpy as np

from attribution import markov, shapley
from attribution.paths import Paths


def random_paths(channels: int, paths: int, touches: int) -> Paths:
    """Distinct paths of 1 to `touches` touches from a random chain without equal neighbours."""
    draw = np.random.default_rng(0)
    lengths = draw.integers(1, touches + 1, paths)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    habits = draw.dirichlet(np.full(channels, 0.5), channels)
    np.fill_diagonal(habits, 0.0)
    reach = (habits / habits.sum(axis=1, keepdims=True)).cumsum(axis=1)
    steps, here = np.empty(starts[-1], np.int64), draw.integers(0, channels, paths)
    for touch in range(touches):
        going = np.flatnonzero(lengths > touch)
        if touch:
            here[going] = np.minimum((reach[here[going]] < draw.random((len(going), 1))).sum(axis=1), channels - 1)
        steps[starts[going] + touch] = here[going]
    conversions = draw.integers(0, 3, paths).astype(float)
    nulls = draw.integers(1, 20, paths).astype(float)
    return Paths(tuple(f"channel {i:03}" for i in range(channels)), steps, starts, conversions, 25 * conversions, nulls)


def seconds(run: Callable[[], object]) -> float:
    """The lowest seconds of three runs."""
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    return round(min(taken), 3)


def main() -> None:
    """Print each case with its size and seconds."""
    for channels, count, touches, orders in (
        (12, 10_000, 100, (1, 2, 3, 4, 6)),
        (20, 100_000, 8, (1, 2, 3)),
        (500, 2_000, 1_000, (1,)),
    ):
        paths = random_paths(channels, count, touches)
        size = {"channels": channels, "paths": count, "longest": touches, "touches": len(paths.steps)}
        for order in orders:
            states = len(markov.fit(paths, order).chain.starts)
            taken = seconds(lambda paths=paths, order=order: markov.fit(paths, order))
            print(json.dumps({"model": f"markov {order}", **size, "states": states, "seconds": taken}))
        for name, fit in (("shapley", shapley.fit_subset_game), ("shapley_rate", shapley.fit_rate_game)):
            taken = seconds(lambda fit=fit, paths=paths: fit(paths))
            print(json.dumps({"model": name, **size, "seconds": taken}))


if __name__ == "__main__":
    main()
