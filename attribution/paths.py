"""Aggregated paths: each path of channels once, with its numbers of journeys and conversions and their value.

This is the input of every model that needs no warehouse: rules, Markov and Shapley. Inside, channels are numbers, so no
channel name has a special meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from warehouse.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Paths:
    """Paths of touches, one after another in `steps`; path i is steps[starts[i]:starts[i + 1]].

    `conversions` journeys of a path converted, worth `value` together (any unit of money), `nulls` did not convert.
    Counts and values are finite and not negative, and there is no value without conversions; otherwise an InputError
    names the 1-based number of the path. A path may be empty: a conversion without a touch. Paths may repeat; they add
    up.

    >>> from attribution.paths import Paths
    >>> paths = Paths.of([["Search", "Email", "Email"], ["Search"], []], conversions=[2, 1, 1], nulls=[0, 5, 0])
    >>> paths.channels, paths.lengths.tolist()
    (('Email', 'Search'), [3, 1, 0])
    >>> paths.touched().collapsed().sequences()
    [('Search', 'Email'), ('Search',)]
    """

    channels: tuple[str, ...]
    steps: Ints
    starts: Ints
    conversions: Floats
    value: Floats
    nulls: Floats

    def __post_init__(self) -> None:
        """Refuse counts that no journeys can have."""
        for name in ("conversions", "value", "nulls"):
            amounts = getattr(self, name)
            if len(amounts) != len(self):
                raise InputError(f"{len(self)} paths need as many {name}, not {len(amounts)}")
            bad = ~(np.isfinite(amounts) & (amounts >= 0))
            if bad.any():
                row = int(np.argmax(bad))
                raise InputError(f"path {row + 1}: {name} must be a number from 0 up, not {amounts[row]}")
        bad = (self.value > 0) & (self.conversions == 0)
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(f"path {row + 1}: value {self.value[row]} without conversions")

    def __len__(self) -> int:
        """How many paths, empty ones included."""
        return len(self.starts) - 1

    @classmethod
    def of(
        cls,
        sequences: Iterable[Sequence[str]],
        conversions: ArrayLike,
        value: ArrayLike | None = None,
        nulls: ArrayLike | None = None,
    ) -> Paths:
        """From one sequence of channel names per path, first touch first; value and nulls are 0 by default."""
        channel_paths = [tuple(sequence) for sequence in sequences]
        channels = tuple(sorted(set(chain.from_iterable(channel_paths))))
        code = {channel: number for number, channel in enumerate(channels)}
        steps = np.fromiter((code[channel] for channel in chain.from_iterable(channel_paths)), np.int64)
        starts = np.cumsum([0, *(len(sequence) for sequence in channel_paths)])
        nothing = np.zeros(len(channel_paths))
        return cls(
            channels,
            steps,
            starts,
            np.asarray(conversions, np.float64),
            nothing if value is None else np.asarray(value, np.float64),
            nothing if nulls is None else np.asarray(nulls, np.float64),
        )

    @cached_property
    def lengths(self) -> Ints:
        """Touches of each path."""
        return np.diff(self.starts)

    @cached_property
    def path_of_step(self) -> Ints:
        """The number of the path that each step belongs to."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @cached_property
    def position(self) -> Ints:
        """Steps before this one in its path: 0 for the first."""
        return np.arange(len(self.steps)) - self.starts[self.path_of_step]

    @cached_property
    def to_last(self) -> Ints:
        """Steps after this one in its path: 0 for the last."""
        return self.lengths[self.path_of_step] - 1 - self.position

    def code_of(self, channel: str) -> int:
        """The number of a channel; -1, which no step has, when no path has it."""
        return self.channels.index(channel) if channel in self.channels else -1

    def sequences(self) -> list[tuple[str, ...]]:
        """The paths as names, first touch first."""
        names = [self.channels[code] for code in self.steps.tolist()]
        return [tuple(names[a:b]) for a, b in pairwise(self.starts.tolist())]

    def keep_steps(self, kept: Flags) -> Paths:
        """The same paths and counts with only the flagged touches."""
        lengths = np.bincount(self.path_of_step[kept], minlength=len(self))
        return replace(self, steps=self.steps[kept], starts=np.concatenate([[0], np.cumsum(lengths)]))

    def keep_paths(self, kept: Flags) -> Paths:
        """Only the flagged paths, with their counts; `channels` stays as it is."""
        return Paths(
            self.channels,
            self.steps[kept[self.path_of_step]],
            np.concatenate([[0], np.cumsum(self.lengths[kept])]),
            self.conversions[kept],
            self.value[kept],
            self.nulls[kept],
        )

    def touched(self) -> Paths:
        """The paths with a touch and at least one journey: what data-driven models learn from."""
        return self.keep_paths((self.lengths > 0) & (self.conversions + self.nulls > 0))

    def collapsed(self) -> Paths:
        """Equal neighbours become one touch: A > A > B > A is A > B > A."""
        changed = np.ones(len(self.steps), bool)
        changed[1:] = self.steps[1:] != self.steps[:-1]
        return self.keep_steps(changed | (self.position == 0))


def summed(numbers: Ints, amounts: ArrayLike, size: int) -> Floats:
    """Sums of the amounts by their number, 0 to size - 1."""
    return np.bincount(numbers, np.asarray(amounts, np.float64), size).astype(np.float64, copy=False)


def numbered(keys: Ints) -> tuple[Ints, Ints]:
    """The rank of each key (0 or more) among the distinct keys, and where each distinct key first occurs."""
    top = int(keys.max(initial=0)) + 1
    if top > 4 * len(keys) + 1_000_000:
        _, first, numbers = np.unique(keys, return_index=True, return_inverse=True)
        return numbers, first
    first_of = np.full(top, -1)
    # Written from the back, so that the first one wins.
    first_of[keys[::-1]] = np.arange(len(keys))[::-1]
    seen = first_of >= 0
    return (np.cumsum(seen) - 1)[keys], first_of[seen]
