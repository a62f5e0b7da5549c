"""Further rule models in the form of attribution/rules.py: shapes, last paid, own weights.

For the path A > B > C: u_shape .4, .2, .4; w_shape a third each where B led to the only milestone; j_shaped .2, .2, .6;
inverse_j_shaped .6, .2, .2; last_paid 0, 1, 0 where B is a paid channel and C is not; custom with weights {A: 1, B: 3}
and others 0: .25, .75, 0.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution.expressions import times_in
from attribution.rule_knobs import RuleKnobs
from attribution.weights import Touch, last_where


def u_shape(touch: Touch, knobs: RuleKnobs) -> Column:
    """40% to the first, 40% to the last touch, 20% to those between; two touches half each."""
    return ends_and_middle(touch, 0.4, 0.4)


def w_shape(touch: Touch, knobs: RuleKnobs) -> Column:
    """90% in equal parts to the first touch, the last touch, and for each milestone the last touch up to it; 10% to the
    others. A touch that is two of these has both parts; a milestone before every touch has none.
    """
    anchored = touch.of_path
    others = touch.size - F.size(F.array_distinct(anchored))
    times = times_in(anchored, touch.index)
    return F.when(times == 0, F.lit(0.1) / others).otherwise(times * F.lit(0.9) / F.size(anchored))


def anchors(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """Indices of the touches that w_shape sets apart, each as often as it is one of them."""
    reached = F.transform(
        milestones,
        lambda milestone: F.array_max(
            F.transform(path, lambda touch, index: F.when(touch["touched_at"] <= milestone["converted_at"], index))
        ),
    )
    return F.concat(F.array(F.lit(0), F.size(path) - 1), F.array_compact(reached))


def j_shaped(touch: Touch, knobs: RuleKnobs) -> Column:
    """20% to the first, 60% to the last touch, 20% to those between; two touches .25 and .75."""
    return ends_and_middle(touch, 0.2, 0.6)


def inverse_j_shaped(touch: Touch, knobs: RuleKnobs) -> Column:
    """60% to the first, 20% to the last touch, 20% to those between; two touches .75 and .25."""
    return ends_and_middle(touch, 0.6, 0.2)


def last_paid(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """All to the latest touch of a paid channel; to the last touch where none is paid."""
    return last_where(path["channel"], lambda channel: channel.isin(list(knobs.paid_channels)))


def custom(touch: Touch, knobs: RuleKnobs) -> Column:
    """Each touch the weight of its channel, 0 where none is set; equal where all touches of a path weigh 0."""
    pairs = (F.lit(each) for pair in sorted(knobs.channel_weights.items()) for each in pair)
    weights = F.create_map(*pairs).cast("map<string,double>")
    return F.coalesce(F.try_element_at(weights, touch.channel), F.lit(0.0))


def ends_and_middle(touch: Touch, first: float, last: float) -> Column:
    """The ends get their shares, the middle touches divide the rest; one touch has all."""
    return (
        F.when(touch.size == 1, F.lit(1.0))
        .when(touch.index == 0, F.lit(first))
        .when(touch.index == touch.size - 1, F.lit(last))
        .otherwise(F.lit(round(1.0 - first - last, 12)) / (touch.size - 2))
    )
