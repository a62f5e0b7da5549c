"""Every rule model, one entry each. How to add one: docs/how-to/add-a-rule.md.

Settings, attribute-paths, the order of reports and the page of the models follow from these entries, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attribution.path_weights import ends_and_middle, is_any_of, last_where
from attribution.rule import Rule
from warehouse.errors import UsageError, unknown_name
from warehouse.terms import DIRECT

MICROS_PER_SECOND = 1e6
SECONDS_PER_DAY = 86_400

_ENTRIES = (
    Rule(
        name="first_touch",
        meaning="all to the first touch of the window",
        example=(1, 0, 0),
        one_touch=lambda path, knobs: 0,
        on_paths=lambda paths, knobs: paths.position == 0,
        is_default=True,
        report_place=3,
    ),
    Rule(
        name="last_touch",
        meaning="all to the last touch before the conversion",
        example=(0, 0, 1),
        one_touch=lambda path, knobs: path.size - 1,
        on_paths=lambda paths, knobs: paths.to_last == 0,
        is_default=True,
        report_place=1,
    ),
    Rule(
        name="last_non_direct",
        meaning="all to the last touch whose channel is not Direct; to the last touch where all are",
        example=(0, 0, 1),
        one_touch=lambda path, knobs: path.last_where(lambda channel: channel != DIRECT),
        on_paths=lambda paths, knobs: last_where(paths, paths.steps != paths.code_of(DIRECT)),
        is_default=True,
        report_place=2,
    ),
    Rule(
        name="linear",
        meaning="the same to every touch (per touch, not per channel)",
        example=(1 / 3, 1 / 3, 1 / 3),
        weight=lambda touch, knobs: 1.0,
        on_paths=lambda paths, knobs: np.ones(len(paths.steps)),
        is_default=True,
        report_place=4,
    ),
    Rule(
        name="position_based",
        meaning="the ends get their shares, the middle touches divide the rest; two touches share as the ends do",
        example=(0.4, 0.2, 0.4),
        weight=lambda touch, knobs: touch.ends_and_middle(knobs.position_based.first, knobs.position_based.last),
        on_paths=lambda paths, knobs: ends_and_middle(paths, knobs.position_based.first, knobs.position_based.last),
        knobs=("position_based",),
        is_default=True,
        report_place=5,
    ),
    Rule(
        name="time_decay",
        meaning="2^(-age / half-life), age from the touch to the conversion; here a touch a day",
        example=(0.3009, 0.3322, 0.3668),
        # Ages are measured from the last touch, so that long ages do not underflow; the common factor cancels out.
        of_path=lambda path: path.last_micros,
        weight=lambda touch, knobs: (
            2.0 ** ((touch.micros - touch.of_path) / (knobs.half_life_days * SECONDS_PER_DAY * MICROS_PER_SECOND))
        ),
        knobs=("half_life_days",),
        is_default=True,
        report_place=6,
    ),
    Rule(
        name="time_decay_by_order",
        meaning="the last touch weighs 1, each earlier one the ratio times the next",
        example=(1 / 7, 2 / 7, 4 / 7),
        weight=lambda touch, knobs: knobs.order_ratio**touch.to_last,
        on_paths=lambda paths, knobs: knobs.order_ratio ** paths.to_last.astype(np.float64),
        knobs=("order_ratio",),
        is_default=True,
        report_place=7,
    ),
    Rule(
        name="u_shape",
        meaning="40% to the first touch, 40% to the last, 20% to those between; two touches half each",
        example=(0.4, 0.2, 0.4),
        weight=lambda touch, knobs: touch.ends_and_middle(0.4, 0.4),
    ),
    Rule(
        name="w_shape",
        meaning="90% in equal parts to the first touch, the last, and for each milestone the last touch up to it, 10% "
        "to the others: a third each where B led to the only milestone. A touch that is two of these has both "
        "parts; a milestone before every touch has none",
        example=(0.45, 0.1, 0.45),
        of_path=lambda path: path.anchors,
        weight=lambda touch, knobs: touch.anchors_and_others(0.9),
        knobs=("milestones",),
        needs_knobs=True,
    ),
    Rule(
        name="j_shaped",
        meaning="20% to the first touch, 60% to the last, 20% to those between; two touches .25 and .75",
        example=(0.2, 0.2, 0.6),
        weight=lambda touch, knobs: touch.ends_and_middle(0.2, 0.6),
        on_paths=lambda paths, knobs: ends_and_middle(paths, 0.2, 0.6),
    ),
    Rule(
        name="inverse_j_shaped",
        meaning="60% to the first touch, 20% to the last, 20% to those between; two touches .75 and .25",
        example=(0.6, 0.2, 0.2),
        weight=lambda touch, knobs: touch.ends_and_middle(0.6, 0.2),
        on_paths=lambda paths, knobs: ends_and_middle(paths, 0.6, 0.2),
    ),
    Rule(
        name="last_paid",
        meaning="all to the last touch of a paid channel (here B); to the last touch where none is",
        example=(0, 1, 0),
        one_touch=lambda path, knobs: path.last_where(lambda channel: channel.isin(list(knobs.paid_channels))),
        on_paths=lambda paths, knobs: last_where(paths, is_any_of(paths, knobs.paid_channels)),
        knobs=("paid_channels",),
        needs_knobs=True,
    ),
    Rule(
        name="custom",
        meaning="each touch the weight of its channel (here {A: 1, B: 3}), 0 where it has none; equal if all weigh 0",
        example=(0.25, 0.75, 0),
        weight=lambda touch, knobs: touch.weight_of_channel(knobs.channel_weights),
        knobs=("channel_weights",),
        needs_knobs=True,
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _ENTRIES}


def rules_named(names: Sequence[str]) -> list[Rule]:
    """The rules of these names; UsageError for a name that no rule has."""
    for name in names:
        if name not in RULES:
            raise UsageError(unknown_name("rule", name, RULES))
    return [RULES[name] for name in names]
