"""The rule models: how much of a conversion each touch of its path earned.

A rule names the touch that takes all, or weighs each touch by its place and by what it made of the whole path; weights
need not sum to 1. A path has at least one touch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution import more_rules
from attribution.rule_knobs import RuleKnobs
from attribution.weights import Model, Touch, last_where
from warehouse.terms import DIRECT

__all__ = ["RULES", "RULES_VERSION", "Rule", "RuleKnobs", "rules_of"]

SECONDS_PER_DAY = 86_400
RULES_VERSION = "rules"


class Rule(NamedTuple):
    """What is made of a path (touches, milestones): the index of the touch that takes all, or, where touches are
    weighed, what the weights rest on."""

    of_path: Callable[[Column, Column, RuleKnobs], Column]
    weigh: Callable[[Touch, RuleKnobs], Column] | None = None


def first_touch(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """All to the first touch of the window."""
    return F.lit(0)


def last_touch(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """All to the last touch before the conversion."""
    return F.size(path) - 1


def last_non_direct(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """All to the latest touch that is not Direct; to the last touch where all are."""
    return last_where(path["channel"], lambda channel: channel != DIRECT)


def linear(touch: Touch, knobs: RuleKnobs) -> Column:
    """The same to every touch."""
    return F.lit(1.0)


def position_based(touch: Touch, knobs: RuleKnobs) -> Column:
    """The ends get their shares, the middle touches divide the rest; two touches share as the ends do."""
    return more_rules.ends_and_middle(touch, knobs.position_first, knobs.position_last)


def time_decay(touch: Touch, knobs: RuleKnobs) -> Column:
    """2^(-age / half-life), age from the touch to the conversion."""
    # Measured from the last touch on, so that long ages do not underflow; the common factor falls out.
    half_life_micros = knobs.half_life_days * SECONDS_PER_DAY * 1e6
    return F.pow(F.lit(2.0), (F.unix_micros(touch.said["touched_at"]) - touch.of_path) / F.lit(half_life_micros))


def time_decay_by_order(touch: Touch, knobs: RuleKnobs) -> Column:
    """The last touch weighs 1, each earlier one `order_ratio` times the next."""
    return F.pow(F.lit(knobs.order_ratio), (touch.size - 1 - touch.index).cast("double"))


def _newest_micros(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    return F.unix_micros(F.element_at(path, -1)["touched_at"])


def _nothing(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    return F.lit(None)


RULES: dict[str, Rule] = {
    "first_touch": Rule(first_touch),
    "last_touch": Rule(last_touch),
    "last_non_direct": Rule(last_non_direct),
    "linear": Rule(_nothing, linear),
    "position_based": Rule(_nothing, position_based),
    "time_decay": Rule(_newest_micros, time_decay),
    "time_decay_by_order": Rule(_nothing, time_decay_by_order),
    "u_shape": Rule(_nothing, more_rules.u_shape),
    "w_shape": Rule(more_rules.anchors, more_rules.w_shape),
    "j_shaped": Rule(_nothing, more_rules.j_shaped),
    "inverse_j_shaped": Rule(_nothing, more_rules.inverse_j_shaped),
    "last_paid": Rule(more_rules.last_paid),
    "custom": Rule(_nothing, more_rules.custom),
}


def rules_of(models: Sequence[str], path: Column, milestones: Column, knobs: RuleKnobs) -> list[Model]:
    """The rules of these names over a path."""

    def model(name: str, rule: Rule) -> Model:
        weigh = partial(_weighed, rule.weigh, knobs) if rule.weigh else None
        return Model(name, RULES_VERSION, rule.of_path(path, milestones, knobs), weigh)

    return [model(name, RULES[name]) for name in models]


def _weighed(weigh: Callable[[Touch, RuleKnobs], Column], knobs: RuleKnobs, touch: Touch) -> Column:
    return weigh(touch, knobs)
