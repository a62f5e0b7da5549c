"""When people make their first purchase: the only place where channels cause anything.

A person's hazard of a first purchase is a base rate that no channel changes, plus what each touch adds: `push` at once
and `pull` spread over the following days as exp(-t / decay). The purchase happens when the accumulated hazard reaches
the person's threshold. The threshold is one standard exponential draw per person and never changes. So the same world
can run without a channel: same thresholds, fewer touches (common random numbers). Nobody then buys earlier.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from simulator.shop import Floats, Ints


def first_purchases(
    person: Ints,
    time: Floats,
    push: Floats,
    pull: Floats,
    *,
    base_rate: Floats,
    threshold: Floats,
    end: float,
    decay: float,
) -> tuple[Floats, Ints]:
    """Per person the time of the first purchase (nan = none before `end`) and the touch in which it happened.

    The touch is the row of the touch whose push reached the threshold (-1 = between touches, or no purchase). The first
    four arrays are touches, in any order; `person` is an index into `base_rate` and `threshold`. Time runs from 0 to
    `end` on the shop clock (days).
    """
    people = len(base_rate)
    order = np.lexsort((np.arange(len(person)), time, person))
    first_row = np.searchsorted(person[order], np.arange(people))
    rank = np.arange(len(person)) - first_row[person[order]]
    by_rank = np.argsort(rank, kind="stable")
    starts = np.searchsorted(rank[by_rank], np.arange(rank.max(initial=-1) + 2))

    clock = np.zeros(people)
    level = np.zeros(people)  # hazard per day that earlier touches still add
    remaining = threshold.copy()
    bought_at = np.full(people, np.nan)
    bought_in = np.full(people, -1, dtype=np.int64)

    def run_to(who: Ints, until: Floats) -> None:
        """Advance the clock of `who` to `until`; people who reach their threshold on the way buy."""
        span = until - clock[who]
        hazard = base_rate[who] * span + level[who] * decay * -np.expm1(-span / decay)
        buys = (hazard >= remaining[who]) & np.isnan(bought_at[who])
        hit = who[buys]
        bought_at[hit] = clock[hit] + _crossing(base_rate[hit], level[hit], remaining[hit], span[buys], decay)
        remaining[who] -= hazard
        level[who] *= np.exp(-span / decay)
        clock[who] = until

    for start, stop in pairwise(starts.tolist()):
        rows = order[by_rank[start:stop]]
        who = person[rows]
        run_to(who, time[rows])
        buys = (push[rows] >= remaining[who]) & np.isnan(bought_at[who])
        bought_at[who[buys]] = time[rows[buys]]
        bought_in[who[buys]] = rows[buys]
        remaining[who] -= push[rows]
        level[who] += pull[rows] / decay
    run_to(np.arange(people), np.full(people, end))
    return bought_at, bought_in


def _crossing(base: Floats, level: Floats, hazard: Floats, span: Floats, decay: float) -> Floats:
    """The time after which base·t + level·decay·(1 − e^(−t/decay)) reaches `hazard`, known to lie in [0, span]."""
    low, high = np.zeros_like(span), span.copy()
    for _ in range(50):
        middle = (low + high) / 2
        below = base * middle - level * decay * np.expm1(-middle / decay) < hazard
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return high
