"""Markov attribution in plain Python: counts by dictionaries, one dense solve per channel, enumeration of journeys."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import strategies as st

from attribution.paths import Paths

Walk = tuple[tuple[str, ...], int, float, int]  # path, conversions, value, nulls


class Counts(NamedTuple):
    moves: Counter[tuple[tuple[str, ...], str]]
    conversions: Counter[tuple[str, ...]]
    value: Counter[tuple[str, ...]]
    nulls: Counter[tuple[str, ...]]


def golden(name: str) -> dict[str, Any]:
    file = Path(__file__).parents[2] / ".." / "shared" / "golden" / "attribution.json"
    if not file.is_file():
        pytest.skip("no ../shared beside the repository: golden values are not on this machine")
    return json.loads(file.read_text(encoding="utf-8"))[name]


def as_paths(walks: Sequence[Walk]) -> Paths:
    columns = list(zip(*walks, strict=True)) if walks else [[], [], [], []]
    return Paths.of(columns[0], columns[1], columns[2], columns[3])


def count(walks: Sequence[Walk], order: int) -> Counts:
    """Every transition of every journey, one by one."""
    counts = Counts(Counter(), Counter(), Counter(), Counter())
    for path, conversions, value, nulls in walks:
        journeys = conversions + nulls
        if not path or not journeys:
            continue
        state: tuple[str, ...] = ()
        for channel in (channel for channel, _ in groupby(path)):
            counts.moves[state, channel] += journeys
            state = (*state, channel)[-order:]
        counts.conversions[state] += conversions
        counts.value[state] += value
        counts.nulls[state] += nulls
    return counts


def dense_gain(counts: Counts, order: int, removed: str | None = None) -> tuple[float, float]:
    """Conversions and value per journey of the chain in which stepping on `removed` ends a journey in null."""
    left: Counter[tuple[str, ...]] = Counter()
    for (state, _), journeys in counts.moves.items():
        left[state] += journeys
    for ends in (counts.conversions, counts.nulls):
        for state, journeys in ends.items():
            left[state] += journeys
    number = {state: i for i, state in enumerate(sorted(left))}
    matrix, gains = np.eye(len(number)), np.zeros((len(number), 2))
    for (state, channel), journeys in counts.moves.items():
        if channel != removed:
            matrix[number[state], number[(*state, channel)[-order:]]] -= journeys / left[state]
    for state in counts.conversions:
        converts = counts.conversions[state] / left[state]
        mean_value = counts.value[state] / counts.conversions[state] if counts.conversions[state] else 0.0
        gains[number[state]] = converts, converts * mean_value
    conversions, value = np.linalg.solve(matrix, gains)[number[()]]
    return float(conversions), float(value)


def enumerated_conversions(counts: Counts, order: int, removed: str | None = None) -> float:
    """P(conversion) as a sum over all journeys that the chain can make; for chains without loops."""

    def convert(state: tuple[str, ...]) -> float:
        onward = {channel: n for (before, channel), n in counts.moves.items() if before == state}
        total = sum(onward.values()) + counts.conversions[state] + counts.nulls[state]
        gained = counts.conversions[state] / total
        for channel, journeys in onward.items():
            if channel != removed:
                gained += journeys / total * convert((*state, channel)[-order:])
        return gained

    return convert(())


def walks(max_channels: int = 4, max_touches: int = 7, max_paths: int = 6, *, empty: bool = False) -> Any:
    """Small sets of aggregated paths; with channel names that break other tools."""
    names = ["(null)", "start", "C", "(conversion)", "a > b"][:max_channels]
    path = st.lists(st.sampled_from(names), min_size=0 if empty else 1, max_size=max_touches).map(tuple)

    def priced(walk: tuple[tuple[str, ...], int, int, int]) -> Walk:
        path, conversions, price, nulls = walk
        return path, conversions, float(price if conversions else 0), nulls

    row = st.tuples(path, st.integers(0, 5), st.integers(0, 50), st.integers(0, 9)).map(priced)
    return st.lists(row, min_size=1, max_size=max_paths)
