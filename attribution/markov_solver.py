"""Removal effects of a chain, exact to rounding: the part of the conversions that needs each channel.

Without a channel, a journey that would step onto it ends in null instead. Small chains (every chain of order 1 with up
to 800 channels) are solved by one inverse, bigger ones by one sparse solve per channel that is refined until its
residual is rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, diags_array, eye_array
from scipy.sparse.linalg import bicgstab, splu

from attribution.markov_chain import Chain
from attribution.paths import Flags, Floats, Ints

DENSE_STATES = 800
ITERATIONS = 200
# Relative backward error (1-norm) at which a solution is as good as that of a direct solver.
ROUNDING = 4 * np.finfo(np.float64).eps
SHRINKS = 8  # a refinement that shrinks the error by less than this factor has stalled


class RemovalEffects(NamedTuple):
    """By channel: the part of the conversions, and of their value, that is lost without it (0 to 1)."""

    conversions: Floats
    value: Floats


def removal_effects(chain: Chain, *, dense_states: int = DENSE_STATES) -> RemovalEffects:
    """1 - P(conversion without the channel) / P(conversion), and the same for value.

    A conversion from a state is worth the mean value of the conversions that ended there. All zeros where nothing
    converts (or nothing has value).
    """
    if not chain.conversions.any():
        nothing = np.zeros(len(chain.channels))
        return RemovalEffects(nothing, nothing)
    solve = _by_one_inverse if len(chain.starts) <= dense_states else _by_sparse_solves
    # Journeys are conserved: the chain converts exactly as often as was counted, so the totals need no solve.
    passing = solve(chain)
    with np.errstate(invalid="ignore"):
        lost = np.clip(passing / [[chain.conversions.sum()], [chain.value.sum()]], 0.0, 1.0)
    return RemovalEffects(*np.nan_to_num(lost))


def _by_one_inverse(chain: Chain) -> Floats:
    """Conversions and value that pass each channel, (2, channels).

    With N = (I - Q)^-1 (Kemeny & Snell, Finite Markov Chains, 1960), v the expected visits to the channel's states K
    and f what is gained from them on, what passes K is v_K N_KK^-1 f_K: v_K N_KK^-1 is where journeys first enter K.
    Order 1, one state per channel: N[s,c] f[c] / N[c,c].
    """
    leave = 1.0 / chain.visits
    inverse = np.linalg.inv(np.eye(len(leave)) - leave[:, None] * chain.moves.toarray())
    visits = chain.starts @ inverse
    gained = inverse @ (leave[:, None] * np.column_stack([chain.conversions, chain.value]))
    passing = np.zeros((2, len(chain.channels)))
    for channel, states in _states_by_channel(chain):
        block = inverse[np.ix_(states, states)]
        passing[:, channel] = np.linalg.solve(block.T, visits[states]) @ gained[states]
    return passing


def _by_sparse_solves(chain: Chain) -> Floats:
    """The same by the visits that remain without each channel."""
    leave = 1.0 / chain.visits
    steps = csr_array(diags_array(leave) @ chain.moves)
    gains = leave[:, None] * np.column_stack([chain.conversions, chain.value])
    totals = np.array([chain.conversions.sum(), chain.value.sum()])
    passing = np.zeros((2, len(chain.channels)))
    for channel, states in _states_by_channel(chain):
        open_ = np.ones(len(leave), bool)
        open_[states] = False
        passing[:, channel] = totals - _visits(steps, chain, open_) @ gains
    return passing


def _states_by_channel(chain: Chain) -> list[tuple[int, Ints]]:
    order = np.argsort(chain.last, kind="stable")
    channels, first = np.unique(chain.last[order], return_index=True)
    return list(zip(channels.tolist(), np.split(order, first[1:]), strict=True))


def _visits(steps: csr_array, chain: Chain, open_: Flags) -> Floats:
    """Expected visits to each state when steps into closed states end the journey."""
    anchor, factor = _only_ways(steps, chain.starts, open_)
    solved = np.flatnonzero(open_ & (anchor == np.arange(len(anchor))))
    place = np.full(len(anchor), -1)
    place[solved] = np.arange(len(solved))
    reached = np.flatnonzero(open_ & (factor > 0) & open_[anchor])
    spread = csr_array((factor[reached], (place[anchor[reached]], reached)), shape=(len(solved), len(anchor)))
    system = csr_array(eye_array(len(solved)) - (spread @ steps[:, solved]).T)
    return np.asarray(_solved(system, chain.starts[solved], chain.visits[solved]) @ spread)


def _only_ways(steps: csr_array, starts: Floats, open_: Flags) -> tuple[Ints, Floats]:
    """For each state its anchor, and how many visits to the state follow from one visit to the anchor.

    A state with one way in gets a fixed share of the visits of its predecessor. In high orders most states are like
    this, in long rows that would need as many iterations as they are long; here they are resolved in log2 of that.
    Other states are their own anchor.
    """
    size = len(starts)
    anchor, factor = np.arange(size), open_.astype(np.float64)
    source = np.repeat(anchor, np.diff(steps.indptr))
    ways_in = np.bincount(steps.indices, minlength=size)
    single = (ways_in == 1) & (starts == 0)
    only = single[steps.indices]
    anchor[steps.indices[only]] = source[only]
    factor[steps.indices[only]] *= steps.data[only]
    while True:
        further = anchor[anchor]
        moved = further != anchor
        if not moved.any():
            return anchor, factor
        factor[moved] *= factor[anchor[moved]]
        anchor = further


def _solved(system: csr_array, right: Floats, guess: Floats) -> Floats:
    """system^-1 right, to a backward error of rounding: by BiCGSTAB with refinement, otherwise by sparse LU.

    Chains that mix well fill up LU but need few iterations; for chains with long loops it is the reverse.
    """
    solution, error, stalls = guess, np.inf, 0
    while True:
        residual = right - system @ solution
        size = np.abs(solution).sum() + np.abs(right).sum()
        before, error = error, float(np.abs(residual).sum() / size) if size > 0 else 0.0
        stalls += not error < before / SHRINKS
        if error <= ROUNDING or (stalls and error <= SHRINKS * ROUNDING):
            return solution
        # A first refinement may stall because of its start; a second one means that iterations do not help.
        if stalls == 2:
            return np.asarray(splu(system.tocsc()).solve(right))
        with np.errstate(all="ignore"):
            step, _ = bicgstab(system, residual, rtol=1e-8, atol=0.0, maxiter=ITERATIONS)
        solution = solution + step
