"""Markov attribution in plain Python: counts by dictionaries, one dense solve per channel, enumeration of journeys; and
once more in whole fractions, by slices of the paths, without any of the tricks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby, pairwise
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


def count(walks: Sequence[Walk], order: int, *, collapse: bool = False) -> Counts:
    """Every transition of every journey, one by one. At order 1 a touch of the same channel again is none."""
    counts = Counts(Counter(), Counter(), Counter(), Counter())
    for path, conversions, value, nulls in walks:
        journeys = conversions + nulls
        if not path or not journeys:
            continue
        state: tuple[str, ...] = ()
        touches = [channel for channel, _ in groupby(path)] if collapse or order == 1 else path
        for channel in touches:
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


class ExactEffects(NamedTuple):
    conversion_rate: Fraction
    removal_effects: dict[str, Fraction]
    credited: dict[str, Fraction]


def exact_effects(walks: Sequence[Walk], order: int) -> ExactEffects:
    """Removal effects and credited conversions in whole fractions, touches as they are at every order: a state is the
    slice of the last `order` touches, and a touch of the same channel again is a step like any other."""
    onward: dict[tuple[str, ...], Counter[tuple[str, ...] | bool]] = {}
    for path, conversions, _, nulls in walks:
        slices = [path[max(0, end - order) : end] for end in range(len(path) + 1)]
        for before, after in pairwise(slices):
            onward.setdefault(before, Counter())[after] += conversions + nulls
        if path:
            onward.setdefault(slices[-1], Counter())[True] += conversions
            onward[slices[-1]][False] += nulls
    rate = _exact_rate(onward, removed=None)
    channels = sorted({channel for path, *_ in walks for channel in path})
    effects = {channel: 1 - _exact_rate(onward, removed=channel) / rate for channel in channels}
    total = sum(effects.values())
    bought = sum(conversions for path, conversions, *_ in walks if path)
    return ExactEffects(rate, effects, {channel: effect / total * bought for channel, effect in effects.items()})


def _exact_rate(onward: dict[tuple[str, ...], Counter[tuple[str, ...] | bool]], removed: str | None) -> Fraction:
    """P(conversion) from the start; a step onto `removed` ends in null. Gauss-Jordan on the reached states."""
    states = [state for state, follows in onward.items() if sum(follows.values())]
    rows = {}
    for state in states:
        total = sum(onward[state].values())
        row = {other: Fraction(state == other) for other in states}
        for after, journeys in onward[state].items():
            if isinstance(after, tuple) and journeys and after[-1] != removed:
                row[after] -= Fraction(journeys, total)
        rows[state] = (row, Fraction(onward[state][True], total))
    for pivot in states:
        row, gain = rows[pivot]
        row, gain = {other: part / row[pivot] for other, part in row.items()}, gain / row[pivot]
        rows[pivot] = row, gain
        for state in states:
            factor = rows[state][0][pivot]
            if state != pivot and factor:
                old, old_gain = rows[state]
                rows[state] = {other: old[other] - factor * row[other] for other in states}, old_gain - factor * gain
    return rows[()][1]


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
