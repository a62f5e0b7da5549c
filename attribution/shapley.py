"""Shapley attribution, two games: conversions of journeys inside a coalition, and conversion rates.

L. S. Shapley, "A value for n-person games" (1953). Both games divide every conversion among the channels of its own
journey, so a channel never earns more than the conversions it touched. Formulas: docs/attribution-models.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial, log, sqrt

import numpy as np

from attribution.channel_set_rates import SetRates
from attribution.channel_sets import ChannelSets, channel_sets, distinct_channels
from attribution.paths import Floats, Ints, Paths, summed
from warehouse.errors import UsageError

EXACT_CHANNELS = 12
ORDERINGS = 20_000
PRIOR_CONVERSIONS = 1.0
CONFIDENCE = 0.95


@dataclass(frozen=True)
class ShapleyFit:
    """Conversions and value by channel (`channels` is sorted).

    `error_bound`: with 95% confidence no channel's credited conversions are further than this from the exact ones;
    0 where no set was sampled. `value_error_bound` is the same for value.
    """

    channels: tuple[str, ...]
    credited_conversions: Floats
    credited_value: Floats
    error_bound: float = 0.0
    value_error_bound: float = 0.0
    _sets: ChannelSets | None = None
    _shares: Sequence[Floats] = ()

    def shares_by_set(self) -> dict[frozenset[str], dict[str, float]]:
        """Rate game only: by set of channels of a journey, each channel's share of its conversions."""
        if self._sets is None:
            raise UsageError("the subset game divides every journey equally among its channels: it has no table")
        found = {}
        for i, shares in enumerate(self._shares):
            members = [self.channels[code] for code in self._sets.of(i).tolist()]
            found[frozenset(members)] = dict(zip(members, shares.tolist(), strict=True))
        return found


def fit_subset_game(paths: Paths) -> ShapleyFit:
    """v(S) = conversions of the journeys whose channels all lie in S: an equal split over distinct channels.

    Every journey is a unanimity game of its channels, whose Shapley value is 1/n each, and games add up. Null journeys
    are ignored. Exact for any number of channels. Empty paths earn nothing here.

    >>> from attribution import shapley
    >>> from attribution.paths import Paths
    >>> fitted = shapley.fit_subset_game(Paths.of([["Search"], ["Search", "Email"]], conversions=[4, 6]))
    >>> dict(zip(fitted.channels, fitted.credited_conversions.tolist()))
    {'Email': 3.0, 'Search': 7.0}
    """
    touched = paths.touched()
    path, channel = distinct_channels(touched)
    share = 1.0 / np.bincount(path, minlength=len(touched))[path]
    size = len(paths.channels)
    return ShapleyFit(
        paths.channels,
        summed(channel, share * touched.conversions[path], size),
        summed(channel, share * touched.value[path], size),
    )


def fit_rate_game(
    paths: Paths,
    *,
    prior_conversions: float = PRIOR_CONVERSIONS,
    exact_channels: int = EXACT_CHANNELS,
    orderings: int = ORDERINGS,
    seed: int = 0,
) -> ShapleyFit:
    """w(S) = conversions left if only the channels of S ran: each journey converts at the rate of its channels in S.

    A journey with channels T converts v(S & T) / v(T) times; v is a conversion rate that never falls when a channel
    joins, learnt from converting and null journeys (`SetRates`). Hence no credit is negative or undefined, credits sum
    to the conversions, and without null journeys it is the equal split. Exact for journeys of up to `exact_channels`
    distinct channels. Longer ones share `orderings` random orders of joining, by their conversions (at least one each);
    the same seed gives the same numbers. UsageError for a knob out of range.

    >>> from attribution import shapley
    >>> from attribution.paths import Paths
    >>> paths = Paths.of([["Search"], ["Email"], ["Search", "Email"]], [100, 10, 100], nulls=[900, 990, 900])
    >>> fitted = shapley.fit_rate_game(paths)
    >>> dict(zip(fitted.channels, fitted.credited_conversions.round(1).tolist()))
    {'Email': 15.6, 'Search': 194.4}
    """
    if not (prior_conversions >= 0 and 1 <= exact_channels <= 20 and orderings >= 1):
        raise UsageError("prior_conversions must be 0 or more, exact_channels 1 to 20, and orderings 1 or more")
    sets = channel_sets(paths)
    rates = SetRates(sets, prior_conversions)
    shares: list[Floats] = [np.zeros(0)] * len(sets)
    for size in np.unique(sets.sizes[sets.sizes <= exact_channels]).tolist():
        to_members = _shapley_matrix(size)
        for part, table in rates.tables(size):
            full_rate = table[:, -1:]
            # A rate of 0 means that there is no conversion to divide.
            split = np.where(full_rate > 0, table @ to_members / np.where(full_rate > 0, full_rate, 1.0), 1.0 / size)
            for i, row in zip(part.tolist(), split, strict=True):
                shares[i] = row
    sampled = np.flatnonzero(sets.sizes > exact_channels)
    draws = _draws(sets.conversions[sampled], orderings)
    random = np.random.default_rng(seed)
    for i, count in zip(sampled.tolist(), draws.tolist(), strict=True):
        shares[i] = rates.sampled_shares(i, count, random)
    share = np.concatenate([np.zeros(0), *shares])
    owner = np.repeat(np.arange(len(sets)), sets.sizes)
    return ShapleyFit(
        sets.channels,
        summed(sets.members, share * sets.conversions[owner], len(sets.channels)),
        summed(sets.members, share * sets.value[owner], len(sets.channels)),
        _error_bound(sets.conversions[sampled], draws, len(sets.channels)),
        _error_bound(sets.value[sampled], draws, len(sets.channels)),
        sets,
        shares,
    )


def _shapley_matrix(size: int) -> Floats:
    """(2^size, size): the Shapley value of a game from its values by bit mask of the coalition."""
    masks = np.arange(1 << size)
    inside = (masks[:, None] >> np.arange(size)) & 1 == 1
    members = inside.sum(axis=1)
    orders = [factorial(s) for s in range(size + 1)]
    joined = np.array([orders[s - 1] * orders[size - s] / orders[size] if s else 0.0 for s in range(size + 1)])
    left = np.array([orders[s] * orders[size - s - 1] / orders[size] if s < size else 0.0 for s in range(size + 1)])
    return np.asarray(np.where(inside, joined[members][:, None], -left[members][:, None]))


def _draws(conversions: Floats, orderings: int) -> Ints:
    """Number of random orders for each sampled set, by its conversions: this minimises the error bound."""
    total = conversions.sum()
    if not total > 0:
        return np.ones(len(conversions), np.int64)
    return np.asarray(np.maximum(1, np.ceil(orderings * conversions / total)), np.int64)


def _error_bound(amounts: Floats, draws: Ints, channels: int) -> float:
    """Hoeffding: each draw gives a channel 0 to 1 of a set's amount; a union bound over channels and both sides."""
    if not len(amounts):
        return 0.0
    spread = float((amounts**2 / draws).sum())
    return sqrt(log(2 * channels / (1 - CONFIDENCE)) / 2 * spread)
