"""The chain of states of a Markov model of order k: how often each state followed each other state.

A state is the tuple of the channels of the last k touches. The start is not padded: after its first touch a journey is
in a state of one channel. From order 2 up touches are counted as they are: A > A > B passes (A), (A, A) and (A, B).
Start, conversion and null are not states of this chain but separate arrays, so a channel may be called "(null)" or
"start".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from attribution.paths import Floats, Ints, Paths, numbered, summed
from warehouse.errors import InputError, UsageError

State = tuple[str, ...]
BALANCE_TOLERANCE = 1e-9


class Move(NamedTuple):
    """`journeys` that went from the state `before` to `channel`; `before` is () for the first touch of a journey."""

    before: State
    channel: str
    journeys: float


class End(NamedTuple):
    """Journeys whose last state is `state`: those that converted, their value, and those that did not (nulls)."""

    state: State
    conversions: float
    value: float = 0.0
    nulls: float = 0.0


@dataclass(frozen=True)
class Chain:
    """S states with counts of journeys: `starts` in them, `moves[i, j]` from i to j, and how journeys ended in them.

    `recent` is (S, order): a state's channels as numbers, oldest first, with -1 in front of a shorter state.
    """

    order: int
    channels: tuple[str, ...]
    recent: Ints
    starts: Floats
    moves: csr_array
    conversions: Floats
    value: Floats
    nulls: Floats

    @cached_property
    def visits(self) -> Floats:
        """How often journeys passed each state."""
        return np.asarray(self.moves.sum(axis=1)) + self.conversions + self.nulls

    @property
    def last(self) -> Ints:
        """The channel each state ends in."""
        return self.recent[:, -1]

    def state(self, number: int) -> State:
        """The channels of a state by name, oldest first."""
        return tuple(self.channels[code] for code in self.recent[number].tolist() if code >= 0)

    def check_balance(self) -> None:
        """InputError, naming a state, unless as many journeys leave it as enter it, and a start leads to it."""
        came = self.starts + np.asarray(self.moves.sum(axis=0))
        off = np.abs(came - self.visits) > BALANCE_TOLERANCE * np.maximum(came, self.visits)
        if off.any():
            worst = int(np.argmax(off))
            raise InputError(
                f"transition counts do not balance: {came[worst]:g} journeys enter the state "
                f"{self.state(worst)} and {self.visits[worst]:g} leave it or end there"
            )
        reached = self.starts > 0
        while (grown := reached | (reached @ self.moves > 0)).sum() > reached.sum():
            reached = grown
        if not reached.all():
            # A loop that no journey enters balances too.
            alone = self.state(int(np.argmin(reached)))
            raise InputError(f"transition counts are inconsistent: no journey reaches the state {alone} from its start")


def check_order(order: int) -> None:
    """UsageError unless the order is a whole number from 1 up."""
    if isinstance(order, bool) or not isinstance(order, int | np.integer) or order < 1:
        raise UsageError(f"the order of a Markov model is a whole number from 1 up, not {order!r}")


def contexts(paths: Paths, order: int) -> list[tuple[Ints, Ints]]:
    """For j = 1 to order: the number of the last j channels at each step, and the step where each is first seen.

    Near a path's start, where there are fewer than j touches, all of them count. Numbers start at 0.
    """
    found = [numbered(paths.steps)]
    for back in range(1, order):
        longer = paths.position >= back
        older = np.zeros(len(paths.steps), np.int64)
        older[longer] = paths.steps[np.flatnonzero(longer) - back] + 1
        found.append(numbered(found[-1][0] * (len(paths.channels) + 1) + older))
    return found


def collapses(order: int, *, collapse: bool) -> bool:
    """Whether equal neighbours are one touch in a chain of this order.

    At order 1 they always are: a step back into the same state changes no removal effect.
    """
    return collapse or order == 1


def chain_of_paths(paths: Paths, order: int, *, collapse: bool = False) -> Chain:
    """The chain of the touched paths of `paths`; a path counted many times costs no more than one counted once.

    With `collapse`, equal neighbours are one touch at every order.
    """
    check_order(order)
    touched = paths.touched()
    if collapses(order, collapse=collapse):
        touched = touched.collapsed()
    state, first_seen = contexts(touched, order)[-1]
    size = len(first_seen)
    recent = np.full((size, order), -1)
    for back in range(order):
        known = touched.position[first_seen] >= back
        recent[known, order - 1 - back] = touched.steps[first_seen[known] - back]

    journeys = touched.conversions + touched.nulls
    onward = np.flatnonzero(touched.position > 0)
    pair, first_pair = numbered(state[onward - 1] * size + state[onward])
    counts = summed(pair, journeys[touched.path_of_step[onward]], len(first_pair))
    ends = (state[onward[first_pair] - 1], state[onward[first_pair]])
    first, final = state[touched.starts[:-1]], state[touched.starts[1:] - 1]
    return Chain(
        order=order,
        channels=paths.channels,
        recent=recent,
        starts=summed(first, journeys, size),
        moves=csr_array((counts, ends), shape=(size, size)),
        conversions=summed(final, touched.conversions, size),
        value=summed(final, touched.value, size),
        nulls=summed(final, touched.nulls, size),
    )


def chain_of_counts(moves: Iterable[Move], ends: Iterable[End], order: int) -> Chain:
    """The same chain from transitions that were counted elsewhere, in any order; equal rows add up.

    InputError when a state is longer than `order`, a count is negative or not a number, or journeys are lost between
    states.
    """
    check_order(order)
    moves, ends = list(moves), list(ends)
    amounts = [amount for move in moves for amount in move[2:]] + [amount for end in ends for amount in end[1:]]
    if not all(np.isfinite(amount) and amount >= 0 for amount in amounts):
        raise InputError("transition counts and values must be numbers from 0 up")
    steps = [(before, (*before, channel)[-order:], count) for before, channel, count in moves if count > 0]
    states = sorted({after for _, after, _ in steps} | {before for before, _, _ in steps if before})
    number = {state: i for i, state in enumerate(states)}
    lost = [end.state for end in ends if end.state not in number and end.conversions + end.nulls > 0]
    if lost:
        raise InputError(f"journeys end in the state {lost[0]}, but none enter it")
    if states and max(map(len, states)) > order:
        raise InputError(f"a state of order {order} has at most {order} channels, not {max(states, key=len)}")

    channels = tuple(sorted({channel for state in states for channel in state}))
    code = {channel: i for i, channel in enumerate(channels)}
    recent = np.full((len(states), order), -1)
    for i, state in enumerate(states):
        recent[i, order - len(state) :] = [code[channel] for channel in state]
    size = len(states)
    onward = [(number[before], number[after], count) for before, after, count in steps if before]
    source, target, counts = (np.array(column) for column in zip(*onward, strict=True)) if onward else ([], [], [])
    first = [(number[after], count) for before, after, count in steps if not before]
    final = [(number[end.state], *end[1:]) for end in ends if end.state in number]
    chain = Chain(
        order=order,
        channels=channels,
        recent=recent,
        starts=_summed(first, 1, size),
        moves=csr_array((np.asarray(counts, np.float64), (source, target)), shape=(size, size)),
        conversions=_summed(final, 1, size),
        value=_summed(final, 2, size),
        nulls=_summed(final, 3, size),
    )
    chain.check_balance()
    return chain


def _summed(rows: Sequence[tuple[float, ...]], column: int, size: int) -> Floats:
    """Sums of a column by the state number in the first one."""
    return summed(np.array([int(row[0]) for row in rows], np.int64), [row[column] for row in rows], size)
