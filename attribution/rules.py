"""The rule models: how much of a conversion each touch of its path earned.

Every model is an expression from a path, and the milestones on it, to an array of weights, one per touch in order.
Weights need not sum to 1: `credits_of` normalises them. A path has at least one touch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution.expressions import let
from attribution.more_rules import custom, ends_and_middle, inverse_j_shaped, j_shaped, last_paid, u_shape, w_shape
from attribution.rule_knobs import RuleKnobs

__all__ = ["DIRECT", "RULES", "RULES_VERSION", "Rule", "RuleKnobs", "credit_of", "credits_of"]

DIRECT = "Direct"
SECONDS_PER_DAY = 86_400
RULES_VERSION = "rules"


Rule = Callable[[Column, Column, RuleKnobs], Column]


def first_touch(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """All to the first touch of the window."""
    return F.transform(path, lambda touch, index: _one(index == 0))


def last_touch(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """All to the last touch before the conversion."""
    return F.transform(path, lambda touch, index: _one(index == F.size(path) - 1))


def last_non_direct(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """All to the latest touch that is not Direct; to the last touch where all are."""
    known = F.transform(path, lambda touch, index: F.when(touch["channel"] != DIRECT, index))
    chosen = F.coalesce(F.array_max(known), F.size(path) - 1)
    return let(chosen, lambda once: F.transform(path, lambda touch, index: _one(index == once)))


def linear(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """The same to every touch."""
    return F.transform(path, lambda touch: F.lit(1.0))


def position_based(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """The ends get their shares, the middle touches divide the rest; two touches share as the ends do."""
    return ends_and_middle(path, knobs.position_first, knobs.position_last)


def time_decay(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """2^(-age / half-life), age from the touch to the conversion."""
    # Measured from the last touch on, so that long ages do not underflow; the common factor falls out.
    newest = F.element_at(path, -1)["touched_at"]
    half_life_micros = knobs.half_life_days * SECONDS_PER_DAY * 1e6
    return F.transform(
        path,
        lambda touch: F.pow(
            F.lit(2.0), (F.unix_micros(touch["touched_at"]) - F.unix_micros(newest)) / F.lit(half_life_micros)
        ),
    )


def time_decay_by_order(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """The last touch weighs 1, each earlier one `order_ratio` times the next."""
    return F.transform(
        path, lambda touch, index: F.pow(F.lit(knobs.order_ratio), (F.size(path) - 1 - index).cast("double"))
    )


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        first_touch,
        last_touch,
        last_non_direct,
        linear,
        position_based,
        time_decay,
        time_decay_by_order,
        u_shape,
        w_shape,
        j_shaped,
        inverse_j_shaped,
        last_paid,
        custom,
    )
}


def credits_of(models: Sequence[str], path: Column, milestones: Column, knobs: RuleKnobs) -> list[Column]:
    """struct<model, version, shares> of each model: the path's shares, which sum to 1."""
    return [credit_of(name, RULES_VERSION, _shares(RULES[name](path, milestones, knobs))) for name in models]


def credit_of(model: str, version: str, shares: Column) -> Column:
    """struct<model, version, shares>: how one model divides a conversion over the touches of its path."""
    return F.struct(F.lit(model).alias("model"), F.lit(version).alias("version"), shares.alias("shares"))


def _one(condition: Column) -> Column:
    return F.when(condition, F.lit(1.0)).otherwise(F.lit(0.0))


def _shares(weights: Column) -> Column:
    total = F.aggregate(weights, F.lit(0.0), lambda sum_, weight: sum_ + weight)
    return let(total, lambda once: F.transform(weights, lambda weight: weight / once))
