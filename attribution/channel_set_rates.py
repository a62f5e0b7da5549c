"""Conversion rates by set of channels: smoothed, and never lower when a channel is added."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution.channel_sets import ChannelSets
from attribution.paths import Flags, Floats, Ints, summed

CELLS_AT_ONCE = 2_000_000
TABLE_CHANNELS = 12


class SetRates:
    """v(S), the conversion rate of a set of channels.

    No channel: 0. One channel: (conversions + a r) / (journeys + a) over the journeys with this channel alone, where r
    is the rate of all journeys and a = prior_conversions / r: the prior has the weight of that many conversions.
    More channels: let u be the highest v among the subsets with one channel fewer. v is
    (conversions + a u) / (journeys + a) over the set's own journeys where that is above u, otherwise u. So v never
    falls when a channel is added, and rises only with evidence.
    """

    def __init__(self, sets: ChannelSets, prior_conversions: float) -> None:
        """Rates of these sets; all are 0 where nothing converted."""
        self._sets = sets
        self._journeys = sets.conversions + sets.nulls
        conversions = sets.conversions.sum()
        self._overall = conversions / self._journeys.sum() if conversions > 0 else 0.0
        self._prior = prior_conversions / self._overall if conversions > 0 else 0.0

    def of_all_subsets(self, chosen: Ints) -> Floats:
        """v of every subset of these sets, which are of one size m: (sets, 2^m), by bit mask of the member."""
        size = int(self._sets.sizes[chosen[0]])
        members = self._sets.members[self._sets.starts[chosen][:, None] + np.arange(size)]
        # Members are in ascending order here and in the trie, so bit 0 is decided first.
        nodes = np.zeros((len(chosen), 1), np.int64)
        for bit in range(size):
            nodes = np.hstack([nodes, self._sets.trie.child(nodes, members[:, bit, None])])
        found = np.where(nodes >= 0, self._sets.trie.set_of_node[nodes], -1)
        conversions = np.where(found >= 0, self._sets.conversions[found], 0.0)
        journeys = np.where(found >= 0, self._journeys[found], 0.0)

        rates = np.zeros(nodes.shape)
        singles = 1 << np.arange(size)
        rates[:, singles] = self._smoothed(conversions[:, singles], journeys[:, singles], self._overall)
        for masks, less_one in _levels(size):
            floor = rates[:, less_one].max(axis=2)
            own = self._smoothed(conversions[:, masks], journeys[:, masks], floor)
            rates[:, masks] = np.maximum(floor, own)
        return rates

    def tables(self, size: int) -> Iterator[tuple[Ints, Floats]]:
        """All sets of one size in batches, each with the result of `of_all_subsets`."""
        chosen = np.flatnonzero(self._sets.sizes == size)
        at_once = max(1, CELLS_AT_ONCE >> size)
        for part in np.split(chosen, range(at_once, len(chosen), at_once)):
            yield part, self.of_all_subsets(part)

    def sampled_shares(self, number: int, orderings: int, random: np.random.Generator) -> Floats:
        """Each member's share of a set's rate (sum 1): its mean gain on joining, over random orders of joining."""
        single, subsets, rates = self._steps_up(number)
        size = len(single)
        if not rates.any() and not single.any():
            return np.full(size, 1.0 / size)
        total, left = np.zeros(size), orderings
        at_once = max(1, CELLS_AT_ONCE // (subsets.size + size))
        while left > 0:
            order = random.permuted(np.tile(np.arange(size), (min(left, at_once), 1)), axis=1)
            joins = np.argsort(order, axis=1)
            reached = single[order]
            if len(rates):
                complete = joins[:, subsets].max(axis=2)
                np.maximum.at(reached, (np.arange(len(order))[:, None], complete), rates)
            gained = np.diff(np.maximum.accumulate(reached, axis=1), axis=1, prepend=0.0)
            total += summed(order.ravel(), gained.ravel(), size)
            left -= len(order)
        return np.asarray(total / total.sum())

    def _steps_up(self, number: int) -> tuple[Floats, Ints, Floats]:
        """The steps at which v rises inside a set: each member's own v, then the rising subsets (the positions of their
        members in the set) and their v.

        Shorter subsets are padded by repeating their last member.
        """
        members = self._sets.of(number)
        rates, rises = self._rates_of_sets
        rising = np.flatnonzero(rises & (self._sets.sizes > 1))
        below = rising[self._within(number, rising)]
        place = np.zeros(len(self._sets.channels), np.int64)
        place[members] = np.arange(len(members))
        widest = int(self._sets.sizes[below].max(initial=1))
        offset = np.minimum(np.arange(widest), self._sets.sizes[below][:, None] - 1)
        subsets = place[self._sets.members[self._sets.starts[below][:, None] + offset]]
        return self._single_rates[members], subsets, rates[below]

    @cached_property
    def _rates_of_sets(self) -> tuple[Floats, Flags]:
        """v of every set that has journeys, and whether it is above u. Sets too large for a table scan all others."""
        rates, rises = np.zeros(len(self._sets)), np.ones(len(self._sets), bool)
        every = np.arange(len(self._sets))
        for size in np.unique(self._sets.sizes).tolist():
            if size <= TABLE_CHANNELS:
                for part, table in self.tables(size):
                    less_one = (1 << size) - 1 - (1 << np.arange(size))
                    rates[part] = table[:, -1]
                    rises[part] = table[:, -1] > table[:, less_one].max(axis=1)
                continue
            for i in np.flatnonzero(self._sets.sizes == size).tolist():
                # Sets of this size and above still have rate 0 here.
                floor = max(rates[self._within(i, every)].max(), self._single_rates[self._sets.of(i)].max())
                own = self._smoothed(self._sets.conversions[i], self._journeys[i], floor)
                rates[i], rises[i] = max(own, floor), own > floor
        return rates, rises

    def _within(self, number: int, others: Ints) -> Flags:
        """Which of the other sets are subsets of this one."""
        return np.asarray(~(self._inside[others] & ~self._inside[number]).any(axis=1))

    @cached_property
    def _inside(self) -> NDArray[np.uint8]:
        """A row of bits by channel for each set."""
        inside = np.zeros((len(self._sets), len(self._sets.channels)), bool)
        inside[np.repeat(np.arange(len(self._sets)), self._sets.sizes), self._sets.members] = True
        return np.packbits(inside, axis=1)

    @cached_property
    def _single_rates(self) -> Floats:
        """v of each channel alone."""
        alone = np.flatnonzero(self._sets.sizes == 1)
        channel = self._sets.members[self._sets.starts[alone]]
        size = len(self._sets.channels)
        conversions = summed(channel, self._sets.conversions[alone], size)
        journeys = summed(channel, self._journeys[alone], size)
        return self._smoothed(conversions, journeys, self._overall)

    def _smoothed(self, conversions: ArrayLike, journeys: ArrayLike, prior: ArrayLike) -> Floats:
        """The rate with the prior's journeys added; the prior where there are no journeys at all."""
        weight = np.asarray(journeys, np.float64) + self._prior
        rate = (np.asarray(conversions) + self._prior * np.asarray(prior)) / np.where(weight > 0, weight, 1.0)
        return np.where(weight > 0, rate, prior)


@cache
def _levels(size: int) -> list[tuple[Ints, Ints]]:
    """For 2 to `size` members: the bit masks with that many, and for each the masks with one member fewer."""
    masks = np.arange(1 << size)
    count = np.bitwise_count(masks)
    levels = []
    for members in range(2, size + 1):
        here = masks[count == members]
        bits = np.nonzero((here[:, None] >> np.arange(size)) & 1)[1].reshape(len(here), members)
        levels.append((here, here[:, None] ^ (1 << bits)))
    return levels
