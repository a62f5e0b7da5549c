"""Who has left or is about to under BG/NBD, MBG/NBD and MBG/CNBD-k, and what that costs; see `ltv.pareto_nbd_leavers`.

Customers leave right after a purchase. Who has left by T did so at the last purchase, and buys at rate ~ Gamma(R,
alpha + recency), R = r + k frequency, and leaves with probability ~ Beta(a + 1, stays): a short life, so a fast buyer.

Of customers who are alive, let n be the purchases in (T, T + within] and N those in (T, T + horizon] of somebody who
stays after all of them, and s_q = E[(1-p)^q]. Somebody kept once leaves at one i <= n and makes another l > i with
probability E[p (1-p)^(l-2)] = s_{l-2} - s_{l-1}, which depends on l alone. With S_q = s_0 + ... + s_{q-1} the sums over
i and l become

    leaving = E[1 - s_n],   lost_purchases = E[S_n - n s_{N-1}]
    lost_pairs = 2 E[n S_{N-1} - (S_1 + ... + S_n) - (n (N-1) - n (n+1)/2) s_{N-1}]

Given how many phases come within the horizon, each of them falls in the window with probability within/horizon.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from ltv.beta_geometric_forecast import (
    CHECKED_EVERY,
    NEGLIGIBLE,
    BetaGeometricForecast,
    blocks,
    forecast,
    most_phases,
    negative_binomial,
)
from ltv.histories import Array, Histories
from ltv.pareto_nbd_leavers import Leavers


def leavers(
    theta: Array, data: Histories, *, k: int = 1, leaves_at_once: bool, within: float, horizon: float
) -> Leavers:
    """Of customers who have left by T or leave in (T, T + within]: their purchases in (T, T + horizon] if kept.

    A kept customer goes on as the customer was: with the same rate of purchases, the next of them a whole gap after T
    or after the purchase at which the customer would have left, and as likely to leave again at each of them. `within`
    is at most the horizon.
    """
    known = forecast(theta, data, k=k, leaves_at_once=leaves_at_once)
    # who has left at the last purchase; nobody has where there was no chance to
    _, alpha, a, b = np.exp(theta).tolist()
    chances_to_leave = data.frequency + leaves_at_once
    gone = BetaGeometricForecast(
        p_alive=1 - known.p_alive,
        phase_shape=known.phase_shape,
        phase_rate=alpha + data.recency,
        pause=np.zeros_like(known.pause),
        leaves=a + 1,
        stays=np.where(chances_to_leave > 0, b + chances_to_leave - 1, 1.0),
        k=k,
    )
    leaving, lost, lost_pairs = known.p_alive * _leavers_of_the_living(known, within, horizon)
    return Leavers(
        gone.p_alive + leaving,
        gone.expected_purchases(horizon) + lost,
        gone.purchase_pairs(horizon) + lost_pairs,
    )


def _leavers_of_the_living(known: BetaGeometricForecast, within: float, horizon: float) -> Array:
    """leaving, lost_purchases and lost_pairs of customers who are alive at T, a row each."""
    found = np.zeros((3, len(known.p_alive)))
    if not within:
        return found
    for rows, last in _blocks(known, within):
        found[:, rows] += _by_window(known, rows, within, last)
    for rows, last in _blocks(known, horizon):
        found[1:, rows] += _by_horizon(known, rows, within / horizon, horizon, last)
    return np.maximum(found, 0.0)


def _by_window(known: BetaGeometricForecast, rows: NDArray[np.intp], within: float, last: int) -> Array:
    """The parts of the three figures in which there is n alone."""
    a, b = known.leaves, known.stays[rows]
    found = np.zeros((3, len(rows)))
    n, stayed, left = 0, np.ones_like(b), np.zeros_like(b)  # s_n, 1 - s_n
    once, twice = np.zeros_like(b), np.zeros_like(b)  # S_n, S_1 + ... + S_n
    for purchases, (chance,) in _chances(known, rows, within, _ways(last, known.k)[:, None]):
        if purchases > n:
            once = once + stayed
            twice = twice + once
            left = left + stayed * (a / (a + b + n))
            stayed = stayed * ((b + n) / (a + b + n))
            n = purchases
        found += chance * np.stack([left, once, -2 * twice])
    return found


def _by_horizon(known: BetaGeometricForecast, rows: NDArray[np.intp], share: float, horizon: float, last: int) -> Array:
    """The parts of lost_purchases and lost_pairs in which there are n and N."""
    a, b = known.leaves, known.stays[rows]
    found = np.zeros((2, len(rows)))
    N, stayed, once = 1, np.ones_like(b), np.zeros_like(b)  # s_{N-1}, S_{N-1}
    # alike for all blocks and parameters of about as many phases
    weights = _weights_of_window(1 << last.bit_length(), known.k, share)[: last + 1]
    for purchases, (mean, square) in _chances(known, rows, horizon, weights):
        if purchases > N:
            once = once + stayed
            stayed = stayed * ((b + (N - 1)) / (a + b + (N - 1)))
            N = purchases
        found[0] -= mean * stayed
        found[1] += 2 * mean * (once - (N - 1) * stayed) + (square + mean) * stayed
    return found


def _blocks(known: BetaGeometricForecast, h: float) -> Iterator[tuple[NDArray[np.intp], int]]:
    """Rows of about the same number of phases up to T + h, and the most phases that count."""
    terms = most_phases(known.phase_shape, known.phase_rate, np.full_like(known.pause, h)) + known.k
    for rows in blocks(terms, np.ones(len(terms), dtype=bool)):
        yield rows, int(terms[rows].max()) + 1


def _chances(
    known: BetaGeometricForecast, rows: NDArray[np.intp], h: float, weights: Array
) -> Iterator[tuple[int, Array]]:
    """For each number m of phases between the last purchase and T + h: the purchases that they are, and P(M = m), times
    each of `weights` (by m, figure, and phases before T). Ends where the rest is negligible."""
    R, A, k = known.phase_shape[rows], known.phase_rate[rows], known.k
    z, g = h / (A + h), known.pause[rows] / (A + h)
    powers = np.stack([g**j * z ** (k - 1 - j) for j in range(k)])
    first = known.log_no_phases(h)[rows] + np.log(z) + sum(np.log((R + i) / (i + 1)) for i in range(k))
    total = np.zeros_like(R)
    for m, term in zip(range(k, len(weights)), negative_binomial(first, R, z, k), strict=False):
        chances = term * (weights[m] @ powers)
        yield m // k, chances
        size = chances[-1] * (m // k)
        total += size
        if m % CHECKED_EVERY == 0:
            # what is summed grows with the third power of m at most
            shrinks = z * ((R + m) / (m + 2 - k)) * np.exp(3 / m)
            with np.errstate(divide="ignore", invalid="ignore"):
                rest = size * shrinks / (1 - shrinks)
            if ((shrinks < 1) & (rest <= NEGLIGIBLE * total)).all():
                return


def _ways(last: int, k: int) -> Array:
    """C(m, j): which j of m phases came before T, by m up to `last` and j below k."""
    return np.asarray(comb(np.arange(last + 1)[:, None], np.arange(k)))


@lru_cache(maxsize=8)
def _weights_of_window(last: int, k: int, share: float) -> Array:
    return np.asarray(_ways(last, k)[:, None] * _purchases_in_window(last, k, share))


def _purchases_in_window(last: int, k: int, share: float) -> Array:
    """E[n] and E[n^2] by the phases between the last purchase and T + horizon (m), and those of them before T (j)."""
    means = np.zeros((last + 1, 2, k))
    # by j, and by the finished phases of the running gap in the window: probability, and with it n and n^2
    chance, once, square = np.eye(k), np.zeros((k, k)), np.zeros((k, k))
    for phases in range(last + 1):
        for j in range(min(k, last + 1 - phases)):
            means[phases + j, :, j] = once[j].sum(), square[j].sum()
        moved, moved_once, moved_square = (np.roll(table, 1, axis=1) for table in (chance, once, square))
        moved_square[:, 0] += 2 * moved_once[:, 0] + moved[:, 0]  # a gap ends: n grows by 1
        moved_once[:, 0] += moved[:, 0]
        chance, once, square = (
            (1 - share) * stays + share * moves
            for stays, moves in ((chance, moved), (once, moved_once), (square, moved_square))
        )
    return means
