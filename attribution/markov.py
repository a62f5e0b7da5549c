"""Markov attribution of any order: a channel earns in proportion to the conversions that would be lost without it.

E. Anderl, I. Becker, F. von Wangenheim, J. H. Schumann, "Mapping the customer journey" (2016). Formulas and
conventions: docs/attribution-models.md. No Spark needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from attribution.markov_chain import Chain, End, Move, State, chain_of_counts, chain_of_paths
from attribution.markov_order import OrderScore, order_scores, select_order
from attribution.markov_solver import removal_effects
from attribution.paths import Floats, Paths

__all__ = [
    "End",
    "MarkovFit",
    "Move",
    "OrderScore",
    "Transition",
    "fit",
    "fit_transitions",
    "order_scores",
    "select_order",
    "touch_shares",
]


class Transition(NamedTuple):
    """One entry of the transition matrix: how many `journeys` went from from_state to this event.

    from_state () is the start of a journey. `event` is 'touch' (then to_state holds the next state), 'conversion' or
    'null' (then to_state is None). `probability` is `journeys` over all journeys that left from_state.
    """

    from_state: State
    event: Literal["touch", "conversion", "null"]
    to_state: State | None
    journeys: float
    probability: float


@dataclass(frozen=True)
class MarkovFit:
    """A fitted chain and the removal effects of `channels` (arrays in that order, each effect 0 to 1).

    `conversion_rate` is the chain's probability of conversion, which is the share of touched journeys that converted;
    0 without journeys.
    """

    chain: Chain
    removal_effects: Floats
    value_removal_effects: Floats

    @property
    def order(self) -> int:
        """How many last touches make a state."""
        return self.chain.order

    @property
    def channels(self) -> tuple[str, ...]:
        """All channels of the paths, sorted."""
        return self.chain.channels

    @property
    def conversion_rate(self) -> float:
        """Conversions per journey with a touch."""
        journeys = self.chain.starts.sum()
        return float(self.chain.conversions.sum() / journeys) if journeys > 0 else 0.0

    @property
    def shares(self) -> Floats:
        """Each channel's share of the conversions: its removal effect over their sum; zeros without conversions."""
        return _normalised(self.removal_effects)

    @property
    def value_shares(self) -> Floats:
        """The same for value; zeros without value."""
        return _normalised(self.value_removal_effects)

    @property
    def credited_conversions(self) -> Floats:
        """Conversions of touched journeys, divided by `shares`."""
        return np.asarray(self.shares * self.chain.conversions.sum())

    @property
    def credited_value(self) -> Floats:
        """Value of touched journeys, divided by `value_shares`."""
        return np.asarray(self.value_shares * self.chain.value.sum())

    def effects(self) -> dict[str, float]:
        """Removal effect by channel."""
        return dict(zip(self.channels, self.removal_effects.tolist(), strict=True))

    def transitions(self) -> Iterator[Transition]:
        """The transition matrix by rows: the start first, then the states; entries that never happened are left out."""
        chain = self.chain
        journeys = chain.starts.sum()
        states = [chain.state(i) for i in range(len(chain.starts))]
        for state, count in zip(states, chain.starts.tolist(), strict=True):
            if count > 0:
                yield Transition((), "touch", state, count, count / journeys)
        ends = zip(chain.conversions.tolist(), chain.nulls.tolist(), chain.visits.tolist(), strict=True)
        bounds = chain.moves.indptr.tolist()
        for i, (conversions, nulls, visits) in enumerate(ends):
            row = slice(bounds[i], bounds[i + 1])
            for j, count in zip(chain.moves.indices[row].tolist(), chain.moves.data[row].tolist(), strict=True):
                yield Transition(states[i], "touch", states[j], count, count / visits)
            if conversions > 0:
                yield Transition(states[i], "conversion", None, conversions, conversions / visits)
            if nulls > 0:
                yield Transition(states[i], "null", None, nulls, nulls / visits)


def fit(paths: Paths, order: int = 1, *, collapse: bool = False) -> MarkovFit:
    """A Markov model of this order. Empty paths and paths without journeys have no influence.

    A channel that occurs only in journeys without conversion can still earn: other journeys of the chain pass it.
    With `collapse`, equal neighbours are one touch before states are made, which changes only order 2 and more.

    >>> from attribution import markov
    >>> from attribution.paths import Paths
    >>> paths = Paths.of([["Search", "Email"], ["Search"], ["Email"]], conversions=[2, 1, 1], nulls=[0, 1, 3])
    >>> fitted = markov.fit(paths)
    >>> fitted.conversion_rate
    0.5
    >>> {channel: round(effect, 4) for channel, effect in fitted.effects().items()}
    {'Email': 0.75, 'Search': 0.5}
    >>> fitted.credited_conversions.round(4).tolist()
    [2.4, 1.6]
    """
    return _fitted(chain_of_paths(paths, order, collapse=collapse))


def fit_transitions(moves: Iterable[Move], ends: Iterable[End], order: int = 1) -> MarkovFit:
    """The same model from counted transitions, so that Spark or SQL can do the counting.

    `moves` are (state before, next channel, journeys), with () before the first touch; `ends` are (last state,
    conversions, value, nulls). A state has the channels of the last `order` touches, fewer near the start.

    >>> from attribution import markov
    >>> moves = [markov.Move((), "Search", 4), markov.Move(("Search",), "Email", 2)]
    >>> ends = [markov.End(("Search",), conversions=1, nulls=1), markov.End(("Email",), conversions=1, nulls=1)]
    >>> markov.fit_transitions(moves, ends).effects()
    {'Email': 0.5, 'Search': 1.0}
    """
    return _fitted(chain_of_counts(moves, ends, order))


def touch_shares(path: Sequence[str], weights: Mapping[str, float]) -> list[float]:
    """Each touch's share of one conversion, in the order of the path; the shares sum to 1.

    Each channel's weight (its removal effect) is divided equally over its touches in this path. Channels missing from
    `weights` have weight 0. Where all weights are zero, all touches get equal shares.

    >>> from attribution.markov import touch_shares
    >>> touch_shares(["Search", "Email", "Search"], {"Search": 0.75, "Email": 0.25})
    [0.375, 0.25, 0.375]
    """
    parts = [weights.get(channel, 0.0) / path.count(channel) for channel in path]
    total = sum(parts)
    return [part / total if total > 0 else 1 / len(path) for part in parts]


def _fitted(chain: Chain) -> MarkovFit:
    lost = removal_effects(chain)
    return MarkovFit(chain, lost.conversions, lost.value)


def _normalised(effects: Floats) -> Floats:
    total = effects.sum()
    return effects / total if total > 0 else np.zeros_like(effects)
