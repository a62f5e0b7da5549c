"""The distinct sets of channels of touched journeys, with their conversions, value and nulls."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from attribution.paths import Floats, Ints, Paths, numbered, summed


@dataclass(frozen=True)
class ChannelSets:
    """Set i is members[starts[i]:starts[i + 1]], ascending; the amounts are of all journeys with exactly this set."""

    channels: tuple[str, ...]
    members: Ints
    starts: Ints
    conversions: Floats
    value: Floats
    nulls: Floats
    trie: Trie

    def __len__(self) -> int:
        """How many distinct sets."""
        return len(self.starts) - 1

    @cached_property
    def sizes(self) -> Ints:
        """Channels of each set."""
        return np.diff(self.starts)

    def of(self, number: int) -> Ints:
        """The channels of a set as numbers."""
        return self.members[self.starts[number] : self.starts[number + 1]]


class Trie:
    """Which sets of channels exist, as a tree: a set's node is reached by its members in ascending order.

    The root is node 0. Node -1: no journey's set begins with these members.
    """

    def __init__(self, keys: Ints, channels: int, set_of_node: Ints) -> None:
        """`keys[n - 1]` is parent x channels + channel of node n; `set_of_node` is -1 where no journey stops."""
        self._order = np.argsort(keys)
        self._keys = keys[self._order]
        self._channels = channels
        self.set_of_node = set_of_node

    def child(self, node: Ints, channel: Ints) -> Ints:
        """The node one channel further; -1 where there is none."""
        wanted = np.where(node >= 0, node * self._channels + channel, -1)
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[place] == wanted, self._order[place] + 1, -1)


def distinct_channels(paths: Paths) -> tuple[Ints, Ints]:
    """Each path's number with each of its channels once, sorted."""
    channels = max(len(paths.channels), 1)
    pairs = paths.path_of_step * channels + paths.steps
    top = len(paths) * channels
    if top <= 16 * len(pairs) + 1_000_000:
        seen = np.zeros(top, bool)
        seen[pairs] = True
        pairs = np.flatnonzero(seen)
    else:
        pairs = np.unique(pairs)
    return pairs // channels, pairs % channels


def channel_sets(paths: Paths) -> ChannelSets:
    """The sets of the touched paths of `paths`."""
    touched = paths.touched()
    channels = max(len(paths.channels), 1)
    path, channel = distinct_channels(touched)
    sizes = np.bincount(path, minlength=len(touched))
    starts = np.cumsum(sizes) - sizes

    # Level by level: paths at equal nodes with equal next channels reach equal nodes.
    node = np.zeros(len(touched), np.int64)
    keys, nodes = [np.zeros(0, np.int64)], 1
    for level in range(int(sizes.max(initial=0))):
        deep = np.flatnonzero(sizes > level)
        step = node[deep] * channels + channel[starts[deep] + level]
        number, seen = numbered(step)
        keys.append(step[seen])
        node[deep] = nodes + number
        nodes += len(seen)

    number, seen = numbered(node)
    set_of_node = np.full(nodes, -1)
    set_of_node[node[seen]] = np.arange(len(seen))
    first = np.concatenate([[0], np.cumsum(sizes[seen])])
    within = np.arange(first[-1]) - np.repeat(first[:-1], sizes[seen])
    return ChannelSets(
        channels=paths.channels,
        members=channel[np.repeat(starts[seen], sizes[seen]) + within],
        starts=first,
        conversions=summed(number, touched.conversions, len(seen)),
        value=summed(number, touched.value, len(seen)),
        nulls=summed(number, touched.nulls, len(seen)),
        trie=Trie(np.concatenate(keys), channels, set_of_node),
    )
