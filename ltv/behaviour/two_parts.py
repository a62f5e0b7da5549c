"""Fits what new users will bring in two parts: whether they buy, and how much if so.

Predictions that calibrate are of persons whom the fit has not seen: each fifth of them by a fit of the other four.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from ltv.behaviour.inputs import BY_NAME, fill_values, has_logarithm
from ltv.behaviour.log_linear import fit_log_linear
from ltv.behaviour.logistic import fit_logistic
from ltv.behaviour.newer_users import NewerUsers, movement, unmoved
from ltv.behaviour.rows import Flags
from ltv.churn_scorer import Array, Classifier, Columns, Inputs, Linear, expit, logit
from ltv.early_value_model import (
    CHANNEL_AMOUNT,
    CHANNEL_BUYS,
    IS_KNOWN,
    PURCHASES,
    Behaviour,
    ChannelMean,
    Line,
    Names,
    TwoParts,
    with_channels,
)

FEATURES = (
    *("visits_7d", "visits_30d", "visit_days_30d", "page_views_30d", "page_views_per_visit_30d", "days_since_visit"),
    *("visit_gap_days", "app_share_90d", "direct_share_90d", "devices_90d"),
    *("product_views_30d", "cart_adds_30d", "checkouts_30d", "page_groups_30d", "cart_adds_per_product_view_30d"),
    *("clicks_30d", "impressions_30d", "channels_90d", "email_touches_90d", "retargeting_touches_90d"),
    *("purchases_90d", "repeat_purchase_days", "days_since_purchase", "gross_value_365d", "mean_order_value"),
    *("items_per_order", "days_since_sign_up"),
)  # those that differ within two weeks: of windows that are longer than a new user's days one is enough
Levels: TypeAlias = Mapping[str, tuple[float, float]]  # of channels
OWN = (IS_KNOWN, CHANNEL_BUYS, CHANNEL_AMOUNT)
PARTS = 5  # of persons, each predicted by a fit of the others
LEAST_BUYERS = 30  # in a state, and as many who do not buy; fewer have the state's share
LEAST_BUYERS_FOR_AMOUNTS = 100  # fewer have their mean
CHANNEL_BUYERS = 10  # a channel's share and amount are drawn to those of all as by so many buyers of average size
LEAST_RIDGE = 1e-6
RIDGES = (10.0, 100.0)  # rows that say nothing differs: of standardised features


@dataclass(frozen=True)
class Learned:
    """New users to learn from: features, channels, whether they bought after the age, for how much (0 if not), and
    which fifth of the persons each belongs to."""

    columns: Mapping[str, Array]
    channels: Names
    bought: Array
    amount: Array
    part: Array

    def where(self, flags: Flags) -> Learned:
        """Some of them."""
        columns = {name: values[flags] for name, values in self.columns.items()}
        return Learned(columns, self.channels[flags], self.bought[flags], self.amount[flags], self.part[flags])


def part_of(persons: Sequence[str]) -> Array:
    """Which fifth of the persons each belongs to: always the same, in any order."""
    return np.array([zlib.crc32(person.encode()) % PARTS for person in persons], dtype=np.float64)


def fit_channel_mean(learned: Learned) -> ChannelMean:
    """The mean of each channel, drawn to that of all by CHANNEL_BUYERS buyers of average size."""
    buyers = max(float(learned.bought.sum()), 1.0)
    buys, amount = buyers / max(len(learned.bought), 1), float(learned.amount.sum()) / buyers
    channels = {}
    for name in sorted(set(learned.channels.tolist())):
        own = learned.channels == name
        own_buyers = float(learned.bought[own].sum())
        channels[name] = (
            (own_buyers + CHANNEL_BUYERS) / (int(own.sum()) + CHANNEL_BUYERS / buys),
            (float(learned.amount[own].sum()) + CHANNEL_BUYERS * amount) / (own_buyers + CHANNEL_BUYERS),
        )
    did = learned.bought > 0
    expected = np.array([channels[name][1] for name in learned.channels[did].tolist()])
    return ChannelMean(channels=channels, buys=buys, amount=amount, spread=_spread(learned.amount[did], expected))


def fit_behaviour(learned: Learned, newer: NewerUsers | None = None) -> Behaviour:
    """Two parts for those who have bought by the age, and for those who have not; amounts follow what newer ones have
    brought so far (see `movement`)."""
    mean = fit_channel_mean(learned)

    def parts_of(has_bought: bool) -> TwoParts:
        those = learned.where(_has_bought(learned) == has_bought)
        parts = fit_two_parts(those, otherwise=mean)
        moved = unmoved(expected := parts.predict(those.columns, those.channels))
        if newer is not None:
            some = newer.where(_has_bought(newer) == has_bought)
            of_newer = parts.predict(some.columns, some.channels)
            moved = movement(expected, of_newer, some.came, some.amount, spread=parts.spread)
        return replace(parts, amount=_times(parts.amount, moved.factor), moved=moved.factor, error=moved.error)

    return Behaviour(bought=parts_of(True), not_yet=parts_of(False))


def follow(mean: ChannelMean, learned: Learned, newer: NewerUsers | None) -> ChannelMean:
    """The mean of each channel of those learned from, whose amounts follow what newer ones have brought so far."""
    moved = unmoved(expected := mean.predict(learned.channels))
    if newer is not None:
        of_newer = mean.predict(newer.channels)
        moved = movement(expected, of_newer, newer.came_of_all, newer.amount, spread=mean.spread)
    channels = {name: (buys, amount * moved.factor) for name, (buys, amount) in mean.channels.items()}
    return replace(mean, channels=channels, amount=mean.amount * moved.factor, moved=moved.factor, error=moved.error)


def learned_error(by: Behaviour | ChannelMean, learned: Learned) -> float:
    """The relative error of a total by chance of those learned from and of newer ones, as a standard deviation."""
    if isinstance(by, ChannelMean):
        return by.error
    value, has_bought = by.predict(learned.columns, learned.channels).value, _has_bought(learned)
    parts = ((by.bought, has_bought), (by.not_yet, ~has_bought))
    variance = sum((one.error * float(value[who].sum())) ** 2 for one, who in parts)
    return float(np.sqrt(variance) / value.sum()) if value.sum() > 0 else np.inf


def _has_bought(users: Learned | NewerUsers) -> Flags:
    return np.asarray(users.columns[PURCHASES] > 0)


def fit_two_parts(learned: Learned, *, otherwise: ChannelMean) -> TwoParts:
    """Both parts of one state; a state without buyers has the amount of `otherwise`.

    Totals hold for persons that the fit has not seen: one factor makes the sum of predictions of all parts of the
    persons, each by a fit of the others, that of what they brought.
    """
    rows, buyers = len(learned.bought), int(learned.bought.sum())
    share, mean = (buyers + otherwise.buys) / (rows + 1), float(learned.amount.sum()) / max(buyers, 1)
    channels = channel_levels(learned)
    buys, log_odds = _constant(float(logit(np.array(share))), rows)
    if min(buyers, rows - buyers) >= LEAST_BUYERS:
        buys, log_odds = _fit_line(learned, channels, _buying(learned))
    amount, log_amount = _constant(float(np.log(mean if mean > 0 else otherwise.amount)), rows)
    if buyers >= LEAST_BUYERS_FOR_AMOUNTS and mean > 0:
        amount, log_amount = _fit_line(learned, channels, _amounts(learned))
    expected = float((np.exp(log_amount) * expit(log_odds)).sum())
    total = float(learned.amount.sum())
    if total > 0:
        amount, log_amount = _times(amount, total / expected), log_amount + np.log(total / expected)
    did = learned.bought > 0
    spread = _spread(learned.amount[did], np.exp(log_amount[did])) if buyers >= LEAST_BUYERS else otherwise.spread
    return TwoParts(buys=buys, amount=amount, channels=channels, spread=spread)


def channel_levels(learned: Learned) -> Levels:
    """What a channel says by itself: how far its log-odds of buying and its logarithm of the amount lie from those of
    all, drawn to 0."""
    if not learned.bought.sum():
        return {}
    mean = fit_channel_mean(learned)
    base = float(logit(np.array(mean.buys)))
    return {
        name: (float(logit(np.array(buys))) - base, float(np.log(amount / mean.amount)) if amount > 0 else 0.0)
        for name, (buys, amount) in mean.channels.items()
    }


@dataclass(frozen=True)
class _Target:
    """What a line is fitted to: outcomes, the rows that count, how it is fitted (scaled features, outcomes, ridge ->
    intercept and coefficients) and how bad predictions of outcomes are."""

    outcome: Array
    counts: Flags
    fit: Callable[[Array, Array, float], Array]
    loss: Callable[[Array, Array], float]

    def where(self, flags: Flags) -> _Target:
        return replace(self, outcome=self.outcome[flags], counts=self.counts[flags])


def _buying(learned: Learned) -> _Target:
    return _Target(
        learned.bought,
        np.ones(len(learned.bought), dtype=bool),
        lambda features, bought, ridge: fit_logistic(features, bought, ridge=ridge),
        lambda log_odds, bought: float(np.mean(np.logaddexp(0, log_odds) - bought * log_odds)),
    )


def _amounts(learned: Learned) -> _Target:
    return _Target(
        learned.amount,
        learned.bought > 0,
        lambda features, amount, ridge: fit_log_linear(features, amount, ridge=ridge),
        lambda log_mean, amount: float(np.mean(amount * np.exp(-log_mean) + log_mean)),
    )


def _fit_line(learned: Learned, channels: Levels, target: _Target) -> tuple[Line, Array]:
    """The line fitted on the rows that count, calibrated by a straight line through predictions of unseen persons; and
    these predictions of all rows. Of two ridges the one that predicts unseen persons better."""
    counts, outcome = target.counts, target.outcome[target.counts]
    found = []
    for ridge in RIDGES:
        unseen = np.empty(len(counts))
        for part in range(PARTS):
            others = learned.part != part
            rest = learned.where(others)
            levels = channel_levels(rest)
            line = _classifier(rest, levels, target.where(others), ridge)
            unseen[~others] = line.log_odds(_columns(learned.where(~others), levels))
        offset, slope = _calibration(unseen[counts], outcome, target)
        calibrated = offset + slope * unseen
        found.append((target.loss(calibrated[counts], outcome), ridge, offset, slope, calibrated))
    _, ridge, offset, slope, calibrated = min(found, key=lambda one: one[0])
    whole = replace(_classifier(learned, channels, target, ridge), offset=offset, slope=slope)
    own = whole.log_odds(_columns(learned, channels))[counts]
    low, high = float(own.min()), float(own.max())
    return Line(classifier=whole, low=low, high=high), np.clip(calibrated, low, high)


def _calibration(unseen: Array, outcome: Array, target: _Target) -> tuple[float, float]:
    """Offset and slope (0 or more: a prediction that is worse than none says nothing)."""
    offset, slope = target.fit(unseen[:, None], outcome, LEAST_RIDGE)
    if slope > 0:
        return float(offset), float(slope)
    (offset,) = target.fit(np.empty((len(outcome), 0)), outcome, LEAST_RIDGE)
    return float(offset), 0.0


def _classifier(learned: Learned, channels: Levels, target: _Target, ridge: float) -> Classifier:
    columns = {name: values[target.counts] for name, values in _columns(learned, channels).items()}
    names = tuple(name for name in (*FEATURES, *OWN) if _varies(columns[name])) or (IS_KNOWN,)
    inputs = _inputs(columns, names)
    filled = inputs.filled(columns)
    mean, deviation = filled.mean(axis=0), filled.std(axis=0)
    # Standardised: a feature's mean becomes 0, one standard deviation above it 1.
    inputs = replace(inputs, low=tuple(mean.tolist()), high=tuple((mean + deviation).tolist()))
    scaled = inputs.scaled(columns)
    intercept, *coefficients = target.fit(scaled, target.outcome[target.counts], ridge / len(scaled)).tolist()
    return Classifier(
        inputs=inputs,
        model=Linear(intercept=intercept, coefficients=tuple(coefficients), means=(0.0,) * len(names)),
    )


def _columns(learned: Learned, channels: Levels) -> dict[str, Array]:
    return with_channels(learned.columns, learned.channels, channels)


def _inputs(columns: Columns, names: Sequence[str]) -> Inputs:
    known = [name for name in names if name in BY_NAME]
    fill = dict(zip(known, fill_values(columns, known), strict=True))
    nothing = (0.0,) * len(names)
    return Inputs(
        names=tuple(names),
        fill=tuple(fill.get(name, 0.0) for name in names),
        is_log=tuple(name in BY_NAME and has_logarithm(name) for name in names),
        low=nothing,
        high=nothing,
    )


def _varies(values: Array) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known)) and bool(known.min() < known.max())


def _constant(value: float, rows: int) -> tuple[Line, Array]:
    return Line(classifier=None, low=value, high=value), np.full(rows, value)


def _times(line: Line, factor: float) -> Line:
    """The line of the logarithm of an amount that is `factor` times as large."""
    shift = float(np.log(factor))
    moved = replace(line.classifier, offset=line.classifier.offset + shift) if line.classifier else None
    return Line(classifier=moved, low=line.low + shift, high=line.high + shift)


def _spread(amount: Array, expected: Array) -> float:
    """Variance / squared expectation of amounts, so that the variances of all add up to what they were."""
    squares = float((expected**2).sum())
    return float(((amount - expected) ** 2).sum()) / squares if squares > 0 else 1.0
