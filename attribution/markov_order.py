"""The order of the Markov model that predicts the newest journeys best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attribution.markov_chain import check_order, contexts
from attribution.paths import Floats, Ints, Paths, numbered, summed
from warehouse.errors import InputError, UsageError


class OrderScore(NamedTuple):
    """`score`: mean log-likelihood (nats) of what followed each touch of the newer journeys; higher is better.

    `behind` is how far the best of the compared orders is ahead, and `behind_error` the standard error of that, touch
    by touch; both are 0 for the best.
    """

    order: int
    score: float
    behind: float
    behind_error: float


def select_order(train: Paths, holdout: Paths, orders: Sequence[int] = (1, 2, 3, 4)) -> int:
    """The lowest order that is not behind the best by more than one standard error."""
    return min(score.order for score in order_scores(train, holdout, orders) if score.behind <= score.behind_error)


def order_scores(train: Paths, holdout: Paths, orders: Sequence[int] = (1, 2, 3, 4)) -> list[OrderScore]:
    """One score per order: how well a model of `train` predicts each next channel, conversion and null of `holdout`.

    Orders are compared on the same events, the changes of channel: equal neighbours are one touch here at every order.
    Probabilities are smoothed, so that none is 0. A state backs off to the state one channel shorter, with as many
    pseudo-counts as the state had different successors (Witten & Bell 1991). The shortest state backs off to the
    overall frequency of each event, with one pseudo-count each. Only the choice of an order smooths; a fit never does.
    UsageError without orders; InputError when either side has no journey with a touch.
    """
    if not orders:
        raise UsageError("name at least one order to choose from")
    for order in orders:
        check_order(order)
    old, new = (side.touched().collapsed() for side in (train, holdout))
    if not (len(old) and len(new)):
        raise InputError("to choose an order, both the older and the newer paths need a journey with a touch")
    both = _joined(old, new)
    events = _Events(both)
    is_old = events.path < len(old)
    old_weight, new_weight = (np.where(side, events.weight, 0.0) for side in (is_old, ~is_old))

    event_counts = summed(events.outcome, old_weight, events.outcomes)
    probability: Floats = ((event_counts + 1) / (event_counts.sum() + events.outcomes))[events.outcome]
    log_likelihoods: dict[int, Floats] = {}
    for order, (context, _) in enumerate(contexts(both, max(orders)), start=1):
        probability = _smoothed(context[events.step], events.outcome, old_weight, events.outcomes, probability)
        log_likelihoods[order] = np.log(probability)
    return _compared({order: log_likelihoods[order] for order in orders}, new_weight)


def _compared(log_likelihoods: dict[int, Floats], weight: Floats) -> list[OrderScore]:
    """Scores from the log-likelihood of each event, by order."""
    total = weight.sum()
    mean = {order: float(weight @ logs / total) for order, logs in log_likelihoods.items()}
    best = max(mean, key=lambda order: (mean[order], -order))
    scores = []
    for order, logs in log_likelihoods.items():
        behind = mean[best] - mean[order]
        spread = weight @ (log_likelihoods[best] - logs - behind) ** 2 / total
        scores.append(OrderScore(order, mean[order], behind, float(np.sqrt(spread / total))))
    return scores


class _Events:
    """What followed each step: the next channel, or the journey's end as conversion or null (then two rows)."""

    def __init__(self, both: Paths) -> None:
        steps = np.arange(len(both.steps))
        inner, final = steps[both.to_last > 0], both.starts[1:] - 1
        channels = len(both.channels)
        paths = np.arange(len(both))
        self.outcomes = channels + 2
        self.step: Ints = np.concatenate([inner, final, final])
        self.path: Ints = np.concatenate([both.path_of_step[inner], paths, paths])
        self.outcome: Ints = np.concatenate(
            [both.steps[inner + 1], np.full(len(paths), channels), np.full(len(paths), channels + 1)]
        )
        journeys = both.conversions + both.nulls
        self.weight: Floats = np.concatenate([journeys[both.path_of_step[inner]], both.conversions, both.nulls])


def _smoothed(context: Ints, outcome: Ints, weight: Floats, outcomes: int, shorter: Floats) -> Floats:
    """P(outcome | context) of the weighted events, backing off to `shorter`."""
    pair, first = numbered(context * outcomes + outcome)
    counts = summed(pair, weight, len(first))
    seen = summed(context[first], counts, int(context.max()) + 1)
    different = summed(context[first], counts > 0, int(context.max()) + 1)
    never = seen == 0
    base = np.where(never, 1.0, seen + different)[context]
    return np.where(never[context], shorter, (counts[pair] + different[context] * shorter) / base)


def _joined(old: Paths, new: Paths) -> Paths:
    """Both sides as one, the older first, over the channels of both."""
    channels = tuple(sorted({*old.channels, *new.channels}))
    code = {channel: number for number, channel in enumerate(channels)}
    steps = [np.array([code[c] for c in side.channels], np.int64)[side.steps] for side in (old, new)]
    return Paths(
        channels,
        np.concatenate(steps),
        np.concatenate([old.starts, new.starts[1:] + old.starts[-1]]),
        np.concatenate([old.conversions, new.conversions]),
        np.concatenate([old.value, new.value]),
        np.concatenate([old.nulls, new.nulls]),
    )
