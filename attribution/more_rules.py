"""Further rule models as Spark expressions, in the form of attribution/rules.py: shapes, last paid, own weights.

For the path A > B > C: u_shape .4, .2, .4; w_shape a third each where B led to the only milestone; j_shaped .2, .2, .6;
inverse_j_shaped .6, .2, .2; last_paid 0, 1, 0 where B is a paid channel and C is not; custom with weights {A: 1, B: 3}
and others 0: .25, .75, 0.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from attribution.expressions import let
from attribution.rule_knobs import RuleKnobs


def u_shape(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """40% to the first, 40% to the last touch, 20% to those between; two touches half each."""
    return ends_and_middle(path, 0.4, 0.4)


def w_shape(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """90% in equal parts to the first touch, the last touch, and for each milestone the last touch up to it; 10% to the
    others. A touch that is two of these has both parts; a milestone before every touch has none.
    """
    reached = F.transform(
        milestones,
        lambda milestone: F.array_max(
            F.transform(path, lambda touch, index: F.when(touch["touched_at"] <= milestone["converted_at"], index))
        ),
    )
    anchors = F.concat(F.array(F.lit(0), F.size(path) - 1), F.array_compact(reached))

    def weights(anchors: Column) -> Column:
        others = F.size(path) - F.size(F.array_distinct(anchors))
        return F.transform(
            path,
            lambda touch, index: (
                F.when(~F.array_contains(anchors, index), F.lit(0.1) / others)
                # How often a value stands in an array is what leaves with it.
                .otherwise((F.size(anchors) - F.size(F.array_remove(anchors, index))) * F.lit(0.9) / F.size(anchors))
            ),
        )

    return let(anchors, weights)


def j_shaped(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """20% to the first, 60% to the last touch, 20% to those between; two touches .25 and .75."""
    return ends_and_middle(path, 0.2, 0.6)


def inverse_j_shaped(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """60% to the first, 20% to the last touch, 20% to those between; two touches .75 and .25."""
    return ends_and_middle(path, 0.6, 0.2)


def last_paid(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """All to the latest touch of a paid channel; to the last touch where none is paid."""
    paid = F.transform(path, lambda touch, index: F.when(touch["channel"].isin(list(knobs.paid_channels)), index))
    chosen = F.coalesce(F.array_max(paid), F.size(path) - 1)
    return let(chosen, lambda once: F.transform(path, lambda touch, index: F.when(index == once, 1.0).otherwise(0.0)))


def custom(path: Column, milestones: Column, knobs: RuleKnobs) -> Column:
    """Each touch the weight of its channel, 0 where none is set; equal where all touches of a path weigh 0."""
    pairs = (F.lit(each) for pair in sorted(knobs.channel_weights.items()) for each in pair)
    weights = F.create_map(*pairs).cast("map<string,double>")
    weighed = F.transform(path, lambda touch: F.coalesce(F.try_element_at(weights, touch["channel"]), F.lit(0.0)))
    none = ~F.exists(weighed, lambda weight: weight > 0)
    return let(none, lambda once: F.transform(weighed, lambda weight: F.when(once, 1.0).otherwise(weight)))


def ends_and_middle(path: Column, first: float, last: float) -> Column:
    """The ends get their shares, the middle touches divide the rest; one touch has all."""
    size = F.size(path)
    middle = F.lit(round(1.0 - first - last, 12)) / (size - 2)
    return F.transform(
        path,
        lambda touch, index: (
            F.when(size == 1, F.lit(1.0))
            .when(index == 0, F.lit(first))
            .when(index == size - 1, F.lit(last))
            .otherwise(middle)
        ),
    )
